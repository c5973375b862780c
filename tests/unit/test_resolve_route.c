/* SPDX-License-Identifier: ISC */
/* Routes of what an address means, directly and behind aliases. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lookup/resolve.h"
#include "lookup/verify.h"
#include "shared/alloc.h"
#include "tests/unit/resolve_rig.h"

static char	 aliases[] =
	"abroad: x@other.example\n"
	"dead: no@far.example\n"
	"halfdead: no@far.example, dave, moved\n"
	"moved: dave\n";

static const struct {
	const char	*pattern, *destination;		/* NULL: refused */
	enum route_condition kind;
	const char	*value;		/* or NULL; behind "!" */
} routes[] = {
	{ "*.far.example",	"host:hub.example:26", 0, NULL },
	{ "moved@here.example",	"host:new.example:25", 0, NULL },
	{ "Dave@Plain.example",	"lmtp:/run/lmtp", 0, NULL },
	{ "dave@plain.example",	"discard:", 0, NULL },
	{ "no@far.example",	NULL, 0, NULL },
	{ "closed.example",	NULL, ROUTE_IF_TAG, "!vip" },
	{ "black.example",	"discard:", 0, NULL },
	{ "sorted.example",	"host:b.example:25", ROUTE_IF_SENDER,
	    "boss@here.example" },
	{ "sorted.example",	"host:c.example:25", ROUTE_IF_TAG, "bulk" },
	{ "*.example",		"host:d.example:25", ROUTE_IF_TAG, "any" },
};

static void
add_routes(struct rules *r)
{
	struct msg_conf_route		 m = { .number = 0 };
	struct msg_conf_route_if	 c = { .number = 0 };
	size_t				 i;

	for (i = 0; i < COUNT(routes); i++) {
		m.pattern = span_of(routes[i].pattern);
		m.destination = span_of(routes[i].destination != NULL ?
		    routes[i].destination : "");
		m.reply = reply_make(556, "5.1.10", "nobody is there");
		ck_assert(route_add(&r->routes, &m));
		if (routes[i].value == NULL)
			continue;
		c.kind = routes[i].kind;
		c.except = routes[i].value[0] == '!';
		c.pattern = span_of(routes[i].value + c.except);
		ck_assert(route_add_value(&r->routes, &c));
	}
}

static struct rules *
make_rules(void)
{
	struct rules	*r = xcalloc(1, sizeof *r);

	rules_set_host(r, span_of("here.example"), span_of(""));
	rules_add_domain(r, span_of("here.example"), span_of(""), -1);
	rules_add_domain(r, span_of("plain.example"), span_of(""), -1);
	r->files = xcalloc(1, sizeof *r->files);
	r->files[0].path = xstrdup("test");
	r->files[0].table = alias_parse(aliases, sizeof aliases - 1, "test",
	    NULL);
	r->nfiles = 1;
	r->domains[0]->aliases = r->files[0].table;
	add_routes(r);
	return r;
}

static void
end(struct resolve *r, struct rules *rules)
{
	resolve_free(r);
	rules_clear(rules);
	free(rules);
}

/* Everybody is a user, unless his name has an x. */
static struct resolve *
resolve(const struct rules *rules, const char *address,
    struct route_question about, enum resolve_purpose purpose, bool relay)
{
	struct resolve	*r;
	struct addr	 a;
	const char	*name;

	ck_assert_int_eq(addr_parse(span_of(address), &a), ADDR_OK);
	about.recipient = &a;
	r = resolve_new(rules, &about, purpose, relay);
	while (resolve_next(r, &name))
		resolve_user(r, strchr(name, 'x') ? USER_UNKNOWN : USER_FOUND,
		    span_of(name));
	return r;
}

static const struct addr		 nobody;
static const struct route_question	 any = { NULL, &nobody, { "", 0 } };

static const struct {
	const char	*address, *outcome;
} expansions[] = {
	{ "moved@here.example", "moved@here.example>host:new.example:25" },
	{ "Moved@Here.Example", "Moved@Here.Example>host:new.example:25" },
	{ "moved+x@here.example", "dave@here.example>local:dave" },
	{ "dave@plain.example", "dave@plain.example>lmtp:/run/lmtp" },
	{ "joe@plain.example", "joe@plain.example>local:joe" },
	{ "no@far.example", "556 5.1.10" },
	{ "No@FAR.example", "556 5.1.10" },
	{ "yes@far.example", "yes@far.example>mx:far.example:25" },
	{ "no@x.far.example", "no@x.far.example>host:hub.example:26" },
	{ "dead@here.example", "556 5.1.10" },
	{ "halfdead@here.example", "no@far.example> "
	    "dave@here.example>local:dave "
	    "moved@here.example>host:new.example:25" },
	{ "x@closed.example", "556 5.1.10" },
	{ "x@black.example", "x@black.example>discard:" },
	{ "x@sorted.example", "x@sorted.example>mx:sorted.example:25" },
};

