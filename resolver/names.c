/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "resolver/names.h"
#include "resolver/record.h"

/* Seconds for which an answer is kept. */
enum { LIFE_MIN = 1, LIFE_MAX = 3600, LIFE_LATER = 10 };

static const uint8_t	 mapped[12] = { [10] = 0xff, [11] = 0xff };

/* One who waits. */
struct asker {
	STAILQ_ENTRY(asker) entry;
	struct peer	*peer;		/* NULL: waits no more */
	uint64_t	 token;
};

/* What is known of an address, or asked about it. */
struct named {
	RB_ENTRY(named)	 by_address;
	TAILQ_ENTRY(named) entry;
	struct names	*all;
	uint8_t		 address[16];
	struct search	*search;	/* NULL: it is known */
	STAILQ_HEAD(, asker) askers;
	enum named_outcome outcome;
	char		*name;		/* of NAMED_FOUND */
	struct instant	 until;
};

/* The questions; it outlives their purpose until all are answered. */
struct search {
	struct named	*named;		/* NULL: nobody cares any more */
	struct host_names names;
	int		 family;
	uint8_t		 address[16];	/* 4 or 16 octets */
	unsigned	 open;		/* questions without answer */
	bool		 later;		/* one of them failed for now */
	uint32_t	 life;
};

static int
compare(const struct named *a, const struct named *b)
{
	return memcmp(a->address, b->address, sizeof a->address);
}

RB_PROTOTYPE(name_tree, named, by_address, compare)
RB_GENERATE(name_tree, named, by_address, compare)

