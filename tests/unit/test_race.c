/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "remote/hop.h"
#include "remote/race.h"

/* Servers on loopback: one that is there, one that refuses, and one whose
 * queue is full, which is silent. */
enum server { GOOD, CLOSED, SILENT, BAD, NONE, SERVERS = NONE };

enum { TIME = 300, TOO_LATE = 10 * 1000 };
enum { SOME = -1 };		/* error; which, is a matter of routes */

static struct fixture {
	struct loop	*loop;
	struct race	 race;
	struct timer	 late;
	struct hop	 hop;
	struct endpoint	 at[SERVERS];
	int		 listeners[SERVERS], fillers[2];
	struct race_end	 end;
	unsigned	 ends;
} f;

static void
on_over(void *arg, const struct race_end *e)
{
	ck_assert_ptr_eq(arg, &f);
	f.end = *e;
	f.ends++;
	loop_stop(f.loop);
}

static void
on_late(void *arg)
{
	ck_abort_msg("waited in vain, %p", arg);
}

static void
serve(enum server which, int backlog)
{
	struct sockaddr_in	 s = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		 len = sizeof s;
	int			 fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&s, sizeof s), 0);
	if (backlog >= 0)
		ck_assert_int_eq(listen(fd, backlog), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&s, &len), 0);
	f.listeners[which] = fd;
	f.at[which].family = AF_INET;
	f.at[which].port = ntohs(s.sin_port);
	memcpy(f.at[which].address, &s.sin_addr, 4);
}

static void
set_up(void)
{
	unsigned	 i;

	memset(&f, 0, sizeof f);
	f.loop = loop_new();
	serve(GOOD, 8);
	serve(CLOSED, -1);
	serve(SILENT, 0);
	for (i = 0; i < COUNT(f.fillers); i++)
		f.fillers[i] = endpoint_connect(&f.at[SILENT], &f.hop);
	f.at[BAD] = (struct endpoint){ .family = AF_INET, .port = 1,
	    .address = { 255, 255, 255, 255 } };
	f.listeners[BAD] = -1;
	race_init(&f.race, f.loop, on_over, &f);
	timer_init(&f.late, f.loop, on_late, &f);
	timer_in(&f.late, TOO_LATE);
}

static void
tear_down(void)
{
	unsigned	 i;

	race_clear(&f.race);
	timer_clear(&f.late);
	fd_close(&f.end.fd);
	for (i = 0; i < SERVERS; i++)
		fd_close(&f.listeners[i]);
	for (i = 0; i < COUNT(f.fillers); i++)
		fd_close(&f.fillers[i]);
	loop_free(f.loop);
}

static const struct {
	enum server	 first, second;
	bool		 won;
	enum server	 at;
	int		 error;
	bool		 both;
} races[] = {
	{ GOOD,		NONE,	true,	GOOD,	0,		false },
	{ GOOD,		GOOD,	true,	GOOD,	0,		false },
	{ GOOD,		BAD,	true,	GOOD,	0,		false },
	{ CLOSED,	NONE,	false,	CLOSED,	ECONNREFUSED,	false },
	{ CLOSED,	GOOD,	true,	GOOD,	0,		true },
	{ CLOSED,	CLOSED,	false,	CLOSED,	ECONNREFUSED,	true },
	{ BAD,		NONE,	false,	BAD,	SOME,		false },
	{ BAD,		GOOD,	true,	GOOD,	0,		true },
	{ BAD,		BAD,	false,	BAD,	SOME,		true },
	{ CLOSED,	BAD,	false,	BAD,	SOME,		true },
	{ SILENT,	NONE,	false,	SILENT,	ETIMEDOUT,	false },
	{ SILENT,	GOOD,	true,	GOOD,	0,		true },
	{ SILENT,	CLOSED,	false,	SILENT,	ETIMEDOUT,	true },
	{ SILENT,	BAD,	false,	SILENT,	ETIMEDOUT,	true },
	{ CLOSED,	SILENT,	false,	SILENT,	ETIMEDOUT,	true },
};

static const struct endpoint *
at(enum server which)
{
	return which == NONE ? NULL : &f.at[which];
}

START_TEST(the_first_to_connect_wins)
{
	race_start(&f.race, at(races[_i].first), at(races[_i].second), &f.hop,
	    TIME);
	ck_assert_uint_eq(f.ends, 0);
	loop_run(f.loop);
	ck_assert_uint_eq(f.ends, 1);
	ck_assert_int_eq(f.end.fd != -1, races[_i].won);
	if (races[_i].error == SOME)
		ck_assert_int_gt(f.end.error, 0);
	else
		ck_assert_int_eq(f.end.error, races[_i].error);
	ck_assert_int_eq(f.end.both, races[_i].both);
	ck_assert_ptr_eq(f.end.at, at(races[_i].at));
	ck_assert_int_eq(f.race.runners[0].fd, -1);
	ck_assert_int_eq(f.race.runners[1].fd, -1);
	ck_assert(!timer_is_set(&f.race.timer));
}
END_TEST

START_TEST(a_race_may_be_called_off_and_run_again)
{
	race_start(&f.race, at(SILENT), at(GOOD), &f.hop, TIME);
	race_clear(&f.race);
	race_start(&f.race, at(GOOD), NULL, &f.hop, TIME);
	loop_run(f.loop);
	ck_assert_uint_eq(f.ends, 1);
	ck_assert_int_ne(f.end.fd, -1);
	ck_assert(!f.end.both);
}
END_TEST

START_TEST(a_connection_comes_from_the_address_of_its_hop)
{
	static const uint8_t	 source[4] = { 127, 0, 0, 9 };
	struct sockaddr_in	 s;
	socklen_t		 len = sizeof s;

	f.hop.has_source4 = true;
	memcpy(f.hop.source4, source, sizeof source);
	race_start(&f.race, at(GOOD), NULL, &f.hop, TIME);
	loop_run(f.loop);
	ck_assert_int_eq(getsockname(f.end.fd, (struct sockaddr *)&s, &len),
	    0);
	ck_assert_int_eq(memcmp(&s.sin_addr, source, sizeof source), 0);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("race");
	TCase	*tc = tcase_create("race");
	SRunner	*runner;
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, the_first_to_connect_wins, 0, COUNT(races));
	tcase_add_test(tc, a_race_may_be_called_off_and_run_again);
	tcase_add_test(tc, a_connection_comes_from_the_address_of_its_hop);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