START_TEST(a_route_leads_there)
{
	struct rules	*rules = make_rules();
	struct resolve	*r = resolve(rules, expansions[_i].address, any,
			    RESOLVE_TARGETS, true);

	ck_assert_msg(strcmp(outcome(r), expansions[_i].outcome) == 0,
	    "%s: %s", expansions[_i].address, outcome(r));
	end(r, rules);
}
END_TEST

START_TEST(a_refusal_is_said_to_the_client)
{
	struct rules	*rules = make_rules();
	struct resolve	*r = resolve(rules, expansions[_i].address, any,
			    RESOLVE_VERDICT, true);
	bool		 good = strchr(expansions[_i].outcome, '>') != NULL;

	ck_assert_uint_eq(resolve_reply(r)->code, good ? 250 : 556);
	end(r, rules);
}
END_TEST

/* Conditions are of the message, whatever leads to the address. */
static const struct {
	const char	*address, *sender, *parameters, *outcome;
} conditions[] = {
	{ "x@closed.example", "", "tag=vip", "x@closed.example>"
	    "mx:closed.example:25" },
	{ "x@closed.example", "", "tag=VIP helo=a.example", "x@closed.example>"
	    "mx:closed.example:25" },
	{ "x@closed.example", "", "helo=vip", "556 5.1.10" },
	{ "x@sorted.example", "Boss@Here.Example", "", "x@sorted.example>"
	    "host:b.example:25" },
	{ "x@sorted.example", "Boss@Here.Example", "tag=bulk",
	    "x@sorted.example>host:b.example:25" },
	{ "x@sorted.example", "", "tag=other tag=bulk", "x@sorted.example>"
	    "host:c.example:25" },
	{ "x@sorted.example", "", "tag=bulky", "x@sorted.example>"
	    "mx:sorted.example:25" },
	{ "x@sorted.example", "", "tag=any", "x@sorted.example>"
	    "host:d.example:25" },
	{ "abroad@here.example", "", "tag=any", "x@other.example>"
	    "host:d.example:25" },
	{ "alice@here.example", "", "tag=any", "alice@here.example>"
	    "local:alice" },
};

START_TEST(a_route_looks_at_sender_and_tags)
{
	struct rules		*rules = make_rules();
	struct addr		 sender;
	struct route_question	 q = { NULL, &sender,
				    span_of(conditions[_i].parameters) };
	struct resolve		*r;

	ck_assert_int_eq(addr_parse(span_of(conditions[_i].sender), &sender),
	    ADDR_OK);
	r = resolve(rules, conditions[_i].address, q, RESOLVE_TARGETS, true);
	ck_assert_msg(strcmp(outcome(r), conditions[_i].outcome) == 0,
	    "%s: %s", conditions[_i].address, outcome(r));
	end(r, rules);
}
END_TEST

static const struct {
	const char	*address, *outcome;
	unsigned	 code;
} strangers[] = {
	{ "abroad@here.example",	"Ok", 250 },
	{ "moved@here.example",		"Ok", 250 },
	{ "dead@here.example",		"nobody is there", 556 },
	{ "x@black.example",		"<x@black.example>: relaying denied",
	    550 },
	{ "x@closed.example",		"<x@closed.example>: relaying denied",
	    550 },
};

/* A route gives nobody the right to relay. */
START_TEST(a_stranger_may_not_relay)
{
	struct rules	*rules = make_rules();
	struct resolve	*r = resolve(rules, strangers[_i].address, any,
			    RESOLVE_VERDICT, false);

	ck_assert_str_eq(resolve_reply(r)->text, strangers[_i].outcome);
	ck_assert_uint_eq(resolve_reply(r)->code, strangers[_i].code);
	end(r, rules);
}
END_TEST

static const struct {
	const char	*address, *said;
} inquiries[] = {
	{ "moved@here.example",	"<moved@here.example>" },
	{ "no@far.example",	"nobody is there" },
	{ "abroad@here.example", "User not local; will forward to "
	    "<x@other.example>" },
};

START_TEST(vrfy_tells_of_no_route)
{
	struct rules	*rules = make_rules();
	struct resolve	*r = resolve(rules, inquiries[_i].address, any,
			    RESOLVE_VERDICT, true);
	struct reply	 reply = verify_reply(rules, r, false);

	ck_assert_str_eq(reply.text, inquiries[_i].said);
	end(r, rules);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("resolve_route");
	TCase	*tc = tcase_create("resolve_route");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, a_route_leads_there, 0, COUNT(expansions));
	tcase_add_loop_test(tc, a_refusal_is_said_to_the_client, 0,
	    COUNT(expansions));
	tcase_add_loop_test(tc, a_route_looks_at_sender_and_tags, 0,
	    COUNT(conditions));
	tcase_add_loop_test(tc, a_stranger_may_not_relay, 0,
	    COUNT(strangers));
	tcase_add_loop_test(tc, vrfy_tells_of_no_route, 0, COUNT(inquiries));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
