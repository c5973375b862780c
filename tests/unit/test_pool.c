/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/loop.h"
#include "remote/pool.h"

/* The pool asks no more of a client than this. */
struct client {
	struct endpoint	 at;
	bool		 left;
};

enum { CROWD = POOL_HOST_MAX + 5 };

static struct pool	 pool;
static struct loop	*loop;
static struct client	 crowd[CROWD];

void
client_quit(struct client *c)
{
	c->left = true;
}

bool
client_is_spent(const struct client *c)
{
	(void)c;
	return false;
}

void
client_set_owner(struct client *c, const struct client_calls *calls, void *arg)
{
	(void)c;
	(void)calls;
	(void)arg;
}

const struct endpoint *
client_endpoint(const struct client *c)
{
	return &c->at;
}

const struct host *
client_host(const struct client *c)
{
	(void)c;
	return NULL;
}

static struct client *
put(unsigned i, uint8_t host)
{
	char	 destination[32];

	crowd[i].at.address[0] = host;
	snprintf(destination, sizeof destination, "mx:d%u.example:25", i);
	pool_put(&pool, &crowd[i], span_of(destination));
	return &crowd[i];
}

static unsigned
count_left(void)
{
	unsigned	 i, n = 0;

	for (i = 0; i < CROWD; i++)
		n += crowd[i].left;
	return n;
}

static void
set_up(void)
{
	memset(crowd, 0, sizeof crowd);
	loop = loop_new();
	pool_init(&pool, loop);
}

static void
tear_down(void)
{
	pool_clear(&pool);
	loop_free(loop);
}

START_TEST(a_host_of_many_domains_is_not_held_by_those_at_rest)
{
	unsigned	 i;

	for (i = 0; i < CROWD; i++)
		(void)put(i, 1);
	ck_assert_uint_eq(count_left(), CROWD - POOL_HOST_MAX);
	ck_assert_uint_eq(pool.count, POOL_HOST_MAX);
}
END_TEST

START_TEST(another_host_has_places_of_its_own)
{
	unsigned	 i;

	for (i = 0; i < CROWD; i++)
		(void)put(i, i < POOL_HOST_MAX ? 1 : 2);
	ck_assert_uint_eq(count_left(), 0);
}
END_TEST

START_TEST(who_is_taken_leaves_a_place)
{
	unsigned	 i;

	for (i = 0; i < POOL_HOST_MAX; i++)
		(void)put(i, 1);
	ck_assert_ptr_eq(pool_take(&pool, span_of("mx:d3.example:25")),
	    &crowd[3]);
	(void)put(POOL_HOST_MAX, 1);
	ck_assert_uint_eq(count_left(), 0);
	(void)put(POOL_HOST_MAX + 1, 1);
	ck_assert_uint_eq(count_left(), 1);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("pool");
	TCase	*tc = tcase_create("pool");
	SRunner	*runner;
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc,
	    a_host_of_many_domains_is_not_held_by_those_at_rest);
	tcase_add_test(tc, another_host_has_places_of_its_own);
	tcase_add_test(tc, who_is_taken_leaves_a_place);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
