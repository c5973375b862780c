/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "shared/ipc.h"
#include "smtpd/policy.h"

bool
policy_add(struct policy *p, struct span address, unsigned prefix)
{
	struct network	 n;

	if (p->count == NETWORKS_MAX || !network_init(&n, address, prefix))
		return false;
	p->networks = xreallocarray(p->networks, p->count + 1, sizeof(n));
	p->networks[p->count++] = n;
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
	for (i = 0; i < p->count && !c->unnamed; i++)
		if (network_holds(&p->networks[i], c->address))
			return true;
	return false;
}
