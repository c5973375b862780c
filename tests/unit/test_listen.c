/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/listen.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

static char			 folder[32];
static struct listeners		 listeners;
static struct config		*config;
static int			 lines[2];	/* what is logged goes here */

static void
set_up(void)
{
	snprintf(folder, sizeof folder, "/tmp/relais-listen.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, lines), 0);
	log_open(lines[0]);
	config = config_new();
	ck_assert(span_copy(span_of(folder), config->runtime,
	    sizeof config->runtime));
}

static const char *
path_of(const char *name)
{
	static char	 path[sizeof folder + 32];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void
tear_down(void)
{
	listeners_close(&listeners);
	unlink(path_of("submit"));
	ck_assert_int_eq(rmdir(folder), 0);
	config_free(config);
	log_open(-1);
	fd_close(&lines[1]);
}

static int
bound(const char *path)
{
	struct sockaddr_un	 to = { .sun_family = AF_UNIX };
	int			 fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert(span_copy(span_of(path), to.sun_path, sizeof to.sun_path));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static const struct {
	const char	*name;
	mode_t		 mode;
	enum role	 role;
	unsigned	 flags;
} sockets[] = {
	{ "submit",	0666,	ROLE_SMTPD, LISTENER_UNIX | LISTENER_RELAY },
	{ "control",	0660,	ROLE_CONTROL, LISTENER_UNIX },
	{ "monitor",	0660,	ROLE_MONITOR, LISTENER_UNIX },
};

START_TEST(each_socket_has_its_mode_and_goes_with_us)
{
	struct stat	 st;

	umask(077);
	ck_assert(listeners_open(&listeners, config));
	ck_assert_uint_eq(listeners.n, COUNT(sockets));
	ck_assert_str_eq(listeners.item[_i].name, sockets[_i].name);
	ck_assert_int_eq(listeners.item[_i].role, sockets[_i].role);
	ck_assert_uint_eq(listeners.item[_i].flags, sockets[_i].flags);
	ck_assert_int_eq(stat(path_of(sockets[_i].name), &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, sockets[_i].mode);
	listeners_close(&listeners);
	ck_assert_int_eq(access(path_of(sockets[_i].name), F_OK), -1);
}
END_TEST

START_TEST(a_socket_that_nobody_hears_is_replaced)
{
	int	 fd = bound(path_of("submit"));

	fd_close(&fd);
	ck_assert(listeners_open(&listeners, config));
}
END_TEST

START_TEST(a_socket_that_somebody_hears_is_left_alone)
{
	int	 fd = bound(path_of("submit"));

	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert(!listeners_open(&listeners, config));
	listeners_close(&listeners);
	ck_assert_int_eq(access(path_of("submit"), F_OK), 0);
	fd_close(&fd);
}
END_TEST

START_TEST(a_file_in_the_place_of_a_socket_is_left_alone)
{
	int	 fd = open(path_of("submit"), O_WRONLY | O_CREAT, 0600);

	fd_close(&fd);
	ck_assert(!listeners_open(&listeners, config));
	listeners_close(&listeners);
	ck_assert_int_eq(access(path_of("submit"), F_OK), 0);
}
END_TEST

/* The port is free, for a socket that is bound there does not listen. */
START_TEST(v4_and_v6_listen_on_the_same_port)
{
	struct config_listen	*l = xcalloc(1, sizeof *l);
	struct sockaddr_in	 any = { .sin_family = AF_INET };
	socklen_t		 len = sizeof any;
	int			 fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof on), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&any, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&any, &len), 0);
	l->port = ntohs(any.sin_port);
	l->anywhere = true;
	l->addresses.n = 2;
	l->addresses.item[0].family = AF_INET;
	l->addresses.item[1].family = AF_INET6;
	config->listens = l;
	config->nlistens = 1;
	ck_assert(listeners_open(&listeners, config));
	ck_assert_uint_ge(listeners.n, COUNT(sockets) + 1);
	ck_assert_uint_eq(listeners.item[0].flags, 0);
	fd_close(&fd);
}
END_TEST

static struct config *
other_config(const char *more)
{
	struct config		*c = config_new();
	struct config_listen	*l = xcalloc(1, sizeof *l);

	ck_assert(span_copy(span_of(folder), c->runtime, sizeof c->runtime));
	ck_assert(span_copy(span_of(more), l->socket, sizeof l->socket));
	(void)span_copy(span_of("more"), l->name, sizeof l->name);
	c->listens = l;
	c->nlistens = 1;
	return c;
}

START_TEST(another_list_keeps_what_stays)
{
	static struct listeners	 next, last;
	struct config		*other = other_config(path_of("more"));
	int			 submit, more;

	ck_assert(listeners_open(&listeners, config));
	submit = listeners.item[0].fd;
	ck_assert(listeners_prepare(&next, &listeners, other));
	ck_assert_uint_eq(next.n, COUNT(sockets) + 1);
	ck_assert_int_eq(next.item[1].fd, submit);
	listeners_commit(&next, &listeners);
	ck_assert_int_eq(access(path_of("submit"), F_OK), 0);
	more = next.item[0].fd;
	ck_assert(listeners_prepare(&last, &next, config));
	listeners_commit(&last, &next);
	ck_assert_int_eq(last.item[0].fd, submit);
	ck_assert_int_eq(fcntl(more, F_GETFD), -1);
	ck_assert_int_eq(access(path_of("more"), F_OK), -1);
	ck_assert_int_ne(fcntl(submit, F_GETFD), -1);
	listeners = last;
	config_free(other);
}
END_TEST

START_TEST(a_list_that_cannot_be_had_changes_nothing)
{
	static struct listeners	 next;
	struct config		*other = other_config("/nowhere/at/all");

	ck_assert(listeners_open(&listeners, config));
	ck_assert(!listeners_prepare(&next, &listeners, other));
	ck_assert_ptr_nonnull(strstr(next.why, "/nowhere/at/all"));
	ck_assert_uint_eq(listeners.n, COUNT(sockets));
	ck_assert_int_ne(fcntl(listeners.item[0].fd, F_GETFD), -1);
	ck_assert_int_eq(access(path_of("submit"), F_OK), 0);
	config_free(other);
}
END_TEST

START_TEST(a_list_that_is_given_up_leaves_the_other)
{
	static struct listeners	 next;
	struct config		*other = other_config(path_of("more"));

	ck_assert(listeners_open(&listeners, config));
	ck_assert(listeners_prepare(&next, &listeners, other));
	ck_assert_int_eq(access(path_of("more"), F_OK), 0);
	listeners_cancel(&next);
	ck_assert_int_eq(access(path_of("more"), F_OK), -1);
	ck_assert_int_eq(access(path_of("submit"), F_OK), 0);
	ck_assert_int_ne(fcntl(listeners.item[0].fd, F_GETFD), -1);
	config_free(other);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("listen");
	TCase	*tc = tcase_create("listen");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, each_socket_has_its_mode_and_goes_with_us, 0,
	    COUNT(sockets));
	tcase_add_test(tc, a_socket_that_nobody_hears_is_replaced);
	tcase_add_test(tc, a_socket_that_somebody_hears_is_left_alone);
	tcase_add_test(tc, a_file_in_the_place_of_a_socket_is_left_alone);
	tcase_add_test(tc, v4_and_v6_listen_on_the_same_port);
	tcase_add_test(tc, another_list_keeps_what_stays);
	tcase_add_test(tc, a_list_that_cannot_be_had_changes_nothing);
	tcase_add_test(tc, a_list_that_is_given_up_leaves_the_other);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
