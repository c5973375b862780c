/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_DELAY_H
#define QUEUE_DELAY_H

#include "shared/loop.h"

/*
 * Delay notices: once of each recipient that still waits `delay` after its
 * message came.  Ids are times, so a place in `age` that moves on tells who has
 * been looked at; it is on disk, and goes there with what is written anyway.
 */
struct queue;

struct delays {
	struct timer	 timer;
	uint64_t	 at;		/* looked at up to this id */
	int64_t		 number;	/* in the middle of the next: behind
					 * this recipient; -1: not */
	uint64_t	 next;		/* that one */
	uint64_t	 done;		/* and all is durable up to this */
	unsigned	 made;		/* notices that are not */
};

void	 delays_init(struct queue *);
void	 delays_start(struct queue *);

#endif
