/* SPDX-License-Identifier: ISC */
/* What remote writes down of its dialogues, and which it keeps. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/archive.h"

enum { SHOWN_MAX = 1 << 16 };

/* ---- in place of the loop and of the monitor ----------------------------- */

static struct instant	 now = { INT64_C(5000000000) };
static char		 shown[SHOWN_MAX];
static size_t		 shown_len;
static unsigned		 dialogues;
static uint64_t		 next, succeeded;

struct instant
loop_now(const struct loop *loop)
{
	(void)loop;
	return now;
}

static void __attribute__((__format__(__printf__, 1, 2)))
show(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	shown_len += vsnprintf(shown + shown_len, sizeof shown - shown_len,
	    fmt, ap);
	va_end(ap);
	ck_assert(shown_len < sizeof shown);
}

/* Every message must be what its row allows. */
void
peer_put(struct peer *p, const struct msg *m)
{
	static const char	 marks[] = "*@><=.";
	struct buf		 frame;

	(void)p;
	buf_init(&frame, FRAME_MAX);
	ck_assert(msg_encode(m, &frame));
	buf_clear(&frame);
	if (m->type == MSG_TRACE_DIALOGUE) {
		dialogues++;
		succeeded = m->trace_dialogue.succeeded;
		show("%.*s\n", (int)m->trace_dialogue.destination.len,
		    m->trace_dialogue.destination.ptr);
	} else if (m->type == MSG_TRACE_LINE)
		show("%u%c%.*s\n", m->trace_line.ms,
		    marks[m->trace_line.mark], (int)m->trace_line.text.len,
		    m->trace_line.text.ptr);
	else
		next = m->traced.next;
}

static const char *
trace(struct archive *a, const char *name, uint64_t after)
{
	struct msg_trace	 m = { 1, span_of(name), after };

	shown_len = dialogues = 0;
	shown[0] = '\0';
	archive_trace(a, NULL, &m);
	return shown;
}

/* ---- what happens -------------------------------------------------------- */

static struct addr
addr_of(const char *text)
{
	struct addr	 a;

	ck_assert(addr_parse(span_of(text), &a) == ADDR_OK);
	return a;
}

static void
settle(struct recording *r, const char *to, unsigned code)
{
	struct addr	 a = addr_of(to);
	struct reply	 reply = reply_make(code, code / 100 == 2 ? "2.0.0" :
			    "4.3.0", code / 100 == 2 ? "ok" : "not now");

	recorder_verdict(r, &a, &reply);
}

static void
wait_ms(int64_t ms)
{
	now = clock_after(now, ms);
}

static const struct endpoint	 mx = {
	.host = "mx.example.org", .family = 2, .address = { 192, 0, 2, 7 },
	.port = 25
};

/* A whole mail that ends with this code. */
static void
mail(struct archive *a, const char *destination, unsigned code)
{
	struct recording	*r = archive_begin(a, 1);

	recorder_connect(r, &mx);
	settle(r, "jones@example.org", code);
	archive_end(a, r, span_of(destination));
}

START_TEST(a_dialogue_is_shown_as_it_went)
{
	struct archive		 a;
	struct recording	*r;

	archive_init(&a, NULL);
	r = archive_begin(&a, 1);
	recorder_connect(r, &mx);
	wait_ms(12);
	recorder_note(r, "connected");
	recorder_heard(r, span_of("220-mx\ttab"));
	recorder_heard(r, span_of("220 mx"));
	recorder_said(r, span_of("EHLO me\r\nMAIL FROM:<x@y>\r\n"));
	recorder_content(r, 1000);
	recorder_content(r, 500);
	wait_ms(988);
	recorder_heard(r, span_make("451 \x1b[2J\0\xff", 10));
	settle(r, "a@example.org", 451);
	settle(r, "b@example.org", 250);
	settle(r, "c@example.org", 451);
	archive_end(&a, r, span_of("mx:example.org:25"));
	ck_assert_str_eq(trace(&a, "mx:example.org:25", 0),
	    "mx:example.org:25\n0@mx.example.org[192.0.2.7]:25\n"
	    "12*connected\n12<220-mx\\x09tab\n12<220 mx\n12>EHLO me\n"
	    "12>MAIL FROM:<x@y>\n1000*content: 1500 octets\n"
	    "1000<451 \\x1b[2J\\x00\\xff\n"
	    "1000=<a@example.org>: 451 4.3.0 not now\n"
	    "1000*and the same for 1 more\n");
	archive_clear(&a);
}
END_TEST

