/* SPDX-License-Identifier: ISC */
/*
 * Against a reference that knows the whole input and cuts it at each CRLF,
 * which is how RFC 5321 words it, and not how smtpd can do it.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/limits.h"
#include "smtpd/content.h"

enum { OUTPUT_SIZE = 1024, LENGTH_MAX = 6 };

static const char	 alphabet[] = { '\r', '\n', '.', 'x' };
static const char	 tail[] = "\r\n.\r\nQUIT\r\n.\r\n";

/* What one run gave. */
struct outcome {
	enum content_status	 status;
	enum content_verdict	 verdict;
	struct span		 rest;
	size_t			 length;
	char			 output[OUTPUT_SIZE];
};

/* ---- the reference ------------------------------------------------------- */

static size_t
line_length(struct span s)
{
	const char	*end = memmem(s.ptr, s.len, "\r\n", 2);

	if (end == NULL)
		ck_abort_msg("the input has no end");
	return end - s.ptr;
}

static void
append(struct outcome *o, struct span s)
{
	if (o->length + s.len > OUTPUT_SIZE)
		ck_abort_msg("the input is too long");
	memcpy(o->output + o->length, s.ptr, s.len);
	o->length += s.len;
}

static void
refer(struct span in, struct outcome *o)
{
	struct span	 line;

	memset(o, 0, sizeof(*o));
	o->status = CONTENT_END;
	for (;;) {
		line = span_head(in, line_length(in));
		in = span_skip(in, line.len + 2);
		if (span_is(line, "."))
			break;
		if (memchr(line.ptr, '\r', line.len) != NULL ||
		    memchr(line.ptr, '\n', line.len) != NULL)
			o->verdict = CONTENT_BARE;
		if (span_starts(line, "."))
			line = span_skip(line, 1);
		append(o, line);
		append(o, span_of("\r\n"));
	}
	o->rest = in;
}

/* ---- the machine --------------------------------------------------------- */

/* A sink that has `step` octets of room at a time, and none in between. */
struct bucket {
	struct content_sink	 sink;
	struct outcome		*into;
	size_t			 step;
	bool			 shut;
};

static bool
more(struct content_sink *sink)
{
	struct bucket	*b = sink->arg;

	b->shut = !b->shut;
	if (b->shut)
		return false;
	if (sink->room != 0)
		ck_abort_msg("more is asked for although there is room");
	if (sink->at == NULL)
		sink->at = b->into->output;
	sink->room = b->step;
	if (sink->at - b->into->output + sink->room > OUTPUT_SIZE)
		ck_abort_msg("the test's own bucket is too small");
	return true;
}

/* Feeds one piece, and again for as long as only the sink was in the way. */
static void
feed(struct content *c, struct span *piece, struct bucket *b)
{
	do
		b->into->status = content_feed(c, piece, &b->sink);
	while (b->into->status == CONTENT_FULL);
}

/* All of `in`, in two pieces. */
static void
run(struct content *c, struct span in, size_t cut, size_t step,
    struct outcome *o)
{
	struct bucket	 b = { .into = o, .step = step };
	struct span	 piece = span_head(in, cut);

	memset(o, 0, sizeof(*o));
	b.sink.more = more;
	b.sink.arg = &b;
	feed(c, &piece, &b);
	if (o->status == CONTENT_END) {
		o->rest = span_make(piece.ptr, in.len - cut + piece.len);
	} else {
		if (piece.len > 0)
			ck_abort_msg("octets are left without an end");
		o->rest = span_skip(in, cut);
		feed(c, &o->rest, &b);
	}
	o->verdict = c->verdict;
	if (b.sink.at != NULL)
		o->length = b.sink.at - o->output;
}

/* ---- ends, dots and bare octets ------------------------------------------ */

static bool
agrees(const struct outcome *got, const struct outcome *want)
{
	if (got->status != want->status || got->verdict != want->verdict ||
	    got->rest.ptr != want->rest.ptr || got->rest.len != want->rest.len)
		return false;
	if (want->verdict != CONTENT_GOOD)
		return true;
	return got->length == want->length &&
	    memcmp(got->output, want->output, want->length) == 0;
}

