/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <lmdb.h>
#include <stdlib.h>

#include "queue/index_read.h"
#include "queue/index_write.h"
#include "shared/ipc.h"
#include "tests/unit/queue_stub.h"

enum { ID = 1000, OTHER = 2000, NOW = 77, LATER = 5000 };

static struct {
	char		 place[STUB_PLACE_SIZE];
	struct index	*index;
	struct writing	 w;
} at;

static struct recipient_row
make_row(enum row_state state, const char *destination, uint64_t due)
{
	struct recipient_row	 r = { .state = state, .due = due };

	r.address = span_of("r@example.org");
	r.original = r.relay = span_of("");
	r.destination = span_of(destination);
	return r;
}

static struct tally
set(uint64_t id, uint32_t number, enum row_state state)
{
	struct recipient_row	 r = make_row(state, "mx:a.example",
				    state == ROW_WAITING ? LATER : 0);
	struct tally		 t;

	ck_assert_int_eq(writing_begin(&at.w, at.index), 0);
	ck_assert_int_eq(writing_set(&at.w, id, number, state == 0 ? NULL :
	    &r, &t), 0);
	ck_assert_int_eq(writing_commit(&at.w), 0);
	return t;
}

/* ID waits, is new and has failed; OTHER waits. */
static void
setup(void)
{
	stub_enter(at.place);
	at.index = index_open(&queue_state()->spool);
	stub_store(at.index, ID, "a@b.example", 3);
	stub_store(at.index, OTHER, "a@b.example", 1);
	(void)set(ID, 0, ROW_WAITING);
	(void)set(ID, 2, ROW_FAILED);
	(void)set(OTHER, 0, ROW_WAITING);
}

static void
teardown(void)
{
	index_close(at.index);
	stub_leave(at.place);
}

static struct tally
hold(uint32_t on, uint32_t off, bool is_old)
{
	struct hold	 h = { on, off, NOW, is_old };
	struct tally	 t;

	ck_assert_int_eq(writing_begin(&at.w, at.index), 0);
	ck_assert_int_eq(writing_hold(&at.w, ID, &h, &t), 0);
	ck_assert_int_eq(writing_commit(&at.w), 0);
	return t;
}

/* In how many tables that lead to work it is: a bit each. */
enum { IS_INCOMING = 1, IS_AGING = 2, IS_WAITING = 4 };

static unsigned
leads(uint64_t wanted, uint64_t *due)
{
	struct wait_key	 k = { .name = span_of("mx:a.example") };
	uint64_t	 id = 0;
	unsigned	 found = 0;
	struct view	 v;

	view_open(&v, at.index);
	while (view_next_incoming(&v, &id))
		if (id == wanted)
			found |= IS_INCOMING;
	for (id = 0; view_next_age(&v, AGE_MAIL, &id);)
		if (id == wanted)
			found |= IS_AGING;
	while (view_next_wait(&v, &k))
		if (k.id == wanted) {
			found |= IS_WAITING;
			*due = k.due;
		}
	view_close(&v);
	return found;
}

START_TEST(what_is_held_is_nowhere_where_work_is_looked_for)
{
	uint64_t	 due;
	struct tally	 t = hold(MESSAGE_HELD, 0, false);

	ck_assert_uint_eq(t.left, 3);
	ck_assert_uint_eq(leads(ID, &due), 0);
	ck_assert_uint_eq(leads(OTHER, &due), IS_AGING | IS_WAITING);
}
END_TEST

START_TEST(changes_of_what_is_held_leave_it_there)
{
	uint64_t	 due;
	struct tally	 t;

	(void)hold(MESSAGE_QUARANTINED, 0, false);
	t = set(ID, 1, ROW_WAITING);
	ck_assert_uint_eq(t.fresh, 0);
	(void)set(ID, 0, ROW_FAILED);
	(void)set(ID, 0, ROW_WAITING);
	ck_assert_uint_eq(leads(ID, &due), 0);
	t = set(ID, 0, 0);
	t = set(ID, 2, 0);
	ck_assert(!t.removed);
	t = set(ID, 1, 0);
	ck_assert(t.removed);
}
END_TEST

START_TEST(what_is_released_is_due_now)
{
	uint64_t	 due = 0;

	(void)hold(MESSAGE_HELD | MESSAGE_QUARANTINED, 0, false);
	(void)hold(0, MESSAGE_HELD, false);
	ck_assert_uint_eq(leads(ID, &due), 0);	/* still in quarantine */
	(void)hold(0, MESSAGE_QUARANTINED, false);
	ck_assert_uint_eq(leads(ID, &due),
	    IS_INCOMING | IS_AGING | IS_WAITING);
	ck_assert_uint_eq(due, NOW);
}
END_TEST

