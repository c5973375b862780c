/* SPDX-License-Identifier: ISC */
#ifndef RESOLVER_NAMES_H
#define RESOLVER_NAMES_H

#include <sys/queue.h>
#include <bsd/sys/tree.h>

#include "shared/peer.h"
#include "resolver/cache.h"

/*
 * Names of clients: NAME_OF, from the question to NAMED.  PTR is asked, then A
 * or AAAA of each name that came; one that leads back to the address is its
 * name.  Who asks about the same address meanwhile has the same answer.
 */
struct named;

RB_HEAD(name_tree, named);

struct names {
	struct cache	*cache;
	struct name_tree asking;
	unsigned	 count;
};

void	 names_init(struct names *, struct cache *);

/* What passes NAMES_AT_ONCE is answered "later". */
void	 names_ask(struct names *, struct peer *, const struct msg_name_of *);

/* Nobody waits for these answers any more. */
void	 names_lost(struct names *, struct peer *);

#endif
