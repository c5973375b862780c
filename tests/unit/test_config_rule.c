/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "tests/unit/config_rig.h"

#define HEAD	"hostname mail.example.org\npostmaster joe@a.example\n" \
		"listen smtp {\n}\n"		/* four lines */

/* ---- values -------------------------------------------------------------- */

static const struct {
	const char	*line;
	enum condition	 kind;
	bool		 except;
	const char	*text;
} values[] = {
	{ "name Example.ORG",	CONDITION_NAME,	false,	"example.org" },
	{ "name *.example.org",	CONDITION_NAME,	false,	"*.example.org" },
	{ "name !*",		CONDITION_NAME,	true,	"*" },
	{ "helo localhost",	CONDITION_HELO,	false,	"localhost" },
	{ "helo 192.0.2.1",	CONDITION_HELO,	false,	"192.0.2.1" },
	{ "helo [192.0.2.1]",	CONDITION_HELO,	false,	"[192.0.2.1]" },
	{ "helo *.Example.org",	CONDITION_HELO,	false,	"*.example.org" },
	{ "sender <>",		CONDITION_SENDER, false, "<>" },
	{ "sender !<>",		CONDITION_SENDER, true,	"<>" },
	{ "sender A.example",	CONDITION_SENDER, false, "a.example" },
	{ "sender *.a.example",	CONDITION_SENDER, false, "*.a.example" },
	{ "sender Joe@A.example", CONDITION_SENDER, false, "joe@a.example" },
	{ "sender joe@*",	CONDITION_SENDER, false, "joe@*" },
	{ "sender *@*.a.example", CONDITION_SENDER, false, "*@*.a.example" },
	{ "sender joe@[192.0.2.1]", CONDITION_SENDER, false,
	    "joe@[192.0.2.1]" },
	{ "sender \"\\\"a b\\\"@c.example\"", CONDITION_SENDER, false,
	    "\"a b\"@c.example" },
	{ "sender \"\\\"joe\\\"@c.example\"", CONDITION_SENDER, false,
	    "joe@c.example" },
	{ "recipient *",	CONDITION_RECIPIENT, false, "*" },
	{ "tls yes",		CONDITION_TLS,	false,	"yes" },
	{ "tls !yes",		CONDITION_TLS,	true,	"yes" },
	{ "identity Joe",	CONDITION_IDENTITY, false, "joe" },
	{ "identity uid:0",	CONDITION_IDENTITY, false, "uid:0" },
	{ "identity !uid:*",	CONDITION_IDENTITY, true, "uid:*" },
	{ "listener SMTP",	CONDITION_LISTENER, false, "smtp" },
	{ "listener submit",	CONDITION_LISTENER, false, "submit" },
};

START_TEST(values_are_in_lower_case)
{
	const struct config_pattern	*p;
	char				 text[512];

	snprintf(text, sizeof text, HEAD "rule r {\n%s\nthen accept\n}\n",
	    values[_i].line);
	must_read(text);
	ck_assert_uint_eq(config->nrules, 1);
	ck_assert_uint_eq(config->rules[0].n, 1);
	p = &config->conditions.item[config->rules[0].first];
	ck_assert_int_eq(p->kind, values[_i].kind);
	ck_assert_int_eq(p->except, values[_i].except);
	ck_assert_str_eq(p->text, values[_i].text);
	forget();
}
END_TEST

START_TEST(networks_are_values_too)
{
	static const uint8_t	 octets[16] = { [10] = 0xff, 0xff, 192, 0, 2 };
	const struct config_pattern *p;

	must_read(HEAD "rule r {\nclient 192.0.2.0/24 !::1\nthen refuse\n}\n");
	p = config->conditions.item;
	ck_assert_uint_eq(config->rules[0].n, 2);
	ck_assert_int_eq(p[0].kind, CONDITION_CLIENT);
	ck_assert_mem_eq(p[0].network.address, octets, 16);
	ck_assert_uint_eq(p[0].network.prefix, 96 + 24);
	ck_assert(!p[0].except && p[1].except);
	ck_assert_uint_eq(p[1].network.prefix, 128);
	forget();
}
END_TEST

