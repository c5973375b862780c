/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "queue/lesson.h"
#include "tests/unit/queue_stub.h"

enum { LONG_AGO = SILENT_TIME + 1000 };

static struct {
	char			 place[STUB_PLACE_SIZE];
	struct destination	*far;
	struct delivery		 jobs[2];
} at;

static void
setup(void)
{
	struct queue	*q = queue_state();

	stub_enter(at.place);
	q->loop = loop_new();
	q->index = index_open(&q->spool);
	messages_init(&q->messages);
	destinations_init(&q->destinations);
	deliverers_init(q);
	silence_init(q);
	at.far = destination_get(q, span_of("mx:far.example:25"));
	at.far->users++;
	memset(at.jobs, 0, sizeof at.jobs);
}

static void
teardown(void)
{
	struct queue	*q = queue_state();

	destination_leave(q, at.far);
	destinations_forget(q);
	timer_clear(&q->silence.timer);
	timer_clear(&q->silence.trimming);
	index_close(q->index);
	loop_free(q->loop);
	stub_leave(at.place);
}

static void
begin_job(struct delivery *job)
{
	job->destination = at.far;
	silence_begin(queue_state(), job);
	at.far->jobs++;
}

static void
end_job(struct delivery *job, unsigned code, enum advice advice)
{
	struct msg_done	 m = { .reachable = 1, .advice = advice };

	m.why = reply_make(code, NULL, "so");
	m.rule = span_of("a rule");
	silence_end(queue_state(), job);
	destination_job_done(queue_state(), at.far, &m);
}

static void
do_job(unsigned code, enum advice advice)
{
	struct delivery	 job = { 0 };

	begin_job(&job);
	end_job(&job, code, advice);
}

/* As if it was the time for it: all that began is silent. */
static void
pass_time(void)
{
	struct silence	*s = &queue_state()->silence;
	struct delivery	*job;

	TAILQ_FOREACH(job, &s->young, aging)
		job->heard = clock_after(job->heard, -LONG_AGO);
	s->timer.fire(s->timer.arg);
}

/* ---- claims -------------------------------------------------------------- */

START_TEST(until_the_first_success_there_is_one_job)
{
	ck_assert_int_eq(share_standing(at.far), STANDING_NEW);
	ck_assert_uint_eq(share_jobs(at.far), 1);
	do_job(250, ADVICE_NONE);
	ck_assert_int_eq(share_standing(at.far), STANDING_PROVEN);
	ck_assert_uint_eq(share_jobs(at.far), WINDOW_START);
}
END_TEST

START_TEST(success_widens_and_later_narrows)
{
	unsigned	 i;

	for (i = 0; i < WINDOW_START; i++)
		do_job(250, ADVICE_NONE);
	ck_assert_uint_eq(share_jobs(at.far), WINDOW_START + 1);
	do_job(451, ADVICE_NONE);
	ck_assert_uint_eq(share_jobs(at.far), (WINDOW_START + 1) / 2);
	for (i = 0; i < 10; i++)
		do_job(451, ADVICE_NONE);
	ck_assert_uint_eq(share_jobs(at.far), 1);
}
END_TEST

START_TEST(later_alone_proves_nothing)
{
	do_job(451, ADVICE_NONE);
	ck_assert_int_eq(share_standing(at.far), STANDING_NEW);
}
END_TEST

START_TEST(slow_is_one_at_a_time_whatever_succeeds)
{
	unsigned	 i;

	do_job(250, ADVICE_NONE);
	do_job(451, ADVICE_SLOW);
	for (i = 0; i < 50; i++)
		do_job(250, ADVICE_NONE);
	ck_assert_uint_eq(share_jobs(at.far), 1);
	ck_assert(lesson_holds(at.far, ADVICE_SLOW));
	ck_assert_str_eq(at.far->lesson->rule, "a rule");
	ck_assert_uint_eq(at.far->lesson->why.code, 451);
}
END_TEST

START_TEST(what_was_learned_outlives_the_last_job)
{
	do_job(250, ADVICE_NONE);
	destination_leave(queue_state(), at.far);
	ck_assert_ptr_eq(destination_get(queue_state(),
	    span_of("mx:far.example:25")), at.far);
	ck_assert_int_eq(share_standing(at.far), STANDING_PROVEN);
	at.far->users++;
}
END_TEST

