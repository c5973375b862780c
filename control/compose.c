/* SPDX-License-Identifier: ISC */
#include <bsd/stdlib.h>
#include <string.h>
#include <time.h>

#include "control/compose.h"
#include "shared/header.h"
#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/id.h"

/* Of an encoded word's 75 characters these are left for the text. */
enum { WORD_ROOM = 60, UTF8_MAX = 4 };

/* Octets of the UTF-8 character at the head; 0 when there is none. */
static size_t
character_length(struct span s)
{
	unsigned char	 c = s.ptr[0];
	size_t		 n, i;

	if (c < 0x80)
		return c >= ' ' && c != 0x7f;
	n = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc2 || c >= 0xf5 || s.len < n)
		return 0;
	for (i = 1; i < n; i++)
		if (((unsigned char)s.ptr[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static bool
is_utf8(struct span s, bool *ascii)
{
	size_t	 n;

	*ascii = true;
	for (; s.len > 0; s = span_skip(s, n)) {
		n = character_length(s);
		if (n == 0)
			return false;
		if (n > 1)
			*ascii = false;
	}
	return true;
}

static bool
put_quoted(struct span s, struct buf *out)
{
	bool	 good = buf_put(out, span_of("\""));
	size_t	 i;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			good = good && buf_put(out, span_of("\\"));
		good = good && buf_put(out, span_make(s.ptr + i, 1));
	}
	return good && buf_put(out, span_of("\""));
}

/* An encoded word holds whole characters only (RFC 2047 section 5). */
static bool
put_encoded(struct span s, struct buf *out)
{
	bool	 good = buf_put(out, span_of("=?utf-8?Q?"));
	size_t	 room = WORD_ROOM, i, n;

	for (; s.len > 0; s = span_skip(s, n)) {
		n = character_length(s);
		if (room < 3 * UTF8_MAX) {
			good = good &&
			    buf_put(out, span_of("?=\r\n =?utf-8?Q?"));
			room = WORD_ROOM;
		}
		for (i = 0; i < n; i++)
			good = good && buf_printf(out, "=%02X",
			    (unsigned char)s.ptr[i]);
		room -= 3 * n;
	}
	return good && buf_put(out, span_of("?="));
}

bool
compose_phrase(const char *name, struct buf *out)
{
	struct span	 s = span_of(name);
	bool		 ascii;

	if (s.len == 0 || !is_utf8(s, &ascii))
		return true;
	return ascii ? put_quoted(s, out) : put_encoded(s, out);
}

static bool
put_from(const struct compose *c, struct buf *out)
{
	size_t	 before;

	if (!buf_put(out, span_of("From: ")))
		return false;
	before = buf_len(out);
	if (!compose_phrase(c->name, out))
		return false;
	if (buf_len(out) > before && !buf_put(out, span_of(" ")))
		return false;
	return buf_printf(out, "<%s>\r\n", c->from.text);
}

/* In the user's own time zone. */
static bool
put_date(const struct compose *c, struct buf *out)
{
	time_t		 t = c->now / 1000000;
	struct tm	 tm;
	char		 text[64];

	if (localtime_r(&t, &tm) == NULL || strftime(text, sizeof(text),
	    "%a, %d %b %Y %H:%M:%S %z", &tm) == 0)
		date_format(text, c->now);
	return buf_printf(out, "Date: %s\r\n", text);
}

static bool
put_message_id(const struct compose *c, struct buf *out)
{
	char		 id[ID_SIZE];
	uint64_t	 random;

	id_format(id, c->now);
	arc4random_buf(&random, sizeof(random));
	return buf_printf(out, "Message-ID: <%s.%016llx@%s>\r\n", id,
	    (unsigned long long)random, c->host);
}

static bool
is_dropped(const struct compose *c, struct span name)
{
	if (span_is_word(name, "Bcc") || span_is_word(name, "Resent-Bcc"))
		return c->drops_bcc;
	return span_is_word(name, "Return-Path");
}

bool
compose_header(const struct compose *c, struct span header, struct buf *out)
{
	struct span	 rest = header;
	struct field	 f;
	bool		 good = true;

	while (header_take(&rest, &f))
		if (!is_dropped(c, f.name))
			good = good && buf_put(out, f.all);
	if (!header_has(header, "From"))
		good = good && put_from(c, out);
	if (!header_has(header, "Date"))
		good = good && put_date(c, out);
	if (!header_has(header, "Message-ID"))
		good = good && put_message_id(c, out);
	return good;
}
