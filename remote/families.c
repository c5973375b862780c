/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include "remote/families.h"

void
families_put(struct families *f, const char *host, int family,
    struct instant now)
{
	uint32_t		 hash = span_hash(span_of(host));
	struct family_place	*p = &f->places[hash % FAMILY_PLACES];

	p->until = clock_after(now, FAMILY_TIME);
	p->hash = hash;
	p->family = family;
}

void
families_turn(struct families *f, const char *host, int family,
    struct instant now)
{
	families_put(f, host, family == AF_INET ? AF_INET6 : AF_INET, now);
}

int
families_find(const struct families *f, const char *host, struct instant now)
{
	uint32_t			 hash = span_hash(span_of(host));
	const struct family_place	*p = &f->places[hash % FAMILY_PLACES];

	if (p->family == AF_UNSPEC || p->hash != hash ||
	    !clock_before(now, p->until))
		return AF_UNSPEC;
	return p->family;
}
