/* SPDX-License-Identifier: ISC */
/* Who has had a message before. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/delivered.h"

static const struct {
	const char	*content;
	bool		 loop;
} loops[] = {
	{ "Delivered-To: a@b.example\r\n\r\n",			true },
	{ "Delivered-To: a@B.EXAMPLE\r\n\r\n",			true },
	{ "delivered-to:a@b.example\r\n\r\n",			true },
	{ "Delivered-To: a@b.example \n\n",			true },
	{ "X: y\r\nDelivered-To: a@b.example\r\n\r\n",		true },
	{ "Delivered-To: c@b.example\r\n"
	    "Delivered-To: a@b.example\r\n\r\n",		true },
	{ "Delivered-To: a@b.example",				true },
	{ "Delivered-To: A@b.example\r\n\r\n",			false },
	{ "Delivered-To: a@b.example.org\r\n\r\n",		false },
	{ "Delivered-To: c@b.example\r\n\r\n",			false },
	{ "Delivered-To:\r\n\r\n",				false },
	{ "X-Delivered-To: a@b.example\r\n\r\n",		false },
	{ " Delivered-To: a@b.example\r\n\r\n",			false },
	{ "X: y\r\n\r\nDelivered-To: a@b.example\r\n",		false },
	{ "\r\nDelivered-To: a@b.example\r\n",			false },
	{ "",							false },
	/* folded */
	{ "Delivered-To:\r\n a@b.example\r\n\r\n",		true },
	{ "Delivered-To:\n\ta@b.example\n",			true },
	{ "Delivered-To: a@b.example\r\n\t\r\nX: y\r\n",	true },
	{ "Delivered-To: a@b.exam\r\n ple\r\n",			false },
	{ "X: y\r\n Delivered-To: a@b.example\r\n",		false },
	{ "X: y\r\n\r\n a@b.example\r\n",			false },
	/* another local part is another mailbox */
	{ "Delivered-To: \"a\"@b.example\r\n",			true },
	{ "Delivered-To: a+x@b.example\r\n",			false },
	/* no address, or more than one */
	{ "Delivered-To: <a@b.example>\r\n",			false },
	{ "Delivered-To: a@b.example, c@b.example\r\n",		false },
	{ "Delivered-To a@b.example\r\n",			false },
	{ "Delivered-To\r\n",					false },
};

static void
on_found(void *arg, const struct addr *who)
{
	bool		*loop = arg;
	struct addr	 a;

	ck_assert_int_eq(addr_parse(span_of("a@b.example"), &a), ADDR_OK);
	*loop |= addr_equal(&a, who);
}

/* In pieces of each size. */
START_TEST(a_recipient_who_had_it_is_found)
{
	struct span	 all = span_of(loops[_i].content), rest;
	size_t		 n;
	bool		 loop;

	for (n = 1; n <= all.len + 1; n++) {
		struct delivered	 d = { .found = on_found,
					    .arg = &loop };

		loop = false;
		for (rest = all; rest.len > 0; rest = span_skip(rest, n))
			delivered_feed(&d, span_head(rest, n));
		delivered_end(&d);
		ck_assert_msg(loop == loops[_i].loop, "%zu: %s", n,
		    loops[_i].content);
	}
}
END_TEST

static void
count(void *arg, const struct addr *who)
{
	(void)who;
	++*(unsigned *)arg;
}

START_TEST(a_hundred_are_looked_at)
{
	unsigned		 n = 0, i;
	struct delivered	 d = { .found = count, .arg = &n };

	for (i = 0; i < 3 * DELIVERED_MAX; i++)
		delivered_feed(&d, span_of("Delivered-To: a@b.example\r\n"));
	delivered_end(&d);
	ck_assert_uint_eq(n, DELIVERED_MAX);
}
END_TEST

START_TEST(a_field_has_a_ceiling)
{
	unsigned		 n = 0, i;
	struct delivered	 d = { .found = count, .arg = &n };

	delivered_feed(&d, span_of("Delivered-To:"));
	for (i = 0; i < 100000; i++)
		delivered_feed(&d, span_of(" \r\n "));
	delivered_feed(&d, span_of("a@b.example\r\n\r\n"));
	delivered_end(&d);
	ck_assert_uint_eq(n, 0);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("delivered");
	TCase	*tc = tcase_create("delivered");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, a_recipient_who_had_it_is_found, 0,
	    COUNT(loops));
	tcase_add_test(tc, a_hundred_are_looked_at);
	tcase_add_test(tc, a_field_has_a_ceiling);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
