/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <check.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/reply.h"

static const struct {
	unsigned	 code;
	const char	*enhanced, *text, *wire;
} replies[] = {
	{ 250, "2.0.0",	"Ok: queued",	"250 2.0.0 Ok: queued\r\n" },
	{ 220, NULL,	"a.example ESMTP", "220 a.example ESMTP\r\n" },
	{ 250, NULL,	"a.example\nPIPELINING\n8BITMIME",
	    "250-a.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n" },
	{ 550, "5.1.1",	"one\ntwo",	"550-5.1.1 one\r\n550 5.1.1 two\r\n" },
	{ 550, "5.1.1",	"one\n\ntwo",
	    "550-5.1.1 one\r\n550-5.1.1\r\n550 5.1.1 two\r\n" },
	{ 354, NULL,	"",		"354\r\n" },
	{ 250, "2.1.5",	"",		"250 2.1.5\r\n" },
	{ 250, NULL,	"end\n\n",	"250 end\r\n" },
	{ 550, "5.7.999", "long",	"550 5.7.999 long\r\n" },
	{ 451, "none",	"no code",	"451 no code\r\n" },
};

START_TEST(each_line_has_its_code)
{
	struct reply	 r;
	struct buf	 b;

	buf_init(&b, 4096);
	r = reply_make(replies[_i].code, replies[_i].enhanced, "%s",
	    replies[_i].text);
	ck_assert(reply_put(&r, &b));
	ck_assert(span_is(buf_span(&b), replies[_i].wire));
	buf_clear(&b);
}
END_TEST

START_TEST(a_full_buf_takes_nothing_of_a_reply)
{
	struct reply	 r = reply_make(550, "5.1.1", "one\ntwo");
	const char	*wire = "550-5.1.1 one\r\n550 5.1.1 two\r\n";
	struct buf	 b;

	buf_init(&b, strlen(wire) - 1);
	ck_assert(!reply_put(&r, &b));
	ck_assert_uint_eq(buf_len(&b), 0);
	buf_init(&b, strlen(wire));
	ck_assert(reply_put(&r, &b));
	buf_clear(&b);
}
END_TEST

START_TEST(the_longest_reply_is_written)
{
	struct reply	 r = { .code = 999, .class = UINT16_MAX,
			    .subject = UINT16_MAX, .detail = UINT16_MAX };
	struct buf	 b;

	memset(r.text, '\n', REPLY_TEXT_MAX);
	buf_init(&b, 65536);
	ck_assert(reply_put(&r, &b));
	ck_assert_uint_eq(buf_len(&b),
	    (REPLY_TEXT_MAX + 1) * strlen("999 65535.65535.65535\r\n"));
	buf_clear(&b);
}
END_TEST

static const struct {
	const char	*input, *text;
} strangers[] = {
	{ "plain ~!",		"plain ~!" },
	{ "a\r\nb",		"a?\nb" },
	{ "tab\there",		"tab?here" },
	{ "\x1b[2J",		"?[2J" },
	{ "caf\xc3\xa9",	"caf??" },
	{ "del\x7f",		"del?" },
	{ "\n",			"" },
};

START_TEST(what_a_stranger_said_is_made_printable)
{
	struct reply	 r = { .code = 550 };

	reply_set_text(&r, span_of(strangers[_i].input));
	ck_assert_str_eq(r.text, strangers[_i].text);
	r = reply_make(550, NULL, "%s", strangers[_i].input);
	ck_assert_str_eq(r.text, strangers[_i].text);
}
END_TEST

START_TEST(a_nul_is_made_printable)
{
	struct reply	 r = { .code = 550 };

	reply_set_text(&r, span_make("a\0b", 3));
	ck_assert_str_eq(r.text, "a?b");
}
END_TEST

