/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_RATE_H
#define QUEUE_RATE_H

#include "queue/settings.h"
#include "shared/loop.h"

/*
 * At most so many in any span of time, wherever it begins.  A tenth of them may
 * go at once, and the others follow each other at an even pace, which is as
 * much slower; less than twenty only do the latter.  Nothing is remembered
 * but one time: a rate begins with one that may go, as if the others had gone
 * just before, since nobody knows of a former life.
 */
struct rate {
	int64_t	 pace;		/* ns from one to the next; 0: no limit */
	int64_t	 ahead;		/* ns that they may be before it */
	int64_t	 due;		/* ns: of the next one, by it */
};

void		 rate_init(struct rate *, uint32_t most, int64_t span_ms,
		    struct instant now);
void		 rate_take(struct rate *, struct instant now);
struct instant	 rate_next(const struct rate *);	/* may go then */

/*
 * Those of a destination, whose jobs it counts.  When it has used up one of
 * them it sleeps: no job goes there, and a timer wakes it.
 */
struct destination;

struct rates {
	struct rate	 second, hour;
	struct timer	 timer;
};

/* NULL: it has none. */
struct rates	*rates_new(struct queue *, struct destination *);
void		 rates_free(struct rates *);

/* A job of it is on its way. */
void		 rates_take(struct queue *, struct destination *);

/* Does it sleep?  When does it wake, wall microseconds; 0: it does not. */
bool		 rates_sleep(const struct rates *);
uint64_t	 rates_wake(struct queue *, const struct rates *);

/* How many may go in a minute, about; at least one. */
unsigned	 rates_minute(const struct rates *);

#endif
