/* SPDX-License-Identifier: ISC */
/* How destinations are served, and how many messages go there in a time. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "queue/rate.h"
#include "queue/settings.h"
#include "shared/alloc.h"
#include "tests/unit/queue_stub.h"

static char	 place[STUB_PLACE_SIZE];

static void
put(const char *pattern, const struct msg_conf_destination *rest)
{
	struct msg_conf_destination	 m = *rest;

	m.pattern = span_of(pattern);
	settings_put(queue_state(), &m);
}

static void
setup(void)
{
	static const struct msg_conf_destination	 none;
	struct queue					*q = queue_state();

	stub_enter(place);
	q->retry_first = 300;
	q->retry_max = 3600;
	q->life = 1000;
	q->notice_life = 100;
	put("/run/lmtp", &none);
	put("[192.0.2.7]", &none);
	put("[2001:db8::1]", &none);
	put("a.example", &(struct msg_conf_destination){ .window = 2,
	    .life = 500, .delay = UINT32_MAX });
	put("local:", &(struct msg_conf_destination){ .retry_first = 7,
	    .life = 2000 });
	put("*.b.example", &(struct msg_conf_destination){ .delay = 60,
	    .life = 1000, .has_priority = 1, .priority = 0 });
	put("*.example", &(struct msg_conf_destination){ .recipients = 3,
	    .notice_life = 50 });
	put("*", &(struct msg_conf_destination){ .window_first = 1,
	    .notice_life = 2000 });
}

static void
teardown(void)
{
	stub_leave(place);
}

static const struct settings *
of(const char *destination)
{
	return settings_of(queue_state(), span_of(destination));
}

/* ---- by pattern ---------------------------------------------------------- */

static const struct {
	const char	*destination, *pattern;
} meant[] = {
	{ "mx:a.example:25",			"a.example" },
	{ "host:A.Example:2525;*.a.example",	"a.example" },
	{ "lmtp:a.example:24",			"a.example" },
	{ "mx:b.a.example:25",			"*.example" },
	{ "mx:b.example:25",			"*.example" },
	{ "mx:c.b.example:25",			"*.b.example" },
	{ "mx:d.c.b.example:25",		"*.b.example" },
	{ "mx:a.example.org:25",		"*" },
	{ "host:[192.0.2.7]:25",		"[192.0.2.7]" },
	{ "host:[192.0.2.7]:25;x:25",		"[192.0.2.7]" },
	{ "host:[192.0.2.77]:25",		"*" },
	{ "host:[2001:db8::1]:25",		"[2001:db8::1]" },
	{ "lmtp:/run/lmtp",			"/run/lmtp" },
	{ "lmtp:/run/lmtp;hop",			"/run/lmtp" },
	{ "lmtp:/run/Lmtp",			"*" },
	{ "unix:/run/a.example",		"*" },
	{ "local:joe",				"local:" },
	{ "local:a.example",			"local:" },
	{ "discard:",				"" },
	{ "",					"" },
};

START_TEST(the_first_row_that_means_it_holds)
{
	ck_assert_str_eq(of(meant[_i].destination)->pattern,
	    meant[_i].pattern);
}
END_TEST

START_TEST(what_is_not_said_is_as_usual)
{
	const struct settings	*s = of("mx:a.example:25");

	ck_assert_uint_eq(s->window, 2);
	ck_assert_uint_eq(s->window_first, 2);
	ck_assert_uint_eq(s->retry_first, 300);
	ck_assert_uint_eq(s->recipients, JOB_RECIPIENTS_MAX);
	ck_assert_uint_eq(s->share, 100);
	ck_assert_uint_eq(s->priority, 9);
	ck_assert_uint_eq(settings_life(s, false), 500);
	ck_assert_uint_eq(settings_life(s, true), 100);
	s = of("mx:far.org:25");
	ck_assert_uint_eq(s->window_first, 1);
	ck_assert_uint_eq(s->window, WINDOW_MAX);
	ck_assert_uint_eq(of("mx:c.b.example:25")->priority, 0);
	ck_assert_uint_eq(of("local:joe")->retry_first, 7);
}
END_TEST

START_TEST(a_delay_is_said_by_pattern_or_not_at_all)
{
	struct queue	*q = queue_state();

	ck_assert_uint_eq(settings_delay(q, span_of("mx:a.example:25")),
	    UINT32_MAX);
	ck_assert_uint_eq(settings_delay(q, span_of("mx:c.b.example:25")),
	    60);
	ck_assert_uint_eq(settings_delay(q, span_of("mx:far.org:25")), 0);
}
END_TEST

