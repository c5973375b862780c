/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "shared/addr.h"
#include "shared/alloc.h"
#include "resolver/follow.h"
#include "resolver/query.h"

/* Addresses of a family that one of several exchangers may have us try: the
 * next exchanger is to have its turn as well. */
enum { SHARED_ADDRESSES_MAX = 4 };

/* One of the two questions about an exchanger. */
struct question {
	struct query	*query;
	int		 family;
	bool		 secure;
	struct addresses found;
};

struct query {
	TAILQ_ENTRY(query) entry;
	struct queries	*all;
	struct peer	*peer;		/* NULL: nobody waits */
	uint64_t	 token;
	enum resolve_kind kind;
	char		 name[HOST_TEXT_MAX + 1];
	struct exchangers *exchangers;	/* once it runs */
	struct question	*v6, *v4;	/* about each of them */
	unsigned	 open;		/* questions without answer */
	bool		 later;		/* one of them failed for now */
	bool		 secure;	/* so is all that is told */
	uint32_t	 told;		/* ADDRESSes */
};

void
queries_init(struct queries *all, struct cache *cache)
{
	all->cache = cache;
	TAILQ_INIT(&all->running);
	TAILQ_INIT(&all->waiting);
	all->running_count = 0;
}

/* ---- the answer ---------------------------------------------------------- */

static void
put_resolved(struct peer *p, uint64_t token, enum resolved_outcome outcome,
    const struct query *q)
{
	struct msg	 m = { .type = MSG_RESOLVED };

	m.resolved.token = token;
	m.resolved.outcome = outcome;
	m.resolved.count = q != NULL ? q->told : 0;
	m.resolved.secure = q != NULL && q->told > 0 && q->secure;
	peer_put(p, &m);
}

static void
finish(struct query *q, enum resolved_outcome outcome)
{
	if (q->peer != NULL)
		put_resolved(q->peer, q->token, outcome, q);
	TAILQ_REMOVE(&q->all->running, q, entry);
	q->all->running_count--;
	free(q->exchangers);
	free(q->v6);
	free(q->v4);
	free(q);
}

static void
tell(struct query *q, const struct exchanger *x, const struct question *of,
    unsigned i)
{
	struct msg	 m = { .type = MSG_ADDRESS };

	if (i >= of->found.count || q->told == ADDRESSES_MAX)
		return;
	m.address.token = q->token;
	m.address.preference = x->preference;
	m.address.host = span_of(x->host);
	m.address.address = span_make(of->found.list[i],
	    of->family == AF_INET ? 4 : 16);
	if (q->peer != NULL)
		peer_put(q->peer, &m);
	q->told++;
	q->secure = q->secure && of->secure;
}

/* The families take turns, so that the ceiling leaves none out. */
static void
finish_found(struct query *q)
{
	const struct exchanger	*x;
	unsigned		 i, k, most;

	most = q->exchangers->count > 1 ? SHARED_ADDRESSES_MAX : ADDRESSES_MAX;
	for (i = 0; i < q->exchangers->count; i++) {
		x = &q->exchangers->list[i];
		for (k = 0; k < most; k++) {
			tell(q, x, &q->v6[i], k);
			tell(q, x, &q->v4[i], k);
		}
	}
	if (q->told > 0)
		finish(q, RESOLVED_OK);
	else
		finish(q, q->later ? RESOLVED_LATER : RESOLVED_UNKNOWN);
}

/* ---- the questions ------------------------------------------------------- */

static void
close_question(struct query *q)
{
	if (--q->open == 0)
		finish_found(q);
}

static void
on_addresses(void *arg, const struct followed *x)
{
	struct question	*of = arg;

	of->secure = x->secure;
	if (x->status == RECORD_LATER)
		of->query->later = true;
	else if (x->status == RECORD_OK)
		(void)record_read_addresses(x->reply, of->family, &of->found);
	close_question(of->query);
}

