/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "shared/addr.h"
#include "shared/via.h"

enum { SMTP_PORT = 25 };

static bool
ends_in_number(struct span s)
{
	size_t	 i = s.len;

	while (i > 0 && isdigit((unsigned char)s.ptr[i - 1]))
		i--;
	return i < s.len && (i == 0 || s.ptr[i - 1] == '.');
}

bool
via_parse_name(struct span s, char into[HOST_TEXT_MAX + 1])
{
	size_t	 i;

	if (s.len == 0 || s.ptr[0] == '[' || !domain_is_valid(s) ||
	    ends_in_number(s) || !span_copy(s, into, HOST_TEXT_MAX + 1))
		return false;
	for (i = 0; into[i] != '\0'; i++)
		into[i] = tolower((unsigned char)into[i]);
	return true;
}

bool
via_parse_port(struct span s, uint64_t standard, uint64_t *port)
{
	*port = standard;
	if (s.len == 0)
		return true;
	return s.ptr[0] == ':' &&
	    span_parse_u64(span_skip(s, 1), 65535, port) && *port != 0;
}

bool
via_cut_brackets(struct span s, struct span *inside, struct span *rest)
{
	size_t	 end = span_index(s, ']');

	if (!span_starts(s, "[") || end == s.len)
		return false;
	*inside = span_head(span_skip(s, 1), end - 1);
	*rest = span_skip(s, end + 1);
	return true;
}

/* "[ADDRESS]", which may begin with "IPv6:" as in mail addresses; as it stands
 * in a destination. */
static bool
format_literal(struct span s, char into[HOST_TEXT_MAX + 1])
{
	char	 text[INET6_ADDRSTRLEN];
	uint8_t	 octets[16];
	int	 family;

	s = span_starts_word(s, "IPv6:") ? span_skip(s, 5) : s;
	if (!span_copy(s, text, sizeof text))
		return false;
	family = memchr(text, ':', s.len) != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(family, text, octets) != 1)
		return false;
	(void)inet_ntop(family, octets, text, sizeof text);
	snprintf(into, HOST_TEXT_MAX + 1, "[%s]", text);
	return true;
}

/* "HOST:PORT" or "[HOST]:PORT"; false without either. */
static bool
cut_host(struct span s, struct span *host, struct span *rest, bool *brackets)
{
	*brackets = via_cut_brackets(s, host, rest);
	if (!*brackets) {
		span_cut(s, ':', host);
		*rest = span_skip(s, host->len);
	}
	return host->len > 0;
}

bool
via_format_host(struct span host, bool brackets, char into[HOST_TEXT_MAX + 1])
{
	return (brackets && format_literal(host, into)) ||
	    via_parse_name(host, into);
}

bool
via_parse(struct span s, char into[DESTINATION_TEXT_MAX + 1])
{
	struct span	 host, rest;
	char		 name[HOST_TEXT_MAX + 1];
	bool		 brackets;
	uint64_t	 port;

	if (!cut_host(s, &host, &rest, &brackets) ||
	    !via_parse_port(rest, SMTP_PORT, &port) ||
	    !via_format_host(host, brackets, name))
		return false;
	snprintf(into, DESTINATION_TEXT_MAX + 1, "%s:%s:%u",
	    brackets ? "host" : "mx", name, (unsigned)port);
	return true;
}

bool
via_parse_lmtp(struct span s, char into[DESTINATION_TEXT_MAX + 1])
{
	struct span	 host, rest;
	char		 name[HOST_TEXT_MAX + 1];
	bool		 brackets;
	uint64_t	 port;

	if (!cut_host(s, &host, &rest, &brackets) || !brackets ||
	    !via_parse_port(rest, SMTP_PORT, &port) || port == SMTP_PORT ||
	    !via_format_host(host, true, name))
		return false;
	snprintf(into, DESTINATION_TEXT_MAX + 1, "lmtp:%s:%u", name,
	    (unsigned)port);
	return true;
}
