/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/alloc.h"
#include "tests/unit/config_rig.h"

#define HOSTNAME	"hostname mail.example.org\n"

static const struct {
	const char	*word;
	enum trust_kind	 kind;
} trusts[] = {
	{ "proxy",	TRUST_PROXY },
	{ "xclient",	TRUST_XCLIENT },
	{ "xforward",	TRUST_XFORWARD },
};

START_TEST(a_listener_lists_whom_it_believes)
{
	const struct config_networks	*n;
	char				 text[200];
	unsigned			 kind;

	snprintf(text, sizeof text, HOSTNAME "listen a {\n"
	    "%s 192.0.2.0/24\n%s 2001:db8::/32 ::1\n}\n"
	    "listen b {\nport 2525\n}\n", trusts[_i].word, trusts[_i].word);
	ck_assert_uint_eq(errors_of(text).len, 0);
	n = config->listens[0].trust;
	for (kind = 0; kind < TRUST_KIND_COUNT; kind++)
		ck_assert_uint_eq(n[kind].n, kind == trusts[_i].kind ? 3 : 0);
	ck_assert_uint_eq(n[trusts[_i].kind].item[0].prefix, 96 + 24);
	ck_assert_uint_eq(config->listens[1].trust[trusts[_i].kind].n, 0);
	forget();
}
END_TEST

START_TEST(a_listener_speaks_smtp_unless_it_is_said)
{
	ck_assert_uint_eq(errors_of(HOSTNAME "listen a {\nport 24\n"
	    "protocol lmtp\n}\nlisten b {\n}\nlisten c {\nsocket /s\n"
	    "protocol lmtp\n}\nlisten d {\nport 587\nprotocol smtp\n}\n").len,
	    0);
	ck_assert(config->listens[0].lmtp);
	ck_assert(!config->listens[1].lmtp);
	ck_assert(config->listens[2].lmtp);
	ck_assert(!config->listens[3].lmtp);
	forget();
}
END_TEST

static const struct {
	const char	*text, *errors;
} wrong[] = {
	{ "protocol imap\n", "conf:3: protocol: expected \"smtp\" or "
	    "\"lmtp\", not \"imap\"\n" },
	{ "protocol lmtp\n", "conf:2: expected another port than 25 for "
	    "lmtp\n" },
	{ "address ::1\nsocket /s\nprotocol lmtp\n", "conf:2: expected "
	    "another port than 25 for lmtp\n" },
	{ "proxy\n", "conf:3: proxy: expected networks such as 192.0.2.0/24 "
	    "or ::1\n" },
	{ "proxy 0.0.0.0/0\n", "conf:3: proxy: expected less than the whole "
	    "internet, not \"0.0.0.0/0\"\n" },
	{ "xclient ::/0\n", "conf:3: xclient: expected less than the whole "
	    "internet, not \"::/0\"\n" },
	{ "socket /s\nproxy ::1\n", "conf:2: expected proxy without a socket "
	    "in this block\n" },
	{ "socket /s\nxforward ::1\n", "conf:2: expected xforward without a "
	    "socket in this block\n" },
};

START_TEST(what_a_listener_cannot_do_is_told)
{
	char	 text[200];

	snprintf(text, sizeof text, HOSTNAME "listen a {\n%s}\n",
	    wrong[_i].text);
	ck_assert_msg(span_is(errors_of(text), wrong[_i].errors), "%s",
	    wrong[_i].text);
	forget();
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("config_listen");
	TCase	*tc = tcase_create("config_listen");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_loop_test(tc, a_listener_lists_whom_it_believes, 0,
	    COUNT(trusts));
	tcase_add_test(tc, a_listener_speaks_smtp_unless_it_is_said);
	tcase_add_loop_test(tc, what_a_listener_cannot_do_is_told, 0,
	    COUNT(wrong));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
