/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>

#include "shared/reply.h"

/* Each octet of the text may be a line: code, enhanced code, CRLF. */
enum { WHOLE_MAX = (REPLY_TEXT_MAX + 1) * 32 };

static bool
is_kept(char c)
{
	return (c >= ' ' && c <= '~') || c == '\n';
}

void
reply_set_text(struct reply *r, struct span s)
{
	size_t	 i;

	s = span_head(s, REPLY_TEXT_MAX);
	while (s.len > 0 && s.ptr[s.len - 1] == '\n')
		s.len--;
	for (i = 0; i < s.len; i++)
		r->text[i] = is_kept(s.ptr[i]) ? s.ptr[i] : '?';
	r->text[s.len] = '\0';
}

struct reply
reply_make(unsigned code, const char *enhanced, const char *fmt, ...)
{
	struct reply	 r = { .code = code };
	char		 text[REPLY_TEXT_MAX + 1];
	va_list		 ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	reply_set_text(&r, span_of(text));
	if (enhanced != NULL)
		(void)reply_parse_enhanced(span_of(enhanced), &r);
	return r;
}

bool
reply_is_success(const struct reply *r)
{
	return r->code / 100 == 2;
}

bool
reply_is_later(const struct reply *r)
{
	return r->code / 100 == 4;
}

bool
reply_is_refusal(const struct reply *r)
{
	return r->code / 100 == 5;
}

bool
reply_is_verdict(const struct reply *r)
{
	return reply_is_success(r) || reply_is_later(r) || reply_is_refusal(r);
}

void
reply_enhanced(const struct reply *r, char into[ENHANCED_SIZE])
{
	(void)snprintf(into, ENHANCED_SIZE, "%u.%u.%u", r->class, r->subject,
	    r->detail);
}

/* "550-5.1.1 text": the space only where something follows it. */
static bool
put_line(const struct reply *r, struct span line, bool last, struct buf *b)
{
	char		 code[ENHANCED_SIZE] = "";
	const char	*after_code, *after_enhanced;

	if (r->class != 0 || r->subject != 0 || r->detail != 0)
		reply_enhanced(r, code);
	after_code = code[0] != '\0' || line.len > 0 ? " " : "";
	after_enhanced = code[0] != '\0' && line.len > 0 ? " " : "";
	return buf_printf(b, "%03u%s%s%s", r->code, last ? after_code : "-",
	    code, after_enhanced) &&
	    buf_put(b, line) && buf_put(b, span_of("\r\n"));
}

/* Gathered first, so that the buf gets all of it or nothing. */
bool
reply_put_text(const struct reply *r, struct span rest, struct buf *b)
{
	struct span	 line;
	struct buf	 whole;
	bool		 done, last;

	buf_init(&whole, WHOLE_MAX);
	do {
		last = span_index(rest, '\n') == rest.len;
		rest = span_cut(rest, '\n', &line);
		done = put_line(r, line, last, &whole);
	} while (done && !last);
	done = done && buf_put(b, buf_span(&whole));
	buf_clear(&whole);
	return done;
}

bool
reply_put(const struct reply *r, struct buf *b)
{
	return reply_put_text(r, span_of(r->text), b);
}

/* One to `max` digits off the head of `*s`. */
static bool
take_digits(struct span *s, size_t max, uint16_t *n)
{
	uint64_t	 value = 0;
	size_t		 len = 0;

	while (len < s->len && s->ptr[len] >= '0' && s->ptr[len] <= '9')
		len++;
	if (len > max || !span_parse_u64(span_head(*s, len), 999, &value))
		return false;
	*n = value;
	*s = span_skip(*s, len);
	return true;
}

static bool
take_dot(struct span *s)
{
	if (!span_starts(*s, "."))
		return false;
	*s = span_skip(*s, 1);
	return true;
}

struct span
reply_parse_enhanced(struct span s, struct reply *r)
{
	struct span	 rest = s;
	uint16_t	 class, subject, detail;

	if (!take_digits(&rest, 1, &class) || !take_dot(&rest) ||
	    !take_digits(&rest, 3, &subject) || !take_dot(&rest) ||
	    !take_digits(&rest, 3, &detail))
		return s;
	if (class != 2 && class != 4 && class != 5)
		return s;
	if (rest.len > 0 && rest.ptr[0] != ' ')
		return s;
	r->class = class;
	r->subject = subject;
	r->detail = detail;
	return span_skip(rest, 1);
}
