/* SPDX-License-Identifier: ISC */
#include "queue/queue_limits.h"
#include "queue/sender.h"

/* FNV-1a, 64 bits wide. */
static uint64_t
add(uint64_t hash, struct span s, bool lower)
{
	size_t	 i;
	char	 c;

	for (i = 0; i < s.len; i++) {
		c = s.ptr[i];
		if (lower && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		hash = (hash ^ (unsigned char)c) * 0x100000001b3;
	}
	return hash;
}

/* All bits count in all bits. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
	return x ^ x >> 33;
}

uint64_t
sender_number(const struct addr *a, uint64_t salt)
{
	struct span	 local = span_make(a->text, a->at), who;

	(void)span_cut(local, '+', &who);
	if (span_index(local, '=') < local.len)
		who = span_of("");
	salt = add(mix(salt), who, false);
	return mix(add(salt ^ '@', addr_domain(a), true));
}

unsigned
sender_lane(const struct addr *a, uint64_t salt)
{
	return sender_number(a, salt) % LANES;
}
