/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_DELAY_H
#define QUEUE_DELAY_H

#include "shared/limits.h"
#include "shared/loop.h"

/*
 * Delay notices: once of each recipient that still waits `delay` after its
 * message came.  Ids are times, so for each of the delays that destinations
 * have there is a walk over all messages, oldest first, that stays as far
 * behind the clock as it is long.  The time up to which all is told is on disk,
 * and goes there with what is written anyway.
 */
struct queue;

struct delay {
	uint64_t	 length;	/* microseconds */
	uint64_t	 at;		/* looked at up to this id */
	uint64_t	 next;		/* is being looked at, if number says */
	int64_t		 number;	/* so: behind this recipient; or -1 */
};

struct delays {
	struct timer	 timer;
	struct delay	 list[LIVES_MAX];	/* the shortest first */
	unsigned	 count;
	uint64_t	 done;		/* a time: all until then is durable */
	unsigned	 made;		/* notices that are not */
};

void	 delays_init(struct queue *);
void	 delays_start(struct queue *);

#endif