/* One claim for each failure only: Check pays for each that is made. */
static void
compare(struct span in, size_t cut, size_t step, const struct outcome *want)
{
	struct outcome	 got;
	struct content	 c;

	content_init(&c, CONTENT_DOTTED, 0);
	run(&c, in, cut, step, &got);
	if (!agrees(&got, want) ||
	    (want->verdict == CONTENT_GOOD && c.size != want->length))
		ck_abort_msg("cut at %zu, room for %zu: %.*s", cut, step,
		    (int)in.len, in.ptr);
}

/* The number's digits in base 4 are the string. */
static struct span
spell(unsigned number, size_t length, char into[LENGTH_MAX + sizeof(tail)])
{
	size_t	 i;

	for (i = 0; i < length; i++, number /= COUNT(alphabet))
		into[i] = alphabet[number % COUNT(alphabet)];
	memcpy(into + length, tail, sizeof(tail));
	return span_make(into, length + sizeof(tail) - 1);
}

START_TEST(every_string_ends_where_the_reference_ends)
{
	char		 text[LENGTH_MAX + sizeof(tail)];
	unsigned	 number, count = 1u << (2 * _i);
	struct outcome	 want;
	struct span	 in;
	size_t		 cut;

	for (number = 0; number < count; number++) {
		in = spell(number, _i, text);
		refer(in, &want);
		for (cut = 0; cut <= in.len; cut++)
			compare(in, cut, 64, &want);
		compare(in, in.len, 1, &want);
		compare(in, in.len / 2, 3, &want);
	}
}
END_TEST

static const struct {
	const char	*name, *input, *output, *rest;
	enum content_verdict verdict;
} known[] = {
	{ "no content at all", ".\r\nQUIT\r\n", "", "QUIT\r\n",
	    CONTENT_GOOD },
	{ "a doubled dot", "..\r\n.\r\n", ".\r\n", "", CONTENT_GOOD },
	{ "a dot in front", ".x\r\n.\r\n", "x\r\n", "", CONTENT_GOOD },
	{ "dots amid a line", "a.b.\r\n.\r\n", "a.b.\r\n", "", CONTENT_GOOD },
	{ "a dot and a blank", ". \r\n.\r\n", " \r\n", "", CONTENT_GOOD },
	{ "LF . LF", "a\n.\nRSET\r\n.\r\nNOOP\r\n", NULL, "NOOP\r\n",
	    CONTENT_BARE },
	{ "LF . CRLF", "a\n.\r\nRSET\r\n.\r\n", NULL, "", CONTENT_BARE },
	{ "CR . CR", "a\r.\rRSET\r\n.\r\n", NULL, "", CONTENT_BARE },
	{ "CRLF . LF", "a\r\n.\nRSET\r\n.\r\n", NULL, "", CONTENT_BARE },
	{ "CRLF . CR CRLF", "a\r\n.\r\r\nRSET\r\n.\r\n", NULL, "",
	    CONTENT_BARE },
	{ "eight bits", "\x80\xff\r\n.\r\n", "\x80\xff\r\n", "",
	    CONTENT_GOOD },
};

START_TEST(only_crlf_dot_crlf_ends_the_content)
{
	struct outcome	 got;
	struct content	 c;

	content_init(&c, CONTENT_DOTTED, 0);
	run(&c, span_of(known[_i].input), 1, 1024, &got);
	ck_assert_int_eq(got.status, CONTENT_END);
	ck_assert_msg(span_is(got.rest, known[_i].rest), "%s", known[_i].name);
	ck_assert_msg(got.verdict == known[_i].verdict, "%s", known[_i].name);
	if (known[_i].output != NULL)
		ck_assert_msg(span_is(span_make(got.output, got.length),
		    known[_i].output), "%s", known[_i].name);
}
END_TEST

/* ---- sizes --------------------------------------------------------------- */

static const struct {
	uint64_t	 size_max;
	enum content_verdict verdict;
} sizes[] = {
	{ 0,	CONTENT_GOOD },
	{ 8,	CONTENT_GOOD },
	{ 7,	CONTENT_TOO_BIG },
	{ 1,	CONTENT_TOO_BIG },
};

