/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_DICE_H
#define TESTS_CRASH_DICE_H

#include <stdint.h>

/* Numbers that look random, and are the same for the same start (splitmix64).
 * A value. */
struct dice {
	uint64_t	 state;
};

uint64_t	 dice_throw(struct dice *);
uint32_t	 dice_below(struct dice *, uint32_t);	/* of that many */

#endif
