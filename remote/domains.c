/* SPDX-License-Identifier: ISC */
#include "remote/domains.h"

/* FNV-1a over lower case. */
static uint64_t
hash(struct span s)
{
	uint64_t	 h = 0xcbf29ce484222325;
	size_t		 i;

	for (i = 0; i < s.len; i++) {
		char	 c = s.ptr[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		h = (h ^ (uint8_t)c) * 0x100000001b3;
	}
	return h;
}

bool
domains_admit(struct domains *d, struct span domain, unsigned max)
{
	uint64_t	 h = hash(domain);
	unsigned	 i;

	for (i = 0; i < d->count; i++)
		if (d->hashes[i] == h)
			return true;
	if (d->count >= max || d->count == DOMAINS_MAX)
		return false;
	d->hashes[d->count++] = h;
	return true;
}
