/* SPDX-License-Identifier: ISC */
#ifndef SHARED_PEER_PRIVATE_H
#define SHARED_PEER_PRIVATE_H

#include "shared/peer_owner.h"

/*
 * What peer.c (life, credit), peer_send.c and peer_receive.c know of a peer,
 * and nobody else.
 *
 * Records gather in packets of at most FRAME_MAX octets.  A record that
 * carries descriptors has a packet of its own, so that it is never in doubt to
 * which record a descriptor belongs.
 */
struct packet {
	TAILQ_ENTRY(packet) entry;
	struct buf	 data;
	int		 fds[FRAME_FDS_MAX];
	unsigned	 nfds;
	bool		 secret;	/* a record of it is */
};

struct peer {
	TAILQ_ENTRY(peer) entry;
	struct peer_owner *owner;
	enum role	 role;
	unsigned	 instance;
	char		*name;
	void		*data;
	struct ring	*out, *in;

	int		 fd;		/* -1: the pair is over */
	struct watch	 watch;
	struct hook	 flush;
	struct deferred	 ending, waking;
	const char	*accusation;
	bool		 greeted;	/* their HELLO came */
	bool		 freed;		/* by the owner */

	TAILQ_HEAD(packet_list, packet) packets; /* oldest first */
	struct packet	*spare;
	size_t		 waiting;	/* octets in packets */

	unsigned	 credit;	/* ASKs we may still send */
	unsigned	 asked;		/* ASKs of ours without ANSWER */
	unsigned	 granted;	/* ASKs they may have open */
	unsigned	 owed;		/* ANSWERs that we owe */
	TAILQ_HEAD(, waiter) waiters;
};

/* The pair is over: nothing is read or sent any more, and the owner hears of
 * it at the end of the turn.  Once it is, this does nothing. */
void	 peer_shut(struct peer *, const char *accusation);

/*
 * A system call on the pair failed with errno: it is over when the neighbour is
 * gone, and tried again when the system was short of something.  Otherwise we
 * end: a pair that is given up between two that live is never made again.
 */
void	 peer_failed(struct peer *);

/* Credit has come: calls waiters while there is some, now or, from where a
 * turn is about to end, behind its hooks. */
void	 peer_wake(struct peer *);
void	 peer_wake_later(struct peer *);

/* All that was to be sent is thrown away. */
void	 peer_drop_packets(struct peer *);
void	 peer_free_packet(struct packet *);	/* NULL is harmless */

/* The watch's callback. */
void	 peer_on_ready(void *arg, unsigned events);

#endif