START_TEST(the_longest_idle_is_forgotten_first)
{
	struct queue		*q = queue_state();
	struct destination	*d;
	char			 name[40];
	unsigned		 i;

	for (i = 0; i < IDLE_DESTINATIONS_MAX + 5; i++) {
		(void)snprintf(name, sizeof name, "mx:d%u.example:25", i);
		d = destination_get(q, span_of(name));
		d->users++;
		d->answered = 1;
		destination_leave(q, d);
	}
	ck_assert_uint_eq(q->destinations.nidle, IDLE_DESTINATIONS_MAX);
	ck_assert_ptr_null(destination_find(q, span_of("mx:d4.example:25")));
	ck_assert_ptr_nonnull(destination_find(q,
	    span_of("mx:d5.example:25")));
}
END_TEST

START_TEST(a_job_of_a_stranger_is_doubtful_until_there_is_word)
{
	struct deliverer	*dl = &queue_state()->deliverers[0];

	begin_job(&at.jobs[0]);
	ck_assert_uint_eq(dl->doubtful, 1);
	silence_heard(queue_state(), &at.jobs[0]);
	ck_assert_uint_eq(dl->doubtful, 0);
	pass_time();
	ck_assert_uint_eq(dl->doubtful, 1);
	end_job(&at.jobs[0], 250, ADVICE_NONE);
	ck_assert_uint_eq(dl->doubtful, 0);
	begin_job(&at.jobs[0]);
	ck_assert_uint_eq(dl->doubtful, 0);
	end_job(&at.jobs[0], 250, ADVICE_NONE);
}
END_TEST

START_TEST(mute_is_who_says_nothing_in_all_jobs)
{
	struct queue	*q = queue_state();

	do_job(250, ADVICE_NONE);
	begin_job(&at.jobs[0]);
	begin_job(&at.jobs[1]);
	at.far->window = WINDOW_MAX;
	ck_assert(!share_is_mute(at.far));
	pass_time();
	ck_assert(share_is_mute(at.far));
	ck_assert_uint_eq(share_jobs(at.far), WINDOW_START);
	ck_assert_uint_eq(share_ready(q, at.far), READY_FEW);
	silence_heard(q, &at.jobs[1]);
	ck_assert(!share_is_mute(at.far));
	ck_assert_uint_eq(share_jobs(at.far), WINDOW_MAX);
	ck_assert_uint_eq(share_ready(q, at.far), READY_MAX);
	end_job(&at.jobs[0], 250, ADVICE_NONE);
	end_job(&at.jobs[1], 250, ADVICE_NONE);
}
END_TEST

START_TEST(a_part_of_the_memory_is_for_the_proven)
{
	struct queue	*q = queue_state();

	ck_assert(share_has_memory(q, at.far));
	q->messages.count = ACTIVE_MESSAGES_MAX / 4 * 3;
	ck_assert(!share_has_memory(q, at.far));
	at.far->answered = 1;
	ck_assert(share_has_memory(q, at.far));
	ck_assert_uint_lt(share_ready(q, at.far), READY_MAX);
	q->messages.count = ACTIVE_MESSAGES_MAX;
	ck_assert(!share_has_memory(q, at.far));
	q->messages.count = 0;
}
END_TEST

/* Mail that waited when queue was started. */
START_TEST(who_waits_since_before_the_start_is_probed)
{
	struct queue	*q = queue_state();

	at.far->inherited = true;
	ck_assert_int_eq(share_standing(at.far), STANDING_FAILED);
	ck_assert_uint_eq(share_jobs(at.far), 1);
	q->probes = 1;
	begin_job(&at.jobs[0]);
	ck_assert_uint_eq(q->probing, 1);
	silence_heard(q, &at.jobs[0]);
	ck_assert_uint_eq(q->probing, 1);
	end_job(&at.jobs[0], 250, ADVICE_NONE);
	ck_assert_uint_eq(q->probing, 0);
	ck_assert_int_eq(share_standing(at.far), STANDING_PROVEN);
	begin_job(&at.jobs[0]);
	ck_assert_uint_eq(q->probing, 0);
	end_job(&at.jobs[0], 250, ADVICE_NONE);
}
END_TEST

START_TEST(a_share_is_a_part_of_all_jobs)
{
	struct settings	 s = *at.far->settings;

	do_job(250, ADVICE_NONE);
	at.far->settings = &s;
	at.far->window = WINDOW_LIMIT;
	ck_assert_uint_eq(share_jobs(at.far), WINDOW_LIMIT);
	s.share = 10;
	ck_assert_uint_eq(share_jobs(at.far), JOBS_REMOTE_MAX / 10);
	s.share = 1;
	at.far->window = 3;
	ck_assert_uint_eq(share_jobs(at.far), 3);
	at.far->settings = settings_of(queue_state(), span_of(""));
}
END_TEST

