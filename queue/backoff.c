/* SPDX-License-Identifier: ISC */
#include "queue/backoff.h"

uint64_t
backoff_seconds(uint32_t failures, uint32_t first, uint32_t max)
{
	uint64_t	 s = first;

	while (failures > 1 && s < max) {
		s *= 2;
		failures--;
	}
	return s < max ? s : max;
}
