/* SPDX-License-Identifier: ISC */
/* Two clocks that move when an event says so, and the timers on them. */
#include <stdlib.h>

#include "shared/loop.h"
#include "tests/sim/sim.h"

enum { TIMERS_MAX = 65536, MILLISECOND = 1000000 };

static struct {
	struct timer	*set[TIMERS_MAX];
	size_t		 count;
} at;

struct instant	 __wrap_clock_now(void);
int64_t		 __wrap_clock_wall(void);

struct instant
__wrap_clock_now(void)
{
	return (struct instant){ sim()->now };
}

int64_t
__wrap_clock_wall(void)
{
	return sim()->now / 1000 + sim()->wall;
}

struct instant
loop_now(const struct loop *l)
{
	(void)l;
	return __wrap_clock_now();
}

void
timer_init(struct timer *t, struct loop *l, void (*fire)(void *), void *arg)
{
	t->loop = l;
	t->slot = 0;
	t->fire = fire;
	t->arg = arg;
}

void
timer_set(struct timer *t, struct instant due)
{
	if (t->loop == NULL)
		broken("a timer is set that is none");
	t->due = due;
	if (t->slot != 0)
		return;
	if (at.count == TIMERS_MAX)
		broken("%d timers are set", TIMERS_MAX);
	at.set[at.count++] = t;
	t->slot = at.count;
}

void
timer_in(struct timer *t, int64_t ms)
{
	timer_set(t, (struct instant){ sim()->now + ms * MILLISECOND });
}

void
timer_unset(struct timer *t)
{
	struct timer	*last;

	if (t->slot == 0)
		return;
	last = at.set[--at.count];
	at.set[t->slot - 1] = last;
	last->slot = t->slot;
	t->slot = 0;
}

bool
timer_is_set(const struct timer *t)
{
	return t->slot != 0;
}

void
timer_clear(struct timer *t)
{
	timer_unset(t);
}

void
timers_forget(void)
{
	at.count = 0;
}

static struct timer *
soonest(void)
{
	struct timer	*best = NULL;
	size_t		 i;

	for (i = 0; i < at.count; i++)
		if (best == NULL || at.set[i]->due.ns < best->due.ns)
			best = at.set[i];
	return best;
}

bool
timers_next(int64_t *due)
{
	struct timer	*t = soonest();

	if (t != NULL)
		*due = t->due.ns;
	return t != NULL;
}

void
timers_fire(void)
{
	struct timer	*t;

	while ((t = soonest()) != NULL && t->due.ns <= sim()->now) {
		timer_unset(t);
		t->fire(t->arg);
	}
}
