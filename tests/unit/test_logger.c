/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/sink.h"
#include "shared/alloc.h"
#include "shared/fd.h"

enum { TEXT_SIZE = 65536 };

/* What the fixture makes, and a sink says. */
static struct {
	struct loop	*loop;
	struct sink	 sink;
	int		 ours;		/* the other end */
	int		 lost;
	char		 text[TEXT_SIZE];
} test;

static void
on_lost(int error)
{
	test.lost = error;
}

static void
set_up(void)
{
	setenv("TZ", "UTC", 1);
	memset(&test, 0, sizeof(test));
	test.ours = -1;
	test.loop = loop_new();
	sink_prepare(&test.sink);
	memcpy(test.sink.host, "host", sizeof("host"));
	sink_init(&test.sink, test.loop, on_lost);
}

static void
tear_down(void)
{
	fd_close(&test.ours);
	loop_free(test.loop);
}

/* A file that is nowhere; what is written is read back by read_file. */
static void
open_file(void)
{
	FILE	*file = tmpfile();

	ck_assert_ptr_nonnull(file);
	test.ours = dup(fileno(file));
	sink_open(&test.sink, LOG_TO_FILE, dup(fileno(file)));
	fclose(file);
}

static const char *
read_file(void)
{
	ssize_t	 n = fd_pread_all(test.ours, test.text, TEXT_SIZE - 1, 0);

	ck_assert_int_ge(n, 0);
	test.text[n] = '\0';
	return test.text;
}

static void
open_syslog(void)
{
	int	 ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	test.ours = ends[0];
	sink_open(&test.sink, LOG_TO_SYSLOG, ends[1]);
}

static const char *
read_syslog(void)
{
	ssize_t	 n = recv(test.ours, test.text, TEXT_SIZE - 1, MSG_DONTWAIT);

	test.text[n > 0 ? n : 0] = '\0';
	return test.text;
}

static void
put(enum role role, unsigned pid, const char *text, size_t len)
{
	struct sink_line	 line = { INT64_C(1795399607000000), pid,
				    role, span_make(text, len) };

	sink_put(&test.sink, &line);
}

static const struct {
	const char	*text;
	size_t		 len;
	const char	*file, *syslog;
} lines[] = {
	{ "ABC: removed", 12, "ABC: removed", "<22>" },
	{ "warning: x", 10, "warning: x", "<20>" },
	{ "error: x", 8, "error: x", "<19>" },
	{ "fatal: x", 8, "fatal: x", "<18>" },
	{ "an error: x", 11, "an error: x", "<22>" },
	{ "a\nNov 1 b", 9, "a\\x0aNov 1 b", "<22>" },
	{ "a\0b\033[2J", 7, "a\\x00b\\x1b[2J", "<22>" },
	{ "\xff\x7f", 2, "\\xff\\x7f", "<22>" },
	{ "", 0, "", "<22>" },
};

START_TEST(a_file_gets_time_host_program_and_text)
{
	char	 expected[256];

	open_file();
	put(ROLE_SMTPD, 123, lines[_i].text, lines[_i].len);
	sink_flush(&test.sink);
	(void)snprintf(expected, sizeof(expected),
	    "Nov 23 02:06:47 host relais/smtpd[123]: %s\n", lines[_i].file);
	ck_assert_str_eq(read_file(), expected);
	ck_assert(sink_is_empty(&test.sink));
}
END_TEST

START_TEST(syslog_gets_a_level_and_no_host)
{
	char	 expected[256];

	open_syslog();
	put(ROLE_QUEUE, 0, lines[_i].text, lines[_i].len);
	sink_flush(&test.sink);
	(void)snprintf(expected, sizeof(expected),
	    "%sNov 23 02:06:47 relais/queue: %s", lines[_i].syslog,
	    lines[_i].file);
	ck_assert_str_eq(read_syslog(), expected);
}
END_TEST

