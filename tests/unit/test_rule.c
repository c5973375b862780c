/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/pattern.h"
#include "smtpd/rule.h"

/* ---- patterns ----------------------------------------------------------- */

static const struct {
	const char	*pattern, *name;
	bool		 matches;
} names[] = {
	{ "example.org",	"example.org",		true },
	{ "example.org",	"Example.ORG",		true },
	{ "example.org",	"a.example.org",	false },
	{ "example.org",	"example.or",		false },
	{ "example.org",	"",			false },
	{ "*.example.org",	"a.example.org",	true },
	{ "*.example.org",	"a.b.EXAMPLE.org",	true },
	{ "*.example.org",	"example.org",		false },
	{ "*.example.org",	".example.org",		false },
	{ "*.example.org",	"anexample.org",	false },
	{ "*",			"a",			true },
	{ "*",			"",			false },
	{ "[192.0.2.1]",	"[192.0.2.1]",		true },
	{ "[192.0.2.1]",	"192.0.2.1",		false },
	{ "[ipv6:2001:db8::1]",	"[IPv6:2001:DB8::1]",	true },
};

START_TEST(a_name_matches_itself_or_what_is_above_it)
{
	ck_assert_msg(pattern_has_name(names[_i].pattern,
	    span_of(names[_i].name)) == names[_i].matches, "%s: %s",
	    names[_i].pattern, names[_i].name);
}
END_TEST

static const struct {
	const char	*pattern, *address;
	bool		 matches;
} addresses[] = {
	{ "example.org",	"joe@example.org",	true },
	{ "example.org",	"joe@EXAMPLE.org",	true },
	{ "example.org",	"joe@a.example.org",	false },
	{ "example.org",	"example.org@a.example", false },
	{ "*.example.org",	"joe@a.example.org",	true },
	{ "*.example.org",	"joe@example.org",	false },
	{ "joe@example.org",	"joe@example.org",	true },
	{ "joe@example.org",	"Joe@Example.Org",	true },
	{ "joe@example.org",	"joey@example.org",	false },
	{ "joe@example.org",	"jo@example.org",	false },
	{ "joe@*",		"joe@any.example",	true },
	{ "joe@*",		"jane@any.example",	false },
	{ "joe@*.example.org",	"joe@a.example.org",	true },
	{ "joe@*.example.org",	"joe@example.org",	false },
	{ "*@example.org",	"joe@example.org",	true },
	{ "*",			"joe@example.org",	true },
	{ "*",			"postmaster",		true },
	{ "*",			"",			false },
	{ "<>",			"",			true },
	{ "<>",			"joe@example.org",	false },
	{ "example.org",	"",			false },
	{ "joe@*",		"",			false },
	{ "postmaster@*",	"postmaster",		true },
	{ "postmaster@*",	"PostMaster@a.example",	true },
	{ "postmaster@*",	"\"postmaster\"@a.example", true },
	{ "postmaster@*",	"postmaster+x@a.example", false },
	{ "postmaster@a.example", "postmaster",		false },
	{ "a.example",		"postmaster",		false },
	{ "\"a@b\"@example.org", "\"a@b\"@example.org",	true },
	{ "\"a@b\"@example.org", "b@example.org",	false },
	{ "b\"@example.org",	"\"a@b\"@example.org",	false },
	{ "joe@[192.0.2.1]",	"joe@[192.0.2.1]",	true },
	{ "[192.0.2.1]",	"joe@[192.0.2.1]",	true },
};

START_TEST(an_address_matches_by_domain_and_local_part)
{
	struct addr	 a;

	ck_assert_int_eq(addr_parse(span_of(addresses[_i].address), &a),
	    ADDR_OK);
	ck_assert_msg(pattern_has_address(addresses[_i].pattern, &a) ==
	    addresses[_i].matches, "%s: %s", addresses[_i].pattern,
	    addresses[_i].address);
}
END_TEST

static const struct {
	const char	*pattern, *identity;
	bool		 matches;
} identities[] = {
	{ "*",			"uid:1000",		true },
	{ "*",			"joe",			true },
	{ "*",			"",			false },
	{ "uid:*",		"uid:0",		true },
	{ "uid:*",		"joe",			false },
	{ "uid:*",		"",			false },
	{ "uid:1000",		"uid:1000",		true },
	{ "uid:1000",		"uid:10001",		false },
	{ "uid:100",		"uid:1000",		false },
	{ "joe",		"Joe",			true },
	{ "joe",		"joe@example.org",	false },
	{ "*@example.org",	"joe@example.org",	true },
	{ "*@example.org",	"@example.org",		false },
	{ "*@example.org",	"joe@a.example.org",	false },
};

