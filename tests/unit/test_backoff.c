/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "master/backoff.h"
#include "shared/alloc.h"
#include "shared/limits.h"

START_TEST(waits_double_up_to_the_highest)
{
	static const int64_t	 waits[] = {
		100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000,
		30000, 30000
	};
	struct backoff	 b = { 0 };
	size_t		 i;

	for (i = 0; i < COUNT(waits); i++)
		ck_assert_int_eq(backoff_next(&b, 0), waits[i]);
}
END_TEST

static const struct {
	const char	*name;
	int64_t		 lived, wait;
} lives[] = {
	{ "died at once",	0,			800 },
	{ "a little too short",	RESTART_GOOD - 1,	800 },
	{ "long enough",	RESTART_GOOD,		RESTART_FIRST },
	{ "long ago",		INT64_C(1) << 40,	RESTART_FIRST },
};

START_TEST(a_good_life_is_the_end_of_back_off)
{
	struct backoff	 b = { 400 };

	ck_assert_msg(backoff_next(&b, lives[_i].lived) == lives[_i].wait,
	    "%s", lives[_i].name);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("backoff");
	TCase	*tc = tcase_create("backoff");
	SRunner	*r;
	int	 failed;

	tcase_add_test(tc, waits_double_up_to_the_highest);
	tcase_add_loop_test(tc, a_good_life_is_the_end_of_back_off, 0,
	    COUNT(lives));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
