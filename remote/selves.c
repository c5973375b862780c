/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <string.h>

#include "remote/selves.h"

bool
selves_put(struct selves *s, const struct msg_conf_self *m)
{
	struct self	*one = &s->all[s->count];

	if (s->count == SELF_ADDRESSES_MAX ||
	    m->address.len != sizeof one->address)
		return false;
	memcpy(one->address, m->address.ptr, sizeof one->address);
	one->port = m->port;
	s->count++;
	return true;
}

static void
map(const struct endpoint *e, uint8_t into[16])
{
	static const uint8_t	 mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(into, e->address, 16);
	if (e->family != AF_INET)
		return;
	memcpy(into, mapped, sizeof mapped);
	memcpy(into + sizeof mapped, e->address, 4);
}

bool
selves_have(const struct selves *s, const struct endpoint *e, bool by_name)
{
	uint8_t		 address[16];
	unsigned	 i;

	if (by_name && span_is_word(span_of(e->host), s->name))
		return true;
	map(e, address);
	for (i = 0; i < s->count; i++)
		if ((s->all[i].port == 0 || s->all[i].port == e->port) &&
		    memcmp(s->all[i].address, address, sizeof address) == 0)
			return true;
	return false;
}