START_TEST(each_rule_has_its_own_values)
{
	must_read(HEAD
	    "rule one {\nhelo a b\nhelo c\nthen accept\nsender <>\n}\n"
	    "rule two {\nthen tag Bulk\nhelo d\n}\n"
	    "rule three {\nthen refuse\n}\n");
	ck_assert_uint_eq(config->nrules, 3);
	ck_assert_str_eq(config->rules[0].name, "one");
	ck_assert_uint_eq(config->rules[0].first, 0);
	ck_assert_uint_eq(config->rules[0].n, 4);
	ck_assert_uint_eq(config->rules[1].first, 4);
	ck_assert_uint_eq(config->rules[1].n, 1);
	ck_assert_uint_eq(config->rules[2].n, 0);
	ck_assert_int_eq(config->rules[0].verdict, RULE_ACCEPT);
	ck_assert_int_eq(config->rules[1].verdict, RULE_TAG);
	ck_assert_str_eq(config->rules[1].tag, "Bulk");
	ck_assert_int_eq(config->rules[2].verdict, RULE_REFUSE);
	ck_assert_uint_eq(buf_len(&notes.warnings), 0);
	forget();
}
END_TEST

static const struct {
	const char	*then;
	unsigned	 code;
	const char	*enhanced, *text;
} replies[] = {
	{ "refuse", 550, "5.7.1", "Refused by the policy of this server" },
	{ "refuse Go away", 550, "5.7.1", "Go away" },
	{ "refuse \"Go away\"", 550, "5.7.1", "Go away" },
	{ "refuse 554 Go away", 554, "5.7.1", "Go away" },
	{ "refuse \"554 5.7.0 Go away\"", 554, "5.7.0", "Go away" },
	{ "refuse 554 5.7.0", 554, "5.7.0",
	    "Refused by the policy of this server" },
	{ "refuse 5.7.25 No name", 550, "5.7.25", "No name" },
	{ "defer", 450, "4.7.1",
	    "Deferred by the policy of this server, try again later" },
	{ "defer 451 4.7.0 Later", 451, "4.7.0", "Later" },
};

START_TEST(a_reply_is_a_code_an_enhanced_code_and_a_text)
{
	const struct reply	*r;
	char			 text[512], enhanced[ENHANCED_SIZE];

	snprintf(text, sizeof text, HEAD "rule r {\nthen %s\n}\n",
	    replies[_i].then);
	must_read(text);
	r = &config->rules[0].reply;
	reply_enhanced(r, enhanced);
	ck_assert_uint_eq(r->code, replies[_i].code);
	ck_assert_str_eq(enhanced, replies[_i].enhanced);
	ck_assert_str_eq(r->text, replies[_i].text);
	forget();
}
END_TEST

START_TEST(identities_that_may_relay_add_up)
{
	must_read(HEAD "relay-identity uid:33 joe\nrelay-identity !uid:0\n");
	ck_assert_uint_eq(config->relay_identity.n, 3);
	ck_assert_str_eq(config->relay_identity.item[0].text, "uid:33");
	ck_assert(config->relay_identity.item[2].except);
	forget();
}
END_TEST

/* ---- mistakes ------------------------------------------------------------ */

#define THEN	"then: expected \"accept\", \"refuse\", \"defer\", \"tag " \
		"WORD\" or \"priority N\""
#define URGED	"then: expected \"priority\" and a number from -9 to 9, not "
#define REFUSAL	"then: expected \"refuse\" and perhaps a reply such as " \
		"\"550 5.7.1 Go away\", not "

