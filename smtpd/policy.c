/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "shared/pattern.h"
#include "smtpd/policy.h"

bool
policy_add(struct policy *p, struct span address, unsigned prefix)
{
	return trust_add(&p->networks, address, prefix, NETWORKS_MAX);
}

bool
policy_add_identity(struct policy *p, struct span pattern, bool except)
{
	struct identity_pattern	 i = { .except = except };

	if (p->identity_count == IDENTITIES_MAX || pattern.len == 0)
		return false;
	i.text = span_dup(pattern);
	p->identities = xreallocarray(p->identities, p->identity_count + 1,
	    sizeof(i));
	p->identities[p->identity_count++] = i;
	return true;
}

void
policy_clear(struct policy *p)
{
	size_t	 i;

	for (i = 0; i < p->identity_count; i++)
		free(p->identities[i].text);
	free(p->identities);
	trust_clear(&p->networks);
	rules_clear(&p->rules);
	*p = (struct policy){ 0 };
}

/* As a condition of a rule, but that nothing told means everybody. */
static bool
has_identity(const struct policy *p, struct span identity)
{
	const struct identity_pattern	*one;
	bool				 met = false, wanted = false;
	size_t				 i;

	for (i = 0; i < p->identity_count; i++) {
		one = &p->identities[i];
		wanted |= !one->except;
		if (!pattern_has_identity(one->text, identity))
			continue;
		if (one->except)
			return false;
		met = true;
	}
	return identity.len > 0 && (met || !wanted);
}

bool
policy_may_relay(const struct policy *p, const struct client *c)
{
	char	 identity[IDENTITY_SIZE];

	client_identity(identity, c);
	if (has_identity(p, span_of(identity)))
		return true;
	if (client_is_local(c))
		return false;
	if (c->flags & LISTENER_RELAY)
		return true;
	return !c->unnamed && trust_has(&p->networks, c);
}
