/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <sys/socket.h>

#include <string.h>

#include "shared/addr.h"
#include "remote/destination.h"

/* The colon before the port is the last one: an address has colons too. */
static bool
cut_port(struct span *s, uint16_t *port)
{
	size_t		 i = s->len;
	uint64_t	 number;

	while (i > 0 && s->ptr[i - 1] != ':')
		i--;
	if (i == 0 || !span_parse_u64(span_skip(*s, i), 65535, &number) ||
	    number == 0)
		return false;
	*port = number;
	*s = span_head(*s, i - 1);
	return true;
}

static bool
parse_address(struct span s, struct destination *d)
{
	char	 text[INET6_ADDRSTRLEN];

	if (span_starts_word(s, "IPv6:"))
		s = span_skip(s, 5);
	if (!span_copy(s, text, sizeof text))
		return false;
	if (inet_pton(AF_INET, text, d->address) == 1)
		d->family = AF_INET;
	else if (inet_pton(AF_INET6, text, d->address) == 1)
		d->family = AF_INET6;
	else
		return false;
	return true;
}

static bool
parse_name(struct span s, struct destination *d)
{
	if (s.len > 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']') {
		s = span_head(span_skip(s, 1), s.len - 2);
		return parse_address(s, d) &&
		    span_copy(s, d->name, sizeof d->name);
	}
	return domain_is_valid(s) && span_copy(s, d->name, sizeof d->name);
}

bool
destination_parse(struct span s, struct destination *d)
{
	memset(d, 0, sizeof *d);
	d->family = AF_UNSPEC;
	if (span_starts(s, "mx:")) {
		d->kind = DESTINATION_MX;
		s = span_skip(s, 3);
	} else if (span_starts(s, "host:")) {
		d->kind = DESTINATION_HOST;
		s = span_skip(s, 5);
	} else
		return false;
	return cut_port(&s, &d->port) && parse_name(s, d);
}
