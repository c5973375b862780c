/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "shared/alloc.h"
#include "tests/unit/config_rig.h"

#define HOSTNAME	"hostname mail.example.org\n"

START_TEST(limits_of_a_listener_are_those_outside_but_for_its_own)
{
	const struct config_limit	*l;

	read_text(HOSTNAME "listen a {\nport 26\nlimit {\n"
	    "connections 7\nearly-talk no\n}\nrelay yes\n}\n"
	    "listen b {\n}\n"
	    "limit {\nconnections 9\ntotal-errors 4\nprefix6 56\n"
	    "exempt-relays no\n}\n"
	    "listen c {\nport 27\nlimit {\nexempt-relays yes\n}\n}\n");
	ck_assert_uint_eq(notes.nerrors, 0);
	ck_assert_uint_eq(config->nlistens, 3);
	l = &config->listens[0].limit;
	ck_assert(config->listens[0].relay);
	ck_assert_uint_eq(config->listens[0].port, 26);
	ck_assert_uint_eq(l->connections.each, 7);
	ck_assert_uint_eq(l->connections.all, 0);
	ck_assert_uint_eq(l->errors.all, 4);
	ck_assert_uint_eq(l->prefix6, 56);
	ck_assert_uint_eq(l->connects.each, 300);
	ck_assert(!l->early_talk && !l->exempt_relays);
	l = &config->listens[1].limit;
	ck_assert_uint_eq(l->connections.each, 9);
	ck_assert(l->early_talk && !l->exempt_relays);
	l = &config->listens[2].limit;
	ck_assert_uint_eq(l->connections.each, 9);
	ck_assert(l->exempt_relays);
	ck_assert_uint_eq(config->limit.connections.each, 9);
	forget();
}
END_TEST

START_TEST(identities_have_limits_of_their_own)
{
	read_text(HOSTNAME);
	ck_assert_uint_eq(config->quota.hour_messages, 300);
	ck_assert_uint_eq(config->quota.day_messages, 1000);
	ck_assert_uint_eq(config->quota.hour_recipients, 1000);
	ck_assert_uint_eq(config->quota.day_recipients, 5000);
	forget();
	read_text(HOSTNAME "identity-limit {\nmessages-per-hour 7\n"
	    "recipients-per-day 0\n}\n");
	ck_assert_uint_eq(notes.nerrors, 0);
	ck_assert_uint_eq(config->quota.hour_messages, 7);
	ck_assert_uint_eq(config->quota.day_messages, 1000);
	ck_assert_uint_eq(config->quota.day_recipients, 0);
	forget();
}
END_TEST

static const struct {
	const char	*text, *errors;
} mistakes[] = {
	{ HOSTNAME "listen l {\nlimit {\nconections 1\n}\n}\n",
	    "conf:4: expected a keyword such as \"connections\", not "
	    "\"conections\"\n" },
	{ HOSTNAME "listen l {\nlimits {\nerrors 1\n}\nport 26\n}\n",
	    "conf:3: expected } before another block; the open one began in "
	    "line 2\n" },
	{ HOSTNAME "listen l {\nlimit {\n}\nlimit {\n}\n}\n",
	    "conf:5: expected limit once, and it is in line 3\n" },
	{ HOSTNAME "limit {\n}\nlimit {\n}\n",
	    "conf:4: expected limit once, and it is in line 2\n" },
	{ HOSTNAME "domain a.example {\nlimit {\n}\n}\n",
	    "conf:3: expected } before another block; the open one began in "
	    "line 2\n" },
	{ HOSTNAME "limit {\nlisten l {\n}\n}\n",
	    "conf:3: expected } before another block; the open one began in "
	    "line 2\n" },
	{ HOSTNAME "listen l {\nlimit 5\n}\n",
	    "conf:3: expected { at the end of this line\n" },
	{ HOSTNAME "identity-limit {\nmessages-per-minute 1\n}\n",
	    "conf:3: expected a keyword such as \"messages-per-hour\", not "
	    "\"messages-per-minute\"\n" },
	{ HOSTNAME "senders /nowhere/at/all\n",
	    "conf:2: senders: expected a file that is there (No such file or "
	    "directory), not \"/nowhere/at/all\"\n" },
	{ HOSTNAME "limit {\nprefix4 33\n}\n",
	    "conf:3: prefix4: expected a number from 1 to 32, not \"33\"\n" },
};

START_TEST(mistakes_are_told)
{
	struct span	 s;

	read_text(mistakes[_i].text);
	s = buf_span(&notes.errors);
	ck_assert_msg(span_is(s, mistakes[_i].errors), "%.*s", (int)s.len,
	    s.ptr);
	forget();
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("config_limit");
	TCase	*tc = tcase_create("config_limit");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_test(tc,
	    limits_of_a_listener_are_those_outside_but_for_its_own);
	tcase_add_test(tc, identities_have_limits_of_their_own);
	tcase_add_loop_test(tc, mistakes_are_told, 0, COUNT(mistakes));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
