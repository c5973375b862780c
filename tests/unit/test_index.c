/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/index_rig.h"

enum { ID = 1000, OTHER = 2000, DUE = 50 };

static unsigned
count_incoming(void)
{
	struct view	 v;
	uint64_t	 id = 0;
	unsigned	 n = 0;

	view_open(&v, rig()->index);
	while (view_next_incoming(&v, &id))
		n++;
	view_close(&v);
	return n;
}

static unsigned
count_age(unsigned class)
{
	struct view	 v;
	uint64_t	 id = 0;
	unsigned	 n = 0;

	view_open(&v, rig()->index);
	while (view_next_age(&v, class, &id))
		n++;
	view_close(&v);
	return n;
}

static bool
has_message(uint64_t id)
{
	struct view	 v;
	bool		 has;

	view_open(&v, rig()->index);
	has = view_has_message(&v, id);
	view_close(&v);
	return has;
}

START_TEST(stored_message_is_found_again)
{
	struct message_row	 m;
	struct recipient_row	 r;
	struct view		 v;

	rig_store(ID, "a@b.example", 2);
	view_open(&v, rig()->index);
	ck_assert(view_message(&v, ID, &m));
	ck_assert_str_eq(m.sender.text, "a@b.example");
	ck_assert_uint_eq(m.left, 2);
	ck_assert_uint_eq(m.fresh, 2);
	ck_assert(view_recipient(&v, ID, 1, &r));
	ck_assert_int_eq(r.state, ROW_NEW);
	ck_assert(span_is(r.address, "r1@example.org"));
	ck_assert(!view_recipient(&v, ID, 2, &r));
	view_close(&v);
	ck_assert_uint_eq(count_incoming(), 1);
}
END_TEST

START_TEST(it_is_there_after_a_new_opening)
{
	uint64_t	 lineage = queue_state()->spool.lineage;

	rig_store(ID, "a@b.example", 1);
	index_close(rig()->index);
	rig()->index = index_open(&queue_state()->spool);
	ck_assert(has_message(ID));
	ck_assert(!index_is_new(rig()->index));
	ck_assert_uint_eq(queue_state()->spool.lineage, lineage);
	ck_assert_uint_ge(index_last(rig()->index), ID);
}
END_TEST

START_TEST(an_id_is_stored_once)
{
	struct letter	*l = stub_letter(ID, "a@b.example", 1);
	struct writing	 w;

	rig_store(ID, "a@b.example", 1);
	ck_assert_int_eq(writing_begin(&w, rig()->index), 0);
	ck_assert_int_eq(writing_store(&w, l), -1);
	ck_assert_int_eq(errno, EEXIST);
	writing_abort(&w);
	letter_free(l);
}
END_TEST

START_TEST(messages_are_listed_oldest_first)
{
	struct message_row	 m;
	struct view		 v;
	uint64_t		 id = 0;

	rig_store(OTHER, "a@b.example", 1);
	rig_store(ID, "a@b.example", 1);
	view_open(&v, rig()->index);
	ck_assert(view_next_message(&v, &id, &m));
	ck_assert_uint_eq(id, ID);
	ck_assert(view_next_message(&v, &id, &m));
	ck_assert_uint_eq(id, OTHER);
	ck_assert(!view_next_message(&v, &id, &m));
	view_close(&v);
}
END_TEST

START_TEST(last_recipient_takes_the_message_along)
{
	struct tally	 t;

	rig_store(ID, "a@b.example", 2);
	t = rig_set(ID, 0, NULL);
	ck_assert_uint_eq(t.left, 1);
	ck_assert(!t.removed);
	ck_assert(has_message(ID));
	t = rig_set(ID, 1, NULL);
	ck_assert_uint_eq(t.left, 0);
	ck_assert(t.removed);
	ck_assert(!has_message(ID));
	ck_assert_uint_eq(count_incoming(), 0);
	ck_assert_uint_eq(count_age(AGE_MAIL), 0);
	t = rig_set(ID, 1, NULL);		/* said twice */
	ck_assert(!t.removed);
}
END_TEST

START_TEST(those_who_wait_are_in_order_of_their_time)
{
	rig_store(ID, "a@b.example", 3);
	rig_store(OTHER, "a@b.example", 1);
	rig_wait_for(ID, 0, "mx:a:25", 300);
	rig_wait_for(ID, 1, "mx:a:25", 100);
	rig_wait_for(ID, 2, "mx:a:251", 50);
	rig_wait_for(OTHER, 0, "mx:a:25", 100);
	ck_assert_str_eq(rig_all_waiting("mx:a:25"),
	    "100:1000:1 100:2000:0 300:1000:0");
	ck_assert_str_eq(rig_all_waiting("mx:a:251"), "50:1000:2");
	ck_assert_str_eq(rig_all_due(), "50 mx:a:251, 100 mx:a:25");
	ck_assert_uint_eq(count_incoming(), 0);
}
END_TEST

