/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/rate.h"
#include "shared/alloc.h"

enum { BURST_PART = 10 };	/* of all, at once */
enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static const int64_t	 NS_PER_MS = 1000000;

/* ---- one ----------------------------------------------------------------- */

/*
 * With `burst` at once, and one more each `pace`, a span that is open at its
 * end has at most burst - 1 + span / pace, rounded up: `most` of them when
 * span / pace is most - burst + 1.
 */
void
rate_init(struct rate *r, uint32_t most, int64_t span_ms, struct instant now)
{
	int64_t	 burst = most / BURST_PART > 0 ? most / BURST_PART : 1, rest;

	memset(r, 0, sizeof *r);
	if (most == 0)
		return;
	rest = (int64_t)most - burst + 1;
	r->pace = (span_ms * NS_PER_MS + rest - 1) / rest;
	r->ahead = (burst - 1) * r->pace;
	r->due = now.ns + r->ahead;
}

struct instant
rate_next(const struct rate *r)
{
	return (struct instant){ r->due - r->ahead };
}

void
rate_take(struct rate *r, struct instant now)
{
	if (r->due < now.ns)
		r->due = now.ns;
	r->due += r->pace;
}

/* ---- of a destination ---------------------------------------------------- */

static struct instant
next_of(const struct rates *r)
{
	struct instant	 second = rate_next(&r->second);
	struct instant	 hour = rate_next(&r->hour);

	return clock_before(second, hour) ? hour : second;
}

static void
on_wake(void *arg)
{
	struct destination	*d = arg;
	struct queue		*q = queue_state();

	if (clock_before(loop_now(q->loop), next_of(d->rates))) {
		timer_set(&d->rates->timer, next_of(d->rates));
		return;
	}
	destination_take_turn(q, d);
	destination_hungers(q, d);
}

struct rates *
rates_new(struct queue *q, struct destination *d)
{
	const struct settings	*s = d->settings;
	struct rates		*r;

	if (s->per_second == 0 && s->per_hour == 0)
		return NULL;
	r = xcalloc(1, sizeof *r);
	rate_init(&r->second, s->per_second, SECOND, loop_now(q->loop));
	rate_init(&r->hour, s->per_hour, HOUR, loop_now(q->loop));
	timer_init(&r->timer, q->loop, on_wake, d);
	return r;
}

void
rates_free(struct rates *r)
{
	if (r == NULL)
		return;
	timer_clear(&r->timer);
	free(r);
}

void
rates_take(struct queue *q, struct destination *d)
{
	struct instant	 now = loop_now(q->loop);
	struct rates	*r = d->rates;

	if (r == NULL)
		return;
	rate_take(&r->second, now);
	rate_take(&r->hour, now);
	if (!clock_before(now, next_of(r)))
		return;
	timer_set(&r->timer, next_of(r));
	silence_trim(q, d);
}

bool
rates_sleep(const struct rates *r)
{
	return r != NULL && timer_is_set(&r->timer);
}

uint64_t
rates_wake(struct queue *q, const struct rates *r)
{
	if (!rates_sleep(r))
		return 0;
	return queue_now() + 1000 * (uint64_t)clock_ms_between(
	    loop_now(q->loop), r->timer.due);
}

unsigned
rates_minute(const struct rates *r)
{
	int64_t	 pace = r->second.pace > r->hour.pace ? r->second.pace :
		    r->hour.pace;
	int64_t	 n = MINUTE * NS_PER_MS / pace;

	return n < 1 ? 1 : n < READY_MAX ? (unsigned)n : READY_MAX;
}
