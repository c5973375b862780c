/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "queue/walk.h"
#include "shared/log.h"
#include "tests/unit/queue_stub.h"

enum { ID = 5000, SIZE = 700, MANY = 1700 };

static struct addr
address(const char *s)
{
	struct addr	 a;

	ck_assert_int_eq(addr_parse(span_of(s), &a), ADDR_OK);
	return a;
}

static struct filter
filter_of(const struct msg_list *m)
{
	struct msg_list	 l = *m;

	if (l.sender_is.ptr == NULL)
		l.sender_is = span_of("");
	if (l.recipient_is.ptr == NULL)
		l.recipient_is = span_of("");
	if (l.destination_is.ptr == NULL)
		l.destination_is = span_of("");
	if (l.identity_is.ptr == NULL)
		l.identity_is = span_of("");
	if (l.reason_has.ptr == NULL)
		l.reason_has = span_of("");
	return filter_of_list(&l);
}

/* ---- messages ------------------------------------------------------------ */

#define TEXT(s)	{ s, sizeof s - 1 }

static const struct {
	const char	*name;
	struct msg_list	 wish;
	bool		 is_meant;
} messages[] = {
	{ "nothing asked",	{ .token = 1 },				true },
	{ "its id",		{ .id = ID },				true },
	{ "another id",		{ .id = ID + 1 },			false },
	{ "since then",		{ .since = ID },			true },
	{ "since later",	{ .since = ID + 1 },			false },
	{ "before later",	{ .before = ID + 1 },			true },
	{ "before then",	{ .before = ID },			false },
	{ "not smaller",	{ .size_min = SIZE },			true },
	{ "larger",		{ .size_min = SIZE + 1 },		false },
	{ "not larger",		{ .size_max = SIZE },			true },
	{ "smaller",		{ .size_max = SIZE - 1 },		false },
	{ "its state",		{ .states = 1u << MESSAGE_WAITING },	true },
	{ "one of two",		{ .states = 1u << MESSAGE_WAITING |
				    1u << MESSAGE_IS_HELD },		true },
	{ "another state",	{ .states = 1u << MESSAGE_IS_HELD },	false },
	{ "its sender",		{ .sender_is = TEXT("joe@a.example") },	true },
	{ "his domain",		{ .sender_is = TEXT("a.example") },	true },
	{ "below a domain",	{ .sender_is = TEXT("*.example") },	true },
	{ "any of a domain",	{ .sender_is = TEXT("*@a.example") },	true },
	{ "another sender",	{ .sender_is = TEXT("jim@a.example") },	false },
	{ "nobody",		{ .sender_is = TEXT("<>") },		false },
	{ "whoever",		{ .sender_is = TEXT("*") },		true },
	{ "its identity",	{ .identity_is = TEXT("uid:1000") },	true },
	{ "any uid",		{ .identity_is = TEXT("uid:*") },	true },
	{ "another identity",	{ .identity_is = TEXT("joe") },		false },
	{ "one of two wrong",	{ .id = ID, .size_max = 1 },		false },
};

START_TEST(a_message_is_meant_when_all_conditions_hold)
{
	struct filter		 f = filter_of(&messages[_i].wish);
	struct message_row	 r = { .arrived = ID, .size = SIZE, .left = 1 };

	r.sender = address("Joe@A.example");
	r.origin.identity = span_of("uid:1000");
	ck_assert_msg(filter_has_message(&f, ID, &r, MESSAGE_WAITING) ==
	    messages[_i].is_meant, "%s", messages[_i].name);
	ck_assert(!filter_is_of_recipients(&f));
}
END_TEST

START_TEST(the_null_sender_is_meant_by_its_own_sign_alone)
{
	struct msg_list		 wish = { .sender_is = TEXT("<>") };
	struct message_row	 r = { .arrived = ID };
	struct filter		 f = filter_of(&wish);

	r.sender.len = 0;
	r.origin.identity = span_of("");
	ck_assert(filter_has_message(&f, ID, &r, MESSAGE_WAITING));
	wish.sender_is = span_of("*");
	f = filter_of(&wish);
	ck_assert(!filter_has_message(&f, ID, &r, MESSAGE_WAITING));
}
END_TEST

/* ---- recipients ---------------------------------------------------------- */

static const struct {
	const char	*name;
	struct msg_list	 wish;
	bool		 is_meant;
} recipients[] = {
	{ "its address",  { .recipient_is = TEXT("ann@b.example") },	true },
	{ "the original", { .recipient_is = TEXT("all@c.example") },	true },
	{ "its domain",	  { .recipient_is = TEXT("b.example") },	true },
	{ "another",	  { .recipient_is = TEXT("d.example") },	false },
	{ "destination",  { .destination_is = TEXT("mx:b.example") },	true },
	{ "any mx",	  { .destination_is = TEXT("mx:*") },		true },
	{ "a middle",	  { .destination_is = TEXT("*b.ex*e") },	true },
	{ "again",	  { .destination_is = TEXT("*e*e*") },		true },
	{ "anything",	  { .destination_is = TEXT("*") },		true },
	{ "a beginning",  { .destination_is = TEXT("mx:b") },		false },
	{ "an end",	  { .destination_is = TEXT("b.example") },	false },
	{ "too much",	  { .destination_is = TEXT("mx:b.example*x") },	false },
	{ "a word of it", { .reason_has = TEXT("MAILBOX") },		true },
	{ "its code",	  { .reason_has = TEXT("452 4.2.2") },		true },
	{ "over lines",	  { .reason_has = TEXT("full try") },		true },
	{ "no word",	  { .reason_has = TEXT("greylisted") },		false },
	{ "one is wrong", { .recipient_is = TEXT("b.example"),
			    .reason_has = TEXT("none") },		false },
};

