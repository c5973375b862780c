/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/types.h>

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/loop.h"

enum { MANY = 500 };

/* What happened, in order, as one letter each. */
struct story {
	struct loop	*loop;
	char		 text[64];
	size_t		 len;
	struct watch	*victim;
	struct timer	*timer;
	struct hook	*hook;
	struct deferred	*deferred;
	int		 count;
};

static void
note(struct story *s, char c)
{
	ck_assert_uint_lt(s->len, sizeof(s->text) - 1);
	s->text[s->len++] = c;
}

static void
stop(void *arg)
{
	struct story	*s = arg;

	note(s, '.');
	loop_stop(s->loop);
}

static void
make_pair(int ends[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0, ends), 0);
}

/* ---- timers -------------------------------------------------------------- */

struct due {
	struct timer	 timer;
	struct instant	 at;
	struct due	**last;
	int		*fired;
};

static void
on_due(void *arg)
{
	struct due	*d = arg;

	if (*d->last != NULL)
		ck_assert(!clock_before(d->at, (*d->last)->at));
	ck_assert(!timer_is_set(&d->timer));
	*d->last = d;
	if (++*d->fired == MANY / 2)
		loop_stop(d->timer.loop);
}

/* Set, moved and unset in an order without order. */
START_TEST(timers_fire_soonest_first)
{
	static struct due	 all[MANY];
	struct loop		*l = loop_new();
	struct instant		 now = loop_now(l);
	struct due		*last = NULL;
	uint32_t		 seed = 1;
	int			 i, round, fired = 0;

	for (i = 0; i < MANY; i++) {
		timer_init(&all[i].timer, l, on_due, &all[i]);
		all[i].last = &last;
		all[i].fired = &fired;
	}
	for (round = 0; round < 3; round++)
		for (i = 0; i < MANY; i++) {
			seed = seed * 1103515245 + 12345;
			all[i].at.ns = now.ns + 1 + seed % 20000000;
			timer_set(&all[i].timer, all[i].at);
		}
	for (i = 0; i < MANY; i += 2) {
		timer_unset(&all[i].timer);
		timer_clear(&all[i].timer);
		ck_assert(!timer_is_set(&all[i].timer));
	}
	loop_run(l);
	ck_assert_int_eq(fired, MANY / 2);
	loop_free(l);
}
END_TEST

START_TEST(a_timer_is_never_early)
{
	struct story	 s = { .loop = loop_new() };
	struct timer	 t;
	struct instant	 due = clock_after(loop_now(s.loop), 5);

	timer_init(&t, s.loop, stop, &s);
	timer_set(&t, due);
	loop_run(s.loop);
	ck_assert(!clock_before(clock_now(), due));
	ck_assert(!clock_before(loop_now(s.loop), due));
	loop_free(s.loop);
}
END_TEST

static void
set_again(void *arg)
{
	struct story	*s = arg;

	note(s, 't');
	timer_in(s->timer, -1000);
	if (++s->count == 3)
		loop_stop(s->loop);
}

static void
on_hook(void *arg)
{
	note(arg, 'h');
}

START_TEST(a_timer_that_is_due_at_once_waits_for_the_next_turn)
{
	struct story	 s = { .loop = loop_new() };
	struct timer	 t;
	struct hook	 h;

	s.timer = &t;
	timer_init(&t, s.loop, set_again, &s);
	hook_init(&h, s.loop, on_hook, &s);
	timer_in(&t, 0);
	loop_run(s.loop);
	ck_assert_str_eq(s.text, "hththth");
	timer_clear(&t);
	hook_clear(&h);
	loop_free(s.loop);
}
END_TEST

static void
unset_other(void *arg)
{
	struct story	*s = arg;

	note(s, 't');
	timer_clear(s->timer);
	loop_stop(s->loop);
}

START_TEST(a_timer_unset_by_another_does_not_fire)
{
	struct story	 s = { .loop = loop_new() };
	struct timer	 one, other;

	timer_init(&one, s.loop, unset_other, &s);
	timer_init(&other, s.loop, stop, &s);
	s.timer = &other;
	timer_in(&one, 0);
	timer_set(&other, clock_after(one.due, 0));
	loop_run(s.loop);
	ck_assert_str_eq(s.text, "t");
	loop_free(s.loop);
}
END_TEST

/* ---- watches ------------------------------------------------------------- */

static void
take_and_stop(void *arg, unsigned events)
{
	struct story	*s = arg;

	if (events & LOOP_READ)
		note(s, 'r');
	if (events & LOOP_WRITE)
		note(s, 'w');
	loop_stop(s->loop);
}

