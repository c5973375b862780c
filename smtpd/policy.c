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

bool
policy_may_relay(const struct policy *p, const struct client *c)
{
	size_t	 i;

	if (c->flags & (LISTENER_UNIX | LISTENER_RELAY))
		return true;
	for (i = 0; i < p->count; i++)
		if (address_has_prefix(c->address, p->networks[i].address,
		    p->networks[i].prefix))
			return true;
	return false;
}
