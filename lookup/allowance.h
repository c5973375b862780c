/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_ALLOWANCE_H
#define LOOKUP_ALLOWANCE_H

#include "shared/clock.h"

/*
 * So much may happen in a period.  What has happened is one instant, up to
 * which the allowance is spent: each event moves it by its share of the
 * period, and it may be a period ahead of now.  So all of it may come at once,
 * and as much again in each period behind; a period of silence forgives all.
 */
struct allowance {
	int64_t		 period;	/* nanoseconds */
	uint32_t	 ceiling;	/* 0: any number */
};

/* Is one more too many?  How many they are with it, at least. */
bool	 allowance_is_over(struct allowance, struct instant spent,
	    struct instant now);
uint64_t allowance_count(struct allowance, struct instant spent,
	    struct instant now);

/* How long it is too many, in nanoseconds. */
int64_t	 allowance_wait(struct allowance, struct instant spent,
	    struct instant now);

/* The same count, of another allowance of that period. */
struct instant	 allowance_convert(struct allowance from, struct allowance to,
		    struct instant spent, struct instant now);

/* `n` happened; no more than a period is spent, however many they are. */
void	 allowance_spend(struct allowance, struct instant *spent, unsigned n,
	    struct instant now);

#endif
