/* SPDX-License-Identifier: ISC */
/* Values that are addresses of machines, or lead to one. */
#include <sys/socket.h>
#include <sys/types.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "master/config_value.h"
#include "shared/alloc.h"
#include "shared/via.h"

/* What a v4 address begins with when it is written as one of v6. */
static const uint8_t	 mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool
parse_ip(struct span s, struct config_address *a)
{
	char	 text[INET6_ADDRSTRLEN];

	if (!span_copy(s, text, sizeof text))
		return false;
	a->family = memchr(text, ':', s.len) != NULL ? AF_INET6 : AF_INET;
	memset(a->octets, 0, sizeof a->octets);
	return inet_pton(a->family, text, a->octets) == 1;
}

static const char *
format_ip(char into[INET6_ADDRSTRLEN], const struct config_address *a)
{
	return inet_ntop(a->family, a->octets, into, INET6_ADDRSTRLEN);
}

bool
value_take_addresses(struct value *v)
{
	struct config_addresses	*list = v->field;
	unsigned		 i;

	if (v->n == 0)
		return value_expected(v, "addresses such as 0.0.0.0 or ::");
	for (i = 0; i < v->n; i++) {
		if (list->n == COUNT(list->item))
			return value_expected(v, "at most %d addresses",
			    LISTEN_ADDRESSES_MAX);
		if (!parse_ip(v->words[i], &list->item[list->n]))
			return value_expected_at(v, i,
			    "an address such as 0.0.0.0 or ::");
		list->n++;
	}
	return true;
}

/* Octets as of v6, and how many bits of them count. */
static bool
parse_network(struct span s, struct config_network *net)
{
	struct config_address	 a;
	struct span		 address, bits;
	uint64_t		 most, prefix;

	bits = span_cut(s, '/', &address);
	if (!parse_ip(address, &a))
		return false;
	most = a.family == AF_INET ? 32 : 128;
	prefix = most;
	if (address.len < s.len && !span_parse_u64(bits, most, &prefix))
		return false;
	if (a.family == AF_INET) {
		memmove(a.octets + sizeof mapped, a.octets, 4);
		memcpy(a.octets, mapped, sizeof mapped);
		prefix += 96;
	}
	memcpy(net->address, a.octets, sizeof net->address);
	net->prefix = prefix;
	return true;
}

