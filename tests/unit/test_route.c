/* SPDX-License-Identifier: ISC */
#include <check.h>
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

static void
fill(struct route_table *t)
{
	size_t	 i;

	for (i = 0; i < COUNT(rows); i++)
		ck_assert(route_add(t, span_of(rows[i].pattern),
		    span_of(rows[i].destination)));
}

static void
expect(const struct route_table *t, const char *domain, const char *wanted)
{
	const char	*found = route_find(t, span_of(domain));

	if (wanted == NULL)
		ck_assert_msg(found == NULL, "%s goes to %s", domain, found);
	else
		ck_assert_msg(found != NULL && strcmp(found, wanted) == 0,
		    "%s goes to %s", domain, found != NULL ? found : "none");
}

START_TEST(the_longest_pattern_wins)
{
	struct route_table	 t = { NULL, 0, 0 };

	fill(&t);
	expect(&t, questions[_i].domain, questions[_i].destination);
	ck_assert(route_add(&t, span_of("*"), span_of("all")));
	expect(&t, questions[_i].domain, questions[_i].with_star);
	route_clear(&t);
}
END_TEST

START_TEST(the_first_of_two_stands)
{
	struct route_table	 t = { NULL, 0, 0 };

	ck_assert(route_add(&t, span_of("a.example"), span_of("first")));
	ck_assert(!route_add(&t, span_of("A.Example"), span_of("second")));
	expect(&t, "a.example", "first");
	route_clear(&t);
}
END_TEST

START_TEST(an_empty_table_routes_nothing)
{
	struct route_table	 t = { NULL, 0, 0 };

	expect(&t, "example.org", NULL);
	route_clear(&t);
}
END_TEST

START_TEST(no_domain_is_too_long_to_ask_for)
{
	struct route_table	 t = { NULL, 0, 0 };
	char			 domain[1025];

	memset(domain, 'a', sizeof domain - 1);
	domain[sizeof domain - 1] = '\0';
	ck_assert(route_add(&t, span_of("*"), span_of("all")));
	expect(&t, domain, NULL);
	expect(&t, domain + sizeof domain - 1 - 255, "all");
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
	tcase_add_test(tc, an_empty_table_routes_nothing);
	tcase_add_test(tc, no_domain_is_too_long_to_ask_for);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
