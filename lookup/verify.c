/* SPDX-License-Identifier: ISC */
#include "lookup/verify.h"

bool
verify_address(const struct rules *rules, const struct msg_verify *m,
    struct addr *a)
{
	const struct domain	*own = rules_own_domain(rules);
	char			 local[ADDR_LOCAL_MAX + 1];
	size_t			 len;

	*a = m->address;
	if (!m->bare)
		return true;
	len = addr_local(&m->address, local);
	return own != NULL && addr_from(span_make(local, len),
	    span_of(own->name), a) == ADDR_OK;
}

/* Whoever may have it sent there hears no more than that it will be tried. */
static struct reply
verify_distant(const struct addr *a)
{
	return reply_make(252, "2.0.0",
	    "<%s> is not of here; send some mail, it will be tried", a->text);
}

static struct reply
verify_found(const struct resolve *r)
{
	char		 destination[DESTINATION_TEXT_MAX + 1];
	struct addr	 leaf;

	if (!resolve_is_forward(r))
		return reply_make(250, "2.1.5", "<%s>", resolve_root(r)->text);
	resolve_target(r, 0, &leaf, destination);
	return reply_make(251, "2.1.5",
	    "User not local; will forward to <%s>", leaf.text);
}

struct reply
verify_reply(const struct rules *rules, const struct resolve *r, bool expand)
{
	const struct addr	*root = resolve_root(r);

	if (!reply_is_success(resolve_reply(r)))
		return *resolve_reply(r);
	if (rules_find_domain(rules, addr_domain(root)) == NULL)
		return verify_distant(root);
	if (!expand)
		return verify_found(r);
	if (resolve_count(r) > EXPN_MEMBERS_MAX)
		return reply_make(252, "2.0.0",
		    "<%s> has too many members to tell", root->text);
	return reply_make(250, "2.1.5", "<%s>", root->text);
}