START_TEST(a_window_grows_to_where_it_may)
{
	struct settings	 s = *at.far->settings;
	unsigned	 i;

	at.far->settings = &s;
	s.window = WINDOW_START + 2;
	for (i = 0; i < 100; i++)
		do_job(250, ADVICE_NONE);
	ck_assert_uint_eq(share_jobs(at.far), WINDOW_START + 2);
	at.far->settings = settings_of(queue_state(), span_of(""));
}
END_TEST

/* Of rows that wait in the index, which is where they go back to. */
static void
make_ready(uint64_t id, const char *sender)
{
	struct queue		*q = queue_state();
	struct letter		*l = stub_letter(id, sender, 1);
	struct recipient_row	 row = { .state = ROW_WAITING };
	struct recipient	*r;

	row.address = span_of("r0@example.org");
	row.original = span_of("");
	r = recipient_new(q, message_from_letter(q, l), 0, &row);
	r->parked = true;
	r->destination = at.far;
	at.far->users++;
	destination_add(q, at.far, r);
	letter_free(l);
}

static unsigned
count_ready_of(const char *sender)
{
	struct message	*m;
	unsigned	 n = 0;

	RB_FOREACH(m, message_tree, &queue_state()->messages.tree)
		n += strcmp(m->sender.text, sender) == 0;
	return n;
}

START_TEST(who_has_more_than_others_goes_home_first)
{
	struct queue	*q = queue_state();
	unsigned	 i;

	at.far->answered = 1;
	for (i = 0; i < 100; i++)
		make_ready(100 + i, "bulk@example.org");
	for (i = 0; i < 5; i++)
		make_ready(300 + i, "few@example.org");
	make_ready(400, "one@example.org");
	destination_send_home(q, at.far, READY_FEW, 10);
	ck_assert_uint_eq(at.far->nready, 96);
	destination_send_home(q, at.far, READY_FEW, 200);
	ck_assert_uint_eq(count_ready_of("bulk@example.org"), 14);
	ck_assert_uint_eq(count_ready_of("few@example.org"), 5);
	ck_assert_uint_eq(count_ready_of("one@example.org"), 1);
	ck_assert(at.far->more);
	destination_send_home(q, at.far, 0, 200);
	ck_assert_uint_eq(at.far->nready, 0);
	ck_assert_uint_eq(q->messages.count, 0);
	at.far->more = false;		/* there is no schedule here */
}
END_TEST

static const struct {
	unsigned	 priority;	/* as in CONF_DESTINATION */
	const char	*turns;		/* J: a job; p: passed on; each ends */
} weights[] = {
	{ 9, "J|J|J" },
	{ 11, "JJJ|JJJ|JJJ" },
	{ 7, "p|p|J" },
	{ 8, "p|J|p" },
};

START_TEST(turns_are_by_priority)
{
	struct settings		 s = *at.far->settings;
	const struct settings	*was = at.far->settings;
	char			 text[32] = "";
	unsigned		 i, n = 0;

	s.priority = weights[_i].priority;
	at.far->settings = &s;
	for (i = 0; i < 3; i++) {
		if (i > 0)
			text[n++] = '|';
		if (share_passes(at.far)) {
			text[n++] = 'p';
			continue;
		}
		do
			text[n++] = 'J';
		while (share_goes_on(at.far));
	}
	ck_assert_str_eq(text, weights[_i].turns);
	at.far->settings = was;
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("share");
	TCase	*c = tcase_create("destinations");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, until_the_first_success_there_is_one_job);
	tcase_add_test(c, success_widens_and_later_narrows);
	tcase_add_test(c, later_alone_proves_nothing);
	tcase_add_test(c, slow_is_one_at_a_time_whatever_succeeds);
	tcase_add_test(c, what_was_learned_outlives_the_last_job);
	tcase_add_test(c, the_longest_idle_is_forgotten_first);
	tcase_add_test(c,
	    a_job_of_a_stranger_is_doubtful_until_there_is_word);
	tcase_add_test(c, mute_is_who_says_nothing_in_all_jobs);
	tcase_add_test(c, a_part_of_the_memory_is_for_the_proven);
	tcase_add_test(c, who_waits_since_before_the_start_is_probed);
	tcase_add_test(c, a_share_is_a_part_of_all_jobs);
	tcase_add_test(c, a_window_grows_to_where_it_may);
	tcase_add_test(c, who_has_more_than_others_goes_home_first);
	tcase_add_loop_test(c, turns_are_by_priority, 0,
	    sizeof weights / sizeof weights[0]);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
