/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_BACKOFF_H
#define QUEUE_BACKOFF_H

#include <stdint.h>

/* How long to wait after the n-th failure: first, twice first, four times
 * first, ... but never more than max. */
uint64_t	 backoff_seconds(uint32_t failures, uint32_t first,
		    uint32_t max);

#endif
