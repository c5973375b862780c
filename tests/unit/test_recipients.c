/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "shared/alloc.h"
#include "remote/recipients.h"

enum { MANY = 7 };

static void
fill(struct recipients *rs, unsigned n)
{
	struct recipient	 r = { 0 };
	unsigned		 i;

	recipients_init(rs, n);
	for (i = 0; i < n; i++) {
		r.number = 100 + i;
		ck_assert(!recipients_are_all(rs));
		ck_assert(recipients_add(rs, &r));
	}
	ck_assert(recipients_are_all(rs));
	ck_assert(!recipients_add(rs, &r));
}

static bool
admits_all(void *arg, const struct addr *a)
{
	(void)arg;
	(void)a;
	return true;
}

/* Every other one that it is asked about. */
static bool
admits_half(void *arg, const struct addr *a)
{
	unsigned	*asked = arg;

	(void)a;
	return (*asked)++ % 2 == 0;
}

START_TEST(all_fit_in_one_mail)
{
	struct recipients	 rs;
	unsigned		 i;

	fill(&rs, MANY);
	ck_assert_uint_eq(recipients_give(&rs, 100, admits_all, NULL), MANY);
	for (i = 0; i < MANY; i++) {
		ck_assert_uint_eq(recipients_given(&rs, i)->number, 100 + i);
		ck_assert(recipients_settle(&rs, recipients_given(&rs, i)));
		ck_assert(!recipients_settle(&rs, recipients_given(&rs, i)));
	}
	ck_assert_uint_eq(recipients_take_back(&rs), 0);
	ck_assert_uint_eq(recipients_give(&rs, 100, admits_all, NULL), 0);
	recipients_clear(&rs);
}
END_TEST

/* Whatever a mail settles, each recipient is settled once, in few mails. */
START_TEST(further_mails_take_what_is_left)
{
	struct recipients	 rs;
	unsigned		 mails = 0, settled = 0, i, n;

	fill(&rs, MANY);
	while ((n = recipients_give(&rs, 3, admits_all, NULL)) > 0) {
		ck_assert_uint_le(n, 3);
		ck_assert_uint_le(++mails, MANY);
		for (i = 0; i < n; i++)
			if (i % 2 == 0 && recipients_settle(&rs,
			    recipients_given(&rs, i)))
				settled++;
			else
				recipients_given(&rs, i)->state = RCPT_AGAIN;
		ck_assert_uint_eq(recipients_take_back(&rs), MANY - settled);
	}
	ck_assert_uint_eq(settled, MANY);
	recipients_clear(&rs);
}
END_TEST

START_TEST(those_not_admitted_wait)
{
	struct recipients	 rs;
	unsigned		 asked = 0;

	fill(&rs, MANY);
	ck_assert_uint_eq(recipients_give(&rs, 100, admits_half, &asked), 4);
	ck_assert_uint_eq(asked, MANY);
	ck_assert_uint_eq(recipients_given(&rs, 1)->number, 102);
	ck_assert_uint_eq(rs.all[1].state, RCPT_WAITS);
	ck_assert_uint_eq(recipients_take_back(&rs), MANY);
	recipients_clear(&rs);
}
END_TEST

START_TEST(a_mail_has_a_ceiling)
{
	struct recipients	 rs;

	fill(&rs, JOB_RECIPIENTS_MAX + 1);
	ck_assert_uint_eq(recipients_give(&rs, 1000, admits_all, NULL),
	    JOB_RECIPIENTS_MAX);
	recipients_clear(&rs);
	recipients_clear(&rs);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("recipients");
	TCase	*tc = tcase_create("recipients");
	SRunner	*runner;
	int	 failed;

	tcase_add_test(tc, all_fit_in_one_mail);
	tcase_add_test(tc, further_mails_take_what_is_left);
	tcase_add_test(tc, those_not_admitted_wait);
	tcase_add_test(tc, a_mail_has_a_ceiling);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
