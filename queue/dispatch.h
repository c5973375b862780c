/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_DISPATCH_H
#define QUEUE_DISPATCH_H

#include "queue/destination.h"
#include "shared/peer.h"

/*
 * remote and local: jobs go out to them in turns between destinations, results
 * come back.  A deliverer that is gone leaves its jobs unknown: their
 * recipients go out again.  Beside the one that takes new jobs there may be
 * older ones, which end what they have.
 */
enum { BY_REMOTE, BY_LOCAL, BY_COUNT };
enum { DELIVERERS = INSTANCES_MAX + 2 };	/* at a time */

/* A JOB that is not DONE. */
struct delivery {
	RB_ENTRY(delivery) by_token;
	uint64_t	 token;
	int		 by;		/* which deliverer */
	bool		 begun;		/* content was wanted */
	uint64_t	 message;	/* its id, and size */
	uint64_t	 size;
	struct destination *destination;
	struct recipient_list recipients;	/* without RESULT */
	bool		 over;		/* freed when nothing is read */

	/* content: chunks wanted, and the checksum so far; `known` is what
	 * it must be, when the message said so itself */
	unsigned	 wants;
	uint64_t	 summed;
	uint32_t	 crc, known_crc;
	bool		 is_known;
};
RB_HEAD(delivery_tree, delivery);

/* A RESULT for a recipient that is being changed. */
struct late;
TAILQ_HEAD(late_list, late);

struct deliverer {
	struct peer	*peer;		/* NULL: free */
	int		 by;		/* remote or local */
	unsigned	 epoch;		/* which life in this place */
	unsigned	 since;		/* the higher, the newer */
	bool		 ready;		/* it has told what it knows */
	bool		 takes;		/* and may have new jobs */
	bool		 retired;
	struct delivery_tree deliveries;
	struct recipient_list told;	/* RUNNING, of an older queue */
	unsigned	 ntold;
	struct late_list late;
	unsigned	 nlate;
};

void	 deliverers_init(struct queue *);
void	 deliverer_found(struct queue *, struct peer *);
void	 deliverer_lost(struct queue *, struct peer *);
struct deliverer	*deliverer_of(struct peer *);

/* A remote and a local are there, and all of them have told what they do for
 * an older queue.  Who comes later is new itself. */
bool	 deliverers_have_told(struct queue *);
struct delivery		*delivery_find(struct deliverer *, uint64_t token);

/* Sends what credit and windows allow; at the end of a turn. */
void	 dispatch_pump(struct queue *);
void	 dispatch_unlist(struct queue *, struct recipient *);

/* A chunk of it, wanted before, is no longer wanted; may free it. */
void	 delivery_read(struct delivery *);

/* A recipient from memory or the index; NULL when there is none. */
struct recipient	*recipient_recall(struct queue *, uint64_t id,
			    uint32_t number);

void	 on_running(struct peer *, struct msg *);
void	 on_ready(struct peer *, struct msg *);
void	 on_retire(struct peer *, struct msg *);
void	 on_done(struct peer *, struct msg *);

#endif
