/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "queue/lines.h"
#include "queue/origin.h"
#include "queue/queue_limits.h"
#include "queue/sender.h"
#include "shared/alloc.h"

enum { MANY = 1000 };

static struct {
	struct lines	 lines;
	struct message	 messages[MANY + 8];
	struct recipient recipients[MANY + 8];
	unsigned	 count;
} at;

static void
setup(void)
{
	memset(&at, 0, sizeof at);
	lines_init(&at.lines);
}

/* A message for one recipient, whose number says when it came. */
static struct recipient *
come(uint64_t sender, int priority)
{
	struct message		*m = &at.messages[at.count];
	struct recipient	*r = &at.recipients[at.count];

	m->line = sender;
	m->priority = priority;
	r->message = m;
	r->number = at.count++;
	lines_put(&at.lines, r);
	return r;
}

static struct message *
serve(void)
{
	struct recipient	*r = lines_next(&at.lines);

	ck_assert_ptr_nonnull(r);
	ck_assert_ptr_eq(lines_next(&at.lines), r);
	lines_turn_over(&at.lines, r);
	lines_take(&at.lines, r);
	return r->message;
}

static void
serve_all(void)
{
	while (lines_next(&at.lines) != NULL)
		(void)serve();
	ck_assert_uint_eq(at.lines.count, 0);
}

START_TEST(one_sender_is_served_in_order_and_needs_no_memory)
{
	uint32_t	 i;

	for (i = 0; i < 10; i++) {
		(void)come(1, 0);
		ck_assert_uint_eq(at.lines.own.count, i + 1);
	}
	for (i = 0; i < 10; i++)
		ck_assert_ptr_eq(serve(), &at.messages[i]);
	ck_assert_ptr_null(lines_next(&at.lines));
}
END_TEST

START_TEST(a_late_sender_waits_for_one_job_of_a_bulk_sender)
{
	struct recipient	*late;
	unsigned		 i;

	for (i = 0; i < MANY; i++)
		(void)come(1, 0);
	(void)serve();
	late = come(2, 0);
	(void)serve();
	ck_assert_ptr_eq(serve(), late->message);
	serve_all();
}
END_TEST

START_TEST(senders_have_turns)
{
	uint64_t	 expected[] = { 1, 2, 3, 1, 2, 1, 1 };
	unsigned	 i;

	for (i = 0; i < 4; i++)
		(void)come(1, 0);
	(void)come(2, 0);
	(void)come(2, 0);
	(void)come(3, 0);
	for (i = 0; i < sizeof expected / sizeof expected[0]; i++)
		ck_assert_uint_eq(serve()->line, expected[i]);
}
END_TEST

START_TEST(a_higher_priority_goes_first)
{
	(void)come(1, 0);
	(void)come(2, -9);
	(void)come(3, 9);
	(void)come(1, 3);
	ck_assert_int_eq(serve()->priority, 9);
	ck_assert_int_eq(serve()->priority, 3);
	ck_assert_int_eq(serve()->priority, 0);
	ck_assert_int_eq(serve()->priority, -9);
}
END_TEST

/* The same sender with two priorities has two lines. */
START_TEST(no_priority_starves)
{
	unsigned	 served[19] = { 0 }, i;
	int		 p;

	for (i = 0; i < MANY - 10; i++)
		(void)come(1, 9);
	for (i = 0; i < 5; i++) {
		(void)come(1, 0);
		(void)come(2, -9);
	}
	for (i = 0; i < 10 * (OVERTAKE_MAX + 1); i++)
		served[serve()->priority + 9]++;
	ck_assert_uint_eq(served[0], 5);
	ck_assert_uint_eq(served[9], 5);
	ck_assert_uint_eq(served[18], 10 * OVERTAKE_MAX);
	for (p = 0; p < 19; p++)
		ck_assert(p % 9 == 0 || served[p] == 0);
	serve_all();
}
END_TEST

START_TEST(who_is_taken_out_leaves_the_others_in_order)
{
	struct recipient	*first = come(1, 0), *second = come(2, 0);
	struct recipient	*third = come(1, 0);

	lines_take(&at.lines, first);
	ck_assert_ptr_eq(lines_last(&at.lines, third->message), third);
	lines_take(&at.lines, second);
	ck_assert_ptr_null(lines_last(&at.lines, second->message));
	ck_assert_ptr_eq(serve(), third->message);
}
END_TEST

/* ---- who is one sender --------------------------------------------------- */

static const struct {
	const char	*a, *b;
	bool		 same;
} senders[] = {
	{ "",			"",			true },
	{ "",			"a@b.example",		false },
	{ "a@b.example",	"a@B.EXAMPLE",		true },
	{ "a@b.example",	"A@b.example",		false },
	{ "a@b.example",	"a@c.example",		false },
	{ "a@b.example",	"ab@b.example",		false },
	{ "a+1@b.example",	"a+2@b.example",	true },
	{ "a+1@b.example",	"a@b.example",		true },
	{ "l-b+x=y.z@b.example", "l-b+v=w.z@b.example",	true },
	{ "l-1-x=y.z@b.example", "l-2-v=w.z@b.example",	true },
	{ "prvs=1234abc@b.example", "prvs=9876fed@b.example", true },
	{ "l=x@b.example",	"l=x@c.example",	false },
	{ "postmaster",		"postmaster",		true },
};

static uint64_t
number_of(const char *text, uint64_t salt)
{
	struct addr	 a;

	ck_assert_int_eq(addr_parse(span_of(text), &a), ADDR_OK);
	return sender_number(&a, salt);
}

START_TEST(one_sender_has_one_number)
{
	ck_assert_msg((number_of(senders[_i].a, 7) ==
	    number_of(senders[_i].b, 7)) == senders[_i].same, "%s, %s",
	    senders[_i].a, senders[_i].b);
	ck_assert_uint_ne(number_of(senders[_i].a, 7),
	    number_of(senders[_i].a, 8));
}
END_TEST

static const struct {
	const char	*parameters;
	int		 priority;
} words[] = {
	{ "", 0 }, { "priority=3", 3 }, { "tag=x priority=-9 proto=ESMTP", -9 },
	{ "priority=0", 0 }, { "priority=10", 0 }, { "priority=-", 0 },
	{ "priority=", 0 }, { "xpriority=3", 0 }, { "priority=9", 9 },
	{ "helo=priority+3D3", 0 },
};

START_TEST(parameters_tell_the_priority)
{
	struct origin	 o = { .parameters = span_of(words[_i].parameters) };

	ck_assert_int_eq(origin_priority(&o), words[_i].priority);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("lines");
	TCase	*c = tcase_create("turns");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, one_sender_is_served_in_order_and_needs_no_memory);
	tcase_add_test(c, a_late_sender_waits_for_one_job_of_a_bulk_sender);
	tcase_add_test(c, senders_have_turns);
	tcase_add_test(c, a_higher_priority_goes_first);
	tcase_add_test(c, no_priority_starves);
	tcase_add_test(c, who_is_taken_out_leaves_the_others_in_order);
	tcase_add_loop_test(c, one_sender_has_one_number, 0, COUNT(senders));
	tcase_add_loop_test(c, parameters_tell_the_priority, 0, COUNT(words));
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