START_TEST(size_counts_what_is_kept_and_the_end_is_found)
{
	struct span	 in = span_of("..aa\r\n..\r\n.\r\nQUIT\r\n");
	struct outcome	 got;
	struct content	 c;
	size_t		 cut;

	for (cut = 0; cut <= in.len; cut++) {
		content_init(&c, CONTENT_DOTTED, sizes[_i].size_max);
		run(&c, in, cut, 2, &got);
		ck_assert_int_eq(got.status, CONTENT_END);
		ck_assert_int_eq(got.verdict, sizes[_i].verdict);
		ck_assert(span_is(got.rest, "QUIT\r\n"));
	}
}
END_TEST

START_TEST(a_line_of_any_length_flows_through)
{
	enum { LENGTH = 100000 };
	struct outcome	 o;
	struct bucket	 b = { .into = &o, .step = 500 };
	struct content	 c;
	struct span	 x;
	size_t		 i;

	memset(&o, 0, sizeof(o));
	b.sink.more = more;
	b.sink.arg = &b;
	content_init(&c, CONTENT_DOTTED, 0);
	for (i = 0; i < LENGTH; i++) {
		x = span_of("x");
		b.sink.at = o.output;
		feed(&c, &x, &b);
	}
	ck_assert_int_eq(o.status, CONTENT_MORE);
	ck_assert_uint_eq(c.size, LENGTH);
}
END_TEST

/* ---- hops ---------------------------------------------------------------- */

static const struct {
	const char	*name, *line;
	unsigned	 hops;
} headers[] = {
	{ "as always",		"Received: from a\r\n.\r\n",		1 },
	{ "any case",		"rEcEiVeD:\r\n.\r\n",			1 },
	{ "dotted",		".Received: a\r\n.\r\n",		1 },
	{ "two",		"Received: a\r\nReceived: b\r\n.\r\n",	2 },
	{ "another name",	"Received-SPF: pass\r\n.\r\n",		0 },
	{ "amid a line",	"X-Received: a\r\n.\r\n",		0 },
	{ "folded",		"X: a\r\n Received: b\r\n.\r\n",	0 },
	{ "shorter",		"Received\r\n:\r\n.\r\n",		0 },
	{ "in the body",	"X: a\r\n\r\nReceived: b\r\n.\r\n",	0 },
	{ "no header",		"\r\nReceived: b\r\n.\r\n",		0 },
};

START_TEST(received_lines_of_the_header_are_hops)
{
	struct span	 in = span_of(headers[_i].line);
	struct outcome	 got;
	struct content	 c;
	size_t		 cut;

	for (cut = 0; cut <= in.len; cut++) {
		content_init(&c, CONTENT_DOTTED, 0);
		run(&c, in, cut, 4, &got);
		ck_assert_int_eq(got.status, CONTENT_END);
		ck_assert_msg(c.hops == headers[_i].hops, "%s",
		    headers[_i].name);
	}
}
END_TEST

/* Feeds `n` Received lines and the end. */
static enum content_verdict
verdict_of_hops(unsigned n)
{
	static const char	 hop[] = "Received: by b\r\n";
	struct outcome		 o;
	struct bucket		 b = { .into = &o, .step = 16 };
	struct content		 c;
	struct span		 s;

	memset(&o, 0, sizeof(o));
	b.sink.more = more;
	b.sink.arg = &b;
	content_init(&c, CONTENT_DOTTED, 0);
	while (n-- > 0) {
		s = span_of(hop);
		if (b.sink.room == 0)
			b.sink.at = o.output;
		feed(&c, &s, &b);
	}
	s = span_of(".\r\n");
	feed(&c, &s, &b);
	ck_assert_int_eq(o.status, CONTENT_END);
	return c.verdict;
}

START_TEST(received_max_hops_are_a_loop)
{
	ck_assert_int_eq(verdict_of_hops(RECEIVED_MAX - 1), CONTENT_GOOD);
	ck_assert_int_eq(verdict_of_hops(RECEIVED_MAX), CONTENT_LOOPS);
	ck_assert_int_eq(verdict_of_hops(RECEIVED_MAX + 1), CONTENT_LOOPS);
}
END_TEST

START_TEST(discarded_content_is_read_to_its_end)
{
	struct span	 in = span_of("more\r\n..\r\n.\r\nQUIT\r\n");
	struct outcome	 got;
	struct content	 c;

	content_init(&c, CONTENT_DOTTED, 0);
	content_discard(&c);
	run(&c, in, 3, 1, &got);
	ck_assert_int_eq(got.status, CONTENT_END);
	ck_assert_int_eq(got.verdict, CONTENT_UNWANTED);
	ck_assert_uint_eq(got.length, 0);
	ck_assert(span_is(got.rest, "QUIT\r\n"));
}
END_TEST