/* Is every bit behind the prefix zero? */
static bool
is_aligned(const struct config_network *net)
{
	unsigned	 bit;

	for (bit = net->prefix; bit < 128; bit++)
		if (net->address[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

/* Does it hold all addresses of v4, or of v6? */
static bool
is_everything(const struct config_network *net)
{
	unsigned	 bit;

	if (net->prefix > sizeof mapped * 8)
		return false;
	for (bit = 0; bit < net->prefix; bit++)
		if ((net->address[bit / 8] ^ mapped[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

bool
value_parse_network(struct span s, struct config_network *net)
{
	return parse_network(s, net) && is_aligned(net);
}

bool
value_take_networks(struct value *v)
{
	struct config_networks	*list = v->field;
	struct config_network	*net;
	unsigned		 i;

	if (v->n == 0)
		return value_expected(v, "networks such as 192.0.2.0/24 or "
		    "::1");
	for (i = 0; i < v->n; i++) {
		if (list->n == COUNT(list->item))
			return value_expected(v, "at most %d networks",
			    NETWORKS_MAX);
		net = &list->item[list->n];
		if (!parse_network(v->words[i], net))
			return value_expected_at(v, i,
			    "a network such as 192.0.2.0/24 or ::1");
		if (!is_aligned(net))
			return value_expected_at(v, i,
			    "a network without bits behind its prefix");
		if (is_everything(net))
			return value_expected_at(v, i, "less than the whole "
			    "internet");
		list->n++;
	}
	return true;
}

static bool
parse_server(struct span s, char into[HOST_TEXT_MAX + 1])
{
	enum { DOMAIN_PORT = 53 };
	struct config_address	 a;
	struct span		 host = s, rest = span_of("");
	char			 text[INET6_ADDRSTRLEN];
	uint64_t		 port;

	if (!via_cut_brackets(s, &host, &rest) && !parse_ip(s, &a)) {
		rest = span_cut(s, ':', &host);
		rest = span_skip(s, host.len);
	}
	if (!parse_ip(host, &a) || !via_parse_port(rest, DOMAIN_PORT, &port))
		return false;
	snprintf(into, HOST_TEXT_MAX + 1,
	    a.family == AF_INET6 ? "[%s]:%u" : "%s:%u", format_ip(text, &a),
	    (unsigned)port);
	return true;
}

bool
value_take_servers(struct value *v)
{
	struct config_servers	*list = v->field;
	unsigned		 i;

	if (v->n == 0)
		return value_expected(v, "servers such as 192.0.2.53:53");
	for (i = 0; i < v->n; i++) {
		if (list->n == COUNT(list->item))
			return value_expected(v, "at most %d servers",
			    RESOLVERS_MAX);
		if (!parse_server(v->words[i], list->item[list->n]))
			return value_expected_at(v, i, "an address such as "
			    "192.0.2.53, 192.0.2.53:53 or [2001:db8::53]:53");
		list->n++;
	}
	return true;
}

/* As the NAME or PATH of a destination, or a pattern of such. */
bool
config_destination_pattern(struct span s, char into[DESTINATION_TEXT_MAX + 1])
{
	struct config_address	 a;
	struct span		 host, rest;
	char			 name[HOST_TEXT_MAX + 1];
	char			 path[DESTINATION_TEXT_MAX + 1];

	if (span_starts(s, "/"))
		return value_parse_socket(s, "unix", path) &&
		    span_copy(s, into, DESTINATION_TEXT_MAX + 1);
	if (span_is(s, "local"))
		return span_copy(span_of("local:"), into,
		    DESTINATION_TEXT_MAX + 1);
	if (parse_ip(s, &a)) {
		if (!via_format_host(s, true, name))
			return false;
	} else if (!via_cut_brackets(s, &host, &rest)) {
		if (!config_pattern(s, name))
			return false;
	} else if (rest.len > 0 || !via_format_host(host, true, name))
		return false;
	return span_copy(span_of(name), into, DESTINATION_TEXT_MAX + 1);
}

bool
value_take_via(struct value *v)
{
	if (v->n == 1 && via_parse(v->words[0], v->field))
		return true;
	return value_expected(v, "HOST, [HOST] or [ADDRESS], with :PORT unless "
	    "it is 25");
}

bool
value_take_fallback(struct value *v)
{
	if (v->n == 1 && span_is(v->words[0], "no"))
		return span_copy(v->words[0], v->field,
		    DESTINATION_TEXT_MAX + 1);
	if (v->n == 1 && via_parse(v->words[0], v->field))
		return true;
	return value_expected(v, "HOST, [HOST] or [ADDRESS], with :PORT unless "
	    "it is 25, or \"no\"");
}

bool
value_take_lmtp(struct value *v)
{
	if (v->n == 1 && (value_parse_socket(v->words[0], "lmtp", v->field) ||
	    via_parse_lmtp(v->words[0], v->field)))
		return true;
	return value_expected(v, "[HOST]:PORT or [ADDRESS]:PORT, the port not "
	    "25, or the path of a socket");
}

/* One of each family. */
static bool
add_source(struct config_source *to, const struct config_address *a)
{
	bool	 is4 = a->family == AF_INET;

	if (is4 ? to->has4 : to->has6)
		return false;
	if (is4) {
		to->has4 = true;
		memcpy(to->octets4, a->octets, sizeof to->octets4);
	} else {
		to->has6 = true;
		memcpy(to->octets6, a->octets, sizeof to->octets6);
	}
	return true;
}

bool
value_take_sources(struct value *v)
{
	static const struct config_address	 any;
	struct config_address			 a;
	unsigned				 i;

	if (v->n == 0)
		return value_expected(v, "an address of this machine");
	for (i = 0; i < v->n; i++)
		if (!parse_ip(v->words[i], &a) || memcmp(a.octets, any.octets,
		    sizeof a.octets) == 0)
			return value_expected_at(v, i,
			    "an address of this machine");
		else if (!add_source(v->field, &a))
			return value_expected(v, "at most one address of IPv4 "
			    "and one of IPv6");
	return true;
}
