/* SPDX-License-Identifier: ISC */
#include "shared/limits.h"
#include "shared/unit.h"

static const struct unit times[] = {
	{ 'w', 7 * 86400000 }, { 'd', 86400000 }, { 'h', 3600000 },
	{ 'm', 60000 }, { 's', 1000 }, { 0, 0 }
};

static const struct unit sizes[] = {
	{ 'G', 1 << 30 }, { 'M', 1 << 20 }, { 'K', 1 << 10 }, { 0, 0 }
};

const struct unit *
unit_times(void)
{
	return times;
}

const struct unit *
unit_sizes(void)
{
	return sizes;
}

bool
unit_parse(struct span s, const struct unit *u, uint64_t *n)
{
	if (s.len == 0)
		return false;
	for (; u->letter != 0; u++) {
		if (s.ptr[s.len - 1] != u->letter)
			continue;
		if (!span_parse_u64(span_head(s, s.len - 1),
		    UINT32_MAX, n))
			return false;
		*n *= u->factor;
		return true;
	}
	return false;
}

bool
unit_parse_priority(struct span s, int *priority)
{
	bool		 below = span_starts(s, "-");
	uint64_t	 n;

	if (!span_parse_u64(span_skip(s, below), PRIORITY_MAX, &n))
		return false;
	*priority = below ? -(int)n : (int)n;
	return true;
}
