/* SPDX-License-Identifier: ISC */
#ifndef SHARED_PEER_H
#define SHARED_PEER_H

#include "shared/ipc.h"
#include "shared/loop.h"
#include "shared/ring.h"

/*
 * The neighbour at the other end of a pair.  What is put gathers, and leaves
 * at the end of the turn in as few packets as it fits.  Each record that
 * comes is checked against its row (sender, receiver, kind, lengths, ranges,
 * credit, descriptors) before a handler sees it; a neighbour that breaks its
 * row is accused to master and its pair closed.
 */
struct peer;

enum role	 peer_role(const struct peer *);
unsigned	 peer_instance(const struct peer *);
struct span	 peer_name(const struct peer *);	/* an agent's user */
bool		 peer_is_open(const struct peer *);	/* its HELLO came */

/* The rings of the pair, or NULL.  They live as long as the peer. */
struct ring	*peer_ring_out(struct peer *);
struct ring	*peer_ring_in(struct peer *);

/* A number for the program: its own object for this neighbour. */
void		 peer_set_data(struct peer *, void *);
void		*peer_data(const struct peer *);

/*
 * Queues a NOTE, PART or ANSWER.  Never fails towards the caller: what passes
 * PEER_OUT_MAX is the neighbour's fault and ends the pair.
 */
void	 peer_put(struct peer *, const struct msg *);

/*
 * Queues an ASK; false, and nothing is queued, without credit.  Then
 * peer_wait tells when to try again: waiters are called one per credit that
 * comes back, first come first served, and are dropped when the pair ends.
 *
 * There is no credit with a slow neighbour, for whom more than PEER_OUT_HIGH
 * waits: an ASK may have many PARTs, so what a stranger has us ask could pass
 * PEER_OUT_MAX.  Who sends long answers looks for himself.
 */
bool	 peer_ask(struct peer *, const struct msg *);
unsigned peer_credit(const struct peer *);
bool	 peer_is_slow(const struct peer *);

struct waiter {
	TAILQ_ENTRY(waiter) entry;
	struct peer	*on;		/* NULL: waits for nobody */
	void		(*ready)(void *arg);
	void		*arg;
};

void	 peer_wait(struct peer *, struct waiter *, void (*)(void *), void *);
void	 waiter_clear(struct waiter *);	/* not waiting: harmless */

/* A token for an ASK: unique in this process's life, never 0. */
uint64_t peer_token(struct peer *);

/* The neighbour lied: told to master, and the pair is closed; `lost` of the
 * program is called at the end of the turn. */
void	 peer_accuse(struct peer *, const char *reason);

#endif
