/* SPDX-License-Identifier: ISC */
/* Mail whose time is up, at destinations of different lives. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "queue/index_write.h"
#include "queue/result.h"
#include "shared/alloc.h"
#include "tests/unit/queue_stub.h"

enum { SECONDS = 1000000, MESSAGES = 250, SHORT = 10, LONG = 1000 };

static char	 place[STUB_PLACE_SIZE];

/* What changes is only gathered. */
static void
write_nothing(struct jobs *j, struct job_list *list, void *arg)
{
	(void)arg;
	jobs_give_back(j, list);
}

static void
set_waiting(struct writing *w, uint64_t id, uint32_t number,
    const char *destination)
{
	struct recipient_row	 row = { .state = ROW_WAITING,
				    .due = INT64_MAX };
	struct tally		 tally;

	row.address = span_of("r@example.org");
	row.original = row.relay = row.parameters = span_of("");
	row.destination = span_of(destination);
	ck_assert_int_eq(writing_set(w, id, number, &row, &tally), 0);
}

/* One message a second, for two destinations. */
static void
store_all(struct index *x)
{
	struct writing	 w;
	uint64_t	 id;

	for (id = SECONDS; id <= MESSAGES * SECONDS; id += SECONDS) {
		stub_store(x, id, "a@b.example", 2);
		ck_assert_int_eq(writing_begin(&w, x), 0);
		set_waiting(&w, id, 0, "mx:short.example:25");
		set_waiting(&w, id, 1, "mx:long.example:25");
		ck_assert_int_eq(writing_commit(&w), 0);
	}
}

static void
setup(void)
{
	struct queue	*q = queue_state();

	stub_enter(place);
	q->life = LONG;
	settings_put(q, &(struct msg_conf_destination){
	    .pattern = span_of("short.example"), .life = SHORT });
	q->loop = loop_new();
	q->index = index_open(&q->spool);
	q->spiller = jobs_new(q->loop, write_nothing, NULL);
	messages_init(&q->messages);
	destinations_init(&q->destinations);
	expand_init(&q->expansions);
	deliverers_init(q);
	store_all(q->index);
	ages_start(q);
}

static void
teardown(void)
{
	struct queue	*q = queue_state();

	timer_clear(&q->ages.timer);
	jobs_free(q->spiller);
	index_close(q->index);
	loop_free(q->loop);
	stub_leave(place);
}

static void
look_at(unsigned second)
{
	struct timer	*t = &queue_state()->ages.timer;
	unsigned	 i;

	stub_set_clock(second * (uint64_t)SECONDS);
	for (i = 0; i <= MESSAGES / EXPIRE_MAX; i++)
		t->fire(t->arg);
}

/* Those of all messages whose failure is on its way to the disk. */
static unsigned
count_failed(uint32_t number)
{
	struct message		*m;
	struct recipient	*r;
	unsigned		 n = 0;

	RB_FOREACH(m, message_tree, &queue_state()->messages.tree) {
		r = recipient_find(m, number);
		n += r != NULL && r->stage == STAGE_CHANGING;
	}
	return n;
}

START_TEST(each_destination_has_a_life_of_its_own)
{
	look_at(SHORT);
	ck_assert_uint_eq(count_failed(0), 0);
	look_at(SHORT + 1);
	ck_assert_uint_eq(count_failed(0), 1);
	look_at(SHORT + 7);
	ck_assert_uint_eq(count_failed(0), 7);
	look_at(SHORT + MESSAGES);
	ck_assert_uint_eq(count_failed(0), MESSAGES);
	ck_assert_uint_eq(count_failed(1), 0);
	look_at(LONG + 3);
	ck_assert_uint_eq(count_failed(1), 3);
	ck_assert_uint_eq(queue_state()->messages.recipients, MESSAGES + 3);
}
END_TEST

START_TEST(a_look_is_at_a_few_messages_only)
{
	struct timer	*t = &queue_state()->ages.timer;

	stub_set_clock((SHORT + MESSAGES) * (uint64_t)SECONDS);
	t->fire(t->arg);
	ck_assert_uint_eq(count_failed(0), EXPIRE_MAX);
	t->fire(t->arg);
	ck_assert_uint_eq(count_failed(0), 2 * EXPIRE_MAX);
}
END_TEST

START_TEST(what_was_in_memory_is_looked_at_when_it_goes_back)
{
	struct queue		*q = queue_state();
	struct recipient	*r = recipient_recall(q, SECONDS, 0);
	struct message		*m = r->message;

	look_at(SHORT + 1);
	ck_assert_uint_eq(count_failed(0), 0);
	result_park(q, r);
	ck_assert_uint_eq(count_failed(0), 1);
	r = recipient_recall(q, SECONDS, 1);
	result_park(q, r);
	ck_assert_uint_eq(count_failed(1), 0);
	ck_assert_uint_eq(m->count, 1);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("age");
	TCase	*c = tcase_create("age");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, each_destination_has_a_life_of_its_own);
	tcase_add_test(c, a_look_is_at_a_few_messages_only);
	tcase_add_test(c, what_was_in_memory_is_looked_at_when_it_goes_back);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
