/* SPDX-License-Identifier: ISC */
/* remote/content.c, and a queue that only counts what it is asked for. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/content.h"

enum {
	MOST = CONTENT_AHEAD * RING_SLOT,	/* that one may hold */
	FULL_HOUSE = CONTENT_REMOTE_MAX / MOST
};

static struct content_room	 room;
static struct content		 all[FULL_HOUSE + 4];
static unsigned			 wants;
static uint64_t			 last;	/* token that was asked for */
static char			 queue;	/* stands for the peer */

void
peer_put(struct peer *p, const struct msg *m)
{
	ck_assert_ptr_eq(p, (void *)&queue);
	ck_assert_int_eq(m->type, MSG_WANT);
	last = m->want.token;
	wants++;
}

struct ring *
peer_ring_in(struct peer *p)
{
	return (void *)p;
}

bool
ring_copy(const struct ring *r, unsigned slot, size_t len, void *into)
{
	(void)r;
	(void)slot;
	memset(into, 'x', len);
	return true;
}

static void
begin(unsigned i, uint64_t size)
{
	struct msg_job	 m = { .token = i, .size = size };

	content_init(&all[i], &room, &m, (void *)&queue);
	content_pull(&all[i]);
}

static void
set_up(void)
{
	content_room_init(&room);
	wants = 0;
}

static void
fill(void)
{
	unsigned	 i;

	for (i = 0; i < FULL_HOUSE; i++)
		begin(i, 10 * MOST);
	ck_assert_uint_eq(wants, FULL_HOUSE * CONTENT_AHEAD);
	wants = 0;
}

START_TEST(who_comes_too_late_waits_in_order)
{
	fill();
	begin(FULL_HOUSE, MOST);
	begin(FULL_HOUSE + 1, 1);
	begin(FULL_HOUSE + 2, MOST);
	ck_assert_uint_eq(wants, 0);
	content_clear(&all[7]);
	ck_assert_uint_eq(wants, CONTENT_AHEAD);
	ck_assert_uint_eq(last, FULL_HOUSE);
	content_clear(&all[FULL_HOUSE + 1]);	/* it gives up */
	content_clear(&all[8]);
	ck_assert_uint_eq(last, FULL_HOUSE + 2);
	ck_assert_uint_eq(room.used, CONTENT_REMOTE_MAX);
}
END_TEST

START_TEST(who_is_in_has_room_for_all_of_its_own)
{
	struct msg_chunk	 m = { .length = RING_SLOT };
	unsigned		 i;

	fill();
	begin(FULL_HOUSE, MOST);
	for (i = 0; i < 20; i++) {
		m.offset = (uint64_t)i * RING_SLOT;
		ck_assert_int_eq(content_take(&all[3], &m), CONTENT_OK);
		content_drop(&all[3]);
	}
	ck_assert(content_is_spent(&all[3]));
	ck_assert_uint_eq(last, 3);
	content_clear(&all[3]);
	content_clear(&all[3]);
	ck_assert_uint_eq(last, FULL_HOUSE);
}
END_TEST

START_TEST(small_messages_take_little_room)
{
	unsigned	 i;

	for (i = 0; i < COUNT(all); i++)
		begin(i, 4096);
	ck_assert_uint_eq(room.used, COUNT(all) * 4096);
	for (i = 0; i < COUNT(all); i++)
		content_clear(&all[i]);
	ck_assert_uint_eq(room.used, 0);
	ck_assert(TAILQ_EMPTY(&room.waiting));
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("room");
	TCase	*tc = tcase_create("room");
	SRunner	*runner;
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, who_comes_too_late_waits_in_order);
	tcase_add_test(tc, who_is_in_has_room_for_all_of_its_own);
	tcase_add_test(tc, small_messages_take_little_room);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
