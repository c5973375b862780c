/* SPDX-License-Identifier: ISC */
#include "lookup/cache.h"

/* What collides costs one question. */
static size_t
place_of(struct span name)
{
	return span_hash(name) % CACHE_PLACES;
}

void
cache_put(struct cache *c, struct span name, enum user_outcome outcome,
    struct span spelling, struct instant now)
{
	struct cache_row	*row = &c->rows[place_of(name)];

	if (outcome == USER_LATER)
		return;
	row->found = outcome == USER_FOUND;
	row->until = clock_after(now, CACHE_TIME);
	row->used = span_copy(name, row->name, sizeof row->name) &&
	    span_copy(spelling, row->spelling, sizeof row->spelling);
}

const struct cache_row *
cache_find(const struct cache *c, struct span name, struct instant now)
{
	const struct cache_row	*row = &c->rows[place_of(name)];

	if (!row->used || !span_is(name, row->name) ||
	    !clock_before(now, row->until))
		return NULL;
	return row;
}