START_TEST(a_new_time_replaces_the_old_one)
{
	rig_store(ID, "a@b.example", 1);
	rig_wait_for(ID, 0, "mx:a:25", 100);
	rig_wait_for(ID, 0, "mx:a:25", 200);
	ck_assert_str_eq(rig_all_waiting("mx:a:25"), "200:1000:0");
	ck_assert_str_eq(rig_all_due(), "200 mx:a:25");
	rig_wait_for(ID, 0, "", 70);	/* to be looked up again */
	ck_assert_str_eq(rig_all_waiting("mx:a:25"), "");
	ck_assert_str_eq(rig_all_due(), "70 ");
}
END_TEST

START_TEST(closed_destination_is_due_when_it_may_be_probed)
{
	struct destination_row	 d;
	struct view		 v;

	rig_store(ID, "a@b.example", 1);
	rig_close_destination("mx:a:25", 500, 3);
	/* nobody waits: forgotten */
	ck_assert_str_eq(rig_all_due(), "");
	rig_wait_for(ID, 0, "mx:a:25", 100);
	rig_close_destination("mx:a:25", 500, 3);
	ck_assert_str_eq(rig_all_due(), "500 mx:a:25");
	view_open(&v, rig()->index);
	ck_assert(view_destination(&v, span_of("mx:a:25"), &d));
	ck_assert_uint_eq(d.failures, 3);
	ck_assert_uint_eq(d.closed, 500);
	view_close(&v);
	rig_close_destination("mx:a:25", 0, 0);
	ck_assert_str_eq(rig_all_due(), "100 mx:a:25");
	rig_set(ID, 0, NULL);
	ck_assert_str_eq(rig_all_due(), "");
	view_open(&v, rig()->index);
	ck_assert(!view_destination(&v, span_of("mx:a:25"), &d));
	view_close(&v);
}
END_TEST

START_TEST(failed_recipient_brings_the_message_to_attention)
{
	struct recipient_row	 r = rig_make_row(ROW_FAILED, "mx:a:25", 0);
	struct recipient_row	 seen;
	struct view		 v;
	struct tally		 t;

	rig_store(ID, "a@b.example", 1);
	rig_wait_for(ID, 0, "mx:a:25", DUE);
	ck_assert_uint_eq(count_incoming(), 0);
	r.reply = reply_make(550, "5.1.1", "no such user");
	r.relay = span_of("mx.a[192.0.2.1]:25");
	t = rig_set(ID, 0, &r);
	ck_assert_uint_eq(t.failed, 1);
	ck_assert_uint_eq(t.fresh, 0);
	ck_assert_uint_eq(count_incoming(), 1);
	ck_assert_str_eq(rig_all_due(), "");
	view_open(&v, rig()->index);
	ck_assert(view_recipient(&v, ID, 0, &seen));
	ck_assert_int_eq(seen.reply.code, 550);
	ck_assert_str_eq(seen.reply.text, "no such user");
	ck_assert(span_is(seen.relay, "mx.a[192.0.2.1]:25"));
	view_close(&v);
}
END_TEST

START_TEST(leaves_take_the_next_numbers)
{
	struct recipient_row	 r = rig_make_row(ROW_WAITING, "local:u", DUE);
	struct writing		 w;
	struct tally		 t;

	rig_store(ID, "a@b.example", 2);
	ck_assert_int_eq(writing_begin(&w, rig()->index), 0);
	ck_assert_int_eq(writing_add(&w, ID, &r), 0);
	ck_assert_int_eq(writing_add(&w, ID, &r), 0);
	ck_assert_int_eq(writing_set(&w, ID, 1, NULL, &t), 0);
	ck_assert_int_eq(writing_commit(&w), 0);
	ck_assert_uint_eq(t.left, 3);
	ck_assert_uint_eq(t.fresh, 1);
	ck_assert_str_eq(rig_all_waiting("local:u"), "50:1000:2 50:1000:3");
}
END_TEST

/* A transaction that is not committed leaves nothing of either half. */
START_TEST(notice_and_its_cause_change_together)
{
	struct recipient_row	 r = rig_make_row(ROW_FAILED, "", 0);
	struct letter		*notice = stub_letter(OTHER, "", 1);
	struct writing		 w;
	struct tally		 t;
	int			 i;

	rig_store(ID, "a@b.example", 1);
	rig_set(ID, 0, &r);
	for (i = 0; i < 2; i++) {
		ck_assert(has_message(ID));
		ck_assert(!has_message(OTHER));
		ck_assert_int_eq(writing_begin(&w, rig()->index), 0);
		ck_assert_int_eq(writing_store(&w, notice), 0);
		ck_assert_int_eq(writing_set(&w, ID, 0, NULL, &t), 0);
		ck_assert(t.removed);
		if (i == 0)
			writing_abort(&w);
		else
			ck_assert_int_eq(writing_commit(&w), 0);
	}
	ck_assert(!has_message(ID));
	ck_assert(has_message(OTHER));
	ck_assert_uint_eq(count_age(AGE_NOTICE), 1);
	letter_free(notice);
}
END_TEST

static struct retry
retry(uint64_t id, uint64_t now)
{
	struct retry	 r = { .id = id, .now = now };
	struct writing	 w;

	do {
		ck_assert_int_eq(writing_begin(&w, rig()->index), 0);
		ck_assert_int_eq(writing_retry(&w, &r), 0);
		ck_assert_int_eq(writing_commit(&w), 0);
	} while (r.more);
	return r;
}

