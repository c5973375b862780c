/* SPDX-License-Identifier: ISC */
#ifndef RESOLVER_NAMES_H
#define RESOLVER_NAMES_H

#include <sys/queue.h>
#include <bsd/sys/tree.h>

#include "shared/peer.h"
#include "resolver/dns.h"

/*
 * Names of clients: NAME_OF, from the question to NAMED.  PTR is asked, then A
 * or AAAA of each name that came; one that leads back to the address is its
 * name.  Who asks about the same address meanwhile has the same answer, and it
 * is kept for as long as DNS says, within bounds.
 */
struct named;

RB_HEAD(name_tree, named);
TAILQ_HEAD(named_list, named);

struct names {
	struct dns	*dns;
	struct loop	*loop;
	struct name_tree all;
	struct named_list asking, known;	/* oldest first */
	unsigned	 asking_count, known_count;
};

void	 names_init(struct names *, struct dns *, struct loop *);

/* What passes NAMES_AT_ONCE is answered "later". */
void	 names_ask(struct names *, struct peer *, const struct msg_name_of *);

/* Nobody waits for these answers any more. */
void	 names_lost(struct names *, struct peer *);

#endif
