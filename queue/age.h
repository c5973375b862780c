/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_AGE_H
#define QUEUE_AGE_H

#include "queue/index_read.h"
#include "shared/limits.h"
#include "shared/loop.h"

/*
 * Mail of the index whose time is up, which its destinations may have set at
 * different lives.  For each of these there is a walk over all messages, oldest
 * first, that stays as far behind the clock as it is long, and fails what has
 * no longer life.  What is in memory when a walk passes is not missed: nothing
 * goes back to the index without a look at its age.
 */
struct queue;

struct age {
	unsigned	 class;		/* AGE_MAIL, AGE_NOTICE */
	uint64_t	 life;		/* microseconds */
	bool		 is_longest;	/* of its class: all must go */
	bool		 is_only;
	uint64_t	 at;		/* looked at up to this id */
};

struct ages {
	struct timer	 timer;
	struct age	 list[AGE_COUNT * LIVES_MAX];
	unsigned	 count;
};

void	 ages_start(struct queue *);

#endif
