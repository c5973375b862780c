/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/change.h"
#include "queue/index_read.h"
#include "queue/spiller.h"
#include "queue/trailer.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "tests/unit/queue_stub.h"

enum { ID = 1000, OTHER = 2000, NOTICE = 3000, LARGE = 400 };
enum { PATIENCE = 50 };	/* seconds, of a busy disk */

static struct {
	char		 place[STUB_PLACE_SIZE];
	struct index	*index;
	struct job_list	 batch;
} at;

static void
setup(void)
{
	stub_enter(at.place);
	at.index = index_open(&queue_state()->spool);
	STAILQ_INIT(&at.batch);
}

static void
clear_batch(void)
{
	struct job	*job;

	while ((job = STAILQ_FIRST(&at.batch)) != NULL) {
		STAILQ_REMOVE_HEAD(&at.batch, entry);
		change_free((struct change *)job);
	}
}

static void
teardown(void)
{
	clear_batch();
	index_close(at.index);
	stub_leave(at.place);
}

static struct change *
add(enum change_kind kind, uint64_t id)
{
	struct change	*c = change_new(kind, change_free);

	c->id = id;
	STAILQ_INSERT_TAIL(&at.batch, &c->job, entry);
	return c;
}

static struct change *
add_store(enum change_kind kind, uint64_t id, const char *text)
{
	struct change	*c = add(kind, id);
	struct piece	*p = piece_new(strlen(text));
	struct addr	 sender = { .len = 0 };

	memcpy(p->data, text, p->len);
	STAILQ_INSERT_TAIL(&c->content, p, entry);
	c->letter = letter_new(id, &sender);
	c->letter->size = p->len;
	ck_assert(letter_add(c->letter, span_of("r@example.org"),
	    span_of("")));
	c->last = id;
	return c;
}

static void
run(void)
{
	struct spiller	 s = { .spool = &queue_state()->spool,
			    .index = at.index };

	spiller_batch(&s, &at.batch);
}

static void
store(uint64_t id)
{
	struct change	*c = add_store(CHANGE_STORE, id, "text\r\n");

	run();
	ck_assert_int_eq(c->error, 0);
	clear_batch();
}

static bool
has_file(uint64_t id)
{
	int	 fd = spool_open_message(&queue_state()->spool, id);
	bool	 has = fd != -1;

	fd_close(&fd);
	return has;
}

static bool
has_row(uint64_t id)
{
	struct view	 v;
	bool		 has;

	view_open(&v, at.index);
	has = view_has_message(&v, id);
	view_close(&v);
	return has;
}

static struct recipient_row
make_row(enum row_state state)
{
	struct recipient_row	 r = { .state = state };

	r.address = span_of("r@example.org");
	r.original = r.relay = span_of("");
	r.destination = span_of("mx:example.org:25");
	r.reply = reply_make(450, "4.2.0", "later");
	return r;
}

START_TEST(stored_is_file_and_row)
{
	struct trailer	 t;
	int		 fd;

	store(ID);
	ck_assert(has_row(ID));
	fd = spool_open_message(&queue_state()->spool, ID);
	ck_assert_int_eq(trailer_read(fd, &t), 0);
	ck_assert_int_eq(trailer_check_content(fd, &t), 0);
	ck_assert_uint_eq(t.lineage, queue_state()->spool.lineage);
	letter_free(t.letter);
	fd_close(&fd);
}
END_TEST

/* A batch is what came while the disk was busy: that has no limit. */
START_TEST(large_batches_need_few_descriptors)
{
	struct rlimit	 files;
	struct change	*c;
	int		 i;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = DIRECTORIES + FILES_AT_ONCE + 32;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	for (i = 0; i < LARGE; i++) {
		c = add_store(i % 2 ? CHANGE_STORE : CHANGE_NOTICE, ID + i,
		    "text\r\n");
		if (i % 50 == 0)
			c->letter->size++;	/* fails, when it is written */
	}
	run();
	for (i = 0; i < LARGE; i++)
		ck_assert_msg(has_file(ID + i) == (i % 50 != 0), "%d", i);
}
END_TEST

START_TEST(one_that_fails_does_not_fail_its_batch)
{
	struct change	*good, *bad, *last;

	good = add_store(CHANGE_STORE, ID, "text\r\n");
	bad = add_store(CHANGE_STORE, OTHER, "text\r\n");
	bad->letter->size++;
	last = add_store(CHANGE_STORE, NOTICE, "text\r\n");
	run();
	ck_assert_int_eq(good->error, 0);
	ck_assert_int_ne(bad->error, 0);
	ck_assert_int_eq(last->error, 0);
	ck_assert(has_row(ID) && has_file(ID));
	ck_assert(!has_row(OTHER) && !has_file(OTHER));
	ck_assert(has_row(NOTICE) && has_file(NOTICE));
}
END_TEST