START_TEST(an_identity_matches_by_name_or_uid)
{
	ck_assert_msg(pattern_has_identity(identities[_i].pattern,
	    span_of(identities[_i].identity)) == identities[_i].matches,
	    "%s: %s", identities[_i].pattern, identities[_i].identity);
}
END_TEST

/* ---- rules -------------------------------------------------------------- */

/* "verdict kind=value kind=!value", one after the other, as master would tell
 * them; the name of a rule is its number. */
static void
add_value(struct rules *all, struct span word)
{
	static const char *const kinds[CONDITION_COUNT] = { "client", "name",
	    "helo", "sender", "recipient", "tls", "identity", "listener",
	    "certificate" };
	struct msg_conf_condition m = { .prefix = 128 };
	struct span		 kind, value = span_cut(word, '=', &kind), net;
	char			 text[64];
	uint8_t			 octets[16] = { 0 };
	uint64_t		 bits;

	while (!span_is(kind, kinds[m.kind]))
		m.kind++;
	m.except = span_starts(value, "!");
	m.pattern = span_skip(value, m.except);
	m.address = span_make(octets, 16);
	if (m.kind == CONDITION_CLIENT) {
		value = span_cut(m.pattern, '/', &net);
		(void)snprintf(text, sizeof(text), "::ffff:%.*s", (int)net.len,
		    net.ptr);
		ck_assert_int_eq(inet_pton(AF_INET6, text, octets), 1);
		if (span_parse_u64(value, 32, &bits))
			m.prefix = 96 + bits;
	}
	ck_assert(rules_add_value(all, &m));
}

static void
add_rule(struct rules *all, const char *text)
{
	struct msg_conf_rule	 m = { .tag = span_of("") };
	struct span		 rest = span_of(text), word = span_word(&rest);
	char			 name[16];

	(void)snprintf(name, sizeof(name), "%zu", all->count);
	m.name = span_of(name);
	m.reply = reply_make(250, NULL, "Ok");
	if (span_is(word, "refuse")) {
		m.verdict = RULE_REFUSE;
		m.reply = reply_make(550, "5.7.1", "no");
	} else if (span_is(word, "defer")) {
		m.verdict = RULE_DEFER;
		m.reply = reply_make(450, "4.7.1", "later");
	} else if (span_starts(word, "tag")) {
		m.verdict = RULE_TAG;
		m.tag = span_skip(word, 4);
	} else if (span_starts(word, "priority:")) {
		m.verdict = RULE_PRIORITY;
		m.priority = (uint8_t)(word.ptr[9] - '0' + PRIORITY_MAX);
	}
	ck_assert(rules_add(all, &m));
	while ((word = span_word(&rest)).len > 0)
		add_value(all, word);
}

struct known {
	const char	*address, *name, *helo, *sender, *recipient, *identity;
	const char	*listener, *certificate;
	bool		 later, tls;
};

static const struct rule *
decide(const struct rules *all, const struct known *k,
    struct rule_asides *asides)
{
	static struct client	 client;
	static struct addr	 sender, recipient;
	struct rule_facts	 f = { &client, span_of(k->name ? k->name : ""),
				    span_of(k->helo ? k->helo : "h.example"),
				    span_of(k->identity ? k->identity : ""),
				    span_of(k->listener ? k->listener : "l"),
				    span_of(k->certificate ?
				    k->certificate : ""), k->later, k->tls,
				    &sender, &recipient };
	char			 text[64];

	client = (struct client){ .flags = k->identity ? LISTENER_UNIX : 0 };
	(void)snprintf(text, sizeof(text), "::ffff:%s",
	    k->address ? k->address : "192.0.2.1");
	ck_assert_int_eq(inet_pton(AF_INET6, text, client.address), 1);
	if (k->identity != NULL)
		memset(client.address, 0, sizeof(client.address));
	ck_assert_int_eq(addr_parse(span_of(k->sender ? k->sender :
	    "s@s.example"), &sender), ADDR_OK);
	ck_assert_int_eq(addr_parse(span_of(k->recipient ? k->recipient :
	    "r@r.example"), &recipient), ADDR_OK);
	return rules_decide(all, &f, asides);
}

enum { NOBODY = -1 };

