/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/quota.h"
#include "shared/alloc.h"

static struct quotas	 quotas;
static struct instant	 now;

static void
set_up(void)
{
	quotas_init(&quotas);
	now = (struct instant){ .ns = INT64_C(1000000000000) };
}

static void
tear_down(void)
{
	quotas_clear(&quotas);
}

static void
limit(uint32_t hour, uint32_t day, uint32_t hour_rcpts, uint32_t day_rcpts)
{
	struct msg_conf_quota	 m = { hour, day, hour_rcpts, day_rcpts };

	quotas_set(&quotas, &m, now);
}

static void
wait_s(int64_t s)
{
	now.ns += s * 1000000000;
}

/* True when it may; and then it is counted. */
static bool
recipient(const char *who, bool first, struct reply *why)
{
	if (!quota_allows(&quotas, span_of(who), first, now, why))
		return false;
	quota_add(&quotas, span_of(who), first, now);
	return true;
}

/* How many of `n` messages with one recipient go. */
static unsigned
send(const char *who, unsigned n)
{
	struct reply	 why;
	unsigned	 gone = 0;

	while (n-- > 0)
		gone += recipient(who, true, &why);
	return gone;
}

START_TEST(an_hour_holds_so_many_and_then_forgets)
{
	struct reply	 why;

	limit(60, 0, 0, 0);
	ck_assert_uint_eq(send("jones", 100), 60);
	ck_assert_uint_eq(send("brown", 100), 60);
	wait_s(59);
	ck_assert(!recipient("jones", true, &why));
	wait_s(1);
	ck_assert(recipient("jones", true, &why));
	ck_assert(!recipient("jones", true, &why));
	wait_s(3600);
	ck_assert_uint_eq(send("jones", 100), 60);
}
END_TEST

START_TEST(a_day_holds_when_its_hours_do_not)
{
	unsigned	 hour, gone = 0;

	limit(60, 100, 0, 0);
	for (hour = 0; hour < 24; hour++, wait_s(3600))
		gone += send("jones", 100);
	/* those of the first moment, and as many as come back in a day */
	ck_assert_uint_ge(gone, 190);
	ck_assert_uint_le(gone, 200);
	wait_s(86400);
	ck_assert_uint_eq(send("jones", 100), 60);
}
END_TEST

START_TEST(a_message_counts_once_and_each_of_its_recipients)
{
	struct reply	 why;
	unsigned	 i;

	limit(2, 0, 5, 0);
	ck_assert(recipient("jones", true, &why));
	for (i = 0; i < 3; i++)
		ck_assert(recipient("jones", false, &why));
	ck_assert(recipient("jones", true, &why));
	ck_assert(!recipient("jones", true, &why));
	ck_assert(strncmp(why.text, "Limit messages-per-hour: ", 25) == 0);
	ck_assert(!recipient("jones", false, &why));
	ck_assert(strncmp(why.text, "Limit recipients-per-hour: ", 27) == 0);
}
END_TEST

START_TEST(an_identity_is_the_same_in_any_letter_case)
{
	limit(10, 0, 0, 0);
	ck_assert_uint_eq(send("Jones@Example.ORG", 5), 5);
	ck_assert_uint_eq(send("jones@example.org", 50), 5);
	ck_assert_uint_eq(quotas.count, 1);
}
END_TEST

/* messages and recipients per hour and per day, how far behind, and what is
 * then said. */
static const struct {
	uint32_t	 limits[4];
	int64_t		 later;
	const char	*text;
} refusals[] = {
	{ { 300, 0, 0, 0 }, 0, "Limit messages-per-hour: you may send 300 "
	    "messages an hour, try again in 12 seconds" },
	{ { 300, 0, 0, 0 }, 11, "Limit messages-per-hour: you may send 300 "
	    "messages an hour, try again in 1 seconds" },
	{ { 4, 0, 0, 0 }, 0, "Limit messages-per-hour: you may send 4 "
	    "messages an hour, try again in 15 minutes" },
	{ { 0, 2, 0, 0 }, 0, "Limit messages-per-day: you may send 2 messages "
	    "a day, try again in 12 hours" },
	{ { 0, 0, 60, 0 }, 0, "Limit recipients-per-hour: you may send 60 "
	    "recipients an hour, try again in 60 seconds" },
	{ { 0, 0, 0, 4 }, 3 * 3600, "Limit recipients-per-day: you may send 4 "
	    "recipients a day, try again in 3 hours" },
};

START_TEST(a_refusal_says_which_rule_and_when)
{
	const uint32_t	*l = refusals[_i].limits;
	struct reply	 why;

	limit(l[0], l[1], l[2], l[3]);
	(void)send("jones", 1000);
	wait_s(refusals[_i].later);
	ck_assert(!recipient("jones", true, &why));
	ck_assert_uint_eq(why.code, 450);
	ck_assert_uint_eq(why.subject, 7);
	ck_assert_uint_eq(why.detail, 1);
	ck_assert_str_eq(why.text, refusals[_i].text);
}
END_TEST

START_TEST(what_is_refused_is_not_counted)
{
	limit(60, 0, 0, 0);
	(void)send("jones", 60);
	ck_assert_uint_eq(send("jones", 100000), 0);
	wait_s(60);
	ck_assert_uint_eq(send("jones", 2), 1);
}
END_TEST

START_TEST(other_limits_keep_what_was_counted)
{
	limit(10, 0, 0, 0);
	(void)send("jones", 10);
	limit(20, 0, 0, 0);
	ck_assert_uint_eq(send("jones", 50), 10);
	limit(5, 0, 0, 0);
	ck_assert_uint_eq(send("jones", 5), 0);
	limit(0, 0, 0, 0);
	ck_assert_uint_eq(send("jones", 5000), 5000);
	limit(10, 0, 0, 0);
	ck_assert_uint_eq(send("jones", 5), 0);
	wait_s(3600);
	ck_assert_uint_eq(send("jones", 50), 10);
}
END_TEST

START_TEST(a_full_table_forgets_who_was_silent_the_longest)
{
	char		 name[32];
	unsigned	 i;

	limit(1, 0, 0, 0);
	(void)send("first", 1);
	(void)send("second", 1);
	for (i = 0; i < QUOTAS_MAX - 2; i++) {
		snprintf(name, sizeof name, "u%u", i);
		ck_assert_uint_eq(send(name, 2), 1);
	}
	wait_s(1800);
	quota_add(&quotas, span_of("first"), false, now);
	ck_assert_uint_eq(send("more", 2), 1);
	ck_assert_uint_eq(quotas.count, QUOTAS_MAX);
	ck_assert_uint_eq(send("first", 1), 0);
	ck_assert_uint_eq(send("second", 1), 1);
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("quota");
	TCase	*tc = tcase_create("quota");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_hour_holds_so_many_and_then_forgets);
	tcase_add_test(tc, a_day_holds_when_its_hours_do_not);
	tcase_add_test(tc, a_message_counts_once_and_each_of_its_recipients);
	tcase_add_test(tc, an_identity_is_the_same_in_any_letter_case);
	tcase_add_loop_test(tc, a_refusal_says_which_rule_and_when, 0,
	    COUNT(refusals));
	tcase_add_test(tc, what_is_refused_is_not_counted);
	tcase_add_test(tc, other_limits_keep_what_was_counted);
	tcase_add_test(tc, a_full_table_forgets_who_was_silent_the_longest);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