START_TEST(no_secret_is_kept)
{
	struct archive		 a;
	struct recording	*r;

	archive_init(&a, NULL);
	r = archive_begin(&a, 1);
	recorder_said(r, span_of("auth LOGIN\r\n"));
	recorder_heard(r, span_of("334 VXNlcm5hbWU6"));
	recorder_said(r, span_of("c2VjcmV0\r\n"));
	recorder_heard(r, span_of("334 UGFzc3dvcmQ6"));
	recorder_said(r, span_of("c2VjcmV0\r\n"));
	recorder_heard(r, span_of("535 5.7.8 no"));
	recorder_said(r, span_of("AUTH PLAIN c2VjcmV0\r\n"));
	recorder_heard(r, span_of("235 2.7.0 yes"));
	recorder_said(r, span_of("MAIL FROM:<>\r\n"));
	settle(r, "a@example.org", 451);
	archive_end(&a, r, span_of("mx:example.org:25"));
	ck_assert_str_eq(trace(&a, "example.org", 0), "mx:example.org:25\n"
	    "0>AUTH LOGIN\n0<334 (left out: AUTH)\n0>(left out: AUTH)\n"
	    "0<334 (left out: AUTH)\n0>(left out: AUTH)\n0<535 5.7.8 no\n"
	    "0>AUTH PLAIN (left out: AUTH)\n0<235 2.7.0 yes\n"
	    "0>MAIL FROM:<>\n0=<a@example.org>: 451 4.3.0 not now\n");
	archive_clear(&a);
}
END_TEST

/* Of each length of lines: the begin and the end are there, and the gap says
 * how many lines are missing. */
START_TEST(a_long_dialogue_keeps_its_begin_and_its_end)
{
	struct archive		 a;
	struct recording	*r;
	struct span		 rest, line;
	char			 text[4 * RECORD_LINE_MAX];
	unsigned		 lines = 0, gap = 0;
	int			 i, n;

	archive_init(&a, NULL);
	r = archive_begin(&a, 1);
	memset(text, '\xff', sizeof text);
	for (i = 0; i < 3000; i++) {
		n = snprintf(text, sizeof text, "%d ", i);
		text[n] = '\xff';
		recorder_heard(r, span_make(text, n + (i * 7) % (_i + 1)));
		ck_assert(r->len <= r->size && r->size <= RECORD_MAX);
	}
	settle(r, "a@example.org", 451);
	archive_end(&a, r, span_of("mx:example.org:25"));
	rest = span_of(trace(&a, "mx:example.org:25", 0));
	while (rest.len > 0) {
		rest = span_cut(rest, '\n', &line);
		lines++;
		if (span_starts(line, "0."))
			gap = strtoul(line.ptr + 2, NULL, 10);
	}
	ck_assert(strstr(shown, "0<0 \n") != NULL);
	ck_assert(strstr(shown, "0<2999 ") != NULL);
	ck_assert(strstr(shown, "0=<a@example.org>") != NULL);
	ck_assert_uint_eq(lines - 3 + gap, 3000);
	archive_clear(&a);
}
END_TEST

START_TEST(only_failures_are_kept)
{
	struct archive	 a;

	archive_init(&a, NULL);
	mail(&a, "mx:good.example:25", 250);
	ck_assert_str_eq(trace(&a, "", 0), "");
	mail(&a, "mx:bad.example:25", 550);
	mail(&a, "mx:later.example:25", 450);
	ck_assert_str_eq(trace(&a, "", 0),
	    "mx:bad.example:25\nmx:later.example:25\n");
	ck_assert(next == 0);
	archive_clear(&a);
}
END_TEST

START_TEST(a_success_takes_nothing_away)
{
	struct archive	 a;

	archive_init(&a, NULL);
	mail(&a, "mx:example.org:25", 450);
	(void)trace(&a, "example.org", 0);
	ck_assert(succeeded == 0);
	mail(&a, "mx:example.org:25", 250);
	(void)trace(&a, "example.org", 0);
	ck_assert(dialogues == 1 && succeeded != 0);
	mail(&a, "mx:example.org:25", 450);
	(void)trace(&a, "example.org", 0);
	ck_assert(dialogues == 1 && succeeded == 0);
	archive_clear(&a);
}
END_TEST