START_TEST(a_watch_is_told_what_it_wants)
{
	struct story	 s = { .loop = loop_new() };
	struct watch	 w;
	int		 ends[2];

	make_pair(ends);
	watch_init(&w, s.loop, ends[0], take_and_stop, &s);
	watch_want(&w, LOOP_WRITE);
	loop_run(s.loop);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	watch_want(&w, LOOP_READ);
	loop_run(s.loop);
	watch_want(&w, LOOP_READ | LOOP_WRITE);
	loop_run(s.loop);
	ck_assert_str_eq(s.text, "wrrw");
	watch_clear(&w);
	watch_clear(&w);
	close(ends[0]);
	close(ends[1]);
	loop_free(s.loop);
}
END_TEST

static const unsigned	 wants[] = { LOOP_READ, LOOP_WRITE };

START_TEST(a_hang_up_is_told_as_what_is_wanted)
{
	struct story	 s = { .loop = loop_new() };
	struct watch	 w;
	int		 ends[2];

	make_pair(ends);
	close(ends[1]);
	watch_init(&w, s.loop, ends[0], take_and_stop, &s);
	watch_want(&w, wants[_i]);
	loop_run(s.loop);
	ck_assert_str_eq(s.text, wants[_i] == LOOP_READ ? "r" : "w");
	watch_clear(&w);
	close(ends[0]);
	loop_free(s.loop);
}
END_TEST

START_TEST(who_wants_nothing_hears_of_no_hang_up)
{
	struct story	 s = { .loop = loop_new() };
	struct watch	 w;
	struct timer	 t;
	int		 ends[2];

	make_pair(ends);
	watch_init(&w, s.loop, ends[0], take_and_stop, &s);
	watch_want(&w, LOOP_READ);
	watch_want(&w, 0);
	close(ends[1]);
	timer_init(&t, s.loop, stop, &s);
	timer_in(&t, 5);
	loop_run(s.loop);
	ck_assert_str_eq(s.text, ".");
	watch_clear(&w);
	close(ends[0]);
	loop_free(s.loop);
}
END_TEST

static void
kill_other(void *arg, unsigned events)
{
	struct story	*s = arg;

	ck_assert_uint_eq(events, LOOP_READ);
	note(s, 'k');
	watch_clear(s->victim);
	memset(s->victim, 0xff, sizeof(*s->victim));
	loop_stop(s->loop);
}

/* Both are ready in one batch; whichever comes first clears the other. */
START_TEST(no_collected_event_reaches_a_cleared_watch)
{
	struct story	 one = { .loop = loop_new() };
	struct story	 other = { .loop = one.loop };
	struct watch	 a, b;
	int		 ends[2], more[2];

	make_pair(ends);
	make_pair(more);
	watch_init(&a, one.loop, ends[0], kill_other, &one);
	watch_init(&b, one.loop, more[0], kill_other, &other);
	one.victim = &b;
	other.victim = &a;
	watch_want(&a, LOOP_READ);
	watch_want(&b, LOOP_READ);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert_int_eq(write(more[1], "x", 1), 1);
	loop_run(one.loop);
	ck_assert_uint_eq(one.len + other.len, 1);
	watch_clear(one.len > 0 ? &a : &b);
	loop_free(one.loop);
}
END_TEST

static void
silence_other(void *arg, unsigned events)
{
	struct story	*s = arg;

	ck_assert_uint_eq(events, LOOP_READ);
	note(s, 's');
	watch_want(s->victim, 0);
	loop_stop(s->loop);
}

START_TEST(no_collected_event_reaches_who_wants_it_no_more)
{
	struct story	 one = { .loop = loop_new() };
	struct story	 other = { .loop = one.loop };
	struct watch	 a, b;
	int		 ends[2], more[2];

	make_pair(ends);
	make_pair(more);
	watch_init(&a, one.loop, ends[0], silence_other, &one);
	watch_init(&b, one.loop, more[0], silence_other, &other);
	one.victim = &b;
	other.victim = &a;
	watch_want(&a, LOOP_READ);
	watch_want(&b, LOOP_READ);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert_int_eq(write(more[1], "x", 1), 1);
	loop_run(one.loop);
	ck_assert_uint_eq(one.len + other.len, 1);
	watch_clear(&a);
	watch_clear(&b);
	loop_free(one.loop);
}
END_TEST

START_TEST(an_exclusive_watch_can_be_changed)
{
	struct story	 s = { .loop = loop_new() };
	struct watch	 w;
	int		 ends[2];

	make_pair(ends);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	watch_init(&w, s.loop, ends[0], take_and_stop, &s);
	watch_want(&w, LOOP_READ | LOOP_EXCLUSIVE);
	loop_run(s.loop);
	watch_want(&w, LOOP_EXCLUSIVE);
	watch_want(&w, LOOP_WRITE | LOOP_EXCLUSIVE);
	loop_run(s.loop);
	watch_want(&w, LOOP_READ | LOOP_WRITE | LOOP_EXCLUSIVE);
	loop_run(s.loop);
	watch_want(&w, LOOP_READ);
	loop_run(s.loop);
	ck_assert_str_eq(s.text, "rwrwr");
	watch_clear(&w);
	loop_free(s.loop);
}
END_TEST

