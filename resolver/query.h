/* SPDX-License-Identifier: ISC */
#ifndef RESOLVER_QUERY_H
#define RESOLVER_QUERY_H

#include <sys/queue.h>

#include "shared/peer.h"
#include "resolver/cache.h"

/*
 * One RESOLVE, from the question to its ADDRESSes and RESOLVED (RFC 5321
 * section 5.1): mail exchangers, or the name itself when it has none, then
 * A and AAAA of each at the same time.
 */
struct query;

TAILQ_HEAD(query_list, query);

/* The rest, up to QUESTIONS_MAX of each remote, waits and needs little: a
 * ceiling for memory, far above what is usual. */
enum { QUERIES_AT_ONCE = 1024 };

struct queries {
	struct cache	*cache;
	struct query_list running, waiting;
	unsigned	 running_count;
};

void	 queries_init(struct queries *, struct cache *);

/* Waits for queries_go. */
void	 query_new(struct queries *, struct peer *, const struct msg_resolve *);

/* At the end of each turn: begins what waits, as far as may be. */
void	 queries_go(struct queries *);

/* Nobody waits for these answers any more. */
void	 queries_lost(struct queries *, struct peer *);

#endif
