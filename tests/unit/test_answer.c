/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/answer.h"

/* Feeds `s` cut at `cut`; what came of it, as one word and the reply. */
static enum answer_status
feed(struct answer *a, struct span s, size_t cut)
{
	struct span		 parts[2] = { span_head(s, cut),
				    span_skip(s, cut) };
	enum answer_status	 status = ANSWER_MORE;
	int			 i;

	answer_init(a);
	for (i = 0; i < 2; i++)
		while (parts[i].len > 0) {
			status = answer_feed(a, &parts[i]);
			if (status == ANSWER_WHOLE || status == ANSWER_BROKEN)
				return status;
		}
	return status;
}

static const struct {
	const char	*name, *input;
	unsigned	 code;
	const char	*enhanced, *text;
} wholes[] = {
	{ "plain",		"250 OK\r\n",		250, "2.0.0", "OK" },
	{ "code alone",		"250\r\n",		250, "2.0.0", "" },
	{ "code and space",	"250 \r\n",		250, "2.0.0", "" },
	{ "enhanced",		"550 5.1.1 No\r\n",	550, "5.1.1", "No" },
	{ "enhanced alone",	"250 2.1.5\r\n",	250, "2.1.5", "" },
	{ "enhanced of another class",
	    "550 4.1.1 No\r\n",	550, "5.0.0", "4.1.1 No" },
	{ "enhanced out of range",
	    "550 5.1000.1 No\r\n", 550, "5.0.0", "5.1000.1 No" },
	{ "several lines",
	    "550-5.7.1 Not\r\n550-5.7.1 from\r\n550 5.7.1 you\r\n",
	    550, "5.7.1", "Not from you" },
	{ "another enhanced code later",
	    "550-5.7.1 Not\r\n550 5.7.2 you\r\n", 550, "5.7.1",
	    "Not 5.7.2 you" },
	{ "an enhanced code only later",
	    "550-Not\r\n550 5.7.2 you\r\n", 550, "5.0.0", "Not 5.7.2 you" },
	{ "empty lines",
	    "250-\r\n250-x\r\n250\r\n",	250, "2.0.0", "x" },
	{ "go on",		"354 End with .\r\n",	354, "3.0.0",
	    "End with ." },
	{ "control characters",	"250 a\001b\tc\177\r\n", 250, "2.0.0",
	    "a?b?c?" },
	{ "eight bits",		"250 \303\251\r\n",	250, "2.0.0", "??" },
	{ "a blank before the text",
	    "250  \t  OK  \r\n", 250, "2.0.0", "OK" },
};

START_TEST(a_reply_is_read_wherever_it_is_cut)
{
	struct span	 input = span_of(wholes[_i].input);
	char		 enhanced[ENHANCED_SIZE];
	struct answer	 a;
	struct reply	 r;
	size_t		 cut;

	for (cut = 0; cut <= input.len; cut++) {
		ck_assert_msg(feed(&a, input, cut) == ANSWER_WHOLE, "%s, %zu",
		    wholes[_i].name, cut);
		answer_reply(&a, &r);
		reply_enhanced(&r, enhanced);
		ck_assert_uint_eq(r.code, wholes[_i].code);
		ck_assert_str_eq(enhanced, wholes[_i].enhanced);
		ck_assert_str_eq(r.text, wholes[_i].text);
	}
}
END_TEST

START_TEST(nothing_short_of_the_end_is_a_reply)
{
	struct span	 input = span_of(wholes[_i].input);
	struct answer	 a;
	size_t		 len;

	for (len = 1; len < input.len; len++)
		ck_assert_msg(feed(&a, span_head(input, len), 0) !=
		    ANSWER_WHOLE, "%s, %zu", wholes[_i].name, len);
}
END_TEST

static const struct {
	const char	*name, *input;
} garbage[] = {
	{ "no code",			"hello\r\n" },
	{ "an empty line",		"\r\n" },
	{ "two digits",			"25 OK\r\n" },
	{ "four digits",		"2500 OK\r\n" },
	{ "a code below 200",		"150 OK\r\n" },
	{ "a code above 599",		"600 OK\r\n" },
	{ "a sign",			"+25 OK\r\n" },
	{ "a blank first",		" 250 OK\r\n" },
	{ "another mark",		"250_OK\r\n" },
	{ "different codes",		"250-a\r\n251 b\r\n" },
	{ "no code on a later line",	"250-a\r\nb\r\n" },
	{ "a lone LF",			"250 OK\n" },
	{ "a lone LF inside",		"250 a\nb\r\n" },
	{ "a lone CR",			"250 a\rb\r\n" },
	{ "two CRs",			"250 a\r\r\n" },
	{ "LF first",			"\n250 a\r\n" },
	{ "HTTP",			"HTTP/1.1 400 Bad Request\r\n" },
};