static const struct {
	const char	*rules[4];
	struct known	 known;
	int		 decides;
	bool		 unsure;
} cases[] = {
	{ { NULL }, { 0 }, NOBODY, false },
	{ { "refuse" }, { 0 }, 0, false },
	{ { "accept", "refuse" }, { 0 }, 0, false },
	/* in order, the first match */
	{ { "accept helo=x.example", "refuse" }, { 0 }, 1, false },
	{ { "accept helo=h.example", "refuse" }, { 0 }, 0, false },
	/* all conditions, one value of each */
	{ { "refuse helo=h.example sender=x.example" }, { 0 }, NOBODY, false },
	{ { "refuse helo=h.example sender=s.example" }, { 0 }, 0, false },
	{ { "refuse helo=a.example helo=h.example sender=b.example "
	    "sender=s.example" }, { 0 }, 0, false },
	/* exceptions */
	{ { "refuse helo=!h.example" }, { 0 }, NOBODY, false },
	{ { "refuse helo=!x.example" }, { 0 }, 0, false },
	{ { "refuse helo=*.example helo=!h.example" }, { 0 }, NOBODY, false },
	{ { "refuse helo=*.example helo=!x.example" }, { 0 }, 0, false },
	{ { "refuse helo=!h.example helo=h.example" }, { 0 }, NOBODY, false },
	/* each condition */
	{ { "refuse client=192.0.2.0/24" }, { 0 }, 0, false },
	{ { "refuse client=192.0.2.0/24 client=!192.0.2.1" }, { 0 }, NOBODY,
	    false },
	{ { "refuse client=198.51.100.0/24" }, { 0 }, NOBODY, false },
	{ { "refuse name=n.example" }, { .name = "n.example" }, 0, false },
	{ { "refuse name=*" }, { 0 }, NOBODY, false },
	{ { "refuse name=!*" }, { 0 }, 0, false },
	{ { "refuse name=!*" }, { .name = "n.example" }, NOBODY, false },
	{ { "refuse sender=<>" }, { .sender = "" }, 0, false },
	{ { "refuse sender=!*" }, { .sender = "" }, 0, false },
	{ { "refuse recipient=r@r.example" }, { 0 }, 0, false },
	{ { "refuse recipient=q@r.example" }, { 0 }, NOBODY, false },
	{ { "refuse tls=no" }, { 0 }, 0, false },
	{ { "refuse tls=yes" }, { 0 }, NOBODY, false },
	{ { "refuse tls=yes" }, { .tls = true }, 0, false },
	{ { "refuse tls=!yes" }, { 0 }, 0, false },
	{ { "refuse identity=uid:7" }, { .identity = "uid:7" }, 0, false },
	{ { "refuse identity=!*" }, { 0 }, 0, false },
	{ { "refuse identity=!*" }, { .identity = "uid:7" }, NOBODY, false },
	{ { "refuse listener=L" }, { .listener = "l" }, 0, false },
	{ { "refuse listener=m" }, { .listener = "l" }, NOBODY, false },
	{ { "refuse certificate=ab12" }, { 0 }, NOBODY, false },
	{ { "refuse certificate=!ab12" }, { 0 }, 0, false },
	{ { "refuse certificate=ab12" }, { .certificate = "ab12" }, 0, false },
	{ { "refuse certificate=ab1" }, { .certificate = "ab12" }, NOBODY,
	    false },
	/* a user has no address */
	{ { "refuse client=0.0.0.0/0" }, { .identity = "uid:7" }, NOBODY,
	    false },
	{ { "refuse client=!192.0.2.1" }, { .identity = "uid:7" }, 0, false },
	/* postmaster */
	{ { "refuse" }, { .recipient = "postmaster" }, NOBODY, false },
	{ { "defer", "tag=x" }, { .recipient = "Postmaster@r.example" }, 1,
	    false },
	{ { "refuse recipient=postmaster@*" }, { .recipient = "postmaster" },
	    NOBODY, false },
	{ { "refuse client=!198.51.100.1" }, { .recipient = "postmaster" },
	    NOBODY, false },
	{ { "refuse client=192.0.2.0/24" }, { .recipient = "postmaster" }, 0,
	    false },
	{ { "tag=x" }, { .recipient = "postmaster" }, 0, false },
	/* a priority decides nothing, also when its name may yet be found */
	{ { "priority:3", "refuse" }, { 0 }, 1, false },
	{ { "priority:3 name=n.example", "refuse" }, { .later = true }, 1,
	    false },
	{ { "priority:3" }, { 0 }, NOBODY, false },
	/* a name that may yet be found */
	{ { "refuse name=!*" }, { .later = true }, 0, true },
	{ { "accept name=n.example", "refuse" }, { .later = true }, 1, true },
	{ { "accept name=n.example helo=x.example", "refuse" },
	    { .later = true }, 1, false },
	{ { "accept", "refuse name=!*" }, { .later = true }, 0, false },
	{ { "refuse helo=h.example", "accept name=n.example" },
	    { .later = true }, 0, false },
};

