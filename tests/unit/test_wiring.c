/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "master/accuse.h"
#include "master/agents.h"
#include "master/wiring.h"
#include "shared/alloc.h"

/* The whole picture: nobody else has a pair. */
static const struct {
	enum role	 a, b;
} pairs[] = {
	{ ROLE_SMTPD,	ROLE_LOOKUP },
	{ ROLE_SMTPD,	ROLE_QUEUE },
	{ ROLE_SMTPD,	ROLE_RESOLVER },
	{ ROLE_SMTPD,	ROLE_KEYS },
	{ ROLE_QUEUE,	ROLE_LOOKUP },
	{ ROLE_QUEUE,	ROLE_REMOTE },
	{ ROLE_QUEUE,	ROLE_LOCAL },
	{ ROLE_REMOTE,	ROLE_RESOLVER },
	{ ROLE_REMOTE,	ROLE_CONNECTOR },
	{ ROLE_LOCAL,	ROLE_AGENT },
	{ ROLE_LOOKUP,	ROLE_USERS },
	{ ROLE_LOOKUP,	ROLE_PASSWORDS },
	{ ROLE_LOOKUP,	ROLE_DOVECOT },
	{ ROLE_CONTROL,	ROLE_QUEUE },
	{ ROLE_MONITOR,	ROLE_QUEUE },
	{ ROLE_MONITOR,	ROLE_REMOTE },
};

static bool
is_in_picture(enum role a, enum role b)
{
	size_t	 i;

	for (i = 0; i < COUNT(pairs); i++)
		if ((pairs[i].a == a && pairs[i].b == b) ||
		    (pairs[i].a == b && pairs[i].b == a))
			return true;
	return false;
}

START_TEST(the_pairs_are_those_of_the_picture)
{
	enum role	 a = _i, b;

	for (b = 0; b < ROLE_COUNT; b++)
		ck_assert_msg(roles_talk(a, b) == is_in_picture(a, b),
		    "%s and %s", role_name(a), role_name(b));
}
END_TEST

static const struct {
	enum role	 by, accused;
	enum verdict	 verdict;
} accusations[] = {
	{ ROLE_QUEUE,	ROLE_SMTPD,	VERDICT_BELIEVED },
	{ ROLE_LOOKUP,	ROLE_SMTPD,	VERDICT_BELIEVED },
	{ ROLE_LOCAL,	ROLE_AGENT,	VERDICT_BELIEVED },
	{ ROLE_RESOLVER, ROLE_REMOTE,	VERDICT_BELIEVED },
	{ ROLE_RESOLVER, ROLE_SMTPD,	VERDICT_BELIEVED },
	{ ROLE_CONNECTOR, ROLE_REMOTE,	VERDICT_BELIEVED },
	{ ROLE_SMTPD,	ROLE_QUEUE,	VERDICT_LIE },	/* trusted less */
	{ ROLE_AGENT,	ROLE_LOCAL,	VERDICT_LIE },
	{ ROLE_QUEUE,	ROLE_QUEUE,	VERDICT_LIE },	/* itself */
	{ ROLE_QUEUE,	ROLE_MASTER,	VERDICT_LIE },
	{ ROLE_QUEUE,	ROLE_AGENT,	VERDICT_LIE },	/* have no pair */
	{ ROLE_LOOKUP,	ROLE_REMOTE,	VERDICT_LIE },
	{ ROLE_LOGGER,	ROLE_SMTPD,	VERDICT_LIE },
};

START_TEST(only_the_more_trusted_neighbour_is_believed)
{
	ck_assert_msg(accuse_judge(accusations[_i].by,
	    accusations[_i].accused) == accusations[_i].verdict, "%s of %s",
	    role_name(accusations[_i].by), role_name(accusations[_i].accused));
}
END_TEST

static const struct {
	const char	*name;
	size_t		 len;
	bool		 good;
} names[] = {
	{ "alice",		5,	true },
	{ "a",			1,	true },
	{ "www-data",		8,	true },
	{ "_apt",		4,	true },
	{ "bob@example.org",	15,	true },
	{ "",			0,	false },
	{ "-rf",		3,	false },
	{ ".hidden",		7,	false },
	{ "../root",		7,	false },
	{ "a/b",		3,	false },
	{ "a b",		3,	false },
	{ "a\nb",		3,	false },
	{ "a\0b",		3,	false },
	{ "a:b",		3,	false },
	{ "\xc3\xa9t\xc3\xa9",	5,	false },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    64, true },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    65, false },
};

START_TEST(an_agent_is_for_a_plain_name_only)
{
	ck_assert_msg(agents_may_be_user(span_make(names[_i].name,
	    names[_i].len)) == names[_i].good, "%s", names[_i].name);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("wiring");
	TCase	*tc = tcase_create("wiring");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, the_pairs_are_those_of_the_picture, 0,
	    ROLE_COUNT);
	tcase_add_loop_test(tc, only_the_more_trusted_neighbour_is_believed, 0,
	    COUNT(accusations));
	tcase_add_loop_test(tc, an_agent_is_for_a_plain_name_only, 0,
	    COUNT(names));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
