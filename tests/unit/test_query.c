/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/query.h"
#include "shared/alloc.h"
#include "shared/xtext.h"

static struct query	 q;

static const char *const refused[] = {
	"nonsense",
	"nonsense=1",
	"sender",			/* a key without a value */
	"sender=",
	"=x",
	"sender=a@b.example sender=c@d.example",
	"sender=a+0Ab",			/* a line end */
	"sender=a+00b",
	"sender=a+2",			/* half an octet */
	"sender=a+2g",
	"sender=a=b",
	"id=x",
	"id=0000000000000",		/* would mean every message */
	"since=0", "before=0", "larger=0", "smaller=0",
	"since=-1", "since=1x", "since=18446744073709551616",
	"state=", "state=asleep", "state=held,asleep", "state=held,,active",
	"dry=0", "dry=", "dry=yes",
	"ALL sender=a@b.example",
	"sender=a@b.example ALL",
	"all",
	"identity=+41+00",
};

START_TEST(what_is_not_strictly_a_query_is_refused)
{
	ck_assert_msg(query_parse(&q, span_of(refused[_i])) != NULL, "%s",
	    refused[_i]);
}
END_TEST

START_TEST(conditions_combine)
{
	const struct filter	*f = &q.filter;

	ck_assert_ptr_null(query_parse(&q, span_of("after=0000000000002 dry=1 "
	    "id=0000000000003 since=4 before=5 larger=6 smaller=7 "
	    "state=held,quarantined sender=A@B.example recipient=*@c.example "
	    "destination=*:D.example:* identity=UID:7 "
	    "reason=no+20such argument=Gone+2Bdead")));
	ck_assert(q.after == 2 && q.dry && !q.all && q.narrow);
	ck_assert(f->id == 3 && f->since == 4 && f->before == 5);
	ck_assert(f->size_min == 6 && f->size_max == 7);
	ck_assert_uint_eq(f->states, 1u << MESSAGE_IS_HELD |
	    1u << MESSAGE_IS_QUARANTINED);
	ck_assert(span_is(f->sender_is, "a@b.example"));
	ck_assert(span_is(f->recipient_is, "*@c.example"));
	ck_assert(span_is(f->destination_is, "*:d.example:*"));
	ck_assert(span_is(f->identity_is, "uid:7"));
	ck_assert(span_is(f->reason_has, "no such"));
	ck_assert(span_is(q.argument, "Gone+dead"));
}
END_TEST

START_TEST(without_a_condition_it_is_not_narrow)
{
	ck_assert_ptr_null(query_parse(&q, span_of("")));
	ck_assert(!q.narrow && !q.all);
	ck_assert_ptr_null(query_parse(&q, span_of("dry=1 argument=x")));
	ck_assert(!q.narrow && !q.all && q.dry);
	ck_assert_ptr_null(query_parse(&q, span_of("ALL")));
	ck_assert(!q.narrow && q.all);
}
END_TEST

/* Whatever an address holds, it stays one value of one key. */
static const char *const odd[] = {
	"\"a b\"@c.example", "\"a ALL\"@c.example", "\"x id=1\"@c.example",
	"a+b=c@d.example", "\"a\\\"b\"@c.example", "<>", "*@\xc3\xa9.example",
};

START_TEST(odd_addresses_come_through)
{
	char	 text[256], line[300];

	ck_assert(xtext_encode(span_of(odd[_i]), text, sizeof text));
	(void)snprintf(line, sizeof line, "sender=%s", text);
	ck_assert_ptr_null(query_parse(&q, span_of(line)));
	ck_assert_msg(span_is_word(q.filter.sender_is, odd[_i]), "%.*s",
	    (int)q.filter.sender_is.len, q.filter.sender_is.ptr);
	ck_assert(q.filter.id == 0 && !q.all);
}
END_TEST

/* The longest there may be, all of it in octets that xtext makes three of. */
START_TEST(the_longest_fits_in_a_line)
{
	static const struct {
		const char	*key;
		size_t		 len;
	} parts[] = {
		{ "destination", DESTINATION_TEXT_MAX },
		{ "argument", DESTINATION_TEXT_MAX },
		{ "reason", REASON_TEXT_MAX },
		{ "identity", USER_TEXT_MAX },
		{ "sender", ADDR_TEXT_MAX }, { "recipient", ADDR_TEXT_MAX },
	};
	static char	 line[ADMIN_LINE_MAX];
	size_t		 i, j, n;

	n = (size_t)snprintf(line, sizeof line, "queue redirect dry=1 "
	    "id=FZZZZZZZZZZZZ since=18446744073709551615 "
	    "before=18446744073709551615 larger=18446744073709551615 "
	    "smaller=18446744073709551615 after=0000000000001 "
	    "state=incoming,active,waiting,held,quarantined");
	for (i = 0; i < COUNT(parts); i++) {
		n += (size_t)snprintf(line + n, sizeof line - n, " %s=",
		    parts[i].key);
		for (j = 0; j < parts[i].len; j++)
			n += (size_t)snprintf(line + n, sizeof line - n,
			    "+C3");
		ck_assert(n + 1 < sizeof line);
	}
	n = strlen("queue redirect");
	ck_assert_str_eq(query_parse(&q, span_of(line + n)) == NULL ? "" :
	    "refused", "");
	ck_assert_uint_eq(q.filter.destination_is.len, DESTINATION_TEXT_MAX);
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("query");
	TCase	*tc = tcase_create("query");
	SRunner	*runner;
	int	 failed;

	tcase_add_loop_test(tc, what_is_not_strictly_a_query_is_refused, 0,
	    COUNT(refused));
	tcase_add_test(tc, conditions_combine);
	tcase_add_test(tc, without_a_condition_it_is_not_narrow);
	tcase_add_loop_test(tc, odd_addresses_come_through, 0, COUNT(odd));
	tcase_add_test(tc, the_longest_fits_in_a_line);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
