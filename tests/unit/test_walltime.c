/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "queue/walltime.h"
#include "shared/alloc.h"
#include "shared/alloc.h"

enum { SECOND = 1000000 };

static const struct instant	 start = { 5000 };

static struct instant
later(int64_t microseconds)
{
	return (struct instant){ start.ns + microseconds * 1000 };
}

START_TEST(it_goes_on_with_the_monotonic_clock)
{
	struct walltime	 t;

	walltime_begin(&t, 70 * SECOND, 0, start);
	ck_assert_uint_eq(walltime_now(&t, start), 70 * SECOND);
	ck_assert_uint_eq(walltime_now(&t, later(123)), 70 * SECOND + 123);
}
END_TEST

/* A clock that was set back before the start. */
START_TEST(it_never_begins_before_what_the_disk_knows)
{
	struct walltime	 t;

	walltime_begin(&t, 70 * SECOND, 90 * SECOND, start);
	ck_assert_uint_eq(walltime_now(&t, start), 90 * SECOND);
	walltime_begin(&t, -1, 3, start);
	ck_assert_uint_eq(walltime_now(&t, start), 3);
}
END_TEST

static const struct {
	int64_t	 wall, drawn;	/* off, before and after */
} jumps[] = {
	{ 0, 0 },
	{ 1000, 1000 },
	{ -1000, -1000 },
	{ WALLTIME_STEP, WALLTIME_STEP },
	{ (int64_t)3600 * SECOND, WALLTIME_STEP },
	{ (int64_t)-3600 * SECOND, -WALLTIME_STEP },
};

START_TEST(a_jump_is_approached_and_not_obeyed)
{
	struct walltime	 t;
	uint64_t	 base = (uint64_t)10000 * SECOND;
	struct instant	 now = later(SECOND);

	walltime_begin(&t, (int64_t)base, 0, start);
	walltime_draw(&t, (int64_t)base + SECOND + jumps[_i].wall, now);
	ck_assert_int_eq((int64_t)walltime_now(&t, now),
	    (int64_t)base + SECOND + jumps[_i].drawn);
	ck_assert_int_eq((int64_t)walltime_now(&t, later(2 * SECOND)),
	    (int64_t)base + 2 * SECOND + jumps[_i].drawn);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("walltime");
	TCase	*tc = tcase_create("walltime");
	SRunner	*r;
	int	 failed;

	tcase_add_test(tc, it_goes_on_with_the_monotonic_clock);
	tcase_add_test(tc, it_never_begins_before_what_the_disk_knows);
	tcase_add_loop_test(tc, a_jump_is_approached_and_not_obeyed, 0,
	    COUNT(jumps));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