START_TEST(row_at_fault_takes_its_file_along)
{
	struct change	*bad, *good;

	store(ID);
	ck_assert_int_eq(spool_remove(&queue_state()->spool, ID), 0);
	bad = add_store(CHANGE_STORE, ID, "other\r\n");	/* its row exists */
	good = add_store(CHANGE_STORE, OTHER, "text\r\n");
	run();
	ck_assert_int_eq(bad->error, EEXIST);
	ck_assert(!has_file(ID));
	ck_assert_int_eq(good->error, 0);
	ck_assert(has_row(OTHER) && has_file(OTHER));
}
END_TEST

START_TEST(file_goes_behind_its_rows)
{
	struct change	*c;

	store(ID);
	c = add(CHANGE_DELETE, ID);
	run();
	ck_assert_int_eq(c->error, 0);
	ck_assert(c->tally.removed);
	ck_assert(!has_row(ID) && !has_file(ID));
}
END_TEST

START_TEST(damaged_file_goes_to_quarantine)
{
	struct change	*c;
	char		 name[64], id[ID_SIZE];

	store(ID);
	c = add(CHANGE_DELETE, ID);
	c->aside = true;
	run();
	ck_assert(!has_file(ID));
	id_format(id, ID);
	(void)snprintf(name, sizeof name, "quarantine/%s", id);
	ck_assert_int_eq(access(name, F_OK), 0);
}
END_TEST

START_TEST(streamed_pieces_become_one_file)
{
	struct file	*f = file_new(ID);
	struct change	*c;
	struct trailer	 t;
	int		 fd, i;

	for (i = 0; i < 3; i++) {
		c = add_store(CHANGE_STREAM, ID, "piece\r\n");
		c->file = f;
		run();
		ck_assert_int_eq(c->error, 0);
		ck_assert(!has_file(ID));
		c->file = NULL;
		clear_batch();
	}
	c = add_store(CHANGE_STORE, ID, "end\r\n");
	c->file = f;
	c->letter->size = 3 * 7 + 5;
	run();
	ck_assert_int_eq(c->error, 0);
	fd = spool_open_message(&queue_state()->spool, ID);
	ck_assert_int_eq(trailer_read(fd, &t), 0);
	ck_assert_int_eq(trailer_check_content(fd, &t), 0);
	ck_assert_uint_eq(t.letter->size, 26);
	letter_free(t.letter);
	fd_close(&fd);
}
END_TEST

START_TEST(discarded_file_leaves_nothing)
{
	struct change	*c = add_store(CHANGE_STREAM, ID, "piece\r\n");
	struct file	*f = file_new(ID);
	char		 name[64], part[SPOOL_NAME_SIZE];

	spool_part_name(part, ID);
	(void)snprintf(name, sizeof name, "message/e8/%s", part);
	c->file = f;
	run();
	ck_assert_int_eq(access(name, F_OK), 0);
	c->file = NULL;
	clear_batch();
	c = add(CHANGE_DISCARD, ID);
	c->file = f;
	run();
	ck_assert_int_eq(access(name, F_OK), -1);
}
END_TEST

START_TEST(notice_replaces_what_it_tells)
{
	struct recipient_row	 row = make_row(ROW_FAILED);
	struct change		*c;

	store(ID);
	c = add(CHANGE_UPDATE, ID);
	change_add_row(c, &row);
	run();
	ck_assert_uint_eq(c->tally.failed, 1);
	ck_assert_uint_eq(c->tally.fresh, 0);
	clear_batch();
	c = add_store(CHANGE_NOTICE, NOTICE, "notice\r\n");
	c->id = ID;
	c->numbers = calloc(1, sizeof *c->numbers);
	c->count = 1;
	run();
	ck_assert_int_eq(c->error, 0);
	ck_assert(c->tally.removed);
	ck_assert(!has_row(ID) && !has_file(ID));
	ck_assert(has_row(NOTICE) && has_file(NOTICE));
}
END_TEST

START_TEST(verdict_stays_when_it_is_to_be_kept)
{
	struct recipient_row	 row = make_row(ROW_WAITING), seen;
	struct change		*c;
	struct view		 v;

	store(ID);
	row.due = 5;
	c = add(CHANGE_UPDATE, ID);
	change_add_row(c, &row);
	row = make_row(ROW_FAILED);
	row.expired = 1;
	row.reply.code = 0;
	c = add(CHANGE_UPDATE, ID);
	c->keeps_reply = true;
	change_add_row(c, &row);
	run();
	ck_assert_int_eq(c->error, 0);
	view_open(&v, at.index);
	ck_assert(view_recipient(&v, ID, 0, &seen));
	ck_assert_int_eq(seen.state, ROW_FAILED);
	ck_assert_int_eq(seen.expired, 1);
	ck_assert_int_eq(seen.reply.code, 450);
	view_close(&v);
}
END_TEST

