/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/dsn.h"

static const struct {
	const char	*text;
	unsigned	 notify;	/* 0: refused */
} notifies[] = {
	{ "NEVER",			DSN_NEVER },
	{ "never",			DSN_NEVER },
	{ "Success",			DSN_SUCCESS },
	{ "FAILURE",			DSN_FAILURE },
	{ "DELAY,FAILURE",		DSN_DELAY | DSN_FAILURE },
	{ "delay,success,failure",	DSN_DELAY | DSN_FAILURE | DSN_SUCCESS },
	{ "",				0 },
	{ "NEVER,NEVER",		0 },
	{ "NEVER,FAILURE",		0 },
	{ "FAILURE,NEVER",		0 },
	{ "FAILURE,FAILURE",		0 },
	{ "FAILURE,",			0 },
	{ ",FAILURE",			0 },
	{ "FAILURE,,DELAY",		0 },
	{ "FAILURE;DELAY",		0 },
	{ "FAILURES",			0 },
	{ "ALWAYS",			0 },
};

START_TEST(notify_is_never_or_each_once)
{
	unsigned	 notify;
	bool		 good = dsn_parse_notify(span_of(notifies[_i].text),
			    &notify);

	ck_assert_msg(good == (notifies[_i].notify != 0), "%s",
	    notifies[_i].text);
	if (good)
		ck_assert_uint_eq(notify, notifies[_i].notify);
}
END_TEST

static const struct {
	const char	*text;
	bool		 good;
} envids[] = {
	{ "QQ314159",			true },
	{ "a+20b+2B+3D",		true },
	{ "+",				false },
	{ "+2",				false },
	{ "+2b",			false },
	{ "+0D+0A",			false },
	{ "+7F",			false },
	{ "+E4",			false },
	{ "a=b",			false },
	{ "a b",			false },
	{ "",				false },
}, orcpts[] = {
	{ "rfc822;Bob@Example.COM",	true },
	{ "RFC822;a+2Btag@b",		true },
	{ "rfc822;a+20b@c",		true },
	{ "x400;/C=de/",		false },
	{ "x400;/C+3Dde/",		true },
	{ "x;y;z",			true },
	{ "rfc822;",			false },
	{ ";a@b",			false },
	{ "rfc822",			false },
	{ "rfc 822;a@b",		false },
	{ "a.b;c@d",			false },
	{ "rfc822;a+0A@b",		false },
	{ "rfc822;a\xc3\xa4@b",		false },
	{ "utf-8;a@b",			true },
	{ "UTF-8;\\x{E4}\\x{263A}@\\x{10FFFF}", true },
	{ "utf-8;\\x{20}\\x{2B}\\x{3D}\\x{5C}@b", true },
	{ "utf-8;a+20@b",		false },
	{ "utf-8;a\\x{41}@b",		false },
	{ "utf-8;a\\x{0A}@b",		false },
	{ "utf-8;a\\x{7F}@b",		false },
	{ "utf-8;a\\x{85}@b",		false },
	{ "utf-8;a\\x{00E4}@b",		false },
	{ "utf-8;a\\x{e4}@b",		false },
	{ "utf-8;a\\x{D800}@b",		false },
	{ "utf-8;a\\x{110000}@b",	false },
	{ "utf-8;a\\x{E4",		false },
	{ "utf-8;a\\x{}",		false },
	{ "utf-8;a\\y@b",		false },
	{ "utf-8;a\\",			false },
	{ "utf-8;a\xc3\xa4@b",		false },
	{ "utf-8;",			false },
};

START_TEST(envid_is_xtext_of_what_can_be_printed)
{
	ck_assert_msg(dsn_is_envid(span_of(envids[_i].text)) ==
	    envids[_i].good, "%s", envids[_i].text);
}
END_TEST

START_TEST(orcpt_is_a_type_and_xtext)
{
	ck_assert_msg(dsn_is_orcpt(span_of(orcpts[_i].text)) ==
	    orcpts[_i].good, "%s", orcpts[_i].text);
}
END_TEST

START_TEST(values_have_a_longest)
{
	char	 text[ORCPT_MAX + 2] = "rfc822;";

	memset(text + strlen(text), 'x', sizeof text - strlen(text));
	ck_assert(dsn_is_orcpt(span_make(text, ORCPT_MAX)));
	ck_assert(!dsn_is_orcpt(span_make(text, ORCPT_MAX + 1)));
	memset(text, 'x', sizeof text);
	ck_assert(dsn_is_envid(span_make(text, ENVID_MAX)));
	ck_assert(!dsn_is_envid(span_make(text, ENVID_MAX + 1)));
}
END_TEST

START_TEST(words_are_in_order)
{
	char		 mail[DSN_MAIL_MAX + 1], rcpt[RCPT_PARAMETERS_MAX + 1];
	struct span	 none = span_of("");

	ck_assert(span_is(dsn_mail_words(DSN_RET_NONE, none, mail), ""));
	ck_assert(span_is(dsn_mail_words(DSN_RET_FULL, none, mail),
	    "ret=full"));
	ck_assert(span_is(dsn_mail_words(DSN_RET_NONE, span_of("a+20b"),
	    mail), "envid=a+20b"));
	ck_assert(span_is(dsn_mail_words(DSN_RET_HDRS, span_of("X"), mail),
	    "ret=hdrs envid=X"));
	ck_assert(span_is(dsn_rcpt_words(0, none, rcpt), ""));
	ck_assert(span_is(dsn_rcpt_words(DSN_NEVER, none, rcpt),
	    "notify=never"));
	ck_assert(span_is(dsn_rcpt_words(DSN_DELAY | DSN_SUCCESS |
	    DSN_FAILURE, span_of("rfc822;a@b"), rcpt),
	    "notify=success,failure,delay orcpt=rfc822;a@b"));
	ck_assert(span_is(dsn_rcpt_words(0, span_of("rfc822;a@b"), rcpt),
	    "orcpt=rfc822;a@b"));
}
END_TEST

START_TEST(the_longest_words_fit)
{
	char	 text[ORCPT_MAX];
	char	 mail[DSN_MAIL_MAX + 1], rcpt[RCPT_PARAMETERS_MAX + 1];

	memset(text, 'x', sizeof text);
	ck_assert_uint_eq(dsn_mail_words(DSN_RET_HDRS, span_make(text,
	    ENVID_MAX), mail).len, strlen("ret=hdrs envid=") + ENVID_MAX);
	ck_assert_uint_eq(dsn_rcpt_words(DSN_DELAY | DSN_SUCCESS |
	    DSN_FAILURE, span_make(text, ORCPT_MAX), rcpt).len,
	    strlen("notify=success,failure,delay orcpt=") + ORCPT_MAX);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("dsn");
	TCase	*tc = tcase_create("dsn");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, notify_is_never_or_each_once, 0,
	    COUNT(notifies));
	tcase_add_loop_test(tc, envid_is_xtext_of_what_can_be_printed, 0,
	    COUNT(envids));
	tcase_add_loop_test(tc, orcpt_is_a_type_and_xtext, 0, COUNT(orcpts));
	tcase_add_test(tc, values_have_a_longest);
	tcase_add_test(tc, words_are_in_order);
	tcase_add_test(tc, the_longest_words_fit);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