START_TEST(a_recipient_is_meant_when_all_conditions_hold)
{
	struct filter		 f = filter_of(&recipients[_i].wish);
	struct recipient_row	 r = { .state = ROW_WAITING };

	r.address = span_of("ann@b.example");
	r.original = span_of("all@c.example");
	r.destination = span_of("mx:B.example");
	r.reply = reply_make(452, "4.2.2", "Mailbox full\ntry later");
	ck_assert_msg(filter_has_recipient(&f, &r) ==
	    recipients[_i].is_meant, "%s", recipients[_i].name);
	ck_assert(filter_is_of_recipients(&f));
}
END_TEST

START_TEST(who_has_heard_nothing_has_no_reason)
{
	struct msg_list		 wish = { .reason_has = TEXT("0") };
	struct filter		 f = filter_of(&wish);
	struct recipient_row	 r = { .state = ROW_NEW };

	r.address = span_of("ann@b.example");
	r.original = r.destination = span_of("");
	ck_assert(!filter_has_recipient(&f, &r));
}
END_TEST

/* ---- walks --------------------------------------------------------------- */

static char	 place[STUB_PLACE_SIZE];

static void
setup(void)
{
	struct queue	*q = queue_state();
	struct letter	*l;
	struct writing	 w;
	unsigned	 i;

	stub_enter(place);
	q->index = index_open(&q->spool);
	messages_init(&q->messages);
	hots_init(&q->hots);
	ck_assert_int_eq(writing_begin(&w, q->index), 0);
	for (i = 1; i <= MANY; i++) {
		l = stub_letter(i * ID, i % 2 ? "a@odd.example" :
		    "a@even.example", 2);
		ck_assert_int_eq(writing_store(&w, l), 0);
		letter_free(l);
	}
	ck_assert_int_eq(writing_commit(&w), 0);
}

static void
teardown(void)
{
	index_close(queue_state()->index);
	stub_leave(place);
}

/* From part to part; no part looks at more than it may. */
static unsigned
count(const struct msg_list *wish, unsigned *parts)
{
	struct filter	 f = filter_of(wish);
	struct walk	 w;
	uint64_t	 after = 0;
	unsigned	 n = 0;

	*parts = 0;
	do {
		walk_begin(&w, queue_state(), &f, after);
		while (walk_next(&w))
			n++;
		after = walk_rest(&w);
		walk_end(&w);
		ck_assert_uint_le(w.looks, WALK_MESSAGES_MAX);
		ck_assert_uint_le(w.rows, WALK_ROWS_MAX + 1);
		++*parts;
	} while (after != 0);
	return n;
}

START_TEST(a_walk_has_parts_and_meets_each_message_once)
{
	struct msg_list	 all = { .token = 1 };
	struct msg_list	 odd = { .sender_is = TEXT("odd.example") };
	struct msg_list	 none = { .sender_is = TEXT("none.example") };
	unsigned	 parts;

	ck_assert_uint_eq(count(&all, &parts), MANY);
	ck_assert_uint_eq(parts, MANY / WALK_MESSAGES_MAX + 1);
	ck_assert_uint_eq(count(&odd, &parts), MANY / 2);
	ck_assert_uint_eq(count(&none, &parts), 0);
	ck_assert_uint_eq(parts, MANY / WALK_MESSAGES_MAX + 1);
}
END_TEST

START_TEST(a_part_that_looks_at_recipients_is_shorter)
{
	struct msg_list	 one = { .recipient_is = TEXT("r1@example.org") };
	unsigned	 parts;

	ck_assert_uint_eq(count(&one, &parts), MANY);
	ck_assert_uint_ge(parts, 2 * MANY / WALK_ROWS_MAX);
}
END_TEST

START_TEST(an_id_is_looked_up)
{
	struct msg_list	 wish = { .id = 7 * ID };
	unsigned	 parts;

	ck_assert_uint_eq(count(&wish, &parts), 1);
	ck_assert_uint_eq(parts, 1);
	wish.id++;
	ck_assert_uint_eq(count(&wish, &parts), 0);
	ck_assert_uint_eq(parts, 1);
}
END_TEST

START_TEST(a_filter_with_times_begins_and_ends_near_them)
{
	struct msg_list	 wish = { .since = 3600000000, .before = 7200000000 };
	struct filter	 f = filter_of(&wish);

	ck_assert_uint_lt(filter_begins(&f), wish.since);
	ck_assert_uint_gt(filter_begins(&f), wish.since - 120000000);
	ck_assert_uint_eq(filter_ends(&f), UINT64_MAX);	/* imported */
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("filter");
	TCase	*c = tcase_create("filter"), *w = tcase_create("walk");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(c, a_message_is_meant_when_all_conditions_hold, 0,
	    sizeof messages / sizeof messages[0]);
	tcase_add_test(c, the_null_sender_is_meant_by_its_own_sign_alone);
	tcase_add_loop_test(c, a_recipient_is_meant_when_all_conditions_hold,
	    0, sizeof recipients / sizeof recipients[0]);
	tcase_add_test(c, who_has_heard_nothing_has_no_reason);
	tcase_add_test(c, a_filter_with_times_begins_and_ends_near_them);
	tcase_add_checked_fixture(w, setup, teardown);
	tcase_add_test(w, a_walk_has_parts_and_meets_each_message_once);
	tcase_add_test(w, a_part_that_looks_at_recipients_is_shorter);
	tcase_add_test(w, an_id_is_looked_up);
	suite_add_tcase(s, c);
	suite_add_tcase(s, w);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
