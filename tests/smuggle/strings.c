/* SPDX-License-Identifier: ISC */
/*
 * All strings over CR, LF, "." and "x" up to a length, as the content of a
 * message, by DATA and by BDAT, cut at every octet: through what smtpd makes of
 * them and what remote makes of that, by DATA to servers that take more than
 * CRLF for a line's end, and by BDAT.  What smtpd accepts must be one message
 * to all of these, octet by octet; all else it must refuse.  And each string as
 * it stands through remote alone, as if it had come in by another way: what
 * leaves has no bare CR or LF and each leading dot doubled, or has no end.
 *
 * usage: strings LENGTH
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote/dots.h"
#include "shared/alloc.h"
#include "smtpd/content.h"
#include "tests/smuggle/receiver.h"

enum { LENGTH_MAX = 12, WIRE_SIZE = LENGTH_MAX + 8, TEXT_SIZE = 64 };

static const char	 alphabet[] = { '\r', '\n', '.', 'x' };
static const char	 data_end[] = "\r\n.\r\n";

/* What became of a string. */
struct message {
	enum content_verdict	 verdict;
	size_t			 len;
	char			 text[TEXT_SIZE];
	size_t			 taken;		/* octets of the wire */
};

static struct {
	unsigned long	 strings, runs, accepted, refused, sent, ambiguous;
	unsigned long	 left, wrong;
} count;

static void
complain(const char *what, struct span s, size_t cut)
{
	size_t	 i;

	if (++count.wrong > 20)
		return;
	printf("FAIL %s, cut at %zu: \"", what, cut);
	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\r' || s.ptr[i] == '\n')
			printf("%s", s.ptr[i] == '\r' ? "\\r" : "\\n");
		else
			putchar(s.ptr[i]);
	}
	printf("\"\n");
}

/* ---- what smtpd makes of it ---------------------------------------------- */

/* A slot of one octet at a time, and none at every other question. */
static bool
more(struct content_sink *sink)
{
	bool	*shut = sink->arg;

	*shut = !*shut;
	sink->room = !*shut;
	return !*shut;
}

static enum content_status
feed(struct content *c, struct span *in, struct content_sink *sink)
{
	enum content_status	 status;

	do
		status = content_feed(c, in, sink);
	while (status == CONTENT_FULL);
	return status;
}

static void
take_data(struct span wire, size_t cut, struct message *m)
{
	bool			 shut = false;
	struct content_sink	 sink = { m->text, 0, more, &shut };
	struct span		 first = span_head(wire, cut);
	struct span		 second = span_skip(wire, cut);
	struct content		 c;

	content_init(&c, CONTENT_DOTTED, 0);
	if (feed(&c, &first, &sink) == CONTENT_END)
		m->taken = cut - first.len;
	else if (feed(&c, &second, &sink) == CONTENT_END)
		m->taken = wire.len - second.len;
	else
		m->taken = 0;
	m->verdict = c.verdict;
	m->len = sink.at - m->text;
}

/* Two chunks, `cut` being where the second begins, and in two writes, the
 * second of which begins at `write`. */
static void
take_chunks(struct span wire, size_t cut, size_t write, struct message *m)
{
	bool			 shut = false;
	struct content_sink	 sink = { m->text, 0, more, &shut };
	size_t			 at[4] = { 0, cut, write, wire.len }, i;
	struct content		 c;
	struct span		 piece;

	if (write < cut) {
		at[1] = write;
		at[2] = cut;
	}
	content_init(&c, CONTENT_CHUNKED, 0);
	for (i = 0; i < 3; i++) {
		piece = span_make(wire.ptr + at[i], at[i + 1] - at[i]);
		(void)feed(&c, &piece, &sink);
	}
	while (content_end(&c, &sink) == CONTENT_FULL)
		continue;
	m->verdict = c.verdict;
	m->len = sink.at - m->text;
	m->taken = wire.len;
}

/* ---- what must become of it ---------------------------------------------- */

static bool
has_bare(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\r' && i + 1 < s.len && s.ptr[i + 1] == '\n')
			i++;
		else if (s.ptr[i] == '\r' || s.ptr[i] == '\n')
			return true;
	}
	return false;
}

static void
judge_data(struct span wire, struct message *m)
{
	struct received	 r;

	receive(RECEIVER_STRICT, wire, &r);
	m->taken = wire.len - r.rest.len;
	m->verdict = has_bare(span_head(wire, m->taken)) ? CONTENT_BARE :
	    CONTENT_GOOD;
	m->len = r.len;
	memcpy(m->text, r.text, r.len);
}

