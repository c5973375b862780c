/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/ipc.h"
#include "smtpd/policy.h"

/* As master tells it: IPv4 is mapped, and its prefix counts from 96. */
static void
parse_address(const char *text, uint8_t into[16])
{
	char	 mapped[64];

	(void)snprintf(mapped, sizeof(mapped), "%s%s",
	    strchr(text, ':') == NULL ? "::ffff:" : "", text);
	ck_assert_int_eq(inet_pton(AF_INET6, mapped, into), 1);
}

static const struct {
	const char	*network;
	unsigned	 prefix;
	const char	*client;
	unsigned	 flags;
	bool		 may;
} cases[] = {
	{ NULL,			0,	"192.0.2.1",	0,		false },
	{ NULL,			0,	"127.0.0.1",	0,		false },
	{ NULL,			0,	"::1",		0,		false },
	{ NULL,			0,	"192.0.2.1", LISTENER_RELAY,	true },
	{ NULL,			0,	"::",	LISTENER_UNIX,		true },
	{ "192.0.2.0",		96 + 24, "192.0.2.0",	0,		true },
	{ "192.0.2.0",		96 + 24, "192.0.2.255",	0,		true },
	{ "192.0.2.0",		96 + 24, "192.0.3.0",	0,		false },
	{ "192.0.2.0",		96 + 24, "192.0.1.255",	0,		false },
	{ "192.0.2.64",		96 + 26, "192.0.2.127",	0,		true },
	{ "192.0.2.64",		96 + 26, "192.0.2.128",	0,		false },
	{ "192.0.2.64",		96 + 26, "192.0.2.63",	0,		false },
	{ "192.0.2.7",		96 + 32, "192.0.2.7",	0,		true },
	{ "192.0.2.7",		96 + 32, "192.0.2.6",	0,		false },
	{ "192.0.2.7",		96 + 31, "192.0.2.6",	0,		true },
	{ "0.0.0.0",		96,	"198.51.100.1",	0,		true },
	{ "0.0.0.0",		96,	"2001:db8::1",	0,		false },
	{ "2001:db8::",		32,	"2001:db8:f::1", 0,		true },
	{ "2001:db8::",		32,	"2001:db9::1",	0,		false },
	{ "2001:db8::",		32,	"192.0.2.1",	0,		false },
	{ "2001:db8:8000::",	33,	"2001:db8:ffff::", 0,		true },
	{ "2001:db8:8000::",	33,	"2001:db8:7fff::", 0,		false },
	{ "::1",		128,	"::1",		0,		true },
	{ "::1",		128,	"::2",		0,		false },
	{ "::",			0,	"2001:db8::1",	0,		true },
};

START_TEST(only_those_who_were_named_may_relay)
{
	struct policy	 p = { 0 };
	struct client	 c = { .flags = cases[_i].flags };
	uint8_t		 network[16];

	if (cases[_i].network != NULL) {
		parse_address(cases[_i].network, network);
		ck_assert(policy_add(&p, span_make(network, sizeof(network)),
		    cases[_i].prefix));
	}
	parse_address(cases[_i].client, c.address);
	ck_assert_msg(policy_may_relay(&p, &c) == cases[_i].may,
	    "%s in %s/%u", cases[_i].client,
	    cases[_i].network ? cases[_i].network : "nothing",
	    cases[_i].prefix);
	policy_clear(&p);
}
END_TEST

START_TEST(one_of_many_networks_is_enough)
{
	static const char *const networks[] = { "192.0.2.1", "198.51.100.2",
						"2001:db8::3" };
	struct policy	 p = { 0 };
	struct client	 c = { 0 };
	uint8_t		 network[16];
	size_t		 i;

	for (i = 0; i < COUNT(networks); i++) {
		parse_address(networks[i], network);
		ck_assert(policy_add(&p, span_make(network, sizeof(network)),
		    128));
	}
	for (i = 0; i < COUNT(networks); i++) {
		parse_address(networks[i], c.address);
		ck_assert(policy_may_relay(&p, &c));
	}
	parse_address("192.0.2.2", c.address);
	ck_assert(!policy_may_relay(&p, &c));
	policy_clear(&p);
	policy_clear(&p);
	ck_assert(!policy_may_relay(&p, &c));
}
END_TEST

static const struct {
	const char	*patterns[3];
	unsigned	 uid;
	bool		 may;
} users[] = {
	{ { NULL },			1000,	true },
	{ { "*" },			1000,	true },
	{ { "uid:*" },			1000,	true },
	{ { "uid:1000" },		1000,	true },
	{ { "uid:1001" },		1000,	false },
	{ { "joe" },			1000,	false },
	{ { "uid:1001", "uid:1000" },	1000,	true },
	{ { "!uid:1001" },		1000,	true },
	{ { "!uid:1000" },		1000,	false },
	{ { "uid:*", "!uid:1000" },	1000,	false },
	{ { "!*" },			1000,	false },
};

/* Of a listener that trusts all who have an address, too: a user has none. */
START_TEST(users_relay_by_who_they_are)
{
	struct policy	 p = { 0 };
	struct client	 c = { .uid = users[_i].uid,
			    .flags = LISTENER_UNIX | LISTENER_RELAY };
	struct client	 stranger = { 0 };
	const char	*text;
	int		 i;

	for (i = 0; i < 3 && users[_i].patterns[i] != NULL; i++) {
		text = users[_i].patterns[i];
		ck_assert(policy_add_identity(&p, span_of(text +
		    (text[0] == '!')), text[0] == '!'));
	}
	ck_assert_msg(policy_may_relay(&p, &c) == users[_i].may, "case %d",
	    _i);
	ck_assert(!policy_may_relay(&p, &stranger));
	policy_clear(&p);
}
END_TEST

/* Whatever a rule accepts. */
START_TEST(no_rule_lets_anybody_relay)
{
	struct policy		 p = { 0 };
	struct msg_conf_rule	 m = { .name = span_of("all"),
				    .tag = span_of("") };
	struct client		 stranger = { 0 };

	ck_assert(rules_add(&p.rules, &m));
	ck_assert(!policy_may_relay(&p, &stranger));
	policy_clear(&p);
}
END_TEST

START_TEST(what_is_no_network_is_refused)
{
	static const uint8_t	 octets[17];
	struct policy		 p = { 0 };
	unsigned		 i;

	ck_assert(!policy_add(&p, span_make(octets, 4), 24));
	ck_assert(!policy_add(&p, span_make(octets, 17), 24));
	ck_assert(!policy_add(&p, span_make(octets, 0), 0));
	ck_assert(!policy_add(&p, span_make(octets, 16), 129));
	for (i = 0; i < NETWORKS_MAX; i++)
		ck_assert(policy_add(&p, span_make(octets, 16), 128));
	ck_assert(!policy_add(&p, span_make(octets, 16), 128));
	policy_clear(&p);
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("policy");
	TCase	*tc = tcase_create("policy");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_loop_test(tc, only_those_who_were_named_may_relay, 0,
	    COUNT(cases));
	tcase_add_test(tc, one_of_many_networks_is_enough);
	tcase_add_loop_test(tc, users_relay_by_who_they_are, 0, COUNT(users));
	tcase_add_test(tc, no_rule_lets_anybody_relay);
	tcase_add_test(tc, what_is_no_network_is_refused);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