START_TEST(a_long_text_is_cut)
{
	char		 text[REPLY_TEXT_MAX + 2];
	struct reply	 r = { .code = 550 };

	memset(text, 'x', sizeof(text));
	reply_set_text(&r, span_make(text, REPLY_TEXT_MAX - 1));
	ck_assert_uint_eq(strlen(r.text), REPLY_TEXT_MAX - 1);
	reply_set_text(&r, span_make(text, REPLY_TEXT_MAX));
	ck_assert_uint_eq(strlen(r.text), REPLY_TEXT_MAX);
	reply_set_text(&r, span_make(text, REPLY_TEXT_MAX + 1));
	ck_assert_uint_eq(strlen(r.text), REPLY_TEXT_MAX);
	r = reply_make(550, "5.0.0", "%.*s", REPLY_TEXT_MAX + 1, text);
	ck_assert_uint_eq(strlen(r.text), REPLY_TEXT_MAX);
}
END_TEST

static const struct {
	const char	*input, *enhanced, *rest;
} codes[] = {
	{ "5.1.1 no such user",	"5.1.1",	"no such user" },
	{ "4.7.123 later",	"4.7.123",	"later" },
	{ "2.0.0",		"2.0.0",	"" },
	{ "5.1.1  two",		"5.1.1",	" two" },
	{ "3.1.1 text",		"0.0.0",	"3.1.1 text" },
	{ "1.2.3 text",		"0.0.0",	"1.2.3 text" },
	{ "5.1 text",		"0.0.0",	"5.1 text" },
	{ "5.1. text",		"0.0.0",	"5.1. text" },
	{ "5..1 text",		"0.0.0",	"5..1 text" },
	{ "5.1.1text",		"0.0.0",	"5.1.1text" },
	{ "5.1.1.1 text",	"0.0.0",	"5.1.1.1 text" },
	{ "5.1.1000 text",	"0.0.0",	"5.1.1000 text" },
	{ "5.1000.1 text",	"0.0.0",	"5.1000.1 text" },
	{ "55.1.1 text",	"0.0.0",	"55.1.1 text" },
	{ " 5.1.1 text",	"0.0.0",	" 5.1.1 text" },
	{ "",			"0.0.0",	"" },
	{ "5",			"0.0.0",	"5" },
};

START_TEST(an_enhanced_code_is_whole_or_text)
{
	struct reply	 r = { .code = 550 };
	char		 enhanced[ENHANCED_SIZE];
	struct span	 rest;

	rest = reply_parse_enhanced(span_of(codes[_i].input), &r);
	reply_enhanced(&r, enhanced);
	ck_assert_str_eq(enhanced, codes[_i].enhanced);
	ck_assert(span_is(rest, codes[_i].rest));
}
END_TEST

static const struct {
	unsigned	 code;
	bool		 success, later, refusal;
} classes[] = {
	{ 0,	false,	false,	false },
	{ 199,	false,	false,	false },
	{ 200,	true,	false,	false },
	{ 299,	true,	false,	false },
	{ 354,	false,	false,	false },
	{ 400,	false,	true,	false },
	{ 499,	false,	true,	false },
	{ 500,	false,	false,	true },
	{ 599,	false,	false,	true },
	{ 600,	false,	false,	false },
};

START_TEST(the_first_digit_is_the_verdict)
{
	struct reply	 r = reply_make(classes[_i].code, NULL, "text");

	ck_assert(reply_is_success(&r) == classes[_i].success);
	ck_assert(reply_is_later(&r) == classes[_i].later);
	ck_assert(reply_is_refusal(&r) == classes[_i].refusal);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("reply");
	TCase	*tc = tcase_create("reply");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, each_line_has_its_code, 0, COUNT(replies));
	tcase_add_test(tc, a_full_buf_takes_nothing_of_a_reply);
	tcase_add_test(tc, the_longest_reply_is_written);
	tcase_add_loop_test(tc, what_a_stranger_said_is_made_printable, 0,
	    COUNT(strangers));
	tcase_add_test(tc, a_nul_is_made_printable);
	tcase_add_test(tc, a_long_text_is_cut);
	tcase_add_loop_test(tc, an_enhanced_code_is_whole_or_text, 0,
	    COUNT(codes));
	tcase_add_loop_test(tc, the_first_digit_is_the_verdict, 0,
	    COUNT(classes));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