static void
judge_chunks(struct span wire, struct message *m)
{
	m->taken = wire.len;
	m->verdict = has_bare(wire) ? CONTENT_BARE : CONTENT_GOOD;
	m->len = wire.len;
	memcpy(m->text, wire.ptr, wire.len);
	if (wire.len == 0 || wire.ptr[wire.len - 1] == '\n')
		return;
	memcpy(m->text + m->len, "\r\n", 2);
	m->len += 2;
}

static bool
agree(const struct message *a, const struct message *b)
{
	if (a->verdict != b->verdict || a->taken != b->taken)
		return false;
	return a->verdict != CONTENT_GOOD ||
	    (a->len == b->len && memcmp(a->text, b->text, a->len) == 0);
}

/* ---- what remote makes of that, and others of it ------------------------- */

/* In two pieces, and to its end. */
static enum dots_status
put_all(struct span text, size_t cut, bool chunks, struct buf *out)
{
	struct dots		 d = { .plain = chunks };
	struct span		 first = span_head(text, cut);
	struct span		 second = span_skip(text, cut);
	enum dots_status	 status;

	if (chunks) {
		status = dots_put_chunk(&d, first, false, out);
		return status != DOTS_OK ? status :
		    dots_put_chunk(&d, second, true, out);
	}
	status = dots_put(&d, first, out);
	if (status == DOTS_OK)
		status = dots_put(&d, second, out);
	return status == DOTS_OK ? dots_end(&d, out) : status;
}

/* A chunk off `wire`, behind what `r` has; false: there is no whole one. */
static bool
take_chunk(struct span *wire, struct received *r)
{
	struct span	 line, word, rest;
	const char	*end = memchr(wire->ptr, '\r', wire->len);
	uint64_t	 size;

	if (end == NULL || !span_starts(*wire, "BDAT "))
		return false;
	line = span_skip(span_head(*wire, (size_t)(end - wire->ptr)), 5);
	rest = span_cut(line, ' ', &word);
	*wire = span_skip(*wire, (size_t)(end - wire->ptr) + 2);
	if (!span_parse_u64(word, RECEIVED_SIZE - r->len, &size) ||
	    size > wire->len || (rest.len > 0 && !span_is(rest, "LAST")))
		return false;
	memcpy(r->text + r->len, wire->ptr, size);
	r->len += size;
	*wire = span_skip(*wire, size);
	r->ended = rest.len > 0;
	return true;
}

static void
receive_chunks(struct span wire, struct received *r)
{
	r->ended = false;
	r->len = 0;
	while (!r->ended && take_chunk(&wire, r))
		continue;
	r->rest = wire;
}

static bool
is_message(const struct received *r, struct span text)
{
	return r->ended && r->rest.len == 0 &&
	    span_equal(span_make(r->text, r->len), text);
}

static void
send(struct span wire, const struct message *m, size_t cut)
{
	struct span	 text = span_make(m->text, m->len);
	struct received	 r;
	struct buf	 out, chunks;
	unsigned	 kind;

	buf_init(&out, RECEIVED_SIZE);
	buf_init(&chunks, RECEIVED_SIZE);
	if (put_all(text, cut, false, &out) != DOTS_OK ||
	    put_all(text, cut, true, &chunks) != DOTS_OK)
		complain("accepted, and cannot leave", wire, cut);
	for (kind = 0; kind < RECEIVER_KINDS; kind++) {
		receive(kind, buf_span(&out), &r);
		count.sent++;
		if (!is_message(&r, text))
			complain("another message", wire, cut);
	}
	receive_chunks(buf_span(&chunks), &r);
	count.sent++;
	if (!is_message(&r, text))
		complain("another message by BDAT", wire, cut);
	buf_clear(&out);
	buf_clear(&chunks);
}

/* ---- what leaves, whatever came in --------------------------------------- */

/* The content with its dots, less the end of data. */
static bool
is_dotted(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] == '.' && (i == 0 || s.ptr[i - 1] == '\n')) {
			if (i + 1 == s.len || s.ptr[i + 1] != '.')
				return false;
			i++;
		}
	return true;
}

static struct span
less_end(struct span s)
{
	return span_head(s, s.len >= 3 ? s.len - 3 : 0);
}

