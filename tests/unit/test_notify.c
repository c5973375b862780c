/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "queue/notify.h"
#include "shared/alloc.h"
#include "shared/words.h"

enum { FAILED = 1, DELAYED = 2, SUCCESS = 4 };

static const struct {
	const char	*parameters;
	unsigned	 wanted;
} wishes[] = {
	{ "",					FAILED | DELAYED },
	{ "orcpt=rfc822;notify+3Dnever@a",	FAILED | DELAYED },
	{ "notify=never",			0 },
	{ "notify=success",			SUCCESS },
	{ "notify=failure",			FAILED },
	{ "notify=delay",			DELAYED },
	{ "notify=success,failure,delay",	SUCCESS | FAILED | DELAYED },
	{ "orcpt=rfc822;a@b notify=delay",	DELAYED },
	{ "notify=never orcpt=rfc822;a@b",	0 },
};

START_TEST(a_sender_hears_what_it_asked_for)
{
	struct span	 s = span_of(wishes[_i].parameters);
	unsigned	 wanted = wishes[_i].wanted;

	ck_assert(recipient_wants(s, ACTION_FAILED) == !!(wanted & FAILED));
	ck_assert(recipient_wants(s, ACTION_DELAYED) == !!(wanted & DELAYED));
	ck_assert(recipient_wants(s, ACTION_DELIVERED) ==
	    !!(wanted & SUCCESS));
	ck_assert(recipient_wants(s, ACTION_RELAYED) == !!(wanted & SUCCESS));
	ck_assert(recipient_wants(s, ACTION_EXPANDED) ==
	    !!(wanted & SUCCESS));
}
END_TEST

static const struct {
	const char	*parameters, *leaves;
} expansions[] = {
	{ "", "" },
	{ "orcpt=rfc822;a@b", "orcpt=rfc822;a@b" },
	{ "notify=never", "notify=never" },
	{ "notify=failure,delay", "notify=failure,delay" },
	{ "notify=success", "notify=never" },
	{ "notify=success,failure", "notify=failure" },
	{ "notify=success,delay", "notify=delay" },
	{ "notify=success,failure,delay", "notify=failure,delay" },
	{ "notify=success orcpt=rfc822;a+2B@b",
	    "notify=never orcpt=rfc822;a+2B@b" },
	{ "notify=delay orcpt=rfc822;a@b", "notify=delay orcpt=rfc822;a@b" },
};

START_TEST(leaves_do_not_tell_of_success)
{
	char		 text[RCPT_PARAMETERS_MAX + 1];
	struct span	 s = notify_of_leaves(span_of(
			    expansions[_i].parameters), text);

	ck_assert_msg(span_is(s, expansions[_i].leaves), "%s: %.*s",
	    expansions[_i].parameters, (int)s.len, s.ptr);
}
END_TEST

START_TEST(the_longest_parameters_have_leaves)
{
	char		 text[RCPT_PARAMETERS_MAX + 1];
	char		 long_one[RCPT_PARAMETERS_MAX + 1];
	const char	*head = "notify=success,failure,delay orcpt=rfc822;";
	struct span	 s;

	memset(long_one, 'a', sizeof long_one);
	memcpy(long_one, head, strlen(head));
	s = notify_of_leaves(span_make(long_one, RCPT_PARAMETERS_MAX), text);
	ck_assert(s.len == RCPT_PARAMETERS_MAX - strlen("success,"));
}
END_TEST

static const struct {
	const char	*words, *name, *value;		/* NULL: none */
} words[] = {
	{ "",				"ret",	NULL },
	{ "ret=full",			"ret",	"full" },
	{ "tag=a tag=b",		"tag",	"a" },
	{ "proto=ESMTP ret=hdrs",	"ret",	"hdrs" },
	{ "regret=1",			"ret",	NULL },
	{ "return=1",			"ret",	NULL },
	{ "ret",			"ret",	NULL },
	{ "ret=",			"ret",	"" },
	{ "a=ret=b",			"ret",	NULL },
};

START_TEST(words_are_found_by_their_whole_name)
{
	struct span	 value;
	bool		 there = words_find(span_of(words[_i].words),
			    words[_i].name, &value);

	ck_assert(there == (words[_i].value != NULL));
	ck_assert(span_is(value, there ? words[_i].value : ""));
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("notify");
	TCase	*tc = tcase_create("notify");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, a_sender_hears_what_it_asked_for, 0,
	    COUNT(wishes));
	tcase_add_loop_test(tc, leaves_do_not_tell_of_success, 0,
	    COUNT(expansions));
	tcase_add_test(tc, the_longest_parameters_have_leaves);
	tcase_add_loop_test(tc, words_are_found_by_their_whole_name, 0,
	    COUNT(words));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
