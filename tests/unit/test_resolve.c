/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lookup/resolve.h"
#include "lookup/verify.h"
#include "shared/alloc.h"
#include "tests/unit/resolve_rig.h"

static const char	 aliases[] =
	"root: alice\n"
	"team: alice, bob, carol@far.example, alice, Alice\n"
	"nested: team, dave\n"
	"again: again, bob\n"
	"one: two\n"
	"two: one\n"
	"way: one, bob\n"
	"alice+lists: lists@far.example\n"
	"bob: \\bob, copy@far.example\n"
	"empty: /dev/null\n"
	"half: empty, dave\n"
	"gone: error:550 5.1.6 he has moved\n"
	"halfgone: gone, dave\n"
	"typo: nobodyhere, dave\n"
	"typos: nobodyhere\n"
	"slow: later, dave\n"
	"abroad: x@other.example\n"
	"twice: x@Far.Example, x@far.example, X@far.example\n";

/* Who has an account; "later" cannot be looked up. */
static const char	*const users[] = { "alice", "bob", "dave", "Frank" };

static struct rules	*
make_rules(void)
{
	struct msg_conf_route hub = { .pattern = span_of("*.far.example"),
			    .destination = span_of("host:hub.example:26") };
	struct rules	*r = xcalloc(1, sizeof *r);
	char		 name[] = "/tmp/test_resolve.XXXXXX";
	int		 fd = mkstemp(name);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(write(fd, aliases, sizeof aliases - 1),
	    sizeof aliases - 1);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	rules_set_host(r, span_of("mail.here.example"), span_of(""));
	rules_add_domain(r, span_of("Here.example"), span_of("a"), fd);
	rules_add_domain(r, span_of("plain.example"), span_of(""), -1);
	rules_add_domain(r, span_of("mail.here.example"), span_of(""), -1);
	rules_add_domain(r, span_of("[192.0.2.9]"), span_of(""), -1);
	ck_assert(route_add(&r->routes, &hub));
	close(fd);
	return r;
}

static enum user_outcome
find_user(const char *name)
{
	size_t	 i;

	if (strcmp(name, "later") == 0)
		return USER_LATER;
	for (i = 0; i < COUNT(users); i++)
		if (strcmp(users[i], name) == 0)
			return USER_FOUND;
	return USER_UNKNOWN;
}

static unsigned
run(struct resolve *r)
{
	const char	*name;
	unsigned	 asked = 0;

	while (resolve_next(r, &name)) {
		asked++;
		resolve_user(r, find_user(name), span_of(name));
	}
	return asked;
}

static const struct {
	const char	*address, *outcome;
} expansions[] = {
	/* users */
	{ "alice@here.example", "alice@here.example>local:alice" },
	{ "Alice@HERE.example", "Alice@HERE.example>local:alice" },
	{ "alice+x@here.example", "alice+x@here.example>local:alice" },
	{ "ALICE+X@plain.example", "ALICE+X@plain.example>local:alice" },
	{ "Frank@here.example", "Frank@here.example>local:Frank" },
	{ "frank@here.example", "550 5.1.1" },
	{ "nobody@here.example", "550 5.1.1" },
	{ "later@here.example", "451 4.3.0" },
	{ "alice@[192.0.2.9]", "alice@[192.0.2.9]>local:alice" },
	{ "root@plain.example", "550 5.1.1" },
	/* tricks of old: nothing but a local part */
	{ "x%far.example@here.example", "550 5.1.1" },
	{ "far.example!x@here.example", "550 5.1.1" },
	{ "\"x@far.example\"@here.example", "550 5.1.1" },
	{ "\"|id\"@here.example", "550 5.1.1" },
	{ "\"../alice\"@here.example", "550 5.1.1" },
	/* aliases */
	{ "root@here.example", "alice@here.example>local:alice" },
	{ "ROOT+x@here.example", "alice@here.example>local:alice" },
	{ "team@here.example", "alice@here.example>local:alice "
	    "bob@here.example>local:bob copy@far.example>mx:far.example:25 "
	    "carol@far.example>mx:far.example:25" },
	{ "nested@here.example", "alice@here.example>local:alice "
	    "bob@here.example>local:bob copy@far.example>mx:far.example:25 "
	    "carol@far.example>mx:far.example:25 "
	    "dave@here.example>local:dave" },
	{ "alice+lists@here.example",
	    "lists@far.example>mx:far.example:25" },
	{ "abroad@here.example", "x@other.example>mx:other.example:25" },
	{ "twice@here.example", "x@Far.Example>mx:far.example:25 "
	    "X@far.example>mx:far.example:25" },
	/* loops */
	{ "again@here.example", "bob@here.example>local:bob "
	    "copy@far.example>mx:far.example:25" },
	{ "bob@here.example", "bob@here.example>local:bob "
	    "copy@far.example>mx:far.example:25" },
	{ "one@here.example", "554 5.4.6" },
	{ "way@here.example", "bob@here.example>local:bob "
	    "copy@far.example>mx:far.example:25" },
	/* what cannot be used */
	{ "empty@here.example", "451 4.3.5" },
	{ "half@here.example", "empty@here.example> "
	    "dave@here.example>local:dave" },
	{ "gone@here.example", "550 5.1.6" },
	{ "halfgone@here.example", "dave@here.example>local:dave" },
	{ "typo@here.example", "nobodyhere@here.example> "
	    "dave@here.example>local:dave" },
	{ "typos@here.example", "550 5.1.1" },
	{ "slow@here.example", "451 4.3.0" },
	/* others */
	{ "x@far.example", "x@far.example>mx:far.example:25" },
	{ "x@Y.Far.example", "x@Y.Far.example>host:hub.example:26" },
	{ "x@[192.0.2.1]", "x@[192.0.2.1]>host:[192.0.2.1]:25" },
	{ "x@[IPv6:2001:db8::1]",
	    "x@[IPv6:2001:db8::1]>host:[IPv6:2001:db8::1]:25" },
	/* postmaster */
	{ "postmaster@here.example", "550 5.1.1" },
	{ "postmaster", "550 5.1.1" },
	{ "", "550 5.1.1" },
};