static const struct {
	const char	*text, *errors;
} mistakes[] = {
	{ "rule r {\nhelo a\n}\n",
	    "conf:5: expected then in this block\n" },
	{ "rule {\nthen accept\n}\n",
	    "conf:5: expected one name between rule and {\n" },
	{ "rule a/b {\nthen accept\n}\n",
	    "conf:5: expected a name of letters and digits, not \"a/b\"\n" },
	{ "rule r {\nhleo a\nthen accept\n}\n", "conf:6: expected a keyword "
	    "such as \"helo\", not \"hleo\"\n" },
	{ "rule r {\nthen accept\nthen refuse\n}\n",
	    "conf:7: expected then once, and it is in line 6\n" },
	{ "rule r {\nthen accept\n}\nrule r {\nhelo a\nthen accept\n}\n",
	    "conf:8: expected another name: \"r\" is in line 5\n" },
	{ "rule r {\nthen\n}\n", "conf:6: " THEN "\n" },
	{ "rule r {\nthen reject\n}\n", "conf:6: " THEN ", not \"reject\"\n" },
	{ "rule r {\nthen accept all\n}\n",
	    "conf:6: " THEN ", not \"accept all\"\n" },
	{ "rule r {\nthen priority\n}\n", "conf:6: " URGED
	    "\"priority\"\n" },
	{ "rule r {\nthen priority 10\n}\n", "conf:6: " URGED
	    "\"priority 10\"\n" },
	{ "rule r {\nthen priority high\n}\n", "conf:6: " URGED
	    "\"priority high\"\n" },
	{ "rule r {\nthen tag\n}\n", "conf:6: then: expected \"tag\" and a "
	    "word of at most 32 letters and digits, not \"tag\"\n" },
	{ "rule r {\nthen tag a:b\n}\n", "conf:6: then: expected \"tag\" and "
	    "a word of at most 32 letters and digits, not \"tag a:b\"\n" },
	{ "rule r {\nthen refuse 450 no\n}\n",
	    "conf:6: " REFUSAL "\"refuse 450 no\"\n" },
	{ "rule r {\nthen refuse 550 4.7.1 no\n}\n",
	    "conf:6: " REFUSAL "\"refuse 550 4.7.1 no\"\n" },
	{ "rule r {\nthen refuse 521 no\n}\n",
	    "conf:6: " REFUSAL "\"refuse 521 no\"\n" },
	{ "rule r {\nthen refuse 599 no\n}\n",
	    "conf:6: " REFUSAL "\"refuse 599 no\"\n" },
	{ "rule r {\nthen refuse n\xc3\xb3\n}\n",
	    "conf:6: " REFUSAL "\"refuse n??\"\n" },
	{ "rule r {\nclient a.example\nthen accept\n}\n", "conf:6: client: "
	    "expected a network such as 192.0.2.0/24 or ::1, not "
	    "\"a.example\"\n" },
	{ "rule r {\nclient 192.0.2.1/24\nthen accept\n}\n", "conf:6: client: "
	    "expected a network such as 192.0.2.0/24 or ::1, not "
	    "\"192.0.2.1/24\"\n" },
	{ "rule r {\nname a_b 192.0.2.1\nthen accept\n}\n", "conf:6: name: "
	    "expected a domain name, *.DOMAIN or *, not \"192.0.2.1\"\n" },
	{ "rule r {\nhelo a/b\nthen accept\n}\n", "conf:6: helo: expected a "
	    "name, *.DOMAIN or *, not \"a/b\"\n" },
	{ "rule r {\nsender a@b@c\nthen accept\n}\n", "conf:6: sender: "
	    "expected DOMAIN, *.DOMAIN, LOCAL@DOMAIN, <> or *, not "
	    "\"a@b@c\"\n" },
	{ "rule r {\nrecipient <>\nthen accept\n}\n", "conf:6: recipient: "
	    "expected DOMAIN, *.DOMAIN, LOCAL@DOMAIN or *, not \"<>\"\n" },
	{ "rule r {\ntls maybe\nthen accept\n}\n", "conf:6: tls: expected "
	    "\"yes\" or \"no\", not \"maybe\"\n" },
	{ "rule r {\nidentity uid:joe\nthen accept\n}\n", "conf:6: identity: "
	    "expected a user such as joe, *@DOMAIN, uid:1000, uid:* or *, not "
	    "\"uid:joe\"\n" },
	{ "rule r {\nlistener smpt\nthen accept\n}\n", "conf:5: expected a "
	    "listener such as \"smtp\", not \"smpt\"\n" },
	{ "rule r {\nhelo\nthen accept\n}\n", "conf:6: helo: expected a name, "
	    "*.DOMAIN or *\n" },
	{ "smtpd {\nclient-names no\n}\nrule r {\nname *\nthen accept\n}\n",
	    "conf:8: expected no name in a rule: client-names says that none "
	    "is asked for\n" },
	{ "relay-identity uid:-1\n", "conf:5: relay-identity: expected a user "
	    "such as joe, *@DOMAIN, uid:1000, uid:* or *, not \"uid:-1\"\n" },
};

