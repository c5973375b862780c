/* SPDX-License-Identifier: ISC */
#ifndef SHARED_PEER_OWNER_H
#define SHARED_PEER_OWNER_H

#include "shared/peer.h"

/*
 * The side of a pair that only master and program_run see: whoever owns the
 * pairs of a process describes itself once, and makes a peer per pair.
 *
 * A pair that ends is closed at once; the owner is told at the end of that
 * turn, when no handler is in the middle of anything, and calls peer_free.
 */
struct peer_owner {
	struct loop	*loop;
	enum role	 self;
	unsigned	 instance;
	uint64_t	 life;		/* random, in the high 32 bits */
	uint32_t	 last_token;

	/* ASKs that a neighbour of `role` may have unanswered here; NULL: 0 */
	unsigned	 (*credit)(enum role);

	/* every checked record but HELLO and FREED */
	void		(*message)(void *arg, struct peer *, struct msg *);
	void		(*opened)(void *arg, struct peer *);

	/* The pair is over; `accusation` is NULL when it simply ended. */
	void		(*closed)(void *arg, struct peer *,
			    const char *accusation);
	void		(*freed)(void *arg, struct peer *); /* may be NULL */
	void		*arg;

	/* peer.c's own */
	TAILQ_HEAD(, peer) peers;
	char		*frames;	/* the packets being read */
};

/* Sets loop, self, instance, a life, and the rest to nothing. */
void	 peer_owner_init(struct peer_owner *, struct loop *, enum role,
	    unsigned instance);

/* Takes the descriptor and the rings (either may be NULL); queues HELLO. */
struct peer	*peer_new(struct peer_owner *, int fd, enum role,
		    unsigned instance, struct span name);
void		 peer_set_rings(struct peer *, struct ring *out,
		    struct ring *in);

/* Closes the pair now, frees at the end of the turn; no callback comes after
 * the call.  NULL is harmless. */
void		 peer_free(struct peer *);

/* Sends what gathered, as far as the socket takes it; done for every peer at
 * the end of each turn as well. */
void		 peer_flush(struct peer *);

/* The next open pair with `role` behind `after` (NULL: from the first); the
 * one with exactly this neighbour, open or not; is there one whose HELLO
 * has not come yet? */
bool		 peer_is_expected(struct peer_owner *, enum role);
struct peer	*peer_next(struct peer_owner *, enum role, struct peer *after);
struct peer	*peer_find(struct peer_owner *, enum role, unsigned instance);

#endif