static void
leave_dotted(struct span s, size_t cut)
{
	struct received		 r;
	struct buf		 out;
	enum dots_status	 status;
	unsigned		 kind;

	buf_init(&out, RECEIVED_SIZE);
	status = put_all(s, cut, false, &out);
	if (has_bare(buf_span(&out)))
		complain("a bare CR or LF leaves", s, cut);
	if (!is_dotted(status == DOTS_OK ? less_end(buf_span(&out)) :
	    buf_span(&out)))
		complain("a leading dot leaves alone", s, cut);
	if ((status == DOTS_OK) != !has_bare(s))
		complain("refused without a bare CR or LF, or not", s, cut);
	for (kind = 0; kind < RECEIVER_KINDS; kind++) {
		receive(kind, buf_span(&out), &r);
		if (r.ended != (status == DOTS_OK))
			complain("an end where none is", s, cut);
	}
	buf_clear(&out);
}

static void
leave_in_chunks(struct span s, size_t cut)
{
	struct received		 r;
	struct buf		 out;
	enum dots_status	 status;

	buf_init(&out, RECEIVED_SIZE);
	status = put_all(s, cut, true, &out);
	receive_chunks(buf_span(&out), &r);
	if (has_bare(buf_span(&out)))
		complain("a bare CR or LF leaves by BDAT", s, cut);
	if ((status == DOTS_OK) != !has_bare(s) ||
	    r.ended != (status == DOTS_OK))
		complain("a last chunk where none is", s, cut);
	buf_clear(&out);
}

static void
leave(struct span s)
{
	size_t	 cut;

	for (cut = 0; cut <= s.len; cut++, count.left += 2) {
		leave_dotted(s, cut);
		leave_in_chunks(s, cut);
	}
}

/* Would it be another message, or more than one, had it gone on as it came? */
static bool
is_ambiguous(struct span wire)
{
	struct received	 strict, lax;
	unsigned	 kind;

	receive(RECEIVER_STRICT, wire, &strict);
	for (kind = 1; kind < RECEIVER_KINDS; kind++) {
		receive(kind, wire, &lax);
		if (lax.rest.len != strict.rest.len)
			return true;
	}
	return false;
}

/* ---- all of them --------------------------------------------------------- */

static void
settle(struct span wire, const struct message *m)
{
	size_t	 cut;

	if (m->verdict != CONTENT_GOOD) {
		count.refused++;
		return;
	}
	count.accepted++;
	for (cut = 0; cut <= m->len; cut++)
		send(wire, m, cut);
}

static void
try_data(struct span wire)
{
	struct message	 want, got;
	size_t		 cut;

	judge_data(wire, &want);
	for (cut = 0; cut <= wire.len; cut++, count.runs++) {
		take_data(wire, cut, &got);
		if (!agree(&got, &want))
			complain("DATA", wire, cut);
	}
	count.ambiguous += is_ambiguous(wire);
	settle(wire, &want);
}

static void
try_chunks(struct span wire)
{
	struct message	 want, got;
	size_t		 cut, write;

	judge_chunks(wire, &want);
	for (cut = 0; cut <= wire.len; cut++)
		for (write = 0; write <= wire.len; write++, count.runs++) {
			take_chunks(wire, cut, write, &got);
			if (!agree(&got, &want))
				complain("BDAT", wire, cut);
		}
	settle(wire, &want);
}

/* The number's digits in base 4 are the string. */
static void
try_string(unsigned long number, size_t length)
{
	char	 wire[WIRE_SIZE];
	size_t	 i;

	for (i = 0; i < length; i++, number /= COUNT(alphabet))
		wire[i] = alphabet[number % COUNT(alphabet)];
	memcpy(wire + length, data_end, sizeof(data_end));
	count.strings++;
	leave(span_make(wire, length));
	try_chunks(span_make(wire, length));
	try_data(span_make(wire, length + sizeof(data_end) - 1));
}

int
main(int argc, char **argv)
{
	unsigned long	 number;
	uint64_t	 most;
	size_t		 length;

	if (argc != 2 || !span_parse_u64(span_of(argv[1]), LENGTH_MAX, &most))
		errx(2, "usage: strings LENGTH");
	for (length = 0; length <= most; length++)
		for (number = 0; number < 1ul << (2 * length); number++)
			try_string(number, length);
	printf("%lu strings by DATA and by BDAT: %lu ways in, %lu accepted, "
	    "%lu refused\n", count.strings, count.runs, count.accepted,
	    count.refused);
	printf("%lu would be more than one message had they gone on as they "
	    "came\n", count.ambiguous);
	printf("%lu messages to %d kinds of servers, and by BDAT; %lu ways out "
	    "of what came by no way in\n", count.sent, RECEIVER_KINDS,
	    count.left);
	if (most >= 3 && count.ambiguous == 0)
		complain("the servers are not lax", span_of(""), 0);
	printf("%lu passed, %lu failed\n",
	    count.runs + count.sent + count.left, count.wrong);
	return count.wrong > 0;
}