START_TEST(what_is_too_old_when_it_is_released_does_not_end_untried)
{
	uint64_t	 due = 0;

	(void)hold(MESSAGE_HELD, 0, false);
	(void)hold(0, MESSAGE_HELD, true);
	ck_assert_uint_eq(leads(ID, &due), IS_INCOMING | IS_WAITING);
}
END_TEST

START_TEST(a_hold_outlives_the_process)
{
	struct message_row	 m;
	struct view		 v;
	uint64_t		 due;

	(void)hold(MESSAGE_HELD, 0, false);
	index_close(at.index);
	at.index = index_open(&queue_state()->spool);
	view_open(&v, at.index);
	ck_assert(view_message(&v, ID, &m));
	ck_assert(message_row_rests(&m));
	view_close(&v);
	ck_assert_uint_eq(leads(ID, &due), 0);
}
END_TEST

START_TEST(who_is_not_there_is_not_held)
{
	struct hold	 h = { MESSAGE_HELD, 0, NOW, false };
	struct tally	 t;

	ck_assert_int_eq(writing_begin(&at.w, at.index), 0);
	ck_assert_int_eq(writing_hold(&at.w, 3, &h, &t), 0);
	writing_abort(&at.w);
	ck_assert_uint_eq(t.left, 0);
}
END_TEST

/* ---- history ------------------------------------------------------------- */

static void
note(uint64_t id, unsigned count)
{
	struct event_row	 e = { .kind = EVENT_DEFERRED };

	e.reply = reply_make(451, "4.2.0", "Come again");
	e.relay = span_of("a.example");
	ck_assert_int_eq(writing_begin(&at.w, at.index), 0);
	for (e.time = 1; e.time <= count; e.time++)
		ck_assert_int_eq(writing_event(&at.w, id, &e), 0);
	ck_assert_int_eq(writing_commit(&at.w), 0);
}

static unsigned
count_events(uint64_t id, uint64_t *first)
{
	struct event_row	 e;
	struct view		 v;
	int64_t			 number = -1;
	unsigned		 n = 0;

	view_open(&v, at.index);
	while (view_next_event(&v, id, &number, &e)) {
		if (n++ == 0)
			*first = e.time;
		ck_assert(span_is(e.relay, "a.example"));
		ck_assert_str_eq(e.reply.text, "Come again");
	}
	view_close(&v);
	return n;
}

START_TEST(a_history_keeps_the_last_events)
{
	uint64_t	 first = 0;

	note(ID, 3);
	note(OTHER, EVENTS_MAX + 5);
	ck_assert_uint_eq(count_events(ID, &first), 3);
	ck_assert_uint_eq(first, 1);
	ck_assert_uint_eq(count_events(OTHER, &first), EVENTS_MAX);
	ck_assert_uint_eq(first, 6);
}
END_TEST

START_TEST(a_history_goes_with_its_message)
{
	uint64_t	 first;

	note(ID, 3);
	note(OTHER, 2);
	(void)set(OTHER, 0, 0);
	ck_assert_uint_eq(count_events(OTHER, &first), 0);
	ck_assert_uint_eq(count_events(ID, &first), 3);
	note(OTHER, 1);			/* of a message that is gone */
	ck_assert_uint_eq(count_events(OTHER, &first), 0);
}
END_TEST

static void
drop_table(const char *name)
{
	MDB_env	*env;
	MDB_txn	*txn;
	MDB_dbi	 table;

	ck_assert_int_eq(mdb_env_create(&env), 0);
	ck_assert_int_eq(mdb_env_set_maxdbs(env, 16), 0);
	ck_assert_int_eq(mdb_env_open(env, "index", MDB_NOTLS, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, name, 0, &table), 0);
	ck_assert_int_eq(mdb_drop(txn, table, 1), 0);
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

START_TEST(an_index_of_before_gets_a_history)
{
	uint64_t	 first;

	index_close(at.index);
	drop_table("history");
	at.index = index_open(&queue_state()->spool);
	ck_assert_uint_eq(count_events(ID, &first), 0);
	note(ID, 1);
	ck_assert_uint_eq(count_events(ID, &first), 1);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("hold");
	TCase	*c = tcase_create("hold"), *h = tcase_create("history");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, what_is_held_is_nowhere_where_work_is_looked_for);
	tcase_add_test(c, changes_of_what_is_held_leave_it_there);
	tcase_add_test(c, what_is_released_is_due_now);
	tcase_add_test(c,
	    what_is_too_old_when_it_is_released_does_not_end_untried);
	tcase_add_test(c, a_hold_outlives_the_process);
	tcase_add_test(c, who_is_not_there_is_not_held);
	tcase_add_checked_fixture(h, setup, teardown);
	tcase_add_test(h, a_history_keeps_the_last_events);
	tcase_add_test(h, a_history_goes_with_its_message);
	tcase_add_test(h, an_index_of_before_gets_a_history);
	suite_add_tcase(s, c);
	suite_add_tcase(s, h);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