static struct addr
parse(const char *text)
{
	char		 path[ADDR_TEXT_MAX + 3];
	struct span	 s;
	struct addr	 a;

	snprintf(path, sizeof path, "<%s>", text);
	s = span_of(path);
	ck_assert_int_eq(addr_parse_path(&s, text[0] == '\0' ? ADDR_REVERSE :
	    ADDR_FORWARD, &a, NULL), ADDR_OK);
	return a;
}

static struct resolve *
resolve(const struct rules *rules, const char *text,
    enum resolve_purpose purpose, bool relay)
{
	struct addr		 a = parse(text);
	struct route_question	 q = { &a, &a, span_of("") };
	struct resolve		*r = resolve_new(rules, &q, purpose, relay);

	run(r);
	return r;
}

static void
end(struct resolve *r, struct rules *rules)
{
	resolve_free(r);
	rules_clear(rules);
	free(rules);
}

START_TEST(an_address_means_its_leaves)
{
	struct rules	*rules = make_rules();
	struct resolve	*r = resolve(rules, expansions[_i].address,
			    RESOLVE_TARGETS, true);

	ck_assert_msg(strcmp(outcome(r), expansions[_i].outcome) == 0,
	    "%s: %s", expansions[_i].address, outcome(r));
	end(r, rules);
}
END_TEST

/* What queue will be told of at least one leaf for is what smtpd accepts. */
START_TEST(a_verdict_follows_the_same_rules)
{
	struct rules	*rules = make_rules();
	struct resolve	*r = resolve(rules, expansions[_i].address,
			    RESOLVE_VERDICT, true);
	bool		 slow = strncmp(expansions[_i].address, "slow", 4) == 0;
	unsigned	 code;

	code = strchr(expansions[_i].outcome, '>') || slow ? 250 :
	    strtoul(expansions[_i].outcome, NULL, 10);
	ck_assert_msg(resolve_reply(r)->code == code, "%s: %u",
	    expansions[_i].address, resolve_reply(r)->code);
	end(r, rules);
}
END_TEST

static const struct {
	const char	*address, *outcome;
	unsigned	 code;
} strangers[] = {
	{ "x@far.example",		"<x@far.example>: relaying denied",
	    550 },
	{ "x@[192.0.2.1]",		"<x@[192.0.2.1]>: relaying denied",
	    550 },
	{ "x%far.example@here.example",
	    "<x%far.example@here.example>: no such user here", 550 },
	{ "alice@here.example",		"Ok", 250 },
	{ "abroad@here.example",	"Ok", 250 },
};

START_TEST(a_stranger_may_not_relay)
{
	struct rules	*rules = make_rules();
	struct resolve	*r = resolve(rules, strangers[_i].address,
			    RESOLVE_VERDICT, false);

	ck_assert_str_eq(resolve_reply(r)->text, strangers[_i].outcome);
	ck_assert_uint_eq(resolve_reply(r)->code, strangers[_i].code);
	end(r, rules);
}
END_TEST