START_TEST(retry_of_all_draws_every_destination)
{
	rig_store(ID, "a@b.example", 3);
	rig_store(OTHER, "a@b.example", 1);
	rig_wait_for(ID, 0, "mx:a:25", 300);
	rig_wait_for(ID, 1, "mx:a:25", 100);
	rig_wait_for(ID, 2, "mx:b:25", 900);
	rig_wait_for(OTHER, 0, "", 800);
	rig_close_destination("mx:b:25", 5000, 2);
	ck_assert_uint_eq(retry(0, 200).count, 2);
	ck_assert_str_eq(rig_all_waiting("mx:a:25"), "100:1000:1 200:1000:0");
	ck_assert_str_eq(rig_all_due(), "100 mx:a:25, 200 , 200 mx:b:25");
}
END_TEST

START_TEST(retry_of_one_leaves_the_others)
{
	rig_store(ID, "a@b.example", 1);
	rig_store(OTHER, "a@b.example", 1);
	rig_wait_for(ID, 0, "mx:a:25", 300);
	rig_wait_for(OTHER, 0, "mx:a:25", 400);
	ck_assert_uint_eq(retry(OTHER, 200).count, 1);
	ck_assert_str_eq(rig_all_waiting("mx:a:25"), "200:2000:0 300:1000:0");
	ck_assert_uint_eq(retry(3000, 200).count, 0);
}
END_TEST

START_TEST(unfinished_new_index_is_made_again)
{
	index_close(rig()->index);
	ck_assert_int_eq(rename("index", "index.new"), 0);
	rig()->index = index_open(&queue_state()->spool);
	ck_assert(index_is_new(rig()->index));
	ck_assert_int_eq(index_rebuild(rig()->index), REBUILD_NOTHING);
	ck_assert_int_eq(access("index.new", F_OK), -1);
}
END_TEST

START_TEST(lost_index_with_messages_wants_a_rebuild)
{
	uint64_t	 lineage = queue_state()->spool.lineage;
	FILE		*f = fopen("message/67/00000000J6HB7", "w");

	ck_assert_ptr_nonnull(f);
	(void)fclose(f);
	index_close(rig()->index);
	ck_assert_int_eq(rename("index", "index.lost"), 0);
	rig()->index = index_open(&queue_state()->spool);
	ck_assert_int_eq(index_rebuild(rig()->index), REBUILD_INDEX);
	ck_assert_uint_ne(queue_state()->spool.lineage, lineage);
}
END_TEST

START_TEST(a_removed_message_leaves_nothing)
{
	struct message_row	 row;
	struct recipient_row	 r;
	struct writing		 w;
	struct tally		 t;
	struct view		 v;
	uint64_t		 id = 0;

	rig_store(ID, "a@b.example", 3);
	rig_store(OTHER, "a@b.example", 1);
	(void)rig_wait_for(ID, 0, "mx:example.net:25", DUE);
	ck_assert_int_eq(writing_begin(&w, rig()->index), 0);
	ck_assert_int_eq(writing_remove(&w, ID, &t), 0);
	ck_assert(t.removed);
	ck_assert_int_eq(writing_remove(&w, ID, &t), 0);
	ck_assert(!t.removed);
	ck_assert_int_eq(writing_commit(&w), 0);
	ck_assert_str_eq(rig_all_due(), "");
	view_open(&v, rig()->index);
	ck_assert(!view_message(&v, ID, &row));
	ck_assert(!view_recipient(&v, ID, 1, &r));
	ck_assert(view_next_incoming(&v, &id));
	ck_assert_uint_eq(id, OTHER);
	view_close(&v);
}
END_TEST

static void
add_all(TCase *tc)
{
	tcase_add_test(tc, stored_message_is_found_again);
	tcase_add_test(tc, it_is_there_after_a_new_opening);
	tcase_add_test(tc, an_id_is_stored_once);
	tcase_add_test(tc, messages_are_listed_oldest_first);
	tcase_add_test(tc, last_recipient_takes_the_message_along);
	tcase_add_test(tc, those_who_wait_are_in_order_of_their_time);
	tcase_add_test(tc, a_new_time_replaces_the_old_one);
	tcase_add_test(tc, closed_destination_is_due_when_it_may_be_probed);
	tcase_add_test(tc, failed_recipient_brings_the_message_to_attention);
	tcase_add_test(tc, leaves_take_the_next_numbers);
	tcase_add_test(tc, notice_and_its_cause_change_together);
	tcase_add_test(tc, retry_of_all_draws_every_destination);
	tcase_add_test(tc, retry_of_one_leaves_the_others);
	tcase_add_test(tc, unfinished_new_index_is_made_again);
	tcase_add_test(tc, lost_index_with_messages_wants_a_rebuild);
	tcase_add_test(tc, a_removed_message_leaves_nothing);
}

int
main(void)
{
	Suite	*s = suite_create("index");
	TCase	*tc = tcase_create("index");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(tc, rig_setup, rig_teardown);
	add_all(tc);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