START_TEST(what_had_no_verdict_counts_for_nothing)
{
	struct archive	 a;

	archive_init(&a, NULL);
	mail(&a, "mx:example.org:25", 450);
	archive_end(&a, archive_begin(&a, 2), span_of("mx:example.org:25"));
	(void)trace(&a, "example.org", 0);
	ck_assert(succeeded == 0);
	archive_clear(&a);
}
END_TEST

START_TEST(who_failed_longest_ago_goes_first)
{
	struct archive	 a;
	char		 name[64];
	unsigned	 i, n = 0;
	uint64_t	 after = 0;

	archive_init(&a, NULL);
	for (i = 0; i < ARCHIVE_MAX + 10; i++) {
		snprintf(name, sizeof name, "mx:h%u.example:25", i);
		mail(&a, name, 451);
		mail(&a, "mx:always.example:25", 451);
	}
	ck_assert_uint_eq(a.count, ARCHIVE_MAX);
	(void)trace(&a, "h10.example", 0);
	ck_assert_uint_eq(dialogues, 0);
	(void)trace(&a, "h11.example", 0);
	ck_assert_uint_eq(dialogues, 1);
	(void)trace(&a, "always.example", 0);
	ck_assert_uint_eq(dialogues, 1);
	do {
		(void)trace(&a, "", after);
		ck_assert(dialogues <= ARCHIVE_PAGE);
		ck_assert(next == 0 || next > after);
		n += dialogues;
		after = next;
	} while (next != 0);
	ck_assert_uint_eq(n, ARCHIVE_MAX);
	archive_clear(&a);
}
END_TEST

static const struct {
	const char	*destination, *name;
	bool		 meant;
} names[] = {
	{ "mx:example.org:25",	"mx:example.org:25",	true },
	{ "mx:example.org:25",	"example.org",		true },
	{ "mx:example.org:25",	"EXAMPLE.ORG",		true },
	{ "mx:example.org:25",	"mx.example.org",	true },	/* tried */
	{ "mx:example.org:25",	"MX.example.org",	true },
	{ "mx:example.org:25",	"192.0.2.7",		true },
	{ "mx:example.org:25",	"192.0.2.70",		false },
	{ "mx:example.org:25",	"192.0.2",		false },
	{ "mx:example.org:25",	"org",			false },
	{ "mx:example.org:25",	"example.or",		false },
	{ "mx:example.org:25",	"mx:example.org",	false },
	{ "mx:example.org:25;*.org", "mx:example.org:25", true },
	{ "mx:example.org:25;*.org", "mx:example.org:25;*.org", true },
	{ "mx:example.org:25;*.org", "example.org",	true },
	{ "host:[192.0.2.9]:25", "192.0.2.9",		true },
	{ "unix:/run/x",	"/run/x",		true },
	{ "unix:/run/x",	"/run",			false },
	{ "anything",		"anything",		true },
};

START_TEST(a_name_means_what_is_about_it)
{
	struct archive	 a;

	archive_init(&a, NULL);
	mail(&a, names[_i].destination, 451);
	(void)trace(&a, names[_i].name, 0);
	ck_assert_msg((dialogues == 1) == names[_i].meant, "%s, %s",
	    names[_i].destination, names[_i].name);
	archive_clear(&a);
}
END_TEST

START_TEST(nobody_writes_for_nobody)
{
	struct addr	 to = addr_of("a@example.org");
	struct reply	 r = reply_make(250, "2.0.0", "ok");

	recorder_connect(NULL, &mx);
	recorder_reuse(NULL, &mx, 1);
	recorder_note(NULL, "x");
	recorder_said(NULL, span_of("x\r\n"));
	recorder_heard(NULL, span_of("x"));
	recorder_content(NULL, 1);
	recorder_verdict(NULL, &to, &r);
	recorder_end(NULL);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("recorder");
	TCase	*tc = tcase_create("recorder");
	SRunner	*runner;
	int	 failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_dialogue_is_shown_as_it_went);
	tcase_add_test(tc, no_secret_is_kept);
	tcase_add_loop_test(tc, a_long_dialogue_keeps_its_begin_and_its_end,
	    0, 40);
	tcase_add_test(tc, only_failures_are_kept);
	tcase_add_test(tc, a_success_takes_nothing_away);
	tcase_add_test(tc, what_had_no_verdict_counts_for_nothing);
	tcase_add_test(tc, who_failed_longest_ago_goes_first);
	tcase_add_loop_test(tc, a_name_means_what_is_about_it, 0,
	    COUNT(names));
	tcase_add_test(tc, nobody_writes_for_nobody);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
