/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "queue/index_write.h"
#include "queue/queue.h"
#include "shared/log.h"

enum { ID = 1000, RECIPIENTS = 2 };

static struct {
	char		 place[32];
	struct queue	 queue;
	struct letter	*letter;
} at;

/* What the sources of the queue ask of their program. */
struct queue *
queue_state(void)
{
	return &at.queue;
}

uint64_t
queue_now(void)
{
	return 1;
}

uint64_t
queue_next_id(struct queue *q)
{
	return ++q->last;
}

void
queue_check_ready(struct queue *q)
{
	(void)q;
}

void
queue_check_end(struct queue *q)
{
	(void)q;
}

static int
drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* A message whose rows are on disk, and of which the loop knows nothing. */
static void
setup(void)
{
	struct queue	*q = &at.queue;
	struct addr	 sender;
	struct writing	 w;

	(void)snprintf(at.place, sizeof at.place, "/tmp/test_sched.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(at.place));
	ck_assert_int_eq(chdir(at.place), 0);
	spool_open(&q->spool);
	q->index = index_open(&q->spool);
	messages_init(&q->messages);
	expand_init(&q->expansions);
	destinations_init(&q->destinations);
	ck_assert_int_eq(addr_parse(span_of("a@b.example"), &sender), ADDR_OK);
	at.letter = letter_new(ID, &sender);
	ck_assert(letter_add(at.letter, span_of("c@d.example")));
	ck_assert(letter_add(at.letter, span_of("e@f.example")));
	ck_assert_int_eq(writing_begin(&w, q->index), 0);
	ck_assert_int_eq(writing_store(&w, at.letter), 0);
	ck_assert_int_eq(writing_commit(&w), 0);
}

static void
teardown(void)
{
	struct recipient	*r, *next;
	struct message		*m = message_find(&at.queue, ID);

	if (m != NULL) {
		RB_FOREACH_SAFE(r, recipient_tree, &m->recipients, next) {
			recipient_unlist(&at.queue, r);
			recipient_free(&at.queue, r);
		}
		m->going = false;
		message_settle(&at.queue, m);
	}
	letter_free(at.letter);
	index_close(at.queue.index);
	spool_close(&at.queue.spool);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(nftw(at.place, drop, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void
assert_known_once(void)
{
	struct message	*m = message_find(&at.queue, ID);

	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(m->count, RECIPIENTS);
	ck_assert_uint_eq(m->looking, RECIPIENTS);
	ck_assert_uint_eq(at.queue.messages.count, 1);
	ck_assert_uint_eq(at.queue.messages.recipients, RECIPIENTS);
}

START_TEST(a_stored_message_is_taken_up)
{
	schedule_stored(&at.queue, at.letter);
	assert_known_once();
}
END_TEST

START_TEST(behind_a_backlog_it_is_taken_up_with_that)
{
	schedule_backlog(&at.queue, 1);
	schedule_stored(&at.queue, at.letter);
	ck_assert_uint_eq(at.queue.messages.count, 0);
	schedule_pump(&at.queue);
	assert_known_once();
}
END_TEST

START_TEST(what_the_index_showed_before_the_change_came_back_is_known_once)
{
	schedule_backlog(&at.queue, 1);
	schedule_pump(&at.queue);
	schedule_pump(&at.queue);
	ck_assert(!at.queue.schedule.backlog);
	assert_known_once();
	schedule_stored(&at.queue, at.letter);
	assert_known_once();
}
END_TEST

START_TEST(what_is_being_removed_is_not_taken_up_when_its_change_comes_back)
{
	struct message	*m;
	struct view	 v;

	view_open(&v, at.queue.index);
	m = message_load(&at.queue, &v, ID);
	view_close(&v);
	m->going = true;
	schedule_stored(&at.queue, at.letter);
	ck_assert_uint_eq(at.queue.messages.count, 1);
	ck_assert_uint_eq(at.queue.messages.recipients, 0);
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
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
