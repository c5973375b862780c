/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/limits.h"
#include "shared/log.h"

/* The logger's end of the pair; the other is the log's from now on. */
static int
open_pair(void)
{
	int	 ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0, ends), 0);
	log_open(ends[1]);
	return ends[0];
}

static const char *
hear_packet(int fd)
{
	static char	 packet[2 * LOG_PACKET_MAX];
	ssize_t		 n = recv(fd, packet, sizeof(packet) - 1, 0);

	packet[n > 0 ? n : 0] = '\0';
	ck_assert_int_le(n, LOG_PACKET_MAX);
	return packet;
}

/* The next line; what else came in its packet is for later. */
static const char *
hear(int fd)
{
	static char	 packet[LOG_PACKET_MAX + 1], *next = NULL;
	char		*line;

	if (next == NULL) {
		(void)snprintf(packet, sizeof(packet), "%s", hear_packet(fd));
		next = packet;
	}
	line = next;
	next = strchr(line, '\n');
	if (next != NULL)
		*next++ = '\0';
	return line;
}

static const struct {
	const char	*said, *line;
} lines[] = {
	{ "ID: from=<a@b.example>, size=1",	NULL },
	{ "a\nb",		"a\\x0ab" },
	{ "a\r\nb",		"a\\x0d\\x0ab" },
	{ "\x1b[31m",		"\\x1b[31m" },
	{ "tab\t",		"tab\\x09" },
	{ "caf\xc3\xa9",	"caf\\xc3\\xa9" },
	{ "\x7f\xff",		"\\x7f\\xff" },
	{ "%s%n",		NULL },
};

START_TEST(what_is_not_printable_is_escaped)
{
	int	 fd = open_pair();

	log_info("%s", lines[_i].said);
	ck_assert_str_eq(hear(fd), lines[_i].line != NULL ? lines[_i].line :
	    lines[_i].said);
	close(fd);
}
END_TEST

START_TEST(the_level_is_the_first_word)
{
	int	 fd = open_pair();

	log_info("%s: one", "ID");
	ck_assert_str_eq(hear(fd), "ID: one");
	log_warning("%s: two", "ID");
	ck_assert_str_eq(hear(fd), "warning: ID: two");
	log_error("%s: three", "ID");
	ck_assert_str_eq(hear(fd), "error: ID: three");
	close(fd);
}
END_TEST

