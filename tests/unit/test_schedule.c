/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "queue/index_write.h"
#include "shared/log.h"
#include "tests/unit/queue_stub.h"

enum { ID = 1000, RECIPIENTS = 2 };

static struct {
	char		 place[STUB_PLACE_SIZE];
	struct letter	*letter;
} at;

/* A message whose rows are on disk, and of which the loop knows nothing. */
static void
setup(void)
{
	struct queue	*q = queue_state();
	struct addr	 sender;
	struct writing	 w;

	stub_enter(at.place);
	q->index = index_open(&q->spool);
	messages_init(&q->messages);
	expand_init(&q->expansions);
	destinations_init(&q->destinations);
	ck_assert_int_eq(addr_parse(span_of("a@b.example"), &sender), ADDR_OK);
	at.letter = letter_new(ID, &sender);
	ck_assert(letter_add(at.letter, span_of("c@d.example"),
	    span_of("")));
	ck_assert(letter_add(at.letter, span_of("e@f.example"),
	    span_of("")));
	ck_assert_int_eq(writing_begin(&w, q->index), 0);
	ck_assert_int_eq(writing_store(&w, at.letter), 0);
	ck_assert_int_eq(writing_commit(&w), 0);
}

static void
teardown(void)
{
	struct recipient	*r, *next;
	struct message		*m = message_find(queue_state(), ID);

	if (m != NULL) {
		RB_FOREACH_SAFE(r, recipient_tree, &m->recipients, next) {
			recipient_unlist(queue_state(), r);
			recipient_free(queue_state(), r);
		}
		m->going = false;
		message_settle(queue_state(), m);
	}
	letter_free(at.letter);
	index_close(queue_state()->index);
	stub_leave(at.place);
}

static void
assert_known_once(void)
{
	struct message	*m = message_find(queue_state(), ID);

	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(m->count, RECIPIENTS);
	ck_assert_uint_eq(m->looking, RECIPIENTS);
	ck_assert_uint_eq(queue_state()->messages.count, 1);
	ck_assert_uint_eq(queue_state()->messages.recipients, RECIPIENTS);
}

START_TEST(a_stored_message_is_taken_up)
{
	schedule_stored(queue_state(), at.letter);
	assert_known_once();
}
END_TEST

START_TEST(behind_a_backlog_it_is_taken_up_with_that)
{
	schedule_backlog(queue_state(), 1);
	schedule_stored(queue_state(), at.letter);
	ck_assert_uint_eq(queue_state()->messages.count, 0);
	schedule_pump(queue_state());
	assert_known_once();
}
END_TEST

START_TEST(what_the_index_showed_before_the_change_came_back_is_known_once)
{
	schedule_backlog(queue_state(), 1);
	schedule_pump(queue_state());
	schedule_pump(queue_state());
	ck_assert(!queue_state()->schedule.backlog);
	assert_known_once();
	schedule_stored(queue_state(), at.letter);
	assert_known_once();
}
END_TEST

START_TEST(what_is_being_removed_is_not_taken_up_when_its_change_comes_back)
{
	struct message	*m;
	struct view	 v;

	view_open(&v, queue_state()->index);
	m = message_load(queue_state(), &v, ID);
	view_close(&v);
	m->going = true;
	schedule_stored(queue_state(), at.letter);
	ck_assert_uint_eq(queue_state()->messages.count, 1);
	ck_assert_uint_eq(queue_state()->messages.recipients, 0);
}
END_TEST

START_TEST(what_an_order_has_changed_is_taken_up_as_the_index_has_it)
{
	struct queue	*q = queue_state();
	struct hold	 h = { .on = MESSAGE_HELD };
	struct writing	 w;
	struct tally	 t;

	ck_assert_int_eq(writing_begin(&w, q->index), 0);
	ck_assert_int_eq(writing_hold(&w, ID, &h, &t), 0);
	ck_assert_int_eq(writing_commit(&w), 0);
	q->errands.highest = ID;
	schedule_stored(q, at.letter);
	schedule_pump(q);
	ck_assert_uint_eq(q->messages.count, 0);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("schedule");
	TCase	*c = tcase_create("new mail");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_stored_message_is_taken_up);
	tcase_add_test(c, behind_a_backlog_it_is_taken_up_with_that);
	tcase_add_test(c,
	    what_the_index_showed_before_the_change_came_back_is_known_once);
	tcase_add_test(c,
	    what_is_being_removed_is_not_taken_up_when_its_change_comes_back);
	tcase_add_test(c,
	    what_an_order_has_changed_is_taken_up_as_the_index_has_it);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
