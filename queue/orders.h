/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_ORDERS_H
#define QUEUE_ORDERS_H

#include "queue/errand.h"
#include "queue/filter.h"
#include "shared/peer.h"

/*
 * What admins want done with messages, and queue itself with those that it
 * holds: each message is an errand, a part of a walk is one answer.
 */
struct order {
	TAILQ_ENTRY(order) entry;	/* while it waits for its beginning */
	unsigned	 admin;		/* who asked; 0: nobody */
	bool		 is_delete;	/* DELETE, and not ORDER */
	uint64_t	 token, after, next;
	enum queue_order kind;
	bool		 dry;
	uint32_t	 uid;		/* UINT32_MAX: it was not said */
	uint32_t	 flags;		/* ORDER_HOLD: that go on */
	char		*argument;
	struct filter	 filter;
	unsigned	 errands;	/* of it */
};
TAILQ_HEAD(order_list, order);

struct orders {
	struct order_list waiting;
	struct timer	 more;		/* turns, while there are any */
};

void	 orders_init(struct queue *);
void	 orders_pump(struct queue *);	/* at the end of a turn */

void	 on_order(struct peer *, struct msg *);
void	 on_delete(struct peer *, struct msg *);

/*
 * Nothing of a message is tried any more until an admin releases it: it is
 * spilled if it is hot, and `flags` (MESSAGE_HELD, MESSAGE_QUARANTINED) are set
 * in one transaction with an event in its history, for which `why` is a text.
 * The jobs that it has end as they end; recipients that lose theirs are for
 * recipient_rest.
 */
void	 hold_message(struct queue *, struct message *, uint32_t flags,
	    const char *why);

/* For errands: the message must have rows; does it, if nothing is under way
 * that contradicts; it has ended. */
bool	 order_wants_rows(const struct order *);
void	 order_try(struct queue *, struct errand *);
void	 order_ended(struct queue *, struct errand *, enum errand_outcome);

#endif
