/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/recorder.h"

/* What stands in front of each line. */
struct entry {
	uint32_t	 ms;
	uint16_t	 len;
	uint8_t		 mark;
};

/* Lines of every mail are put into words only when somebody reads them; these
 * marks stand for them until then. */
enum { IS_ENDPOINT = TRACE_MARK_COUNT, IS_REUSE, IS_CONTENT };

/* An endpoint less its host, or its path, which stands behind it. */
struct place {
	int		 family;
	uint16_t	 port;
	uint8_t		 address[16];
};

static const char	 left_out[] = "(left out: AUTH)";

/* ---- lines --------------------------------------------------------------- */

static uint64_t
number_of(struct span raw)
{
	uint64_t	 n = 0;

	memcpy(&n, raw.ptr, raw.len < sizeof n ? raw.len : sizeof n);
	return n;
}

static void
name_endpoint(struct span raw, char into[RELAY_TEXT_MAX + 1])
{
	struct span	 name = span_skip(raw, sizeof(struct place));
	struct endpoint	 e = { .family = 0 };
	struct place	 p;

	memcpy(&p, raw.ptr, sizeof p);
	e.family = p.family;
	e.port = p.port;
	memcpy(e.address, p.address, sizeof e.address);
	(void)(e.family == AF_UNIX ? span_copy(name, e.path, sizeof e.path) :
	    span_copy(name, e.host, sizeof e.host));
	endpoint_format(&e, into);
}

static void
put_into_words(struct record_line *line, unsigned mark)
{
	unsigned long long	 n = number_of(line->text);

	if (mark == IS_ENDPOINT) {
		name_endpoint(line->text, line->room);
		line->mark = TRACE_CONNECT;
	} else if (mark == IS_REUSE)
		(void)snprintf(line->room, sizeof line->room, "the connection "
		    "is open, and has had %llu mail%s", n, n == 1 ? "" : "s");
	else
		(void)snprintf(line->room, sizeof line->room,
		    "content: %llu octets", n);
	line->text = span_of(line->room);
}

bool
recorder_read(struct span lines, size_t *at, struct record_line *line)
{
	struct span	 rest = span_skip(lines, *at);
	struct entry	 e;

	if (rest.len < sizeof e)
		return false;
	memcpy(&e, rest.ptr, sizeof e);
	line->ms = e.ms;
	line->mark = e.mark < TRACE_MARK_COUNT ? e.mark : TRACE_NOTE;
	line->text = span_head(span_skip(rest, sizeof e), e.len);
	if (e.mark >= TRACE_MARK_COUNT)
		put_into_words(line, e.mark);
	*at += sizeof e + e.len;
	return true;
}

/* The oldest behind the head go, so many that the next few find room, too. */
static void
drop(struct recording *r, size_t wanted)
{
	struct span		 lines = span_make(r->lines, r->len);
	struct record_line	 line;
	size_t			 at = r->head;

	while (at < r->head + wanted && recorder_read(lines, &at, &line))
		r->dropped++;
	memmove(r->lines + r->head, r->lines + at, r->len - at);
	r->len -= at - r->head;
}

static void
make_room(struct recording *r, size_t wanted)
{
	size_t	 size = r->size > 0 ? r->size : RECORD_FIRST;

	while (size < RECORD_MAX && r->len + wanted > size)
		size *= 2;
	if (size > r->size)
		r->lines = xreallocarray(r->lines, size, 1);
	r->size = size;
	if (r->len + wanted > size)
		drop(r, wanted + RECORD_MAX / 8);
}

static void
put(struct recording *r, unsigned mark, struct span text)
{
	struct entry	 e = { .mark = mark };

	text = span_head(text, text.len < RECORD_LINE_MAX ? text.len :
	    RECORD_LINE_MAX);
	e.ms = clock_ms_between(r->begun, loop_now(r->loop));
	e.len = text.len;
	if (r->len + sizeof e + text.len > r->size)
		make_room(r, sizeof e + text.len);
	memcpy(r->lines + r->len, &e, sizeof e);
	memcpy(r->lines + r->len + sizeof e, text.ptr, text.len);
	r->len += sizeof e + text.len;
	if (r->len <= RECORD_HEAD)
		r->head = r->len;
}

static void __attribute__((__format__(__printf__, 3, 4)))
print(struct recording *r, enum trace_mark mark, const char *fmt, ...)
{
	char	 text[RECORD_LINE_MAX + 1];
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	put(r, mark, span_of(text));
}

