/* SPDX-License-Identifier: ISC */
#include <bsd/stdlib.h>
#include <string.h>
#include <time.h>

#include "control/compose.h"
#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/header.h"
#include "shared/id.h"
#include "shared/mime.h"
#include "shared/utf8.h"

/* UTF-8 without control characters? */
static bool
is_text(struct span s)
{
	return span_is_text(s) && utf8_is_valid(s);
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

bool
compose_phrase(const char *name, struct buf *out)
{
	struct span	 s = span_of(name);

	if (s.len == 0 || !is_text(s))
		return true;
	return utf8_is_ascii(s) ? put_quoted(s, out) : mime_put_words(s, out);
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
