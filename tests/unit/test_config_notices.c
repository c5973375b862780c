/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "shared/alloc.h"
#include "tests/unit/config_rig.h"

#define HOSTNAME	"hostname mail.example.org\n"
#define NOTICES(line)	HOSTNAME "notices {\n" line "\n}\n"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

START_TEST(notices_have_their_habits_where_nothing_is_said)
{
	read_text(HOSTNAME);
	ck_assert_uint_eq(config->notices.delay, 4 * HOUR);
	ck_assert_uint_eq(config->notices.gather, 5 * MINUTE);
	ck_assert_uint_eq(config->notices.digest_after, 10);
	ck_assert_uint_eq(config->notices.digest_time, HOUR);
	ck_assert_uint_eq(config->notices.content, 64 << 10);
	ck_assert_str_eq(config->notices.double_bounces, "");
	ck_assert_uint_eq(config->notices.language - 1, NOTICE_ENGLISH);
	forget();
}
END_TEST

START_TEST(a_block_changes_them)
{
	read_text(HOSTNAME "notices {\ndelay 0s\ngather 0s\ndigest-after 3\n"
	    "digest-time 2m\ndouble-bounces post@example.org\n"
	    "language french\ncontent 0\n}\n");
	ck_assert_uint_eq(notes.nerrors, 0);
	ck_assert_uint_eq(config->notices.delay, 0);
	ck_assert_uint_eq(config->notices.gather, 0);
	ck_assert_uint_eq(config->notices.digest_after, 3);
	ck_assert_uint_eq(config->notices.digest_time, 2 * MINUTE);
	ck_assert_uint_eq(config->notices.content, 0);
	ck_assert_str_eq(config->notices.double_bounces, "post@example.org");
	ck_assert_uint_eq(config->notices.language - 1, NOTICE_FRENCH);
	forget();
	read_text(NOTICES("double-bounces no"));
	ck_assert_uint_eq(notes.nerrors, 0);
	ck_assert_str_eq(config->notices.double_bounces, "");
	forget();
}
END_TEST

static const struct {
	const char	*text, *errors;
} mistakes[] = {
	{ NOTICES("digest-after 0"), "conf:3: digest-after: expected a number "
	    "from 1 to 1000000, not \"0\"\n" },
	{ NOTICES("language latin"), "conf:3: language: expected \"english\" "
	    "or \"french\", not \"latin\"\n" },
	{ NOTICES("double-bounces joe"), "conf:3: double-bounces: expected an "
	    "address such as postmaster@example.org, not \"joe\"\n" },
	{ NOTICES("delays 4h"), "conf:3: expected a keyword such as "
	    "\"delay\", not \"delays\"\n" },
	{ HOSTNAME "notices {\n}\nnotices {\n}\n",
	    "conf:4: expected notices once, and it is in line 2\n" },
};

START_TEST(mistakes_are_told)
{
	struct span	 s;

	read_text(mistakes[_i].text);
	s = buf_span(&notes.errors);
	ck_assert_msg(span_is(s, mistakes[_i].errors), "%.*s", (int)s.len,
	    s.ptr);
	forget();
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("config_notices");
	TCase	*tc = tcase_create("config_notices");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_test(tc, notices_have_their_habits_where_nothing_is_said);
	tcase_add_test(tc, a_block_changes_them);
	tcase_add_loop_test(tc, mistakes_are_told, 0, COUNT(mistakes));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
