/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_DOMAINS_H
#define REMOTE_DOMAINS_H

#include <stdint.h>

#include "shared/span.h"

/*
 * The domains of recipients that a session has had, for RCPTDOMAINMAX (RFC
 * 9422 section 6.3); by a hash, since two that fall together cost no more than
 * a reply.  Zeroed: none.
 */
enum { DOMAINS_MAX = 64 };

struct domains {
	unsigned	 count;
	uint64_t	 hashes[DOMAINS_MAX];
};

/* May `domain` be one of at most `max`?  Then it is, from now on. */
bool	 domains_admit(struct domains *, struct span domain, unsigned max);

#endif
