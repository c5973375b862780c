/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <bsd/sys/tree.h>

#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "resolver/cache.h"
#include "resolver/record.h"

/* One who waits. */
struct waiter {
	STAILQ_ENTRY(waiter) entry;
	void		(*answered)(void *, const struct dns_answer *);
	void		*arg;
};

/* A question, and its answer when it has come. */
struct entry {
	RB_ENTRY(entry)	 by_question;
	TAILQ_ENTRY(entry) by_use;
	struct cache	*cache;
	struct packet_name name;	/* in lower case */
	unsigned	 type;
	bool		 is_known;
	bool		 is_forgotten;	/* but is being told yet */
	unsigned	 tellers;
	struct instant	 until;
	char		*reply;
	size_t		 len;
	bool		 secure;
	STAILQ_HEAD(, waiter) waiters;
};

RB_HEAD(question_tree, entry);
TAILQ_HEAD(use_list, entry);

struct cache {
	struct dns	*dns;
	struct loop	*loop;
	struct question_tree all;
	struct use_list	 known;		/* the last used first */
	size_t		 octets;	/* of what is known */
};

static int
compare(const struct entry *a, const struct entry *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->name.len != b->name.len)
		return a->name.len < b->name.len ? -1 : 1;
	return memcmp(a->name.octets, b->name.octets, a->name.len);
}

RB_PROTOTYPE(question_tree, entry, by_question, compare)
RB_GENERATE(question_tree, entry, by_question, compare)

struct cache *
cache_new(struct dns *dns, struct loop *loop)
{
	struct cache	*c = xcalloc(1, sizeof *c);

	c->dns = dns;
	c->loop = loop;
	RB_INIT(&c->all);
	TAILQ_INIT(&c->known);
	return c;
}

size_t
cache_octets(const struct cache *c)
{
	return c->octets;
}

/* ---- what is known ------------------------------------------------------- */

/* What malloc adds is thought of. */
static size_t
cost(const struct entry *e)
{
	return sizeof *e + e->len + 32;
}

static void
forget(struct entry *e)
{
	struct cache	*c = e->cache;

	RB_REMOVE(question_tree, &c->all, e);
	TAILQ_REMOVE(&c->known, e, by_use);
	c->octets -= cost(e);
	e->is_forgotten = true;
	if (e->tellers > 0)
		return;
	free(e->reply);
	free(e);
}

/* Who is told may ask, and what is told be forgotten for it. */
static void
tell(struct entry *e, void (*answered)(void *, const struct dns_answer *),
    void *arg)
{
	struct dns_answer	 a = { span_make(e->reply, e->len),
				    e->secure };

	e->tellers++;
	answered(arg, &a);
	e->tellers--;
}

static void
put_down(struct entry *e)
{
	if (!e->is_forgotten || e->tellers > 0)
		return;
	free(e->reply);
	free(e);
}

static int64_t
life_of(struct span reply)
{
	struct record	 r;

	record_read(reply, &r);
	if (r.status == RECORD_LATER)
		return CACHE_LIFE_LATER;
	if (r.life < CACHE_LIFE_MIN || reply.len > CACHE_REPLY_MAX)
		return CACHE_LIFE_MIN;
	return r.life < CACHE_LIFE_MAX ? r.life : CACHE_LIFE_MAX;
}

static void
keep(struct entry *e, const struct dns_answer *a)
{
	struct cache	*c = e->cache;

	e->is_known = true;
	e->len = a->reply.len;
	e->reply = span_dup(a->reply);
	e->secure = a->secure;
	e->until = clock_after(loop_now(c->loop), life_of(a->reply) * 1000);
	TAILQ_INSERT_HEAD(&c->known, e, by_use);
	c->octets += cost(e);
	while (c->octets > CACHE_OCTETS_MAX)
		forget(TAILQ_LAST(&c->known, use_list));
}

/* ---- questions ----------------------------------------------------------- */

static void
on_answer(void *arg, const struct dns_answer *a)
{
	struct entry	*e = arg;
	struct waiter	*w;

	keep(e, a);
	e->tellers++;
	while ((w = STAILQ_FIRST(&e->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&e->waiters, entry);
		tell(e, w->answered, w->arg);
		free(w);
	}
	e->tellers--;
	put_down(e);
}

static struct entry *
find(struct cache *c, struct entry *key)
{
	struct entry	*e = RB_FIND(question_tree, &c->all, key);

	if (e == NULL || !e->is_known)
		return e;
	if (clock_before(loop_now(c->loop), e->until)) {
		TAILQ_REMOVE(&c->known, e, by_use);
		TAILQ_INSERT_HEAD(&c->known, e, by_use);
		return e;
	}
	forget(e);
	return NULL;
}

static struct entry *
new_question(struct cache *c, const struct entry *key)
{
	struct entry	*e = xcalloc(1, sizeof *e);

	e->cache = c;
	e->name = key->name;
	e->type = key->type;
	STAILQ_INIT(&e->waiters);
	RB_INSERT(question_tree, &c->all, e);
	dns_ask(c->dns, &e->name, e->type, on_answer, e);
	return e;
}

void
cache_ask(struct cache *c, const struct packet_name *name, unsigned type,
    void (*answered)(void *, const struct dns_answer *), void *arg)
{
	struct entry	 key = { .type = type }, *e;
	struct waiter	*w;

	key.name = *name;
	packet_name_fold(&key.name);
	e = find(c, &key);
	if (e != NULL && e->is_known) {
		tell(e, answered, arg);
		put_down(e);
		return;
	}
	if (e == NULL)
		e = new_question(c, &key);
	w = xcalloc(1, sizeof *w);
	w->answered = answered;
	w->arg = arg;
	STAILQ_INSERT_TAIL(&e->waiters, w, entry);
}
