/* SPDX-License-Identifier: ISC */
#include "shared/id.h"
#include "shared/limits.h"
#include "shared/words.h"
#include "shared/xtext.h"
#include "remote/xforward.h"

static const char	 unavailable[] = "[UNAVAILABLE]";

/* ---- values -------------------------------------------------------------- */

static bool
put_xtext(struct span s, struct buf *out)
{
	char	 text[3 * CLIENT_TEXT_MAX + 1];

	if (s.len == 0 || !xtext_encode(s, text, sizeof text))
		return buf_put(out, span_of(unavailable));
	return buf_put(out, span_of(text));
}

/* What stands before "[", between the brackets, and behind "]:". */
static struct span
cut_client(const struct xforward *x, struct span *address, struct span *port)
{
	struct span	 name, rest;

	*address = *port = span_of("");
	rest = span_cut(span_of(x->client), '[', &name);
	if (rest.len == 0)
		return span_of("");
	*port = span_cut(rest, ']', address);
	*port = span_starts(*port, ":") ? span_skip(*port, 1) : span_of("");
	return name;
}

static bool
put_name(const struct xforward *x, struct buf *out)
{
	struct span	 address, port;
	struct span	 name = cut_client(x, &address, &port);

	return put_xtext(span_is(name, "unknown") ? span_of("") : name, out);
}

static bool
put_address(const struct xforward *x, struct buf *out)
{
	struct span	 address, port;

	(void)cut_client(x, &address, &port);
	if (span_index(address, ':') < address.len &&
	    !buf_put(out, span_of("IPV6:")))
		return false;
	return put_xtext(address, out);
}

static bool
put_port(const struct xforward *x, struct buf *out)
{
	struct span	 address, port;

	(void)cut_client(x, &address, &port);
	return put_xtext(port, out);
}

/* The first of this name; its value is xtext already. */
static bool
put_parameter(const struct xforward *x, const char *name, struct buf *out)
{
	struct span	 value;

	if (words_find(span_of(x->parameters), name, &value) && value.len > 0)
		return buf_put(out, value);
	return buf_put(out, span_of(unavailable));
}

static bool
put_proto(const struct xforward *x, struct buf *out)
{
	return put_parameter(x, "proto", out);
}

static bool
put_helo(const struct xforward *x, struct buf *out)
{
	return put_parameter(x, "helo", out);
}

static bool
put_ident(const struct xforward *x, struct buf *out)
{
	char	 id[ID_SIZE];

	id_format(id, x->message);
	return buf_put(out, span_of(id));
}

static bool
put_source(const struct xforward *x, struct buf *out)
{
	return buf_put(out, span_of(x->local ? "LOCAL" : "REMOTE"));
}

/* ---- commands ------------------------------------------------------------ */

static const struct attribute {
	const char	*name;
	unsigned	 command;
	bool		(*put)(const struct xforward *, struct buf *);
} attributes[] = {
	{ "NAME",	0,	put_name },
	{ "ADDR",	0,	put_address },
	{ "PORT",	0,	put_port },
	{ "PROTO",	1,	put_proto },
	{ "HELO",	1,	put_helo },
	{ "IDENT",	1,	put_ident },
	{ "SOURCE",	1,	put_source },
};

enum { ATTRIBUTES = sizeof attributes / sizeof attributes[0] };

unsigned
xforward_offered(struct span words)
{
	struct span	 word;
	unsigned	 bits = 0;
	size_t		 i;

	while ((word = span_word(&words)).len > 0)
		for (i = 0; i < ATTRIBUTES; i++)
			if (span_is_word(word, attributes[i].name))
				bits |= 1u << i;
	return bits;
}

static bool
belongs(size_t i, unsigned offered, unsigned command)
{
	return (offered & 1u << i) && attributes[i].command == command;
}

bool
xforward_has(unsigned offered, unsigned command)
{
	size_t	 i = 0;

	while (i < ATTRIBUTES && !belongs(i, offered, command))
		i++;
	return i < ATTRIBUTES;
}

bool
xforward_put(const struct xforward *x, unsigned offered, unsigned command,
    struct buf *out)
{
	size_t	 i;

	if (!buf_put(out, span_of("XFORWARD")))
		return false;
	for (i = 0; i < ATTRIBUTES; i++)
		if (belongs(i, offered, command) &&
		    (!buf_printf(out, " %s=", attributes[i].name) ||
		    !attributes[i].put(x, out)))
			return false;
	return buf_put(out, span_of("\r\n"));
}
