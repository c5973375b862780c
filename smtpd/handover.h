/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_HANDOVER_H
#define SMTPD_HANDOVER_H

#include "smtpd/transaction.h"

/*
 * The ring towards queue, shared by all sessions.  A session has at most
 * SESSION_SLOTS_MAX of its slots; one that gets none waits, with what its
 * client sends, until queue has copied another.  All but handover_init is for
 * a transaction whose envelope is open.
 */
struct handover {
	TAILQ_HEAD(, transaction) waiting;	/* for a slot, oldest first */
	unsigned	 waiters;
	unsigned	 slots;			/* of the ring */
	unsigned	 filling;		/* taken, not yet sent */
	uint64_t	 sent[RING_SLOTS_MAX];	/* whose, by token: a circle */
	unsigned	 first, count;
};

/* A new ring: what was in the old one is forgotten. */
void	 handover_init(struct handover *, struct ring *);

/* Queue has copied a slot: the sessions that wait go on. */
void	 handover_freed(struct server *);

/* The sink of content: room in a slot, a full one going out; or false. */
bool	 slot_more(struct content_sink *);

/* Sends the slot at hand, if there is one; only if slots are scarce. */
void	 slot_send(struct transaction *);
void	 slot_pause(struct transaction *);

/* It goes back unsent. */
void	 slot_give_back(struct transaction *);

void	 slot_wait(struct transaction *);
void	 slot_stop_waiting(struct transaction *);

#endif
