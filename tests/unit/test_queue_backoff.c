/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "queue/backoff.h"
#include "shared/alloc.h"

static const struct {
	const char	*name;
	uint32_t	 failures, first, max;
	uint64_t	 seconds;
} waits[] = {
	{ "none yet",			0, 300, 3600, 300 },
	{ "first",			1, 300, 3600, 300 },
	{ "second is twice as long",	2, 300, 3600, 600 },
	{ "fourth",			4, 300, 3600, 2400 },
	{ "never above the maximum",	5, 300, 3600, 3600 },
	{ "nor much later",		1000000, 300, 3600, 3600 },
	{ "the last number",		UINT32_MAX, 1, UINT32_MAX,
	    UINT32_MAX },
	{ "first above the maximum",	1, 600, 60, 60 },
	{ "no time at all",		3, 0, 0, 0 },
};

START_TEST(wait_doubles_up_to_a_maximum)
{
	ck_assert_msg(backoff_seconds(waits[_i].failures, waits[_i].first,
	    waits[_i].max) == waits[_i].seconds, "%s", waits[_i].name);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("queue backoff");
	TCase	*tc = tcase_create("backoff");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, wait_doubles_up_to_a_maximum, 0,
	    COUNT(waits));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