static const struct {
	const char	*address, *postmaster, *outcome;
} masters[] = {
	{ "postmaster@here.example", "alice@here.example",
	    "alice@here.example>local:alice" },
	{ "Postmaster@plain.example", "x@far.example",
	    "x@far.example>mx:far.example:25" },
	{ "abuse@plain.example", "alice@here.example",
	    "alice@here.example>local:alice" },
	{ "postmaster", "dave",
	    "dave@mail.here.example>local:dave" },
	{ "postmaster", "postmaster@here.example", "550 5.1.1" },
	{ "webmaster@here.example", "alice@here.example", "550 5.1.1" },
	{ "abuse@here.example", "typos@here.example", "550 5.1.1" },
};

START_TEST(postmaster_is_somebody)
{
	struct rules	*rules = make_rules();
	struct resolve	*r;

	rules_set_host(rules, span_of("mail.here.example"),
	    span_of(masters[_i].postmaster));
	r = resolve(rules, masters[_i].address, RESOLVE_TARGETS, true);
	ck_assert_msg(strcmp(outcome(r), masters[_i].outcome) == 0,
	    "%s: %s", masters[_i].address, outcome(r));
	end(r, rules);
}
END_TEST

START_TEST(postmaster_lives_in_the_first_domain)
{
	struct rules	*rules = make_rules();
	struct resolve	*r;

	rules_set_host(rules, span_of("elsewhere.example"),
	    span_of("alice@plain.example"));
	r = resolve(rules, "postmaster", RESOLVE_VERDICT, false);
	ck_assert_uint_eq(resolve_reply(r)->code, 250);
	ck_assert_str_eq(rules_own_domain(rules)->name, "here.example");
	end(r, rules);
}
END_TEST

/* ---- bounds -------------------------------------------------------------- */

static struct rules *
rules_of(char *text, size_t len)
{
	struct rules	*r = xcalloc(1, sizeof *r);

	rules_set_host(r, span_of("here.example"), span_of(""));
	rules_add_domain(r, span_of("here.example"), span_of(""), -1);
	r->files = xcalloc(1, sizeof *r->files);
	r->files[0].path = xstrdup("test");
	r->files[0].table = alias_parse(text, len, "test", NULL);
	r->nfiles = 1;
	r->domains[0]->aliases = r->files[0].table;
	return r;
}

/* a0: a1, a1: a2 … up to a user. */
static struct rules *
make_chain(unsigned links)
{
	char		*text = xcalloc(links + 1, 32);
	size_t		 n = 0;
	unsigned	 i;
	struct rules	*r;

	for (i = 0; i < links; i++)
		n += snprintf(text + n, 32, "a%u: a%u\n", i, i + 1);
	n += snprintf(text + n, 32, "a%u: alice\n", links);
	r = rules_of(text, n);
	free(text);
	return r;
}

START_TEST(aliases_are_so_deep_and_no_deeper)
{
	struct rules	*rules = make_chain(ALIAS_DEPTH_MAX - 1);
	struct resolve	*r = resolve(rules, "a0@here.example",
			    RESOLVE_TARGETS, true);

	ck_assert_str_eq(outcome(r), "alice@here.example>local:alice");
	end(r, rules);
	rules = make_chain(ALIAS_DEPTH_MAX);
	r = resolve(rules, "a0@here.example", RESOLVE_TARGETS, true);
	ck_assert_str_eq(outcome(r), "451 4.3.5");
	end(r, rules);
}
END_TEST

/* all: u0@far.example, u1@far.example … */
static struct rules *
make_list(unsigned members)
{
	char		*text = xcalloc(members + 1, 32);
	size_t		 n = 0;
	unsigned	 i;
	struct rules	*r;

	n += snprintf(text, 32, "all: ");
	for (i = 0; i < members; i++)
		n += snprintf(text + n, 32, "u%u@far.example,\n\t", i);
	r = rules_of(text, n);
	free(text);
	return r;
}

START_TEST(a_list_is_so_long_and_no_longer)
{
	struct rules	*rules = make_list(ALIAS_TARGETS_MAX);
	struct resolve	*r = resolve(rules, "all@here.example",
			    RESOLVE_TARGETS, true);

	ck_assert_uint_eq(resolve_count(r), ALIAS_TARGETS_MAX);
	ck_assert_uint_eq(resolve_reply(r)->code, 250);
	end(r, rules);
	rules = make_list(ALIAS_TARGETS_MAX + 1);
	r = resolve(rules, "all@here.example", RESOLVE_TARGETS, true);
	ck_assert_str_eq(outcome(r), "451 4.3.5");
	end(r, rules);
}
END_TEST