START_TEST(lives_are_told_once_each_shortest_first)
{
	uint32_t	 lives[LIVES_MAX];

	ck_assert_uint_eq(settings_lives(queue_state(), false, lives), 3);
	ck_assert_uint_eq(lives[0], 500);
	ck_assert_uint_eq(lives[1], 1000);
	ck_assert_uint_eq(lives[2], 2000);
	ck_assert_uint_eq(settings_lives(queue_state(), true, lives), 3);
	ck_assert_uint_eq(lives[0], 50);
	ck_assert_uint_eq(lives[2], 2000);
}
END_TEST

START_TEST(without_patterns_all_is_as_usual)
{
	settings_clear(queue_state());
	ck_assert_str_eq(of("mx:a.example:25")->pattern, "");
	ck_assert_uint_eq(of("mx:a.example:25")->window_first, WINDOW_START);
}
END_TEST

/* ---- in a time ----------------------------------------------------------- */

enum { SECOND = 1000, HOUR = 3600 * SECOND, TAKES = 20000 };

static const struct {
	uint32_t	 most;
	int64_t		 span;		/* ms */
} spans[] = {
	{ 1, SECOND }, { 2, SECOND }, { 7, SECOND }, { 19, SECOND },
	{ 20, SECOND }, { 100, SECOND }, { 3000, SECOND },
	{ 1, HOUR }, { 10, HOUR }, { 500, HOUR }, { 100000, HOUR },
};

/* The virtual clock goes on by steps of any length, mostly short ones; who may
 * take does, up to as many as somebody might want at once. */
static unsigned
take_all(struct rate *r, int64_t span, int64_t taken[TAKES])
{
	struct instant	 now = { 1000 };
	int64_t		 step;
	unsigned	 n = 0, burst, turns;

	for (turns = 0; n < TAKES && turns < 10 * TAKES; turns++) {
		burst = arc4random_uniform(200);
		while (n < TAKES && burst-- > 0 &&
		    !clock_before(now, rate_next(r))) {
			taken[n++] = now.ns;
			rate_take(r, now);
		}
		step = arc4random_uniform(50) == 0 ? 3 * span * 1000 :
		    span * 20;
		now.ns += arc4random_uniform((uint32_t)step) *
		    INT64_C(1000);
	}
	return n;
}

START_TEST(no_span_of_time_has_more_than_may_go)
{
	static int64_t	 taken[TAKES];
	struct rate	 r;
	unsigned	 i, n;

	rate_init(&r, spans[_i].most, spans[_i].span,
	    (struct instant){ 1000 });
	n = take_all(&r, spans[_i].span, taken);
	ck_assert_uint_gt(n, 0);
	for (i = spans[_i].most; i < n; i++)
		ck_assert_msg(taken[i] - taken[i - spans[_i].most] >=
		    spans[_i].span * 1000000, "%u of %u", i, n);
}
END_TEST

/* Who wants to send all the time sends at least nine tenths of it. */
START_TEST(little_is_lost_of_what_may_go)
{
	struct instant	 now = { 5 }, end;
	struct rate	 r;
	uint64_t	 n = 0, most = 20 * (uint64_t)spans[_i].most;

	rate_init(&r, spans[_i].most, spans[_i].span, now);
	end = clock_after(now, 20 * spans[_i].span);
	for (; clock_before(now, end); n++) {
		rate_take(&r, now);
		now = rate_next(&r);
	}
	ck_assert_uint_ge(n, most * 9 / 10);
	ck_assert_uint_le(n, most);
}
END_TEST

START_TEST(it_begins_with_one)
{
	struct instant	 now = { 77 };
	struct rate	 r;

	rate_init(&r, spans[_i].most, spans[_i].span, now);
	ck_assert(!clock_before(now, rate_next(&r)));
	rate_take(&r, now);
	ck_assert(clock_before(now, rate_next(&r)));
}
END_TEST

START_TEST(without_a_limit_all_may_go)
{
	struct instant	 now = { 77 };
	struct rate	 r;
	unsigned	 i;

	rate_init(&r, 0, HOUR, now);
	for (i = 0; i < 1000; i++) {
		ck_assert(!clock_before(now, rate_next(&r)));
		rate_take(&r, now);
	}
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("settings");
	TCase	*c = tcase_create("settings"), *t = tcase_create("rate");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, the_first_row_that_means_it_holds, 0,
	    COUNT(meant));
	tcase_add_test(c, what_is_not_said_is_as_usual);
	tcase_add_test(c, a_delay_is_said_by_pattern_or_not_at_all);
	tcase_add_test(c, lives_are_told_once_each_shortest_first);
	tcase_add_test(c, without_patterns_all_is_as_usual);
	suite_add_tcase(s, c);
	tcase_add_loop_test(t, no_span_of_time_has_more_than_may_go, 0,
	    COUNT(spans));
	tcase_add_loop_test(t, little_is_lost_of_what_may_go, 0,
	    COUNT(spans));
	tcase_add_loop_test(t, it_begins_with_one, 0, COUNT(spans));
	tcase_add_test(t, without_a_limit_all_may_go);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
