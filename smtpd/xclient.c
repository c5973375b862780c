/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <string.h>

#include "shared/addr.h"
#include "shared/alloc.h"
#include "smtpd/xclient.h"
#include "shared/xtext.h"

/* ---- values -------------------------------------------------------------- */

static bool
take_name(struct xclient *x, struct span value)
{
	(void)x;
	return domain_is_valid(value);
}

/* What would end it in a line of the log is no name that anybody has. */
static bool
take_word(struct xclient *x, struct span value)
{
	size_t	 i;

	(void)x;
	for (i = 0; i < value.len; i++)
		if (value.ptr[i] <= ' ' || strchr("<>,", value.ptr[i]) != NULL)
			return false;
	return value.len > 0;
}

static bool
take_login(struct xclient *x, struct span value)
{
	return value.len <= USER_TEXT_MAX && take_word(x, value);
}

static bool
parse_address(struct span value, int *family, uint8_t into[16])
{
	char	 text[INET6_ADDRSTRLEN];

	*family = span_starts_word(value, "IPV6:") ? AF_INET6 : AF_INET;
	if (*family == AF_INET6)
		value = span_skip(value, 5);
	return span_copy(value, text, sizeof(text)) &&
	    inet_pton(*family, text, into) == 1;
}

static bool
take_address(struct xclient *x, struct span value)
{
	return parse_address(value, &x->family, x->address);
}

static bool
take_other_address(struct xclient *x, struct span value)
{
	uint8_t	 octets[16];
	int	 family;

	(void)x;
	return parse_address(value, &family, octets);
}

static bool
take_other_port(struct xclient *x, struct span value)
{
	uint64_t	 n;

	(void)x;
	return span_parse_u64(value, 65535, &n);
}

static bool
take_port(struct xclient *x, struct span value)
{
	uint64_t	 n;

	if (!span_parse_u64(value, 65535, &n))
		return false;
	x->port = n;
	return true;
}

static bool
take_source(struct xclient *x, struct span value)
{
	(void)x;
	return span_is_word(value, "LOCAL") || span_is_word(value, "REMOTE");
}

static const struct {
	const char	*name;
	bool		 (*take)(struct xclient *, struct span value);
} attributes[XCLIENT_COUNT] = {
	[XCLIENT_NAME]		= { "NAME",	take_name },
	[XCLIENT_ADDR]		= { "ADDR",	take_address },
	[XCLIENT_PORT]		= { "PORT",	take_port },
	[XCLIENT_PROTO]		= { "PROTO",	take_word },
	[XCLIENT_HELO]		= { "HELO",	take_word },
	[XCLIENT_LOGIN]		= { "LOGIN",	take_login },
	[XCLIENT_DESTADDR]	= { "DESTADDR",	take_other_address },
	[XCLIENT_DESTPORT]	= { "DESTPORT",	take_other_port },
	[XCLIENT_IDENT]		= { "IDENT",	take_word },
	[XCLIENT_SOURCE]	= { "SOURCE",	take_source },
};

/* ---- words --------------------------------------------------------------- */

static bool
is_among(const char *words, const char *name)
{
	struct span	 rest = span_of(words), word;

	while ((word = span_word(&rest)).len > 0)
		if (span_is(word, name))
			return true;
	return false;
}

/* XCLIENT_COUNT: it is none of those. */
static enum xclient_attribute
find(const char *words, struct span name)
{
	enum xclient_attribute	 i;

	for (i = 0; i < XCLIENT_COUNT; i++)
		if (span_is_word(name, attributes[i].name))
			break;
	return i < XCLIENT_COUNT && is_among(words, attributes[i].name) ? i :
	    XCLIENT_COUNT;
}

static bool
take(struct xclient *x, enum xclient_attribute i, struct span value)
{
	char	*text = x->text[i];

	if (x->state[i] != XCLIENT_UNSAID ||
	    !xtext_decode(value, text, sizeof(x->text[i])))
		return false;
	x->state[i] = XCLIENT_UNAVAILABLE;
	if (span_is_word(span_of(text), "[UNAVAILABLE]") ||
	    span_is_word(span_of(text), "[TEMPUNAVAIL]"))
		return true;
	x->state[i] = XCLIENT_SAID;
	return attributes[i].take(x, span_of(text));
}

bool
xclient_parse(struct span s, const char *words, struct xclient *x,
    struct reply *why)
{
	struct span		 word, name, value;
	enum xclient_attribute	 i;

	memset(x, 0, sizeof(*x));
	while ((word = span_word(&s)).len > 0) {
		value = span_cut(word, '=', &name);
		i = find(words, name);
		if (i == XCLIENT_COUNT) {
			*why = reply_make(501, "5.5.4",
			    "Attribute is none of %s", words);
			return false;
		}
		if (!take(x, i, value)) {
			*why = reply_make(501, "5.5.4", "Bad %s attribute",
			    attributes[i].name);
			return false;
		}
	}
	return true;
}
