/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_CACHE_H
#define LOOKUP_CACHE_H

#include "shared/clock.h"
#include "shared/ipc.h"

/*
 * What is known of users, for ten seconds: enough for a transaction with a
 * hundred recipients or a list of the same people.  One place per hash, so
 * that no choice of names can make it slow; who comes later takes the place.
 */
enum { CACHE_PLACES = 1024, CACHE_TIME = 10 * 1000 };

struct cache_row {
	struct instant	 until;
	bool		 used, found;
	char		 name[USER_TEXT_MAX + 1];
	char		 spelling[USER_TEXT_MAX + 1];
};

struct cache {
	struct cache_row rows[CACHE_PLACES];
};

/* USER_LATER is not kept. */
void	 cache_put(struct cache *, struct span name, enum user_outcome,
	    struct span spelling, struct instant now);

/* NULL when it is not known; `found` and `spelling` of the row tell. */
const struct cache_row	*cache_find(const struct cache *, struct span name,
			    struct instant now);

#endif
