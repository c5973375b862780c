/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "smtpd/trust.h"

bool
trust_add(struct trust *t, struct span address, unsigned prefix, size_t most)
{
	struct network	 n;

	if (t->count == most || !network_init(&n, address, prefix))
		return false;
	t->networks = xreallocarray(t->networks, t->count + 1, sizeof(n));
	t->networks[t->count++] = n;
	return true;
}

void
trust_clear(struct trust *t)
{
	free(t->networks);
	*t = (struct trust){ 0 };
}

bool
trust_has(const struct trust *t, const struct client *c)
{
	size_t	 i;

	for (i = 0; i < t->count && !client_is_local(c); i++)
		if (network_holds(&t->networks[i], c->address))
			return true;
	return false;
}