START_TEST(leaves_replace_their_recipient)
{
	struct recipient_row	 row = make_row(ROW_WAITING), seen;
	struct change		*c;
	struct view		 v;

	store(ID);
	row.due = 5;
	c = add(CHANGE_REPLACE, ID);
	change_add_row(c, &row);
	change_add_row(c, &row);
	run();
	ck_assert_int_eq(c->error, 0);
	ck_assert_uint_eq(c->tally.left, 2);
	ck_assert(!c->tally.removed);
	view_open(&v, at.index);
	ck_assert(!view_recipient(&v, ID, 0, &seen));
	ck_assert(view_recipient(&v, ID, 1, &seen));
	ck_assert(view_recipient(&v, ID, 2, &seen));
	view_close(&v);
}
END_TEST

static struct change *
expand(struct recipient_row *row, uint64_t position)
{
	struct recipient_row	 parent = make_row(ROW_FAILED);
	struct change		*c = add(CHANGE_REPLACE, ID);

	row->due = 5;
	row->parameters = span_of("notify=never");
	change_add_row(c, row);
	change_add_row(c, row);
	parent.action = ACTION_EXPANDED;
	parent.parameters = span_of("notify=success");
	change_keep_parent(c, &parent);
	c->position = position;
	c->replayed = position != 0;
	return c;
}

/* What the journal says once more changes nothing. */
START_TEST(who_is_to_be_told_of_stays_behind_its_leaves)
{
	struct recipient_row	 row = make_row(ROW_WAITING), seen;
	struct change		*c;
	struct view		 v;

	store(ID);
	c = expand(&row, 0);
	run();
	ck_assert_int_eq(c->error, 0);
	ck_assert_uint_eq(c->tally.left, 3);
	ck_assert_uint_eq(c->tally.failed, 1);
	clear_batch();
	c = expand(&row, 4096);
	run();
	ck_assert_int_eq(c->error, 0);
	view_open(&v, at.index);
	ck_assert(view_recipient(&v, ID, 0, &seen));
	ck_assert_int_eq(seen.state, ROW_FAILED);
	ck_assert_int_eq(seen.action, ACTION_EXPANDED);
	ck_assert(view_recipient(&v, ID, 2, &seen));
	ck_assert_int_eq(seen.state, ROW_WAITING);
	ck_assert(span_is(seen.parameters, "notify=never"));
	ck_assert(!view_recipient(&v, ID, 3, &seen));
	view_close(&v);
}
END_TEST

START_TEST(adoption_of_what_is_there_changes_nothing)
{
	struct recipient_row	 row = make_row(ROW_WAITING);
	struct change		*c;

	store(ID);
	c = add(CHANGE_UPDATE, ID);
	row.due = 5;
	change_add_row(c, &row);
	run();
	clear_batch();
	c = add_store(CHANGE_ADOPT, ID, "");
	run();
	ck_assert_int_eq(c->error, 0);
	clear_batch();
	c = add(CHANGE_DELETE, ID);
	run();
	ck_assert(c->tally.removed);
}
END_TEST

static void
add_all(TCase *tc)
{
	tcase_add_test(tc, stored_is_file_and_row);
	tcase_add_test(tc, large_batches_need_few_descriptors);
	tcase_add_test(tc, one_that_fails_does_not_fail_its_batch);
	tcase_add_test(tc, row_at_fault_takes_its_file_along);
	tcase_add_test(tc, file_goes_behind_its_rows);
	tcase_add_test(tc, damaged_file_goes_to_quarantine);
	tcase_add_test(tc, streamed_pieces_become_one_file);
	tcase_add_test(tc, discarded_file_leaves_nothing);
	tcase_add_test(tc, notice_replaces_what_it_tells);
	tcase_add_test(tc, verdict_stays_when_it_is_to_be_kept);
	tcase_add_test(tc, leaves_replace_their_recipient);
	tcase_add_test(tc, who_is_to_be_told_of_stays_behind_its_leaves);
	tcase_add_test(tc, adoption_of_what_is_there_changes_nothing);
}

int
main(void)
{
	Suite	*s = suite_create("spiller");
	TCase	*tc = tcase_create("spiller");
	SRunner	*r;
	int	 failed;

	tcase_set_timeout(tc, PATIENCE);
	tcase_add_checked_fixture(tc, setup, teardown);
	add_all(tc);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
