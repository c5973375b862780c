/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "shared/alloc.h"
#include "remote/hosts.h"

enum { MAX = HOST_CONNECTIONS_MAX, WAITERS = 3 };

static struct fixture {
	struct loop	*loop;
	struct hosts	 hosts;
	struct slot	 slots[MAX], waiters[WAITERS];
	struct timer	 late;
	unsigned	 served[WAITERS], count;	/* in this order */
} f;

static const struct endpoint	 host = { .host = "mx.example", .port = 25 };

static void
on_ready(void *arg, bool given)
{
	ck_assert(given);
	ck_assert_uint_lt(f.count, WAITERS);
	f.served[f.count++] = (unsigned)((struct slot *)arg - f.waiters);
}

static void
on_late(void *arg)
{
	loop_stop(arg);
}

/* What was put off is done. */
static void
turn(void)
{
	timer_in(&f.late, 0);
	loop_run(f.loop);
}

/* Of the buckets, how many have hosts. */
static unsigned
known(void)
{
	unsigned	 n = 0, i;

	for (i = 0; i < HOST_BUCKETS; i++)
		if (!LIST_EMPTY(&f.hosts.of[i]))
			n++;
	return n;
}

/* All slots are out, and those who wait do. */
static void
set_up(void)
{
	unsigned	 i;

	f = (struct fixture){ .loop = loop_new() };
	hosts_init(&f.hosts, f.loop);
	timer_init(&f.late, f.loop, on_late, f.loop);
	for (i = 0; i < MAX; i++) {
		slot_init(&f.slots[i], &f.hosts, on_ready, &f.slots[i]);
		ck_assert(slot_take(&f.slots[i], &host));
	}
	for (i = 0; i < WAITERS; i++) {
		slot_init(&f.waiters[i], &f.hosts, on_ready, &f.waiters[i]);
		ck_assert(!slot_take(&f.waiters[i], &host));
	}
}

/* However it went: nobody who is gone is remembered. */
static void
tear_down(void)
{
	unsigned	 i;

	for (i = 0; i < WAITERS; i++)
		slot_clear(&f.waiters[i]);
	for (i = 0; i < MAX; i++)
		slot_clear(&f.slots[i]);
	turn();
	ck_assert_uint_eq(known(), 0);
	timer_clear(&f.late);
	loop_free(f.loop);
}

START_TEST(a_host_is_its_name_in_any_case_and_its_port)
{
	static const struct endpoint	 same = { .host = "MX.Example",
					    .port = 25 };
	static const struct endpoint	 others[] = {
		{ .host = "mx.example", .port = 587 },
		{ .host = "my.example", .port = 25 }
	};
	struct slot			 s;
	unsigned			 i;

	slot_init(&s, &f.hosts, on_ready, &s);
	ck_assert(!slot_take(&s, &same));
	slot_clear(&s);
	for (i = 0; i < COUNT(others); i++) {
		ck_assert(slot_take(&s, &others[i]));
		slot_clear(&s);
	}
}
END_TEST

START_TEST(who_came_first_is_served_first_and_in_a_later_turn)
{
	unsigned	 i;

	slot_clear(&f.slots[0]);
	slot_clear(&f.slots[1]);
	ck_assert_uint_eq(f.count, 0);
	turn();
	ck_assert_uint_eq(f.count, 2);
	slot_clear(&f.slots[2]);
	turn();
	ck_assert_uint_eq(f.count, WAITERS);
	for (i = 0; i < WAITERS; i++)
		ck_assert_uint_eq(f.served[i], i);
}
END_TEST

START_TEST(nobody_passes_those_who_wait)
{
	slot_clear(&f.slots[0]);
	ck_assert(!slot_take(&f.slots[0], &host));
	turn();
	ck_assert_uint_eq(f.count, 1);
	ck_assert_uint_eq(f.served[0], 0);
}
END_TEST

START_TEST(who_goes_away_is_left_out)
{
	slot_clear(&f.waiters[0]);
	slot_clear(&f.slots[0]);
	slot_clear(&f.waiters[1]);	/* although it would be his */
	turn();
	ck_assert_uint_eq(f.count, 1);
	ck_assert_uint_eq(f.served[0], 2);
	slot_clear(&f.waiters[2]);
	ck_assert(slot_take(&f.slots[0], &host));
}
END_TEST

START_TEST(a_slot_that_is_passed_on_stays_counted)
{
	struct host	*h = slot_pass(&f.slots[0]);

	ck_assert(host_is_wanted(h));
	slot_clear(&f.slots[0]);
	turn();
	ck_assert_uint_eq(f.count, 0);
	host_give(h);
	turn();
	ck_assert_uint_eq(f.count, 1);
	ck_assert(!host_is_wanted(NULL));
	host_give(NULL);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("hosts");
	TCase	*tc = tcase_create("hosts");
	SRunner	*runner;
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_host_is_its_name_in_any_case_and_its_port);
	tcase_add_test(tc, who_came_first_is_served_first_and_in_a_later_turn);
	tcase_add_test(tc, nobody_passes_those_who_wait);
	tcase_add_test(tc, who_goes_away_is_left_out);
	tcase_add_test(tc, a_slot_that_is_passed_on_stays_counted);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
