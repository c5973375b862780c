/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>

#include "queue/index_own.h"
#include "queue/sender.h"
#include "tests/unit/index_rig.h"

enum { ID = 1000, OTHER = 2000 };

/* "s@NUMBER.example", whose mail waits in this lane. */
static struct addr
sender_of_lane(unsigned lane)
{
	struct addr	 a;
	char		 text[40];
	unsigned	 i = 0;

	do {
		(void)snprintf(text, sizeof text, "s@%u.example", i++);
		ck_assert_int_eq(addr_parse(span_of(text), &a), ADDR_OK);
	} while (sender_lane(&a, queue_state()->spool.lineage) != lane);
	return a;
}

static unsigned
count_in_lane(const char *name, unsigned lane)
{
	struct wait_key	 k = { .name = span_of(name), .lane = lane };
	struct view	 v;
	unsigned	 n = 0;

	view_open(&v, rig()->index);
	while (view_next_in_lane(&v, &k))
		n++;
	view_close(&v);
	return n;
}

START_TEST(each_sender_waits_in_a_lane_of_its_own)
{
	unsigned		 lane;
	struct destination_row	 d;
	struct view		 v;

	for (lane = 0; lane < LANES; lane++) {
		rig_store(ID + lane, sender_of_lane(lane).text, 1);
		rig_wait_for(ID + lane, 0, "mx:a:25", 100 + lane);
		ck_assert_uint_eq(count_in_lane("mx:a:25", lane), 1);
	}
	view_open(&v, rig()->index);
	ck_assert(view_destination(&v, span_of("mx:a:25"), &d));
	ck_assert_uint_eq(d.due, 100);
	for (lane = 0; lane < LANES; lane++)
		ck_assert_uint_eq(d.dues[lane], 100 + lane);
	view_close(&v);
}
END_TEST

/* Names that begin alike, and no name, keep apart from lanes. */
START_TEST(lanes_are_of_one_destination)
{
	struct addr	 one = sender_of_lane(1), last = sender_of_lane(15);

	rig_store(ID, one.text, 3);
	rig_store(OTHER, last.text, 3);
	rig_wait_for(ID, 0, "mx:a:2", 300);
	rig_wait_for(OTHER, 0, "mx:a:2", 100);
	rig_wait_for(ID, 1, "mx:a:25", 50);
	rig_wait_for(OTHER, 1, "mx:a:25", 60);
	rig_wait_for(ID, 2, "", 20);
	rig_wait_for(OTHER, 2, "", 10);
	ck_assert_str_eq(rig_all_waiting("mx:a:2"), "300:1000:0 100:2000:0");
	ck_assert_str_eq(rig_all_waiting("mx:a:25"), "50:1000:1 60:2000:1");
	ck_assert_str_eq(rig_all_waiting(""), "20:1000:2 10:2000:2");
	ck_assert_str_eq(rig_all_due(), "10 , 20 , 50 mx:a:25, 60 mx:a:25, "
	    "100 mx:a:2, 300 mx:a:2");
}
END_TEST

START_TEST(closed_is_closed_for_all_lanes)
{
	rig_store(ID, sender_of_lane(3).text, 1);
	rig_store(OTHER, sender_of_lane(0).text, 1);
	rig_wait_for(ID, 0, "mx:a:25", 100);
	rig_wait_for(OTHER, 0, "mx:a:25", 600);
	rig_close_destination("mx:a:25", 500, 3);
	ck_assert_str_eq(rig_all_due(), "500 mx:a:25, 600 mx:a:25");
	rig_wait_for(ID, 0, "mx:a:25", 50);
	ck_assert_str_eq(rig_all_due(), "500 mx:a:25, 600 mx:a:25");
	rig_close_destination("mx:a:25", 0, 0);
	ck_assert_str_eq(rig_all_due(), "50 mx:a:25, 600 mx:a:25");
	rig_set(OTHER, 0, NULL);
	rig_set(ID, 0, NULL);
	ck_assert_str_eq(rig_all_due(), "");
}
END_TEST

START_TEST(what_waits_since_before_there_were_lanes_is_found)
{
	struct wait_key	 k = { span_of("mx:a:25"), 100, ID, 0, 0 };
	struct addr	 seven = sender_of_lane(7), none = sender_of_lane(0);
	struct writing	 w;

	rig_store(ID, seven.text, 1);
	rig_wait_for(ID, 0, "mx:a:25", 100);
	ck_assert_int_eq(writing_begin(&w, rig()->index), 0);
	ck_assert_int_eq(writing_wait(&w, k, &seven, false), 0);
	ck_assert_int_eq(writing_wait(&w, k, &none, true), 0);
	ck_assert_int_eq(writing_commit(&w), 0);
	ck_assert_uint_eq(count_in_lane("mx:a:25", 0), 1);
	rig_wait_for(ID, 0, "mx:a:25", 200);
	ck_assert_uint_eq(count_in_lane("mx:a:25", 0), 0);
	ck_assert_uint_eq(count_in_lane("mx:a:25", 7), 1);
	ck_assert_str_eq(rig_all_due(), "200 mx:a:25");
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("lane");
	TCase	*c = tcase_create("lanes");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(c, rig_setup, rig_teardown);
	tcase_add_test(c, each_sender_waits_in_a_lane_of_its_own);
	tcase_add_test(c, lanes_are_of_one_destination);
	tcase_add_test(c, closed_is_closed_for_all_lanes);
	tcase_add_test(c,
	    what_waits_since_before_there_were_lanes_is_found);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