void
names_init(struct names *all, struct dns *dns, struct loop *loop)
{
	memset(all, 0, sizeof *all);
	all->dns = dns;
	all->loop = loop;
	RB_INIT(&all->all);
	TAILQ_INIT(&all->asking);
	TAILQ_INIT(&all->known);
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
forget(struct named *n)
{
	TAILQ_REMOVE(&n->all->known, n, entry);
	n->all->known_count--;
	RB_REMOVE(name_tree, &n->all->all, n);
	free(n->name);
	free(n);
}

static void
tell_all(struct named *n)
{
	struct asker	*a;

	while ((a = STAILQ_FIRST(&n->askers)) != NULL) {
		STAILQ_REMOVE_HEAD(&n->askers, entry);
		if (a->peer != NULL)
			put_named(a->peer, a->token, n->outcome, n->name);
		free(a);
	}
}

static int64_t
life_of(enum named_outcome outcome, uint32_t life)
{
	if (outcome == NAMED_LATER)
		return LIFE_LATER;
	if (life < LIFE_MIN)
		return LIFE_MIN;
	return life < LIFE_MAX ? life : LIFE_MAX;
}

/* From now on it is known, until its time is over or there is no room. */
static void
conclude(struct search *s, enum named_outcome outcome, const char *name)
{
	struct named	*n = s->named;
	struct names	*all = n->all;

	s->named = NULL;
	n->search = NULL;
	n->outcome = outcome;
	n->name = name != NULL ? span_dup(span_of(name)) : NULL;
	n->until = clock_after(loop_now(all->loop),
	    life_of(outcome, s->life) * 1000);
	tell_all(n);
	TAILQ_REMOVE(&all->asking, n, entry);
	all->asking_count--;
	if (all->known_count == NAMES_KEPT_MAX)
		forget(TAILQ_FIRST(&all->known));
	TAILQ_INSERT_TAIL(&all->known, n, entry);
	all->known_count++;
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

static void
believe_for(struct search *s, struct span reply)
{
	uint32_t	 life = record_life(reply);

	if (life < s->life)
		s->life = life;
}

/* Which of the names was asked about stands in front of the answer. */
struct question {
	struct search	*search;
	const char	*name;
};

static void
on_address(void *arg, struct span reply)
{
	struct question	*q = arg;
	struct search	*s = q->search;

	switch (record_find_address(reply, s->family, s->address)) {
	case RECORD_OK:
		believe_for(s, reply);
		if (s->named != NULL)
			conclude(s, NAMED_FOUND, q->name);
		break;
	case RECORD_LATER:
		s->later = true;
		break;
	default:
		believe_for(s, reply);
	}
	free(q);
	close_question(s);
}

static void
ask_back(struct search *s, struct dns *dns, const char *name)
{
	struct question	*q = xcalloc(1, sizeof *q);

	q->search = s;
	q->name = name;
	s->open++;
	dns_ask(dns, name, s->family == AF_INET ? ns_t_a : ns_t_aaaa,
	    on_address, q);
}

static void
on_names(void *arg, struct span reply)
{
	struct search		*s = arg;
	enum record_status	 status = record_read_names(reply, &s->names);
	unsigned		 i;

	s->later = status == RECORD_LATER;
	believe_for(s, reply);
	for (i = 0; status == RECORD_OK && i < s->names.count; i++)
		if (strlen(s->names.list[i]) <= DNS_NAME_MAX)
			ask_back(s, s->named->all->dns, s->names.list[i]);
	close_question(s);
}

/* "1.2.0.192.in-addr.arpa", or a label for each half of an octet. */
static void
format_question(char into[DNS_NAME_MAX + 1], const struct search *s)
{
	const uint8_t	*a = s->address;
	int		 i, at = 0;

	if (s->family == AF_INET) {
		(void)snprintf(into, DNS_NAME_MAX + 1,
		    "%u.%u.%u.%u.in-addr.arpa", a[3], a[2], a[1], a[0]);
		return;
	}
	for (i = 15; i >= 0; i--)
		at += snprintf(into + at, DNS_NAME_MAX + 1 - at, "%x.%x.",
		    a[i] & 15u, a[i] >> 4);
	(void)snprintf(into + at, DNS_NAME_MAX + 1 - at, "ip6.arpa");
}

static void
begin(struct named *n)
{
	struct search	*s = xcalloc(1, sizeof *s);
	char		 question[DNS_NAME_MAX + 1];

	s->named = n;
	n->search = s;
	s->life = UINT32_MAX;
	s->open = 1;
	s->family = AF_INET6;
	memcpy(s->address, n->address, 16);
	if (memcmp(n->address, mapped, sizeof mapped) == 0) {
		s->family = AF_INET;
		memcpy(s->address, n->address + sizeof mapped, 4);
	}
	format_question(question, s);
	dns_ask(n->all->dns, question, ns_t_ptr, on_names, s);
}

static struct named *
new_search(struct names *all, const uint8_t address[16])
{
	struct named	*n = xcalloc(1, sizeof *n);

	n->all = all;
	memcpy(n->address, address, sizeof n->address);
	STAILQ_INIT(&n->askers);
	RB_INSERT(name_tree, &all->all, n);
	TAILQ_INSERT_TAIL(&all->asking, n, entry);
	all->asking_count++;
	begin(n);
	return n;
}

/* ---- who asks ------------------------------------------------------------ */

static struct named *
find(struct names *all, const uint8_t address[16])
{
	struct named	 key, *n;

	memcpy(key.address, address, sizeof key.address);
	n = RB_FIND(name_tree, &all->all, &key);
	if (n == NULL || n->search != NULL ||
	    clock_before(loop_now(all->loop), n->until))
		return n;
	forget(n);
	return NULL;
}

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
	uint8_t		 address[16];
	struct named	*n;

	if (m->address.len != sizeof address) {
		peer_accuse(p, "asks for the name of what is no address");
		return;
	}
	memcpy(address, m->address.ptr, sizeof address);
	n = find(all, address);
	if (n != NULL && n->search == NULL) {
		put_named(p, m->token, n->outcome, n->name);
		return;
	}
	if (n == NULL && all->asking_count == NAMES_AT_ONCE) {
		put_named(p, m->token, NAMED_LATER, NULL);
		return;
	}
	if (n == NULL)
		n = new_search(all, address);
	add_asker(n, p, m->token);
}

void
names_lost(struct names *all, struct peer *p)
{
	struct named	*n;
	struct asker	*a;

	TAILQ_FOREACH(n, &all->asking, entry)
		STAILQ_FOREACH(a, &n->askers, entry)
			if (a->peer == p)
				a->peer = NULL;
}