START_TEST(the_first_rule_that_holds_decides)
{
	struct rules		 all = { 0 };
	const struct rule	*r;
	struct rule_asides	 asides;
	int			 i;

	for (i = 0; i < 4 && cases[_i].rules[i] != NULL; i++)
		add_rule(&all, cases[_i].rules[i]);
	r = decide(&all, &cases[_i].known, &asides);
	if (cases[_i].decides == NOBODY)
		ck_assert_msg(r == NULL, "case %d: %s decides", _i, r->name);
	else
		ck_assert_msg(r != NULL && r->name[0] - '0' ==
		    cases[_i].decides,
		    "case %d: %s decides", _i, r ? r->name : "nobody");
	ck_assert_msg(asides.unsure == cases[_i].unsure, "case %d", _i);
	rules_clear(&all);
	rules_clear(&all);
}
END_TEST

static const struct {
	const char	*rules[4];
	int		 by;		/* which rule; NOBODY: none */
	int		 priority;
} urgings[] = {
	{ { "accept" }, NOBODY, 0 },
	{ { "priority:3" }, 0, 3 },
	{ { "priority:3", "priority:5" }, 0, 3 },
	{ { "priority:3 helo=x.example", "priority:5", "accept" }, 1, 5 },
	{ { "priority:3", "tag=x" }, 0, 3 },
	{ { "accept", "priority:3" }, NOBODY, 0 },
	{ { "accept helo=x.example", "priority:0" }, 1, 0 },
};

START_TEST(the_first_priority_before_the_decision_counts)
{
	struct rules		 all = { 0 };
	struct rule_asides	 asides;
	struct known		 known = { 0 };
	int			 i;

	for (i = 0; i < 4 && urgings[_i].rules[i] != NULL; i++)
		add_rule(&all, urgings[_i].rules[i]);
	(void)decide(&all, &known, &asides);
	if (urgings[_i].by == NOBODY)
		ck_assert_ptr_null(asides.priority);
	else {
		ck_assert_ptr_eq(asides.priority, &all.list[urgings[_i].by]);
		ck_assert_int_eq(asides.priority->priority,
		    urgings[_i].priority);
	}
	rules_clear(&all);
}
END_TEST

START_TEST(rules_and_values_have_ceilings)
{
	struct rules			 all = { 0 };
	struct msg_conf_rule		 m = { .name = span_of("n"),
					    .tag = span_of("") };
	struct msg_conf_condition	 c = { .kind = CONDITION_HELO,
					    .pattern = span_of("a") };
	int				 i;

	ck_assert(!rules_add_value(&all, &c));
	for (i = 0; i < POLICY_RULES_MAX; i++)
		ck_assert(rules_add(&all, &m));
	ck_assert(!rules_add(&all, &m));
	for (i = 0; i < RULE_VALUES_MAX; i++)
		ck_assert(rules_add_value(&all, &c));
	ck_assert(!rules_add_value(&all, &c));
	rules_clear(&all);
}
END_TEST

START_TEST(what_is_no_rule_is_refused)
{
	struct rules			 all = { 0 };
	struct msg_conf_rule		 m = { .name = span_of("n"),
					    .tag = span_of("") };
	struct msg_conf_condition	 c = { .kind = CONDITION_CLIENT };

	m.verdict = RULE_REFUSE;
	m.reply = reply_make(450, "4.7.1", "later");
	ck_assert(!rules_add(&all, &m));
	m.verdict = RULE_DEFER;
	m.reply = reply_make(550, "5.7.1", "no");
	ck_assert(!rules_add(&all, &m));
	m.verdict = RULE_TAG;
	ck_assert(!rules_add(&all, &m));
	m.verdict = RULE_ACCEPT;
	m.priority = 12;
	ck_assert(!rules_add(&all, &m));
	m.priority = 0;
	ck_assert(rules_add(&all, &m));
	c.pattern = c.address = span_of("");
	ck_assert(!rules_add_value(&all, &c));
	c.kind = CONDITION_HELO;
	ck_assert(!rules_add_value(&all, &c));
	rules_clear(&all);
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("rule");
	TCase	*tc = tcase_create("rule");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_loop_test(tc, a_name_matches_itself_or_what_is_above_it, 0,
	    COUNT(names));
	tcase_add_loop_test(tc, an_address_matches_by_domain_and_local_part,
	    0, COUNT(addresses));
	tcase_add_loop_test(tc, an_identity_matches_by_name_or_uid, 0,
	    COUNT(identities));
	tcase_add_loop_test(tc, the_first_priority_before_the_decision_counts,
	    0, COUNT(urgings));
	tcase_add_loop_test(tc, the_first_rule_that_holds_decides, 0,
	    COUNT(cases));
	tcase_add_test(tc, rules_and_values_have_ceilings);
	tcase_add_test(tc, what_is_no_rule_is_refused);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
