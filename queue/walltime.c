/* SPDX-License-Identifier: ISC */
#include "queue/walltime.h"

enum { NANOSECONDS = 1000 };	/* of a microsecond */

void
walltime_begin(struct walltime *t, int64_t wall, uint64_t known,
    struct instant now)
{
	t->base = wall > 0 ? (uint64_t)wall : 0;
	if (t->base < known)
		t->base = known;
	t->since = now;
}

uint64_t
walltime_now(const struct walltime *t, struct instant now)
{
	int64_t	 passed = now.ns - t->since.ns;

	return t->base + (uint64_t)(passed > 0 ? passed : 0) / NANOSECONDS;
}

void
walltime_draw(struct walltime *t, int64_t wall, struct instant now)
{
	uint64_t	 ours = walltime_now(t, now);
	int64_t		 off = wall - (int64_t)ours;

	if (off > WALLTIME_STEP)
		off = WALLTIME_STEP;
	if (off < -WALLTIME_STEP)
		off = -WALLTIME_STEP;
	t->base = (uint64_t)((int64_t)ours + off);
	t->since = now;
}
