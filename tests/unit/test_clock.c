/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <time.h>

#include "shared/alloc.h"
#include "shared/clock.h"

static const struct {
	int64_t		 wall;
	const char	*date;
} dates[] = {
	{ 0,				"Thu, 1 Jan 1970 00:00:00 +0000" },
	{ 999999,			"Thu, 1 Jan 1970 00:00:00 +0000" },
	{ 1000000,			"Thu, 1 Jan 1970 00:00:01 +0000" },
	{ INT64_C(1795399607000000),	"Mon, 23 Nov 2026 02:06:47 +0000" },
	{ INT64_C(951782399000000),	"Mon, 28 Feb 2000 23:59:59 +0000" },
	{ INT64_C(951782400000000),	"Tue, 29 Feb 2000 00:00:00 +0000" },
	{ INT64_C(951868800000000),	"Wed, 1 Mar 2000 00:00:00 +0000" },
	{ INT64_C(946684799999999),	"Fri, 31 Dec 1999 23:59:59 +0000" },
	{ INT64_C(946684800000000),	"Sat, 1 Jan 2000 00:00:00 +0000" },
	{ INT64_C(1709164800000000),	"Thu, 29 Feb 2024 00:00:00 +0000" },
	{ INT64_C(2147483648000000),	"Tue, 19 Jan 2038 03:14:08 +0000" },
	{ INT64_C(4107542399000000),	"Sun, 28 Feb 2100 23:59:59 +0000" },
	{ INT64_C(4107542400000000),	"Mon, 1 Mar 2100 00:00:00 +0000" },
	{ INT64_C(-1),			"Wed, 31 Dec 1969 23:59:59 +0000" },
	{ INT64_C(-2208988800000000),	"Mon, 1 Jan 1900 00:00:00 +0000" },
	{ INT64_MAX,			"Sun, 10 Jan 294247 04:00:54 +0000" },
};

START_TEST(dates_are_as_the_table_says)
{
	char	 text[DATE_SIZE];

	date_format(text, dates[_i].wall);
	ck_assert_str_eq(text, dates[_i].date);
}
END_TEST

/* Each day of four centuries, at an hour that moves. */
START_TEST(dates_are_as_the_c_library_says)
{
	char		 text[DATE_SIZE], expected[2 * DATE_SIZE];
	struct tm	 tm;
	time_t		 t, end = (time_t)400 * 365 * 86400;

	for (t = -(time_t)100 * 365 * 86400; t < end; t += 86400 + 61) {
		gmtime_r(&t, &tm);
		strftime(expected, sizeof(expected),
		    "%a, %-d %b %Y %H:%M:%S +0000", &tm);
		date_format(text, t * INT64_C(1000000));
		ck_assert_str_eq(text, expected);
	}
}
END_TEST

START_TEST(the_past_is_long_but_fits)
{
	char	 text[DATE_SIZE];

	date_format(text, INT64_MIN);
	ck_assert_str_eq(text, "Sun, 21 Dec -290308 19:59:05 +0000");
}
END_TEST

static const struct {
	int64_t	 from, ms, at;
} sums[] = {
	{ 0,		1,		1000000 },
	{ 5,		-1,		5 - 1000000 },
	{ INT64_MAX,	1,		INT64_MAX },
	{ 0,		INT64_MAX,	INT64_MAX },
	{ 0,		INT64_MIN,	INT64_MIN },
	{ INT64_MAX - 1000000, 1,	INT64_MAX },
};

START_TEST(an_instant_never_wraps)
{
	struct instant	 from = { sums[_i].from };
	struct instant	 at = clock_after(from, sums[_i].ms);

	ck_assert_int_eq(at.ns, sums[_i].at);
	ck_assert(clock_before(from, at) == (at.ns > from.ns));
}
END_TEST

START_TEST(between_is_what_was_added)
{
	struct instant	 now = clock_now();

	ck_assert_int_eq(clock_ms_between(now, clock_after(now, 1500)), 1500);
	ck_assert_int_eq(clock_ms_between(clock_after(now, 1500), now), -1500);
	ck_assert(!clock_before(now, now));
	ck_assert(!clock_before(clock_now(), now));
	ck_assert_int_gt(clock_ms_between((struct instant){ INT64_MIN },
	    (struct instant){ INT64_MAX }), 0);
}
END_TEST

START_TEST(wall_time_is_microseconds_since_1970)
{
	time_t	 before = time(NULL);
	int64_t	 wall = clock_wall();

	ck_assert_int_ge(wall / 1000000, before - 1);
	ck_assert_int_le(wall / 1000000, time(NULL) + 1);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("clock");
	TCase	*tc = tcase_create("clock");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, dates_are_as_the_table_says, 0, COUNT(dates));
	tcase_add_test(tc, dates_are_as_the_c_library_says);
	tcase_add_test(tc, the_past_is_long_but_fits);
	tcase_add_loop_test(tc, an_instant_never_wraps, 0, COUNT(sums));
	tcase_add_test(tc, between_is_what_was_added);
	tcase_add_test(tc, wall_time_is_microseconds_since_1970);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
