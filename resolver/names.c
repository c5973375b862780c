/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "resolver/follow.h"
#include "resolver/names.h"

static const uint8_t	 mapped[12] = { [10] = 0xff, [11] = 0xff };

/* One who waits. */
struct asker {
	STAILQ_ENTRY(asker) entry;
	struct peer	*peer;		/* NULL: waits no more */
	uint64_t	 token;
};

/* An address that is asked about. */
struct named {
	RB_ENTRY(named)	 by_address;
	struct names	*all;
	uint8_t		 address[16];
	STAILQ_HEAD(, asker) askers;
};

/* The questions; it outlives their purpose until all are answered. */
struct search {
	struct cache	*cache;
	struct named	*named;		/* NULL: nobody cares any more */
	struct host_names names;
	int		 family;
	uint8_t		 address[16];	/* 4 or 16 octets */
	unsigned	 open;		/* questions without answer */
	bool		 later;		/* one of them failed for now */
};

static int
compare(const struct named *a, const struct named *b)
{
	return memcmp(a->address, b->address, sizeof a->address);
}

RB_PROTOTYPE(name_tree, named, by_address, compare)
RB_GENERATE(name_tree, named, by_address, compare)

void
names_init(struct names *all, struct cache *cache)
{
	memset(all, 0, sizeof *all);
	all->cache = cache;
	RB_INIT(&all->asking);
}

/* ---- the answer ---------------------------------------------------------- */

static void
put_named(struct peer *p, uint64_t token, enum named_outcome outcome,
    const char *name)
{
	struct msg	 m = { .type = MSG_NAMED };

	m.named.token = token;
	m.named.outcome = outcome;
	m.named.name = span_of(name != NULL ? name : "");
	peer_put(p, &m);
}

static void
conclude(struct search *s, enum named_outcome outcome, const char *name)
{
	struct named	*n = s->named;
	struct asker	*a;

	s->named = NULL;
	RB_REMOVE(name_tree, &n->all->asking, n);
	n->all->count--;
	while ((a = STAILQ_FIRST(&n->askers)) != NULL) {
		STAILQ_REMOVE_HEAD(&n->askers, entry);
		if (a->peer != NULL)
			put_named(a->peer, a->token, outcome, name);
		free(a);
	}
	free(n);
}

/* ---- the questions ------------------------------------------------------- */

static void
close_question(struct search *s)
{
	if (--s->open > 0)
		return;
	if (s->named != NULL)
		conclude(s, s->later ? NAMED_LATER : NAMED_NONE, NULL);
	free(s);
}

/* Which of the names was asked about stands in front of the answer. */
struct question {
	struct search	*search;
	const char	*name;
};

static void
on_address(void *arg, const struct followed *x)
{
	struct question	*q = arg;
	struct search	*s = q->search;

	if (x->status == RECORD_LATER)
		s->later = true;
	else if (s->named != NULL && record_find_address(x->reply, s->family,
	    s->address) == RECORD_OK)
		conclude(s, NAMED_FOUND, q->name);
	free(q);
	close_question(s);
}

static void
ask_back(struct search *s, const char *name)
{
	struct question	*q = xcalloc(1, sizeof *q);

	q->search = s;
	q->name = name;
	s->open++;
	follow_ask(s->cache, name, s->family == AF_INET ? ns_t_a : ns_t_aaaa,
	    on_address, q);
}

static void
on_names(void *arg, const struct followed *x)
{
	struct search	*s = arg;
	unsigned	 i;

	s->later = x->status == RECORD_LATER;
	if (x->status == RECORD_OK)
		(void)record_read_names(x->reply, &s->names);
	for (i = 0; i < s->names.count && s->named != NULL; i++)
		ask_back(s, s->names.list[i]);
	close_question(s);
}

/* Of the longest, an address of IPv6. */
enum { QUESTION_TEXT_MAX = 80 };

/* "1.2.0.192.in-addr.arpa", or a label for each half of an octet. */
static void
format_question(char into[QUESTION_TEXT_MAX + 1], const struct search *s)
{
	const uint8_t	*a = s->address;
	int		 i, at = 0;

	if (s->family == AF_INET) {
		(void)snprintf(into, QUESTION_TEXT_MAX + 1,
		    "%u.%u.%u.%u.in-addr.arpa", a[3], a[2], a[1], a[0]);
		return;
	}
	for (i = 15; i >= 0; i--)
		at += snprintf(into + at, QUESTION_TEXT_MAX + 1 - at, "%x.%x.",
		    a[i] & 15u, a[i] >> 4);
	(void)snprintf(into + at, QUESTION_TEXT_MAX + 1 - at, "ip6.arpa");
}

/* Its asker stands there: the answer may come at once. */
static void
begin(struct named *n)
{
	struct search	*s = xcalloc(1, sizeof *s);
	char		 question[QUESTION_TEXT_MAX + 1];

	s->cache = n->all->cache;
	s->named = n;
	s->open = 1;
	s->family = AF_INET6;
	memcpy(s->address, n->address, 16);
	if (memcmp(n->address, mapped, sizeof mapped) == 0) {
		s->family = AF_INET;
		memcpy(s->address, n->address + sizeof mapped, 4);
	}
	format_question(question, s);
	follow_ask(s->cache, question, ns_t_ptr, on_names, s);
}

static struct named *
new_named(struct names *all, const uint8_t address[16])
{
	struct named	*n = xcalloc(1, sizeof *n);

	n->all = all;
	memcpy(n->address, address, sizeof n->address);
	STAILQ_INIT(&n->askers);
	RB_INSERT(name_tree, &all->asking, n);
	all->count++;
	return n;
}

/* ---- who asks ------------------------------------------------------------ */

static void
add_asker(struct named *n, struct peer *p, uint64_t token)
{
	struct asker	*a = xcalloc(1, sizeof *a);

	a->peer = p;
	a->token = token;
	STAILQ_INSERT_TAIL(&n->askers, a, entry);
}

void
names_ask(struct names *all, struct peer *p, const struct msg_name_of *m)
{
	struct named	 key, *n;

	if (m->address.len != sizeof key.address) {
		peer_accuse(p, "asks for the name of what is no address");
		return;
	}
	memcpy(key.address, m->address.ptr, sizeof key.address);
	n = RB_FIND(name_tree, &all->asking, &key);
	if (n != NULL) {
		add_asker(n, p, m->token);
	} else if (all->count == NAMES_AT_ONCE) {
		put_named(p, m->token, NAMED_LATER, NULL);
	} else {
		n = new_named(all, key.address);
		add_asker(n, p, m->token);
		begin(n);
	}
}

void
names_lost(struct names *all, struct peer *p)
{
	struct named	*n;
	struct asker	*a;

	RB_FOREACH(n, name_tree, &all->asking)
		STAILQ_FOREACH(a, &n->askers, entry)
			if (a->peer == p)
				a->peer = NULL;
}