START_TEST(a_verdict_does_not_unfold_a_list)
{
	static char	 text[] = "all: alice, bob, dave\n";
	struct rules	*rules = rules_of(text, sizeof text - 1);
	struct addr	 a = parse("all@here.example");
	struct route_question q = { &a, &a, span_of("") };
	struct resolve	*r = resolve_new(rules, &q, RESOLVE_VERDICT, false);

	ck_assert_uint_eq(run(r), 1);
	ck_assert_uint_eq(resolve_reply(r)->code, 250);
	end(r, rules);
}
END_TEST

/* What VRFY hears, and whom EXPN is told of. */
static const struct {
	const char	*address;
	bool		 bare, relay;
	const char	*said, *expanded;
} inquiries[] = {
	{ "alice@here.example", false, false,
	    "250 <alice@here.example>", "250 alice@here.example" },
	{ "alice@x.example", true, false, "250 <alice@mail.here.example>",
	    "250 alice@mail.here.example" },
	{ "abroad@here.example", false, false, "251 User not local; "
	    "will forward to <x@other.example>", "250 x@other.example" },
	{ "twice@here.example", false, false, "250 <twice@here.example>",
	    "250 x@Far.Example X@far.example" },
	{ "root@here.example", false, false, "250 <root@here.example>",
	    "250 alice@here.example" },
	{ "bob@here.example", false, false, "250 <bob@here.example>",
	    "250 bob@here.example copy@far.example" },
	{ "nobody@here.example", false, false,
	    "550 <nobody@here.example>: no such user here", "550" },
	{ "gone@here.example", false, false, "550 he has moved", "550" },
	{ "x@far.example", false, false,
	    "550 <x@far.example>: relaying denied", "550" },
	{ "x@far.example", false, true, "252 <x@far.example> is not of here; "
	    "send some mail, it will be tried", "252" },
};

static struct resolve *
inquire(struct rules *rules, const struct msg_verify *m,
    enum resolve_purpose purpose)
{
	struct addr		 a;
	struct route_question	 q = { &a, &a, span_of("") };
	struct resolve		*r;

	ck_assert(verify_address(rules, m, &a));
	r = resolve_new(rules, &q, purpose, m->relay);
	(void)run(r);
	return r;
}

START_TEST(what_is_asked_for_is_told)
{
	struct rules		*rules = make_rules();
	struct msg_verify	 m = { .bare = inquiries[_i].bare,
				    .relay = inquiries[_i].relay };
	struct resolve		*r;
	struct reply		 said;
	char			 line[2 * REPLY_TEXT_MAX];
	char			 to[DESTINATION_TEXT_MAX + 1];
	struct addr		 a;
	size_t			 i, n;

	m.address = parse(inquiries[_i].address);
	r = inquire(rules, &m, RESOLVE_VERDICT);
	said = verify_reply(rules, r, false);
	snprintf(line, sizeof line, "%u %s", said.code, said.text);
	ck_assert_str_eq(line, inquiries[_i].said);
	resolve_free(r);
	r = inquire(rules, &m, RESOLVE_TARGETS);
	said = verify_reply(rules, r, true);
	n = snprintf(line, sizeof line, "%u", said.code);
	for (i = 0; said.code == 250 && i < resolve_count(r); i++) {
		resolve_target(r, i, &a, to);
		n += snprintf(line + n, sizeof line - n, " %s", a.text);
	}
	ck_assert_str_eq(line, inquiries[_i].expanded);
	end(r, rules);
}
END_TEST

START_TEST(aliases_that_were_not_read_refuse_nobody)
{
	struct rules	*rules = xcalloc(1, sizeof *rules);
	struct resolve	*r;
	int		 fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	rules_add_domain(rules, span_of("here.example"), span_of("a"),
	    fds[1]);		/* cannot be read from */
	r = resolve(rules, "nobody@here.example", RESOLVE_VERDICT, false);
	ck_assert_uint_eq(resolve_reply(r)->code, 451);
	end(r, rules);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("resolve");
	TCase	*tc = tcase_create("resolve");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, an_address_means_its_leaves, 0,
	    COUNT(expansions));
	tcase_add_loop_test(tc, a_verdict_follows_the_same_rules, 0,
	    COUNT(expansions));
	tcase_add_loop_test(tc, a_stranger_may_not_relay, 0,
	    COUNT(strangers));
	tcase_add_loop_test(tc, postmaster_is_somebody, 0, COUNT(masters));
	tcase_add_test(tc, postmaster_lives_in_the_first_domain);
	tcase_add_test(tc, aliases_are_so_deep_and_no_deeper);
	tcase_add_test(tc, a_list_is_so_long_and_no_longer);
	tcase_add_test(tc, a_verdict_does_not_unfold_a_list);
	tcase_add_loop_test(tc, what_is_asked_for_is_told, 0,
	    COUNT(inquiries));
	tcase_add_test(tc, aliases_that_were_not_read_refuse_nobody);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
