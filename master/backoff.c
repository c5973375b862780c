/* SPDX-License-Identifier: ISC */
#include "master/backoff.h"
#include "shared/limits.h"

int64_t
backoff_next(struct backoff *b, int64_t lived)
{
	if (b->last == 0 || lived >= RESTART_GOOD)
		b->last = RESTART_FIRST;
	else if (b->last < RESTART_MAX / 2)
		b->last *= 2;
	else
		b->last = RESTART_MAX;
	return b->last;
}