/* ---- chunks -------------------------------------------------------------- */

static const struct {
	const char	*name, *input, *output;
	enum content_verdict verdict;
} chunks[] = {
	{ "nothing",		"",		"",		CONTENT_GOOD },
	{ "a line",		"a\r\n",	"a\r\n",	CONTENT_GOOD },
	{ "half a line",	"a\r\nb",	"a\r\nb\r\n",	CONTENT_GOOD },
	{ "dots",		".\r\n..\r\n.", ".\r\n..\r\n.\r\n",
	    CONTENT_GOOD },
	{ "the end of DATA",	"a\r\n.\r\nb\r\n", "a\r\n.\r\nb\r\n",
	    CONTENT_GOOD },
	{ "a CR at the end",	"a\r",		NULL,		CONTENT_BARE },
	{ "a CR",		"a\rb\r\n",	NULL,		CONTENT_BARE },
	{ "a LF",		"a\n",		NULL,		CONTENT_BARE },
	{ "too much",		"aaaaaaaaaaaaaaaaaaa\r\n", NULL,
	    CONTENT_TOO_BIG },
	{ "too much with its end", "aaaaaaaaaaaaaaaaaaa", NULL,
	    CONTENT_TOO_BIG },
};

static void
end_chunks(struct content *c, struct bucket *b)
{
	while (content_end(c, &b->sink) == CONTENT_FULL)
		continue;
}

START_TEST(chunks_end_where_they_are_said_to)
{
	struct span	 in = span_of(chunks[_i].input), first, second;
	struct outcome	 o;
	struct bucket	 b;
	struct content	 c;
	size_t		 cut;

	for (cut = 0; cut <= in.len; cut++) {
		b = (struct bucket){ .into = &o, .step = 1 };
		b.sink = (struct content_sink){ .more = more, .arg = &b };
		first = span_head(in, cut);
		second = span_skip(in, cut);
		memset(&o, 0, sizeof(o));
		content_init(&c, CONTENT_CHUNKED, 20);
		feed(&c, &first, &b);
		feed(&c, &second, &b);
		ck_assert_int_eq(o.status, CONTENT_MORE);
		end_chunks(&c, &b);
		ck_assert_msg(c.verdict == chunks[_i].verdict, "%s",
		    chunks[_i].name);
		o.length = b.sink.at == NULL ? 0 : b.sink.at - o.output;
		ck_assert_msg(c.verdict != CONTENT_GOOD ||
		    span_is(span_make(o.output, o.length), chunks[_i].output),
		    "%s", chunks[_i].name);
	}
}
END_TEST

START_TEST(too_many_octets_are_refused_before_they_come)
{
	struct content	 c;

	content_init(&c, CONTENT_CHUNKED, 20);
	c.size = 15;
	content_expect(&c, 5);
	ck_assert_int_eq(c.verdict, CONTENT_GOOD);
	content_expect(&c, 6);
	ck_assert_int_eq(c.verdict, CONTENT_TOO_BIG);
	content_init(&c, CONTENT_CHUNKED, 0);
	content_expect(&c, UINT64_MAX);
	ck_assert_int_eq(c.verdict, CONTENT_GOOD);
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("content");
	TCase	*tc = tcase_create("content");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, every_string_ends_where_the_reference_ends, 0,
	    LENGTH_MAX + 1);
	tcase_add_loop_test(tc, only_crlf_dot_crlf_ends_the_content, 0,
	    COUNT(known));
	tcase_add_loop_test(tc, size_counts_what_is_kept_and_the_end_is_found,
	    0, COUNT(sizes));
	tcase_add_test(tc, a_line_of_any_length_flows_through);
	tcase_add_loop_test(tc, received_lines_of_the_header_are_hops, 0,
	    COUNT(headers));
	tcase_add_test(tc, received_max_hops_are_a_loop);
	tcase_add_test(tc, discarded_content_is_read_to_its_end);
	tcase_add_loop_test(tc, chunks_end_where_they_are_said_to, 0,
	    COUNT(chunks));
	tcase_add_test(tc, too_many_octets_are_refused_before_they_come);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
