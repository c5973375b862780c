/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/failure.h"
#include "shared/alloc.h"
#include "shared/limits.h"

enum { SECOND = 1000 };

static struct failures	 all;
static struct instant	 now;

static void
set_up(void)
{
	failures_init(&all);
	now = (struct instant){ INT64_C(1000000000000) };
}

static void
tear_down(void)
{
	failures_clear(&all);
	ck_assert(RB_EMPTY(&all.tree));
}

static struct span
number(uint32_t n)
{
	static uint8_t	 address[16];

	memset(address, 0, sizeof address);
	memcpy(address, &n, sizeof n);
	return span_make(address, sizeof address);
}

START_TEST(a_network_is_all_that_its_owner_can_choose_of)
{
	static const uint8_t	 a[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
	static const uint8_t	 b[16] = { 0x20, 1, 0xd, 0xb8, [8] = 9 };
	static const uint8_t	 c[16] = { 0x20, 1, 0xd, 0xb8, [7] = 1 };
	static const uint8_t	 d[16] = { [10] = 0xff, [11] = 0xff,
				    [15] = 1 };
	static const uint8_t	 e[16] = { [10] = 0xff, [11] = 0xff,
				    [15] = 2 };
	struct failure		*f = failure_of_network(&all, span_make(a, 16));

	ck_assert_ptr_eq(f, failure_of_network(&all, span_make(b, 16)));
	ck_assert_ptr_ne(f, failure_of_network(&all, span_make(c, 16)));
	f = failure_of_network(&all, span_make(d, 16));
	ck_assert_ptr_eq(f, failure_of_network(&all, span_make(d, 16)));
	ck_assert_ptr_ne(f, failure_of_network(&all, span_make(e, 16)));
}
END_TEST

START_TEST(kinds_are_apart)
{
	struct failure	*f = failure_of_account(&all, span_of("jones"));

	ck_assert_ptr_eq(f, failure_of_account(&all, span_of("JONES")));
	ck_assert_ptr_ne(f, failure_of_account(&all, span_of("jones ")));
	ck_assert(!failures_is_friend(&all, number(1), span_of("jones")));
	failures_befriend(&all, number(1), span_of("jones"));
	ck_assert(failures_is_friend(&all, number(1), span_of("Jones")));
	ck_assert(failures_is_friend(&all, number(1), span_of("")));
	ck_assert(!failures_is_friend(&all, number(1), span_of("brown")));
	ck_assert(!failures_is_friend(&all, number(2), span_of("jones")));
}
END_TEST

START_TEST(a_wait_has_an_end)
{
	struct failure	*f = failure_of_account(&all, span_of("jones"));

	ck_assert_int_eq(failure_wait(&all, f, now), 0);
	ck_assert_int_eq(failure_add(&all, f, now), SECOND);
	ck_assert_int_eq(failure_wait(&all, f, now), SECOND);
	ck_assert_int_eq(failure_wait(&all, f, clock_after(now, 400)), 600);
	ck_assert_int_eq(failure_wait(&all, f, clock_after(now, SECOND)), 0);
	ck_assert_int_eq(failure_wait(&all, NULL, now), 0);
}
END_TEST

START_TEST(silence_forgives)
{
	struct failure	*f = failure_of_account(&all, span_of("jones"));
	unsigned	 i;

	for (i = 0; i < 7; i++)
		(void)failure_add(&all, f, now);
	now = clock_after(now, LOGIN_DELAY_MAX + LOGIN_DELAY_MAX - 1);
	ck_assert_int_eq(failure_add(&all, f, now), LOGIN_DELAY_MAX);
	now = clock_after(now, 3 * LOGIN_DELAY_MAX);
	ck_assert_int_eq(failure_add(&all, f, now), 16 * SECOND);
	now = clock_after(now, 8 * LOGIN_DELAY_MAX);
	ck_assert_int_eq(failure_add(&all, f, now), SECOND);
}
END_TEST

/* The first ones of each kind go, but for one that has something open. */
START_TEST(rows_have_a_ceiling)
{
	struct failure	*f = failure_of_network(&all, number(0));
	uint32_t	 i;

	failure_open(f);
	(void)failure_of_account(&all, span_of("jones"));
	for (i = 1; i < FAILURE_ROWS_MAX + 1000; i++)
		(void)failure_add(&all, failure_of_network(&all, number(i)),
		    now);
	ck_assert_uint_eq(all.count[FAILURE_NETWORK], FAILURE_ROWS_MAX);
	ck_assert_uint_eq(all.count[FAILURE_ACCOUNT], 1);
	ck_assert_ptr_eq(f, failure_of_network(&all, number(0)));
	ck_assert_int_eq(failure_wait(&all, failure_of_network(&all,
	    number(1)), now), 0);
	ck_assert_int_eq(failure_wait(&all, failure_of_network(&all,
	    number(FAILURE_ROWS_MAX)), now), SECOND);
	failure_close(f);
}
END_TEST

START_TEST(no_row_goes_that_has_something_open)
{
	uint32_t	 i;

	for (i = 0; i < FAILURE_ROWS_MAX; i++)
		failure_open(failure_of_network(&all, number(i)));
	ck_assert_ptr_null(failure_of_network(&all,
	    number(FAILURE_ROWS_MAX)));
	ck_assert_int_eq(failure_add(&all, NULL, now), SECOND);
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("failure");
	TCase	*tc = tcase_create("failure");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_network_is_all_that_its_owner_can_choose_of);
	tcase_add_test(tc, kinds_are_apart);
	tcase_add_test(tc, a_wait_has_an_end);
	tcase_add_test(tc, silence_forgives);
	tcase_add_test(tc, rows_have_a_ceiling);
	tcase_add_test(tc, no_row_goes_that_has_something_open);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