START_TEST(a_line_that_grows_by_escaping_is_cut)
{
	char	*raw = xcalloc(1, LOG_LINE_MAX);
	size_t	 len;

	memset(raw, 1, LOG_LINE_MAX);
	open_file();
	put(ROLE_SMTPD, 1, raw, LOG_LINE_MAX);
	sink_flush(&test.sink);
	len = strlen(read_file());
	ck_assert_uint_le(len, LOG_LINE_MAX + 256);
	ck_assert_str_eq(test.text + len - 4, "...\n");
	free(raw);
}
END_TEST

START_TEST(lines_wait_for_a_sink)
{
	put(ROLE_SMTPD, 1, "first", 5);
	sink_flush(&test.sink);
	put(ROLE_SMTPD, 1, "second", 6);
	sink_flush(&test.sink);
	ck_assert(!sink_is_empty(&test.sink));
	open_file();
	sink_flush(&test.sink);
	ck_assert_str_eq(read_file(),
	    "Nov 23 02:06:47 host relais/smtpd[1]: first\n"
	    "Nov 23 02:06:47 host relais/smtpd[1]: second\n");
}
END_TEST

START_TEST(a_lost_syslog_is_told_and_loses_nothing)
{
	open_syslog();
	fd_close(&test.ours);
	put(ROLE_SMTPD, 1, "kept", 4);
	sink_flush(&test.sink);
	ck_assert_int_ne(test.lost, 0);
	ck_assert_int_eq(test.sink.fd, -1);
	ck_assert(!sink_is_empty(&test.sink));

	open_syslog();
	sink_flush(&test.sink);
	ck_assert_str_eq(read_syslog(),
	    "<22>Nov 23 02:06:47 relais/smtpd[1]: kept");
	ck_assert_ptr_nonnull(strstr(read_syslog(),
	    "warning: lines had to wait"));
}
END_TEST

START_TEST(a_busy_syslog_keeps_lines_in_order)
{
	char	 text[32];
	int	 put_lines = 0, got = 0;

	open_syslog();
	for (; put_lines < 1000; put_lines++) {
		(void)snprintf(text, sizeof(text), "line %d", put_lines);
		put(ROLE_SMTPD, 1, text, strlen(text));
	}
	while (got < put_lines) {
		timer_unset(&test.sink.retry);
		sink_flush(&test.sink);
		while (*read_syslog() != '\0') {
			(void)snprintf(text, sizeof(text), ": line %d", got);
			ck_assert_ptr_nonnull(strstr(test.text, text));
			got++;
		}
	}
	ck_assert(sink_is_empty(&test.sink));
	timer_unset(&test.sink.retry);
}
END_TEST

START_TEST(what_cannot_leave_has_a_ceiling)
{
	char	*raw = xcalloc(1, LOG_LINE_MAX);
	int	 n;

	memset(raw, 'x', LOG_LINE_MAX);
	for (n = 0; !sink_is_full(&test.sink); n++)
		put(ROLE_SMTPD, 1, raw, LOG_LINE_MAX);
	ck_assert_int_gt(n, 200);
	put(ROLE_SMTPD, 1, raw, LOG_LINE_MAX);
	ck_assert_uint_le(buf_len(&test.sink.lines), SINK_LINES_MAX);
	open_file();
	sink_flush(&test.sink);
	ck_assert(sink_is_empty(&test.sink));
	ck_assert_int_ge(lseek(test.ours, 0, SEEK_END), n * LOG_LINE_MAX);
	free(raw);
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("logger");
	TCase	*tc = tcase_create("logger");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_file_gets_time_host_program_and_text, 0,
	    COUNT(lines));
	tcase_add_loop_test(tc, syslog_gets_a_level_and_no_host, 0,
	    COUNT(lines));
	tcase_add_test(tc, a_line_that_grows_by_escaping_is_cut);
	tcase_add_test(tc, lines_wait_for_a_sink);
	tcase_add_test(tc, a_lost_syslog_is_told_and_loses_nothing);
	tcase_add_test(tc, a_busy_syslog_keeps_lines_in_order);
	tcase_add_test(tc, what_cannot_leave_has_a_ceiling);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
