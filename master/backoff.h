/* SPDX-License-Identifier: ISC */
#ifndef MASTER_BACKOFF_H
#define MASTER_BACKOFF_H

#include <stdint.h>

/* How long a child that died waits: RESTART_FIRST, doubling to RESTART_MAX; a
 * life of RESTART_GOOD makes all forgotten.  Milliseconds. */
struct backoff {
	int64_t	 last;		/* 0: none so far */
};

int64_t	 backoff_next(struct backoff *, int64_t lived);

#endif
