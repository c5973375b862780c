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

/* A hop's name has no ";", and may hold what a pattern of a route may. */
static bool
cut_hop(struct span *s, struct destination *d)
{
	size_t	 at = span_index(*s, ';');

	if (at == s->len)
		return true;
	if (at + 1 == s->len ||
	    !span_copy(span_skip(*s, at + 1), d->hop, sizeof d->hop))
		return false;
	*s = span_head(*s, at);
	return span_index(span_of(d->hop), ';') == strlen(d->hop);
}

static bool
parse_socket(struct span path, struct destination *d)
{
	d->kind = DESTINATION_SOCKET;
	return span_starts(path, "/") && path.len <= SOCKET_PATH_MAX &&
	    span_is_text(path) && span_copy(path, d->name, sizeof d->name);
}

static const struct {
	const char		*word;
	enum destination_kind	 kind;
	bool			 lmtp;
} kinds[] = {
	{ "mx:",	DESTINATION_MX,		false },
	{ "host:",	DESTINATION_HOST,	false },
	{ "lmtp:/",	DESTINATION_SOCKET,	true },
	{ "lmtp:",	DESTINATION_HOST,	true },
	{ "unix:/",	DESTINATION_SOCKET,	false },
};

bool
destination_parse(struct span s, struct destination *d)
{
	size_t	 i = 0, skip;

	memset(d, 0, sizeof *d);
	d->family = AF_UNSPEC;
	d->kind = DESTINATION_DISCARD;
	if (span_is(s, "discard:"))
		return true;
	while (i < sizeof kinds / sizeof kinds[0] &&
	    !span_starts(s, kinds[i].word))
		i++;
	if (i == sizeof kinds / sizeof kinds[0] || !cut_hop(&s, d))
		return false;
	d->kind = kinds[i].kind;
	d->lmtp = kinds[i].lmtp;
	skip = strlen(kinds[i].word);
	if (d->kind == DESTINATION_SOCKET)
		return parse_socket(span_skip(s, skip - 1), d);
	s = span_skip(s, skip);
	return cut_port(&s, &d->port) && parse_name(s, d);
}
