/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/ipc.h"
#include "smtpd/policy.h"

bool
policy_add(struct policy *p, struct span address, unsigned prefix)
{
	struct network	*n;

	if (address.len != sizeof(n->address) || prefix > 128 ||
	    p->count == NETWORKS_MAX)
		return false;
	p->networks = xreallocarray(p->networks, p->count + 1, sizeof(*n));
	n = &p->networks[p->count++];
	memcpy(n->address, address.ptr, sizeof(n->address));
	n->prefix = prefix;
	return true;
}

void
policy_clear(struct policy *p)
{
	free(p->networks);
	*p = (struct policy){ 0 };
}

static bool
holds(const struct network *n, const uint8_t address[16])
{
	unsigned	 octets = n->prefix / 8, bits = n->prefix % 8;
	uint8_t		 mask = 0xff00 >> bits & 0xff;

	if (memcmp(n->address, address, octets) != 0)
		return false;
	return bits == 0 ||
	    ((n->address[octets] ^ address[octets]) & mask) == 0;
}

bool
policy_may_relay(const struct policy *p, const struct client *c)
{
	size_t	 i;

	if (c->flags & (LISTENER_UNIX | LISTENER_RELAY))
		return true;
	for (i = 0; i < p->count; i++)
		if (holds(&p->networks[i], c->address))
			return true;
	return false;
}
