/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>

#include "tests/unit/queue_stub.h"

enum { AFTER = 2 };

static char	 place[STUB_PLACE_SIZE];

static void
setup(void)
{
	struct queue	*q = queue_state();

	stub_enter(place);
	digests_init(&q->digests);
	q->notices.digest_after = AFTER;
	q->notices.digest_time = 60;
}

static void
teardown(void)
{
	digests_forget(&queue_state()->digests);
	stub_leave(place);
}

/* When a failure of a message is told with others. */
static uint64_t
plan(uint64_t id, const char *sender, const char *destination,
    const char *text)
{
	struct recipient_row	 row = { .state = ROW_FAILED };
	struct message		 m = { .id = id };

	ck_assert_int_eq(addr_parse(span_of(sender), &m.sender), ADDR_OK);
	row.destination = span_of(destination);
	row.relay = span_of("");
	row.reply = reply_make(550, "5.1.1", "%s", text);
	return digest_plan(queue_state(), &m, &row);
}

static const char *const	 alike[] = {
	"<a@x.example> unknown", "<b@x.example> unknown",
	"<c@x.example> 17 unknown", "no4 unknown",
};

START_TEST(what_is_alike_but_for_addresses_and_digits_waits_for_one_time)
{
	uint64_t	 due;

	ck_assert_uint_eq(plan(1, "s@a.example", "mx:x:25", alike[0]), 0);
	ck_assert_uint_eq(plan(2, "s@a.example", "mx:x:25", alike[1]), 0);
	due = plan(3, "s@a.example", "mx:x:25", alike[2]);
	ck_assert_uint_ne(due, 0);
	ck_assert_uint_eq(plan(4, "s@a.example", "mx:x:25", alike[3]), due);
}
END_TEST

START_TEST(recipients_of_a_message_count_once)
{
	unsigned	 i;

	for (i = 0; i < 10; i++)
		ck_assert_uint_eq(plan(1, "s@a.example", "mx:x:25", "no"), 0);
}
END_TEST

START_TEST(what_differs_is_counted_apart)
{
	unsigned	 id;

	for (id = 1; id <= AFTER; id++) {
		ck_assert_uint_eq(plan(id, "s@a.example", "mx:x:25", "no"), 0);
		ck_assert_uint_eq(plan(id, "t@a.example", "mx:x:25", "no"), 0);
		ck_assert_uint_eq(plan(id, "s@a.example", "mx:y:25", "no"), 0);
		ck_assert_uint_eq(plan(id, "s@a.example", "mx:x:25", "nay"),
		    0);
	}
	ck_assert_uint_ne(plan(id, "s@a.example", "mx:x:25", "no"),
	    plan(id, "t@a.example", "mx:x:25", "no"));
}
END_TEST

START_TEST(the_kinds_that_are_counted_have_a_ceiling)
{
	char		 text[32];
	unsigned	 i;

	for (i = 0; i < 2 * ALIKE_MAX; i++) {
		(void)snprintf(text, sizeof text, "s%u@a.example", i);
		ck_assert_uint_eq(plan(1, text, "mx:x:25", "no"), 0);
	}
	ck_assert_uint_eq(queue_state()->digests.count, ALIKE_MAX);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("digest");
	TCase	*c = tcase_create("digest");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c,
	    what_is_alike_but_for_addresses_and_digits_waits_for_one_time);
	tcase_add_test(c, recipients_of_a_message_count_once);
	tcase_add_test(c, what_differs_is_counted_apart);
	tcase_add_test(c, the_kinds_that_are_counted_have_a_ceiling);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
