/* SPDX-License-Identifier: ISC */
#include "queue/origin.h"
#include "shared/limits.h"
#include "shared/unit.h"
#include "shared/words.h"

#define PARAMETERS_FOLLOW	(UINT32_C(1) << 31)

uint32_t
origin_flags(const struct origin *o, uint32_t flags)
{
	return o->parameters.len > 0 ? flags | PARAMETERS_FOLLOW : flags;
}

void
origin_pack(const struct origin *o, struct pack *p)
{
	pack_text(p, o->client);
	pack_text(p, o->identity);
	if (o->parameters.len > 0)
		pack_text(p, o->parameters);
}

void
origin_unpack(struct origin *o, struct unpack *u, uint32_t *flags)
{
	o->client = unpack_line(u, CLIENT_TEXT_MAX);
	o->identity = unpack_line(u, USER_TEXT_MAX);
	o->parameters = span_of("");
	if (*flags & PARAMETERS_FOLLOW)
		o->parameters = unpack_line(u, PARAMETERS_MAX);
	*flags &= ~PARAMETERS_FOLLOW;
}

/* RFC 6710 section 2. */
int
origin_priority(const struct origin *o)
{
	struct span	 value;
	int		 priority;

	return words_find(o->parameters, "priority", &value) &&
	    unit_parse_priority(value, &priority) ? priority : 0;
}
