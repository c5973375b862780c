/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include "remote/families.h"

static void
put(struct families *f, const char *host, int family, struct instant until,
    bool turned)
{
	uint32_t		 hash = span_hash(span_of(host));
	struct family_place	*p = &f->places[hash % FAMILY_PLACES];

	p->until = until;
	p->hash = hash;
	p->family = family;
	p->turned = turned;
}

static bool
was_turned(const struct families *f, const char *host, struct instant now)
{
	uint32_t			 hash = span_hash(span_of(host));
	const struct family_place	*p = &f->places[hash % FAMILY_PLACES];

	return p->turned && p->hash == hash && clock_before(now, p->until);
}

/* Who turned has had a reason that is better than speed. */
void
families_put(struct families *f, const char *host, int family,
    struct instant now)
{
	if (!was_turned(f, host, now))
		put(f, host, family, clock_after(now, FAMILY_TIME), false);
}

bool
families_turn(struct families *f, const char *host, int family,
    struct instant now)
{
	if (was_turned(f, host, now))
		return families_avoid(f, host, family, now);
	put(f, host, family == AF_INET ? AF_INET6 : AF_INET,
	    clock_after(now, FAMILY_TURNED), true);
	return true;
}

bool
families_avoid(const struct families *f, const char *host, int family,
    struct instant now)
{
	return was_turned(f, host, now) &&
	    families_find(f, host, now) != family;
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
