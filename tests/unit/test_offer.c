/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "shared/alloc.h"
#include "remote/domains.h"
#include "remote/mechanism.h"
#include "remote/offer.h"

static const struct {
	const char	*line;
	struct offer	 wanted;
} lines[] = {
	{ "PIPELINING",		{ .extensions = OFFER_PIPELINING } },
	{ "pipelining",		{ .extensions = OFFER_PIPELINING } },
	{ "  PIPELINING  ",	{ .extensions = OFFER_PIPELINING } },
	{ "PIPELININGS",	{ .extensions = 0 } },
	{ "PIPE",		{ .extensions = 0 } },
	{ "",			{ .extensions = 0 } },
	{ "8BITMIME",		{ .extensions = OFFER_8BITMIME } },
	{ "CHUNKING",		{ .extensions = OFFER_CHUNKING } },
	{ "XCHUNKING",		{ .extensions = 0 } },
	{ "STARTTLS",		{ .extensions = OFFER_STARTTLS } },
	{ "DSN",		{ .extensions = OFFER_DSN } },
	{ "DSN 1",		{ .extensions = OFFER_DSN } },
	{ "XDSN",		{ .extensions = 0 } },
	{ "AUTH",		{ .mechanisms = 0 } },
	{ "AUTH LOGIN Plain CRAM-MD5", { .mechanisms =
	    1 << MECHANISM_LOGIN | 1 << MECHANISM_PLAIN } },
	{ "AUTH SCRAM-SHA-256-PLUS", { .mechanisms =
	    1 << MECHANISM_SCRAM_PLUS } },
	{ "SIZE",		{ .extensions = OFFER_SIZE } },
	{ "SIZE 0",		{ .extensions = OFFER_SIZE } },
	{ "SIZE 10",		{ .extensions = OFFER_SIZE, .size = 10 } },
	{ "SIZE=10",		{ .extensions = 0 } },
	{ "SIZE -1",		{ .extensions = OFFER_SIZE } },
	{ "SIZE 18446744073709551615", { .extensions = OFFER_SIZE,
	    .size = UINT64_MAX } },
	{ "SIZE 18446744073709551616", { .extensions = OFFER_SIZE } },
	{ "LIMITS",		{ .mails = 0 } },
	{ "LIMITS MAILMAX=3",	{ .mails = 3 } },
	{ "LIMITS RCPTMAX=5 MAILMAX=3", { .mails = 3, .recipients = 5 } },
	{ "limits rcptdomainmax=1", { .domains = 1 } },
	{ "LIMITS FOO=1 RCPTMAX=5 BAR", { .recipients = 5 } },
	{ "LIMITS RCPTMAX=0",	{ .recipients = 0 } },
	{ "LIMITS RCPTMAX=",	{ .recipients = 0 } },
	{ "LIMITS RCPTMAX",	{ .recipients = 0 } },
	{ "LIMITS RCPTMAX=5x",	{ .recipients = 0 } },
	{ "LIMITS RCPTMAX=999999", { .recipients = 999999 } },
	{ "LIMITS RCPTMAX=1000000", { .recipients = 0 } },
};

START_TEST(a_line_says_what_it_says)
{
	const struct offer	*w = &lines[_i].wanted;
	struct offer		 o = { 0 };

	offer_line(&o, span_of(lines[_i].line));
	ck_assert_msg(o.extensions == w->extensions && o.size == w->size &&
	    o.mechanisms == w->mechanisms && o.mails == w->mails &&
	    o.recipients == w->recipients &&
	    o.domains == w->domains, "%s", lines[_i].line);
}
END_TEST

START_TEST(lines_add_up)
{
	struct offer	 o = { 0 };

	offer_line(&o, span_of("PIPELINING"));
	offer_line(&o, span_of("SIZE 7"));
	offer_line(&o, span_of("LIMITS MAILMAX=2"));
	offer_line(&o, span_of("WHATEVER"));
	ck_assert_uint_eq(o.extensions, OFFER_PIPELINING | OFFER_SIZE);
	ck_assert_uint_eq(o.size, 7);
	ck_assert_uint_eq(o.mails, 2);
}
END_TEST

START_TEST(as_many_domains_as_may_be)
{
	struct domains	 d = { 0 };

	ck_assert(domains_admit(&d, span_of("a.example"), 2));
	ck_assert(domains_admit(&d, span_of("b.example"), 2));
	ck_assert(!domains_admit(&d, span_of("c.example"), 2));
	ck_assert(domains_admit(&d, span_of("A.Example"), 2));
	ck_assert(domains_admit(&d, span_of("b.example"), 2));
	ck_assert(domains_admit(&d, span_of("c.example"), 3));
}
END_TEST

START_TEST(what_is_known_of_domains_has_a_ceiling)
{
	struct domains	 d = { 0 };
	char		 name[] = "a000.example";
	unsigned	 i;

	for (i = 0; i <= DOMAINS_MAX; i++) {
		name[2] = (char)('0' + i / 10);
		name[3] = (char)('0' + i % 10);
		ck_assert(domains_admit(&d, span_of(name), 1000) ==
		    (i < DOMAINS_MAX));
	}
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("offer");
	TCase	*tc = tcase_create("offer");
	SRunner	*runner;
	int	 failed;

	tcase_add_loop_test(tc, a_line_says_what_it_says, 0, COUNT(lines));
	tcase_add_test(tc, lines_add_up);
	tcase_add_test(tc, as_many_domains_as_may_be);
	tcase_add_test(tc, what_is_known_of_domains_has_a_ceiling);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