START_TEST(garbage_breaks_wherever_it_is_cut)
{
	struct span	 input = span_of(garbage[_i].input), more;
	struct answer	 a;
	size_t		 cut;

	for (cut = 0; cut <= input.len; cut++) {
		ck_assert_msg(feed(&a, input, cut) == ANSWER_BROKEN, "%s, %zu",
		    garbage[_i].name, cut);
		more = span_of("250 OK\r\n");
		ck_assert(answer_feed(&a, &more) == ANSWER_BROKEN);
	}
}
END_TEST

START_TEST(a_nul_is_no_end)
{
	struct answer	 a;
	struct reply	 r;

	ck_assert(feed(&a, span_make("250 a\0b\r\n", 9), 0) == ANSWER_WHOLE);
	answer_reply(&a, &r);
	ck_assert_str_eq(r.text, "a?b");
}
END_TEST

START_TEST(every_line_is_shown)
{
	struct span		 in = span_of("250-host\r\n250-SIZE 10\r\n"
				    "250 PIPELINING\r\n250 next\r\n");
	static const char	*const lines[] = { "host", "SIZE 10",
				    "PIPELINING" };
	struct answer		 a;
	size_t			 i;

	answer_init(&a);
	for (i = 0; i < COUNT(lines); i++) {
		ck_assert(answer_feed(&a, &in) == (i + 1 < COUNT(lines) ?
		    ANSWER_LINE : ANSWER_WHOLE));
		ck_assert_msg(span_is(answer_text(&a), lines[i]), "%s",
		    lines[i]);
	}
	ck_assert_msg(span_is(in, "250 next\r\n"), "the next reply is left");
}
END_TEST

static enum answer_status
feed_lines(unsigned n, const char *line, const char *last)
{
	struct answer	 a;
	struct span	 in;
	unsigned	 i;

	answer_init(&a);
	for (i = 0; i + 1 < n; i++) {
		in = span_of(line);
		if (answer_feed(&a, &in) == ANSWER_BROKEN)
			return ANSWER_BROKEN;
	}
	in = span_of(last);
	return answer_feed(&a, &in);
}

START_TEST(lines_have_a_ceiling)
{
	ck_assert(feed_lines(REPLY_LINES_MAX, "250-x\r\n", "250 x\r\n") ==
	    ANSWER_WHOLE);
	ck_assert(feed_lines(REPLY_LINES_MAX + 1, "250-x\r\n", "250 x\r\n") ==
	    ANSWER_BROKEN);
}
END_TEST

/* `n` octets of which the last two are CRLF. */
static enum answer_status
feed_long(size_t n, struct reply *r)
{
	char			*octets = malloc(n);
	struct answer		 a;
	enum answer_status	 status;

	ck_assert_ptr_nonnull(octets);
	memset(octets, 'x', n);
	memcpy(octets, "250 ", 4);
	memcpy(octets + n - 2, "\r\n", 2);
	status = feed(&a, span_make(octets, n), n / 2);
	if (status == ANSWER_WHOLE)
		answer_reply(&a, r);
	free(octets);
	return status;
}

START_TEST(octets_have_a_ceiling_and_a_long_line_is_cut)
{
	struct reply	 r;

	ck_assert(feed_long(REMOTE_REPLY_MAX, &r) == ANSWER_WHOLE);
	ck_assert_uint_eq(strlen(r.text), REPLY_TEXT_MAX);
	ck_assert(feed_long(REMOTE_REPLY_MAX + 1, &r) == ANSWER_BROKEN);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("answer");
	TCase	*tc = tcase_create("answer");
	SRunner	*runner;
	int	 failed;

	tcase_add_loop_test(tc, a_reply_is_read_wherever_it_is_cut, 0,
	    COUNT(wholes));
	tcase_add_loop_test(tc, nothing_short_of_the_end_is_a_reply, 0,
	    COUNT(wholes));
	tcase_add_loop_test(tc, garbage_breaks_wherever_it_is_cut, 0,
	    COUNT(garbage));
	tcase_add_test(tc, a_nul_is_no_end);
	tcase_add_test(tc, every_line_is_shown);
	tcase_add_test(tc, lines_have_a_ceiling);
	tcase_add_test(tc, octets_have_a_ceiling_and_a_long_line_is_cut);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
