/* SPDX-License-Identifier: ISC */
/*
 * What stands behind DATA, in pieces and through slots of any size, beside a
 * reader that has all of it: smtpd/content.  What is good goes out again by
 * remote/dots, and must come back as the same octets.
 */
#include <stdlib.h>
#include <string.h>

#include "remote/dots.h"
#include "shared/alloc.h"
#include "tests/fuzz/slots.h"

static void
take(struct span input, uint64_t size_max, uint32_t choice, struct outcome *o)
{
	struct content	 c;

	content_init(&c, CONTENT_DOTTED, size_max);
	slots_feed(&c, input, choice, o);
}

/* ---- the reference ------------------------------------------------------- */

static bool
is_bare(struct span line)
{
	return span_index(line, '\r') < line.len ||
	    span_index(line, '\n') < line.len;
}

/*
 * Line by line.  Of a verdict that is not good only that is known; what is
 * kept counts when it is good.  A line that has no end yet is taken as far as
 * it goes.
 */
static void
refer(struct span s, struct outcome *o)
{
	const char	*end;
	bool		 in_header = true;
	struct span	 line;

	o->status = CONTENT_MORE;
	while ((end = memmem(s.ptr, s.len, "\r\n", 2)) != NULL) {
		line = span_head(s, (size_t)(end - s.ptr));
		s = span_skip(s, line.len + 2);
		if (span_is(line, ".")) {
			o->status = CONTENT_END;
			o->rest = s.len;
			return;
		}
		if (is_bare(line))
			o->verdict = CONTENT_BARE;
		if (span_starts(line, "."))
			line = span_skip(line, 1);
		else if (line.len == 0)
			in_header = false;
		if (in_header && span_starts_word(line, "received:"))
			o->hops++;
		(void)buf_put(&o->kept, line);
		(void)buf_put(&o->kept, span_of("\r\n"));
	}
}

/* ---- out again ----------------------------------------------------------- */

static void
send_again(struct span text, uint32_t choice)
{
	struct fuzz_cuts cuts = { choice };
	struct dots	 d = { 0 };
	struct outcome	 o = { 0 };
	struct buf	 out;
	struct span	 rest = text;

	buf_init(&out, dots_room(text.len));
	while (rest.len > 0)
		fuzz_claim(dots_put(&d, fuzz_piece(&cuts, &rest), &out) ==
		    DOTS_OK, "good content can be sent, in its room");
	fuzz_claim(dots_end(&d, &out) == DOTS_OK, "it has an end");
	buf_init(&o.kept, 2 * text.len + 16);
	take(buf_span(&out), 0, choice, &o);
	fuzz_claim(o.status == CONTENT_END && o.verdict == CONTENT_GOOD &&
	    o.rest == 0, "what is sent is one content, and good");
	fuzz_claim(span_equal(buf_span(&o.kept), text),
	    "it comes back as it was");
	buf_clear(&o.kept);
	buf_clear(&out);
}

static void
compare(const struct outcome *got, const struct outcome *wanted)
{
	struct span	 text = buf_span(&got->kept);

	fuzz_claim(got->status == wanted->status ||
	    wanted->status == CONTENT_MORE, "it ends where it ends");
	fuzz_claim((got->status == CONTENT_END) ==
	    (wanted->status == CONTENT_END), "and nowhere else");
	if (got->status != CONTENT_END)
		return;
	fuzz_claim(got->rest == wanted->rest, "commands are what is behind");
	if (got->verdict == CONTENT_LOOPS)
		return;
	fuzz_claim(got->verdict == wanted->verdict, "bare is bare");
	if (got->verdict != CONTENT_GOOD)
		return;
	fuzz_claim(span_equal(text, buf_span(&wanted->kept)),
	    "it is kept as it is");
	fuzz_claim(got->hops == wanted->hops, "hops are counted");
	send_again(text, (uint32_t)text.len);
}

/* What is dropped for its size is dropped the same in any cut. */
static void
limit(struct span input, const struct outcome *whole, uint8_t choice)
{
	struct outcome	 o = { 0 };
	uint64_t	 size_max = 1 + choice % 64;

	buf_init(&o.kept, input.len + 64);
	take(input, size_max, choice, &o);
	fuzz_claim(o.status == whole->status || o.status == CONTENT_FULL ||
	    whole->status == CONTENT_FULL, "a size moves no end");
	if (o.status == CONTENT_END) {
		fuzz_claim(o.rest == whole->rest, "nor what is behind it");
		fuzz_claim(o.verdict != CONTENT_GOOD ||
		    buf_len(&o.kept) <= size_max, "a size is a ceiling");
	}
	buf_clear(&o.kept);
}

void
fuzz_one(struct span input)
{
	struct outcome	 got = { 0 }, wanted = { 0 };
	uint8_t		 choice = fuzz_choice(&input);

	buf_init(&got.kept, input.len + 64);
	buf_init(&wanted.kept, input.len + 64);
	take(input, 0, choice, &got);
	refer(input, &wanted);
	compare(&got, &wanted);
	limit(input, &got, choice);
	buf_clear(&got.kept);
	buf_clear(&wanted.kept);
}
