/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_EXPAND_H
#define QUEUE_EXPAND_H

#include "queue/message.h"
#include "shared/peer.h"

/*
 * Asks lookup what recipients mean.  The recipients of a message that are
 * looked up together go on together, so that they share jobs.
 */
struct expansion;
RB_HEAD(expansion_tree, expansion);

struct expansions {
	struct recipient_list waiting;
	struct expansion_tree tree;
	unsigned	 asked;
	size_t		 octets;	/* of leaves held */
};

void	 expand_init(struct expansions *);
void	 expand_add(struct queue *, struct recipient *);
void	 expand_pump(struct queue *);		/* at the end of a turn */
void	 expand_unlist(struct queue *, struct recipient *);
void	 expand_lost(struct queue *);		/* lookup is gone */

/* All siblings may be EXPANDED now. */
void	 expand_release(struct queue *, struct message *);

void	 on_target(struct peer *, struct msg *);
void	 on_expanded(struct peer *, struct msg *);

#endif