START_TEST(errno_is_printed_and_kept)
{
	int	 fd = open_pair();

	errno = ENOENT;
	log_info("open: %m");
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_str_eq(hear(fd), "open: No such file or directory");
	close(fd);
	log_info("to nobody");
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

static const char	*fillers[] = { "x", "\n" };

START_TEST(a_long_line_is_cut_and_says_so)
{
	char		 text[2 * LOG_LINE_MAX];
	const char	*line;
	int		 fd = open_pair();

	memset(text, fillers[_i][0], sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	line = hear(fd);
	ck_assert_uint_le(strlen(line), LOG_LINE_MAX);
	ck_assert_uint_gt(strlen(line), LOG_LINE_MAX - 8);
	ck_assert_str_eq(line + strlen(line) - 3, "...");
	ck_assert_ptr_null(strchr(line, '\n'));
	close(fd);
}
END_TEST

START_TEST(a_burst_is_not_a_loss)
{
	int	 fd = open_pair(), said, heard = 0;
	char	 line[32];

	for (said = 0; said < 5000; said++)
		log_info("line %d", said);
	while (heard < said) {
		(void)snprintf(line, sizeof(line), "line %d", heard);
		if (strcmp(hear(fd), line) == 0)
			heard++;
		else
			(void)log_flush();
	}
	ck_assert(log_flush());
	ck_assert_str_eq(hear(fd), "");
	close(fd);
}
END_TEST

START_TEST(what_is_lost_is_counted_and_told)
{
	int		 fd = open_pair(), said, heard = 0;
	unsigned	 lost;
	const char	*line;

	for (said = 0; said < 100000; said++)
		log_info("line %d", said);
	while (sscanf(line = hear(fd), "warning: %u log lines were lost",
	    &lost) != 1) {
		if (strncmp(line, "line ", 5) == 0)
			heard++;
		else
			(void)log_flush();
	}
	ck_assert_int_gt(heard, 0);
	ck_assert_int_eq(heard + (int)lost, said);
	log_info("after");
	ck_assert_str_eq(hear(fd), "after");
	close(fd);
}
END_TEST

START_TEST(lines_wait_for_the_next_logger)
{
	int	 fd = open_pair();

	close(fd);
	log_info("one");
	log_info("two");
	ck_assert(log_flush());		/* time alone will not help */
	fd = open_pair();
	ck_assert_str_eq(hear(fd), "one");
	ck_assert_str_eq(hear(fd), "two");
	log_info("three");
	ck_assert_str_eq(hear(fd), "three");
	close(fd);
}
END_TEST

START_TEST(a_logger_that_is_gone_has_a_ceiling)
{
	int		 fd = open_pair(), said, heard = 0;
	unsigned	 lost;
	const char	*line;

	close(fd);
	for (said = 0; said < 100000; said++)
		log_info("line %d", said);
	fd = open_pair();
	while (sscanf(line = hear(fd), "warning: %u log lines were lost",
	    &lost) != 1) {
		heard += strncmp(line, "line ", 5) == 0;
		(void)log_flush();
	}
	ck_assert_int_gt(heard, 0);
	ck_assert_int_eq(heard + (int)lost, said);
	close(fd);
}
END_TEST

START_TEST(lines_of_a_turn_are_one_packet)
{
	int	 fd = open_pair();

	log_gather(true);
	log_info("one");
	log_info("two\n");
	ck_assert_str_eq(hear_packet(fd), "");
	ck_assert(log_flush());
	ck_assert_str_eq(hear_packet(fd), "one\ntwo\\x0a");
	log_gather(false);
	log_info("three");
	ck_assert_str_eq(hear_packet(fd), "three");
	close(fd);
}
END_TEST

START_TEST(trouble_does_not_wait_for_the_turns_end)
{
	int	 fd = open_pair();

	log_gather(true);
	log_info("one");
	log_info("two");
	log_warning("three");
	ck_assert_str_eq(hear_packet(fd), "one\ntwo");
	ck_assert_str_eq(hear_packet(fd), "warning: three");
	log_info("four");
	log_gather(false);
	ck_assert_str_eq(hear_packet(fd), "four");
	close(fd);
}
END_TEST

static void *
say_elsewhere(void *arg)
{
	log_info("%s", (const char *)arg);
	return NULL;
}

START_TEST(another_thread_does_not_wait_either)
{
	int		 fd = open_pair();
	pthread_t	 other;
	char		 text[] = "two";

	log_gather(true);
	log_info("one");
	ck_assert_int_eq(pthread_create(&other, NULL, say_elsewhere, text),
	    0);
	ck_assert_int_eq(pthread_join(other, NULL), 0);
	ck_assert_str_eq(hear_packet(fd), "one");
	ck_assert_str_eq(hear_packet(fd), "two");
	log_gather(false);
	close(fd);
}
END_TEST

START_TEST(a_long_turn_is_several_packets)
{
	char	 filler[1000], line[1100];
	int	 fd = open_pair(), i;

	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	log_gather(true);
	for (i = 0; i < 100; i++)
		log_info("%d %s", i, filler);
	ck_assert(log_flush());
	for (i = 0; i < 100; i++) {
		(void)snprintf(line, sizeof(line), "%d %s", i, filler);
		ck_assert_str_eq(hear(fd), line);
	}
	ck_assert_str_eq(hear(fd), "");
	log_gather(false);
	close(fd);
}
END_TEST

/* What the child says on standard error before it ends. */
static const char *
child_says(void (*say)(void), int *status)
{
	static char	 text[1024];
	ssize_t		 n;
	int		 ends[2];
	pid_t		 child;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		say();
		_exit(0);
	}
	close(ends[1]);
	ck_assert_int_eq(waitpid(child, status, 0), child);
	n = read(ends[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	return text;
}

static void
say_plainly(void)
{
	log_name("relais/test");
	log_open(-1);
	log_warning("no logger\nyet");
}

static void
die(void)
{
	log_open(-1);
	fatal("no more %s", "paper");
}

static void
die_without_logger(void)
{
	close(open_pair());
	fatal("nobody listens");
}

/* The logger lives, and reads nothing. */
static void
die_of_overload(void)
{
	int	 i, fd = open_pair();

	for (i = 0; i < 1000; i++)
		log_info("line %d", i);
	fatal("too much to say to %d", fd > 0);
}

static const struct {
	void		(*say)(void);
	int		 status;
	const char	*text;
} children[] = {
	{ say_plainly,	0,	"relais/test: warning: no logger\\x0ayet\n" },
	{ die,		70,	"relais: fatal: no more paper\n" },
	{ die_without_logger, 70, "relais: fatal: nobody listens\n" },
	{ die_of_overload, 70, "relais: fatal: too much to say to 1\n" },
};

START_TEST(standard_error_is_for_those_without_a_logger)
{
	int	 status;

	ck_assert_str_eq(child_says(children[_i].say, &status),
	    children[_i].text);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), children[_i].status);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("log");
	TCase	*tc = tcase_create("log");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, what_is_not_printable_is_escaped, 0,
	    COUNT(lines));
	tcase_add_test(tc, the_level_is_the_first_word);
	tcase_add_test(tc, errno_is_printed_and_kept);
	tcase_add_loop_test(tc, a_long_line_is_cut_and_says_so, 0,
	    COUNT(fillers));
	tcase_add_test(tc, a_burst_is_not_a_loss);
	tcase_add_test(tc, what_is_lost_is_counted_and_told);
	tcase_add_test(tc, lines_wait_for_the_next_logger);
	tcase_add_test(tc, a_logger_that_is_gone_has_a_ceiling);
	tcase_add_test(tc, lines_of_a_turn_are_one_packet);
	tcase_add_test(tc, trouble_does_not_wait_for_the_turns_end);
	tcase_add_test(tc, another_thread_does_not_wait_either);
	tcase_add_test(tc, a_long_turn_is_several_packets);
	tcase_add_loop_test(tc, standard_error_is_for_those_without_a_logger,
	    0, COUNT(children));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
