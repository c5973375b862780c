/* SPDX-License-Identifier: ISC */
#include "remote/domains.h"

bool
domains_admit(struct domains *d, struct span domain, unsigned max)
{
	uint64_t	 h = span_mix(SPAN_MIX, domain, true);
	unsigned	 i;

	for (i = 0; i < d->count; i++)
		if (d->hashes[i] == h)
			return true;
	if (d->count >= max || d->count == DOMAINS_MAX)
		return false;
	d->hashes[d->count++] = h;
	return true;
}
