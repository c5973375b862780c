/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>

#include "queue/sender.h"
#include "tests/unit/index_rig.h"

/* All is due at the time of the stub, in the order of its ids. */
enum { BULK = 20000, HANGING = 6000, FIRST = 1000, LATE = FIRST + BULK,
	NOW = 1 };

static struct destination	*far;

static void
setup(void)
{
	struct queue	*q = queue_state();

	rig_setup();
	q->loop = loop_new();
	q->index = rig()->index;
	messages_init(&q->messages);
	destinations_init(&q->destinations);
	deliverers_init(q);
	schedule_init(q);
	far = destination_get(q, span_of("mx:far.example:25"));
	far->users++;
	far->answered = 1;
}

static void
teardown(void)
{
	struct queue	*q = queue_state();

	destination_send_home(q, far, 0, UINT32_MAX);
	far->more = false;
	destination_leave(q, far);
	destinations_forget(q);
	timer_clear(&q->schedule.scan);
	loop_free(q->loop);
	rig_teardown();
}

static void
put_waiting_for(struct writing *w, uint64_t id, const char *sender,
    const char *name)
{
	struct recipient_row	 r = rig_make_row(ROW_WAITING, name, NOW);
	struct letter		*l = stub_letter(id, sender, 1);
	struct tally		 t;

	ck_assert_int_eq(writing_store(w, l), 0);
	ck_assert_int_eq(writing_set(w, id, 0, &r, &t), 0);
	letter_free(l);
}

static void
put_waiting(struct writing *w, uint64_t id, const char *sender)
{
	put_waiting_for(w, id, sender, far->name);
}

static void
fill(void)
{
	struct view	 v;

	view_open(&v, queue_state()->index);
	destination_fill(queue_state(), &v, far);
	view_close(&v);
}

/* What a job would take, is delivered. */
static uint64_t
deliver_next(void)
{
	struct queue		*q = queue_state();
	struct recipient	*r = lines_next(&far->ready);
	struct message		*m;
	uint64_t		 id;

	ck_assert_ptr_nonnull(r);
	m = r->message;
	id = m->id;
	lines_turn_over(&far->ready, r);
	recipient_unlist(q, r);
	recipient_free(q, r);
	message_free(q, m);
	return id;
}

static bool
share_a_lane(const char *a, const char *b)
{
	uint64_t	 salt = queue_state()->spool.lineage;
	struct addr	 one, other;

	(void)addr_parse(span_of(a), &one);
	(void)addr_parse(span_of(b), &other);
	return sender_lane(&one, salt) == sender_lane(&other, salt);
}

/* Another sender's name; lanes that are shared are another matter. */
static const char *
stranger_to(const char *bulk)
{
	static char	 text[40];
	unsigned	 i = 0;

	do
		(void)snprintf(text, sizeof text, "late%u@example.org", i++);
	while (share_a_lane(bulk, text));
	return text;
}

START_TEST(a_late_message_waits_for_few_of_a_bulk_sender)
{
	const char	*bulk = "bulk@example.org";
	struct writing	 w;
	unsigned	 i, place = 1;

	ck_assert_int_eq(writing_begin(&w, queue_state()->index), 0);
	for (i = 0; i < BULK; i++)
		put_waiting(&w, FIRST + i, bulk);
	ck_assert_int_eq(writing_commit(&w), 0);
	fill();
	ck_assert_uint_eq(far->nready, READY_MAX);
	ck_assert_int_eq(writing_begin(&w, queue_state()->index), 0);
	put_waiting(&w, LATE, stranger_to(bulk));
	ck_assert_int_eq(writing_commit(&w), 0);
	while (far->nready > READY_MAX / 2)
		ck_assert_uint_ne(deliver_next(), LATE);
	fill();
	while (deliver_next() != LATE)
		place++;
	ck_assert_uint_le(place, 2);
}
END_TEST

START_TEST(all_lanes_come_to_memory_alike)
{
	struct queue	*q = queue_state();
	const char	*senders[] = { "bulk@example.org", NULL };
	struct message	*m;
	struct writing	 w;
	unsigned	 i, n = 0;

	senders[1] = stranger_to(senders[0]);
	ck_assert_int_eq(writing_begin(&w, q->index), 0);
	for (i = 0; i < 2 * READY_MAX; i++)
		put_waiting(&w, FIRST + i, senders[i >= READY_MAX]);
	ck_assert_int_eq(writing_commit(&w), 0);
	fill();
	ck_assert_uint_eq(far->nready, READY_MAX);
	RB_FOREACH(m, message_tree, &q->messages.tree)
		n += m->id >= FIRST + READY_MAX;
	ck_assert_uint_eq(n, READY_MAX / 2);
}
END_TEST

START_TEST(a_probe_is_of_each_lane_in_turn)
{
	struct queue	*q = queue_state();
	const char	*bulk = "bulk@example.org";
	struct writing	 w;
	unsigned	 i, of_late = 0;

	far->answered = 0;
	ck_assert_int_eq(writing_begin(&w, q->index), 0);
	for (i = 0; i < 10; i++)
		put_waiting(&w, FIRST + i, bulk);
	for (i = 0; i < 10; i++)
		put_waiting(&w, LATE + i, stranger_to(bulk));
	ck_assert_int_eq(writing_commit(&w), 0);
	for (i = 0; i < 4; i++) {
		fill();
		ck_assert_uint_eq(far->nready, 1);
		of_late += deliver_next() >= LATE;
	}
	ck_assert_uint_eq(of_late, 2);
}
END_TEST

/* Those who hang have no memory for one more, and are due before all others. */
START_TEST(who_is_due_behind_many_that_hang_has_his_turn)
{
	struct queue	*q = queue_state();
	struct timer	*t = &q->schedule.scan;
	struct writing	 w;
	char		 name[40];
	unsigned	 i;

	ck_assert_int_eq(writing_begin(&w, q->index), 0);
	for (i = 0; i < HANGING; i++) {
		(void)snprintf(name, sizeof name, "mx:a%u.example:25", i);
		put_waiting_for(&w, FIRST + i, "s@example.org", name);
	}
	put_waiting_for(&w, LATE, "s@example.org", far->name);
	ck_assert_int_eq(writing_commit(&w), 0);
	q->working = true;
	q->messages.count += ACTIVE_MESSAGES_MAX / 4 * 3;
	for (i = 0; i < HANGING && far->nready == 0; i++)
		t->fire(t->arg);
	q->messages.count -= ACTIVE_MESSAGES_MAX / 4 * 3;
	ck_assert_uint_eq(far->nready, 1);
	ck_assert_uint_le(i, 2 * HANGING / SCAN_ROWS);
	ck_assert_uint_eq(q->messages.count, 1);
	q->working = false;
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("fill");
	TCase	*c = tcase_create("lanes in turn");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_late_message_waits_for_few_of_a_bulk_sender);
	tcase_add_test(c, all_lanes_come_to_memory_alike);
	tcase_add_test(c, a_probe_is_of_each_lane_in_turn);
	tcase_add_test(c, who_is_due_behind_many_that_hang_has_his_turn);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