START_TEST(mistakes_are_told_with_what_was_expected)
{
	char		 text[512];
	struct span	 s;

	snprintf(text, sizeof text, HEAD "%s", mistakes[_i].text);
	read_text(text);
	s = buf_span(&notes.errors);
	ck_assert_msg(span_is(s, mistakes[_i].errors), "%s: %.*s",
	    mistakes[_i].text, (int)s.len, s.ptr);
	forget();
}
END_TEST

START_TEST(a_priority_is_from_minus_nine_to_nine_and_shadows_nothing)
{
	must_read(HEAD "rule low {\nthen priority -9\n}\n"
	    "rule high {\nthen priority 9\n}\n"
	    "rule usual {\nthen priority 0\n}\n");
	ck_assert_int_eq(config->rules[0].verdict, RULE_PRIORITY);
	ck_assert_uint_eq(config->rules[0].priority, 0);
	ck_assert_uint_eq(config->rules[1].priority, 18);
	ck_assert_uint_eq(config->rules[2].priority, 9);
	ck_assert_uint_eq(buf_len(&notes.warnings), 0);
	forget();
}
END_TEST

START_TEST(a_rule_that_nothing_reaches_is_told)
{
	must_read(HEAD "rule all {\nthen accept\n}\n"
	    "rule more {\nhelo a\nthen refuse\n}\n");
	ck_assert(span_is(buf_span(&notes.warnings), "conf:8: no recipient "
	    "gets to this rule: \"all\" in line 5 decides on all\n"));
	forget();
}
END_TEST

START_TEST(rules_and_values_have_ceilings)
{
	struct buf	 b;
	int		 i;

	buf_init(&b, CONFIG_FILE_MAX);
	for (i = 0; i < POLICY_RULES_MAX + 1; i++)
		ck_assert(buf_printf(&b, "rule r%d {\nthen accept\nhelo a b c "
		    "d e f g h i j k l m n o p q\n}\n", i));
	ck_assert(buf_put(&b, span_make("", 1)));
	read_text(buf_span(&b).ptr);
	ck_assert_uint_eq(config->nrules, POLICY_RULES_MAX);
	ck_assert_uint_le(config->conditions.n, RULE_VALUES_MAX);
	ck_assert_uint_gt(notes.nerrors, 1);
	forget();
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("config_rule");
	TCase	*tc = tcase_create("config_rule");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, values_are_in_lower_case, 0, COUNT(values));
	tcase_add_test(tc, networks_are_values_too);
	tcase_add_test(tc, each_rule_has_its_own_values);
	tcase_add_loop_test(tc, a_reply_is_a_code_an_enhanced_code_and_a_text,
	    0, COUNT(replies));
	tcase_add_test(tc, identities_that_may_relay_add_up);
	tcase_add_loop_test(tc, mistakes_are_told_with_what_was_expected, 0,
	    COUNT(mistakes));
	tcase_add_test(tc,
	    a_priority_is_from_minus_nine_to_nine_and_shadows_nothing);
	tcase_add_test(tc, a_rule_that_nothing_reaches_is_told);
	tcase_add_test(tc, rules_and_values_have_ceilings);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
