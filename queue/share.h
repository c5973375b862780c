/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_SHARE_H
#define QUEUE_SHARE_H

#include "queue/dispatch.h"

/*
 * How much a destination may have of what is scarce: jobs at once, and memory.
 * Who has answered lately gets what its window allows.  Whom nothing is known
 * of, or only failures, gets one job and one message until its first success,
 * and all of these together leave a part of everything to the others: so those
 * that hang cost what they hold, and delay nobody.  For whom mail of a former
 * life waits counts as failed until it has answered, so that a start tries no
 * more at once than is probed.
 */
enum standing	 share_standing(const struct destination *);

/* All its jobs are silent: queue/silence.h. */
bool		 share_is_mute(const struct destination *);

/* It is mute, or waits for its rate: what comes for it stays. */
bool		 share_is_stuck(const struct destination *);

/* Jobs at once. */
unsigned	 share_jobs(const struct destination *);

/* Recipients in memory that wait for a job; hot ones wait there in any number
 * unless it is mute.  Past it, one message is what there may be. */
unsigned	 share_ready(const struct queue *, const struct destination *);

/* May one more message come to memory for it? */
bool		 share_has_memory(const struct queue *,
		    const struct destination *);

/* May one more job go to the deliverer for a destination that stands so? */
bool		 share_has_slot(const struct queue *,
		    const struct deliverer *, enum standing);

/*
 * Turns by the priority of a destination.  A lower one passes as many of them
 * on; a higher one, which had its turn, has as many more.  Each asks once a
 * turn.
 */
bool		 share_passes(struct destination *);
bool		 share_goes_on(struct destination *);

#endif
