/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>

#include "queue/notice_own.h"
#include "shared/utf8.h"

enum {
	FIELD_COLUMNS	= 76,
	FIELD_WORD_MAX	= 900,		/* RFC 5322 section 2.1.1: 998 */
	VALUE_MAX	= 8192		/* of a field, cleaned */
};

void
notice_octets(struct notice_writer *w, struct span s)
{
	if (!buf_put(w->out, s))
		w->done = false;
}

void
notice_line(struct notice_writer *w, const char *fmt, ...)
{
	char	 line[1024];
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof line) {
		w->done = false;
		return;
	}
	notice_octets(w, span_make(line, (size_t)n));
	notice_octets(w, span_of("\r\n"));
}

void
notice_part(struct notice_writer *w, const char *type)
{
	notice_line(w, "%s", "");
	notice_line(w, "--%s", w->boundary);
	notice_line(w, "Content-Type: %s", type);
}

void
notice_clean(struct span s, bool utf8, struct buf *out)
{
	struct span	 c;
	size_t		 n;

	for (; s.len > 0; s = span_skip(s, c.len)) {
		n = utf8 ? utf8_length(s) : 1;
		c = span_head(s, n > 1 ? n : 1);
		if (c.len == 1 && (s.ptr[0] == '\t' || s.ptr[0] == '\n' ||
		    s.ptr[0] == '\r'))
			(void)buf_put(out, span_of(" "));
		else if (c.len == 1 && (s.ptr[0] < ' ' || s.ptr[0] > '~'))
			(void)buf_put(out, span_of("?"));
		else
			(void)buf_put(out, c);
	}
}

/* Words as long as a line are parted where we must, else at their blanks. */
static void
fold(struct notice_writer *w, struct span value, size_t column)
{
	struct span	 word, piece;

	while ((word = span_word(&value)).len > 0)
		while (word.len > 0) {
			piece = span_head(word, FIELD_WORD_MAX);
			word = span_skip(word, piece.len);
			if (column + 1 + piece.len > FIELD_COLUMNS) {
				notice_octets(w, span_of("\r\n"));
				column = 0;
			}
			notice_octets(w, span_of(" "));
			notice_octets(w, piece);
			column += 1 + piece.len;
		}
	notice_octets(w, span_of("\r\n"));
}

void
notice_field(struct notice_writer *w, const char *name, const char *type,
    struct span value)
{
	char		 head[DESCRIBED_SIZE];
	struct buf	 clean;
	int		 n;

	n = snprintf(head, sizeof head, "%s:%s%s%s", name, type ? " " : "",
	    type ? type : "", type ? ";" : "");
	buf_init(&clean, VALUE_MAX);
	notice_clean(value, w->utf8, &clean);
	notice_octets(w, span_of(head));
	fold(w, buf_span(&clean), (size_t)n);
	buf_clear(&clean);
}

/* ---- values -------------------------------------------------------------- */

struct span
notice_host(struct span relay)
{
	size_t		 open = span_index(relay, '[');
	size_t		 end = span_index(relay, ']');
	struct span	 host = span_head(relay, open), literal;

	if (open == relay.len || end == relay.len || end < open)
		return span_of("");
	literal = span_head(span_skip(relay, open), end - open + 1);
	if (host.len == 0 || span_is(host, "unknown") ||
	    span_equal(host, span_head(span_skip(literal, 1), host.len)))
		return literal;
	return domain_is_valid(host) ? host : literal;
}

struct span
notice_said(const struct reply *r, char into[SAID_SIZE])
{
	char	 enhanced[ENHANCED_SIZE];
	int	 n;

	reply_enhanced(r, enhanced);
	n = snprintf(into, SAID_SIZE, "%u %s%s%s", r->code,
	    r->class ? enhanced : "", r->class ? " " : "", r->text);
	return span_make(into, n < SAID_SIZE ? (size_t)n : SAID_SIZE - 1);
}
