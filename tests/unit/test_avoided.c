/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <check.h>

#include "remote/secure.h"

static struct secure		*secure;
static const struct endpoint	 at = { .family = AF_INET, .port = 25,
				    .address = { 192, 0, 2, 1 } };

static void
set_up(void)
{
	secure = secure_new();
}

static void
tear_down(void)
{
	secure_free(secure);
}

START_TEST(a_host_is_avoided_by_its_address_and_port)
{
	struct endpoint	 other = at;

	ck_assert(!secure_is_avoided(secure, &at));
	secure_avoid(secure, &at);
	secure_avoid(secure, &at);
	ck_assert(secure_is_avoided(secure, &at));
	other.port++;
	ck_assert(!secure_is_avoided(secure, &other));
}
END_TEST

START_TEST(of_too_many_the_first_is_forgotten)
{
	struct endpoint	 other = at;
	int		 i;

	secure_avoid(secure, &at);
	for (i = 0; i < TLS_AVOIDED_MAX; i++) {
		other.port++;
		secure_avoid(secure, &other);
	}
	ck_assert(!secure_is_avoided(secure, &at));
	ck_assert(secure_is_avoided(secure, &other));
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("avoided");
	TCase	*tc = tcase_create("avoided");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_host_is_avoided_by_its_address_and_port);
	tcase_add_test(tc, of_too_many_the_first_is_forgotten);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