static void
ask_address(struct query *q, struct question *of, int family, const char *host)
{
	of->query = q;
	of->family = family;
	q->open++;
	follow_ask(q->all->cache, host, family == AF_INET ? ns_t_a :
	    ns_t_aaaa, on_addresses, of);
}

/* One more is held open until the end: there may be nothing to ask, and answers
 * may come at once. */
static void
ask_addresses(struct query *q)
{
	unsigned	 i, n = q->exchangers->count;

	q->v6 = xcalloc(n + 1, sizeof *q->v6);
	q->v4 = xcalloc(n + 1, sizeof *q->v4);
	q->open = 1;
	for (i = 0; i < n; i++) {
		const char	*host = q->exchangers->list[i].host;

		ask_address(q, &q->v6[i], AF_INET6, host);
		ask_address(q, &q->v4[i], AF_INET, host);
	}
	close_question(q);
}

static void
ask_name_itself(struct query *q)
{
	struct exchanger	*x = &q->exchangers->list[0];

	memset(x, 0, sizeof *x);
	(void)span_copy(span_of(q->name), x->host, sizeof x->host);
	q->exchangers->count = 1;
	ask_addresses(q);
}

/* A CNAME's name takes the place of the one that was asked about. */
static void
take_alias(struct query *q, const struct packet_name *end)
{
	char	 text[PACKET_NAME_MAX + 1];

	if (packet_name_format(end, text) && domain_is_valid(span_of(text)) &&
	    text[0] != '[')
		(void)span_copy(span_of(text), q->name, sizeof q->name);
}

static void
on_exchangers(void *arg, const struct followed *x)
{
	struct query		*q = arg;
	enum record_status	 status = x->status;

	q->secure = x->secure;
	if (status == RECORD_OK)
		status = record_read_mx(x->reply, q->exchangers);
	switch (status) {
	case RECORD_OK:
		ask_addresses(q);
		break;
	case RECORD_NONE:
		take_alias(q, x->end);
		ask_name_itself(q);
		break;
	case RECORD_NO_NAME:
		finish(q, RESOLVED_UNKNOWN);
		break;
	case RECORD_NULL_MX:
		finish(q, RESOLVED_NULL_MX);
		break;
	default:
		finish(q, RESOLVED_LATER);
	}
}

void
query_new(struct queries *all, struct peer *p, const struct msg_resolve *m)
{
	struct query	*q;

	if (m->name.len >= PACKET_NAME_MAX - 1 || span_starts(m->name, "[") ||
	    !domain_is_valid(m->name)) {
		put_resolved(p, m->token, RESOLVED_UNKNOWN, NULL);
		return;
	}
	q = xcalloc(1, sizeof *q);
	q->all = all;
	q->peer = p;
	q->token = m->token;
	(void)span_copy(m->name, q->name, sizeof q->name);
	q->kind = m->kind;
	q->secure = true;
	TAILQ_INSERT_TAIL(&all->waiting, q, entry);
}

void
queries_go(struct queries *all)
{
	struct query	*q;

	while (all->running_count < QUERIES_AT_ONCE &&
	    (q = TAILQ_FIRST(&all->waiting)) != NULL) {
		TAILQ_REMOVE(&all->waiting, q, entry);
		TAILQ_INSERT_TAIL(&all->running, q, entry);
		all->running_count++;
		q->exchangers = xcalloc(1, sizeof *q->exchangers);
		if (q->kind == RESOLVE_MX)
			follow_ask(all->cache, q->name, ns_t_mx,
			    on_exchangers, q);
		else
			ask_name_itself(q);
	}
}

void
queries_lost(struct queries *all, struct peer *p)
{
	struct query	*q;

	TAILQ_FOREACH(q, &all->running, entry)
		if (q->peer == p)
			q->peer = NULL;
	TAILQ_FOREACH(q, &all->waiting, entry)
		if (q->peer == p)
			q->peer = NULL;
}
