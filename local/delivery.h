/* SPDX-License-Identifier: ISC */
#ifndef LOCAL_DELIVERY_H
#define LOCAL_DELIVERY_H

#include "local/job.h"

/*
 * One recipient's copy on its way through an agent.  Content is asked of queue
 * only when a slot towards the agent is free for it, so that what queue sends
 * always has a place to go.
 */
enum { WANTS_MAX = 2 };

struct delivery {
	struct job	*job;		/* NULL: none is running */
	struct peer	*agent;
	uint64_t	 token;
	int64_t		 begun;		/* wall microseconds */
	uint64_t	 wants[WANTS_MAX]; /* offsets the agent waits for */
	unsigned	 nwants, sent;	/* the first `sent` went to queue */
	bool		 complete;	/* the agent was sent the end */
};

/* Sends the next recipient of `job` to the agent; false when that cannot be. */
bool	 delivery_begin(struct delivery *, struct job *, struct peer *agent);

/* It is over: what queue still sends for it is for nobody. */
void	 delivery_end(struct delivery *);

/* The agent wants content; a slot towards it is free. */
void	 delivery_want(struct delivery *, uint64_t offset);
void	 delivery_go_on(struct delivery *);

/* Queue answered a WANT of this delivery's job. */
void	 delivery_chunk(struct delivery *, const struct msg_chunk *);

/* Queue is gone: content that is not complete never will be. */
void	 delivery_starve(struct delivery *);

/* A slot of queue's ring that was copied, or is for nobody. */
void	 delivery_free_slot(struct local *, const struct msg_chunk *);

#endif
