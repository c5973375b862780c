/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_DISPATCH_H
#define QUEUE_DISPATCH_H

#include "queue/destination.h"
#include "shared/clock.h"
#include "shared/peer.h"

/*
 * remote and local: jobs go out to them in turns between destinations, results
 * come back.  A deliverer that is gone leaves its jobs unknown: their
 * recipients go out again.  A destination has one of those that take new jobs,
 * always the same while they are the same, so that its connections are used
 * again.  Beside them there may be older ones, which end what they have.
 */
enum { BY_REMOTE, BY_LOCAL, BY_COUNT };
enum { DELIVERERS = INSTANCES_MAX + 2 };	/* at a time */

/* A JOB that is not DONE. */
struct delivery {
	RB_ENTRY(delivery) by_token;
	TAILQ_ENTRY(delivery) aging;	/* while it is not silent */
	uint64_t	 token;
	int		 by;		/* which deliverer */
	bool		 begun;		/* content was wanted */
	bool		 silent, doubtful;	/* queue/silence.h */
	bool		 is_probe;	/* its destination had failed */
	struct instant	 heard;		/* when it was spoken of last */
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
TAILQ_HEAD(delivery_list, delivery);

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
	struct destination_list turns[STANDING_COUNT];
	int		 turn;		/* whose list is served next */
	struct delivery_tree deliveries;
	unsigned	 jobs;		/* deliveries */
	unsigned	 doubtful;	/* of them: queue/silence.h */
	struct recipient_list told;	/* RUNNING, of an older queue */
	unsigned	 ntold;
	struct late_list late;
	unsigned	 nlate;
};

/* Those who may have new jobs, in no order. */
struct takers {
	struct deliverer *list[DELIVERERS];
	unsigned	 count;
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

/* Where the turn of a destination is. */
struct destination_list	*dispatch_turns(struct queue *,
			    const struct destination *);
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
