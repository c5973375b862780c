/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_WALLTIME_H
#define QUEUE_WALLTIME_H

#include "shared/clock.h"

/*
 * The queue's own wall time, in microseconds: what the machine's clock said at
 * the start, and the monotonic clock since.  A clock that is set while we run
 * is not obeyed at once, so that no message waits for days or expires because
 * of it; we draw nearer to it, slowly.  Nor do we ever begin before a time that
 * the disk has seen.
 */
struct walltime {
	uint64_t	 base;
	struct instant	 since;
};

enum { WALLTIME_STEP = 500 * 1000 };	/* of a draw, microseconds */

/* `known`: the latest time that the disk has, or 0. */
void	 walltime_begin(struct walltime *, int64_t wall, uint64_t known,
	    struct instant now);
uint64_t walltime_now(const struct walltime *, struct instant now);

/* Draws nearer to what the machine's clock says by WALLTIME_STEP at most. */
void	 walltime_draw(struct walltime *, int64_t wall, struct instant now);

#endif