/* Content is one line, however many pieces it came in. */
static void
put_content(struct recording *r)
{
	uint64_t	 octets = r->content;

	r->content = 0;
	if (octets > 0)
		put(r, IS_CONTENT, span_make(&octets, sizeof octets));
}

/* ---- life ---------------------------------------------------------------- */

void
recorder_begin(struct recording *r, const struct loop *loop, uint64_t message)
{
	r->loop = loop;
	r->begun = loop_now(loop);
	r->message = message;
	r->settled = r->failed = r->secret = false;
	r->content = 0;
	r->verdict.code = 0;
	r->same = 0;
	r->head = r->len = 0;
	r->dropped = 0;
}

void
recorder_end(struct recording *r)
{
	if (r == NULL)
		return;
	put_content(r);
	if (r->same > 0)
		print(r, TRACE_NOTE, "and the same for %u more", r->same);
	r->same = 0;
}

void
recorder_clear(struct recording *r)
{
	free(r->lines);
	r->lines = NULL;
	r->len = r->size = 0;
}

/* ---- what happens -------------------------------------------------------- */

void
recorder_connect(struct recording *r, const struct endpoint *e)
{
	struct place	 p = { .family = e->family, .port = e->port };
	const char	*name = e->family == AF_UNIX ? e->path : e->host;
	char		 raw[sizeof p + HOST_TEXT_MAX];
	size_t		 len = strnlen(name, HOST_TEXT_MAX);

	if (r == NULL)
		return;
	memcpy(p.address, e->address, sizeof p.address);
	memcpy(raw, &p, sizeof p);
	memcpy(raw + sizeof p, name, len);
	put(r, IS_ENDPOINT, span_make(raw, sizeof p + len));
}

void
recorder_reuse(struct recording *r, const struct endpoint *e, unsigned mails)
{
	uint64_t	 n = mails;

	recorder_connect(r, e);
	if (r != NULL)
		put(r, IS_REUSE, span_make(&n, sizeof n));
}

void
recorder_note(struct recording *r, const char *fmt, ...)
{
	char	 text[RECORD_LINE_MAX + 1];
	va_list	 ap;

	if (r == NULL)
		return;
	put_content(r);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	put(r, TRACE_NOTE, span_of(text));
}

/* "AUTH PLAIN secret": what is behind the mechanism may be one. */
static void
say(struct recording *r, struct span line)
{
	struct span	 rest = line, mechanism;

	if (r->secret) {
		put(r, TRACE_SAID, span_of(left_out));
		return;
	}
	if (!span_is_word(span_word(&rest), "AUTH")) {
		put(r, TRACE_SAID, line);
		return;
	}
	mechanism = span_word(&rest);
	r->secret = true;
	print(r, TRACE_SAID, "AUTH %.*s%s%s", (int)(mechanism.len <
	    MECHANISM_MAX ? mechanism.len : MECHANISM_MAX), mechanism.ptr,
	    rest.len > 0 ? " " : "", rest.len > 0 ? left_out : "");
}

void
recorder_said(struct recording *r, struct span commands)
{
	struct span	 line;

	if (r == NULL)
		return;
	put_content(r);
	while (commands.len > 0) {
		commands = span_cut(commands, '\n', &line);
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		say(r, line);
	}
}

void
recorder_heard(struct recording *r, struct span line)
{
	if (r == NULL)
		return;
	put_content(r);
	if (r->secret && span_starts(line, "334")) {
		print(r, TRACE_HEARD, "334 %s", left_out);
		return;
	}
	r->secret = false;
	put(r, TRACE_HEARD, line);
}

void
recorder_content(struct recording *r, size_t octets)
{
	if (r != NULL)
		r->content += octets;
}

static bool
is_same(const struct reply *a, const struct reply *b)
{
	return a->code == b->code && a->class == b->class &&
	    a->subject == b->subject && a->detail == b->detail &&
	    strcmp(a->text, b->text) == 0;
}

void
recorder_verdict(struct recording *r, const struct addr *to,
    const struct reply *reply)
{
	char	 enhanced[ENHANCED_SIZE];

	if (r == NULL)
		return;
	r->settled = true;
	if (reply_is_success(reply))
		return;
	r->failed = true;
	if (is_same(reply, &r->verdict)) {
		r->same++;
		return;
	}
	recorder_end(r);
	r->verdict = *reply;
	reply_enhanced(reply, enhanced);
	print(r, TRACE_VERDICT, "<%s>: %u %s %s", to->text, reply->code,
	    enhanced, reply->text);
}