/* ---- ends of turns ------------------------------------------------------- */

static void
clear_next_hook(void *arg)
{
	struct story	*s = arg;

	note(s, 'c');
	hook_clear(s->hook);
}

START_TEST(hooks_run_in_order_and_clear_each_other)
{
	struct story	 s = { .loop = loop_new() };
	struct hook	 first, second, third;

	s.hook = &second;
	hook_init(&first, s.loop, clear_next_hook, &s);
	hook_init(&second, s.loop, on_hook, &s);
	hook_init(&third, s.loop, stop, &s);
	loop_run(s.loop);
	ck_assert_str_eq(s.text, "c.");
	hook_clear(&first);
	hook_clear(&first);
	hook_clear(&third);
	loop_free(s.loop);
}
END_TEST

static void
on_deferred(void *arg)
{
	struct story	*s = arg;

	note(s, 'd');
	if (++s->count < 3)
		loop_defer(s->loop, s->deferred, on_deferred, s);
	else
		loop_stop(s->loop);
}

/*
 * The hooks of a turn come first, and again behind what was deferred; what a
 * deferred defers waits for that.
 */
START_TEST(deferred_runs_behind_the_hooks_once)
{
	struct story	 s = { .loop = loop_new() };
	struct deferred	 d = { .queued = false };
	struct hook	 h;

	s.deferred = &d;
	hook_init(&h, s.loop, on_hook, &s);
	loop_defer(s.loop, &d, on_deferred, &s);
	loop_defer(s.loop, &d, on_deferred, &s);
	loop_run(s.loop);
	ck_assert_str_eq(s.text, "hdhdhdh");
	hook_clear(&h);
	loop_free(s.loop);
}
END_TEST

static void
count(void *arg)
{
	note(arg, 'd');
}

START_TEST(a_loop_that_goes_runs_what_was_deferred)
{
	struct story	 s = { .loop = loop_new() };
	struct deferred	 d = { .queued = false };

	loop_defer(s.loop, &d, count, &s);
	loop_free(s.loop);
	ck_assert_str_eq(s.text, "d");
	loop_free(NULL);
}
END_TEST

START_TEST(a_loop_that_was_stopped_runs_again)
{
	struct story	 s = { .loop = loop_new() };
	struct timer	 t;

	timer_init(&t, s.loop, stop, &s);
	timer_in(&t, 0);
	loop_run(s.loop);
	timer_in(&t, 0);
	loop_run(s.loop);
	loop_stop(s.loop);
	loop_run(s.loop);
	ck_assert_str_eq(s.text, "..");
	loop_free(s.loop);
}
END_TEST

static void
rest(void *arg)
{
	struct story	*s = arg;

	note(s, 'r');
	loop_rest(s->loop, 20);
	timer_in(s->timer, 0);
}

/* Here a timer that is due at once. */
START_TEST(a_loop_that_rests_lets_things_wait)
{
	struct story	 s = { .loop = loop_new() };
	struct timer	 first, then;
	struct instant	 begin = clock_now();

	s.timer = &then;
	timer_init(&first, s.loop, rest, &s);
	timer_init(&then, s.loop, stop, &s);
	timer_in(&first, 0);
	loop_run(s.loop);
	ck_assert_str_eq(s.text, "r.");
	ck_assert_int_ge(clock_ms_between(begin, clock_now()), 20);
	loop_free(s.loop);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("loop");
	TCase	*tc = tcase_create("loop");
	SRunner	*r;
	int	 failed;

	tcase_add_test(tc, timers_fire_soonest_first);
	tcase_add_test(tc, a_timer_is_never_early);
	tcase_add_test(tc,
	    a_timer_that_is_due_at_once_waits_for_the_next_turn);
	tcase_add_test(tc, a_timer_unset_by_another_does_not_fire);
	tcase_add_test(tc, a_watch_is_told_what_it_wants);
	tcase_add_loop_test(tc, a_hang_up_is_told_as_what_is_wanted, 0,
	    COUNT(wants));
	tcase_add_test(tc, who_wants_nothing_hears_of_no_hang_up);
	tcase_add_test(tc, no_collected_event_reaches_a_cleared_watch);
	tcase_add_test(tc, no_collected_event_reaches_who_wants_it_no_more);
	tcase_add_test(tc, an_exclusive_watch_can_be_changed);
	tcase_add_test(tc, hooks_run_in_order_and_clear_each_other);
	tcase_add_test(tc, deferred_runs_behind_the_hooks_once);
	tcase_add_test(tc, a_loop_that_goes_runs_what_was_deferred);
	tcase_add_test(tc, a_loop_that_was_stopped_runs_again);
	tcase_add_test(tc, a_loop_that_rests_lets_things_wait);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
