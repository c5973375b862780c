/* SPDX-License-Identifier: ISC */
#include "queue/queue_limits.h"
#include "queue/sender.h"

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
	salt = span_mix(mix(salt), who, false);
	return mix(span_mix(salt ^ '@', addr_domain(a), true));
}

unsigned
sender_lane(const struct addr *a, uint64_t salt)
{
	return sender_number(a, salt) % LANES;
}
