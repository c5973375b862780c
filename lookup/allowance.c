/* SPDX-License-Identifier: ISC */
#include "lookup/allowance.h"

static int64_t
share(struct allowance a)
{
	return a.period / a.ceiling;
}

uint64_t
allowance_count(struct allowance a, struct instant spent, struct instant now)
{
	int64_t	 ahead = spent.ns - now.ns;

	if (a.ceiling == 0 || ahead <= 0)
		return 1;
	return (ahead + share(a) - 1) / share(a) + 1;
}

bool
allowance_is_over(struct allowance a, struct instant spent, struct instant now)
{
	return a.ceiling > 0 && allowance_count(a, spent, now) > a.ceiling;
}

int64_t
allowance_wait(struct allowance a, struct instant spent, struct instant now)
{
	if (!allowance_is_over(a, spent, now))
		return 0;
	return spent.ns - now.ns - share(a) * ((int64_t)a.ceiling - 1);
}

struct instant
allowance_convert(struct allowance from, struct allowance to,
    struct instant spent, struct instant now)
{
	int64_t	 ahead = spent.ns - now.ns, n;

	if (from.ceiling == 0 || to.ceiling == 0 || ahead <= 0)
		return spent;
	n = (ahead + share(from) - 1) / share(from);
	if (n > to.ceiling)
		n = to.ceiling;
	return (struct instant){ now.ns + n * share(to) };
}

void
allowance_spend(struct allowance a, struct instant *spent, unsigned n,
    struct instant now)
{
	int64_t	 room;

	if (a.ceiling == 0)
		return;
	if (spent->ns < now.ns)
		spent->ns = now.ns;
	room = (now.ns + a.period - spent->ns) / share(a);
	spent->ns += share(a) * (n < room ? (int64_t)n : room);
}
