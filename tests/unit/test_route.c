/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "lookup/route.h"
#include "shared/alloc.h"

static const struct {
	const char	*pattern, *destination;
} rows[] = {
	{ "example.org",	"exact" },
	{ "*.example.org",	"below" },
	{ "*.deep.example.org",	"deeper" },
	{ "Other.Example",	"folded" },
	{ "[192.0.2.1]",	"literal" },
	{ "*.org",		"org" },
};

static const struct {
	const char	*domain, *destination;	/* NULL: none */
	const char	*with_star;
} questions[] = {
	{ "example.org",		"exact",	"exact" },
	{ "EXAMPLE.ORG",		"exact",	"exact" },
	{ "a.example.org",		"below",	"below" },
	{ "a.b.example.org",		"below",	"below" },
	{ "deep.example.org",		"below",	"below" },
	{ "x.deep.example.org",		"deeper",	"deeper" },
	{ "y.x.Deep.example.org",	"deeper",	"deeper" },
	{ "badexample.org",		"org",		"org" },
	{ "other.example",		"folded",	"folded" },
	{ "x.other.example",		NULL,		"all" },
	{ "org",			NULL,		"all" },
	{ "[192.0.2.1]",		"literal",	"literal" },
	{ "[192.0.2.2]",		NULL,		"all" },
	{ "[a.example.org]",		NULL,		"all" },
	{ "",				NULL,		"all" },
	{ ".org",			NULL,		"all" },
};

static bool
add(struct route_table *t, const char *pattern, const char *destination)
{
	struct msg_conf_route	 m = { .pattern = span_of(pattern),
				    .destination = span_of(destination) };

	return route_add(t, &m);
}

static void
fill(struct route_table *t)
{
	size_t	 i;

	for (i = 0; i < COUNT(rows); i++)
		ck_assert(add(t, rows[i].pattern, rows[i].destination));
}

/* Any octets behind the "@", not only what a parser would let through. */
static const char *
find(const struct route_table *t, const char *domain)
{
	struct addr		 a = { .at = 1 };
	struct route_question	 q = { &a, &a, span_of("") };
	const struct route_row	*row;

	a.len = snprintf(a.text, sizeof a.text, "x@%s", domain);
	row = route_find(t, &q);
	return row != NULL ? row->destination : NULL;
}

static void
expect(const struct route_table *t, const char *domain, const char *wanted)
{
	const char	*found = find(t, domain);

	if (wanted == NULL)
		ck_assert_msg(found == NULL, "%s goes to %s", domain, found);
	else
		ck_assert_msg(found != NULL && strcmp(found, wanted) == 0,
		    "%s goes to %s", domain, found != NULL ? found : "none");
}

START_TEST(the_longest_pattern_wins)
{
	struct route_table	 t = { .rows = NULL };

	fill(&t);
	expect(&t, questions[_i].domain, questions[_i].destination);
	ck_assert(add(&t, "*", "all"));
	expect(&t, questions[_i].domain, questions[_i].with_star);
	route_clear(&t);
}
END_TEST

START_TEST(the_first_of_two_stands)
{
	struct route_table	 t = { .rows = NULL };

	ck_assert(add(&t, "a.example", "first"));
	ck_assert(add(&t, "A.Example", "second"));
	ck_assert(add(&t, "*.example", "third"));
	expect(&t, "a.example", "first");
	route_clear(&t);
}
END_TEST

START_TEST(an_address_comes_first)
{
	struct route_table	 t = { .rows = NULL };

	ck_assert(add(&t, "a.example", "domain"));
	ck_assert(add(&t, "X@A.Example", "address"));
	ck_assert(add(&t, "y@a.example", "other"));
	expect(&t, "a.example", "address");
	expect(&t, "A.EXAMPLE", "address");
	expect(&t, "b.a.example", NULL);
	route_clear(&t);
}
END_TEST

/* Each is wanted by the one before it, which has none of its own. */
START_TEST(without_its_conditions_a_route_is_passed_over)
{
	struct route_table		 t = { .rows = NULL };
	struct msg_conf_route_if	 m = { .kind = ROUTE_IF_SENDER,
					    .pattern = span_of("b.example") };

	ck_assert(!route_add_value(&t, &m));
	ck_assert(add(&t, "a.example", "first"));
	ck_assert(route_add_value(&t, &m));
	ck_assert(add(&t, "a.example", "second"));
	m.kind = ROUTE_IF_TAG;
	m.pattern = span_of("*");
	ck_assert(route_add_value(&t, &m));
	expect(&t, "a.example", NULL);
	expect(&t, "b.example", NULL);
	ck_assert(add(&t, "*.example", "third"));
	expect(&t, "a.example", "third");
	ck_assert(add(&t, "a.example", "fourth"));
	expect(&t, "a.example", "fourth");
	expect(&t, "b.example", "third");
	route_clear(&t);
}
END_TEST

START_TEST(a_route_leads_somewhere_or_refuses)
{
	struct route_table	 t = { .rows = NULL };
	struct msg_conf_route	 m = { .pattern = span_of("a.example"),
				    .destination = span_of("") };

	ck_assert(!route_add(&t, &m));
	m.reply = reply_make(450, "4.1.1", "later");
	ck_assert(!route_add(&t, &m));
	m.reply = reply_make(550, "5.1.1", "never");
	ck_assert(route_add(&t, &m));
	expect(&t, "a.example", "");
	route_clear(&t);
}
END_TEST

START_TEST(an_empty_table_routes_nothing)
{
	struct route_table	 t = { .rows = NULL };

	expect(&t, "example.org", NULL);
	route_clear(&t);
}
END_TEST

START_TEST(no_domain_is_too_long_to_ask_for)
{
	struct route_table	 t = { .rows = NULL };
	char			 domain[HOST_TEXT_MAX + 2];

	memset(domain, 'a', sizeof domain - 1);
	domain[sizeof domain - 1] = '\0';
	ck_assert(add(&t, "*", "all"));
	expect(&t, domain, NULL);
	expect(&t, domain + 1, "all");
	route_clear(&t);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("route");
	TCase	*tc = tcase_create("route");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, the_longest_pattern_wins, 0,
	    COUNT(questions));
	tcase_add_test(tc, the_first_of_two_stands);
	tcase_add_test(tc, an_address_comes_first);
	tcase_add_test(tc, without_its_conditions_a_route_is_passed_over);
	tcase_add_test(tc, a_route_leads_somewhere_or_refuses);
	tcase_add_test(tc, an_empty_table_routes_nothing);
	tcase_add_test(tc, no_domain_is_too_long_to_ask_for);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
