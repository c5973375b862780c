/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/ipc.h"
#include "smtpd/trace.h"

/* 23 Nov 2026, 02:06:47 UTC. */
static const int64_t	 wall = INT64_C(1795399607) * 1000000;

static struct client
client_of(const char *mapped, unsigned flags)
{
	struct client	 c = { .flags = flags, .uid = 1000, .port = 2525 };

	ck_assert_int_eq(inet_pton(AF_INET6, mapped, c.address), 1);
	return c;
}

static const struct {
	const char	*name, *address;
	unsigned	 flags;
	const char	*with;
	const char	*recipient, *line;
} lines[] = {
	{ "one recipient", "::ffff:192.0.2.1", 0, "ESMTP", "jones@foo.com",
	    "Received: from bar.example (unknown [192.0.2.1])\r\n"
	    "\tby mail.example.org (relais) with ESMTP id 0000000000001\r\n"
	    "\tfor <jones@foo.com>; Mon, 23 Nov 2026 02:06:47 +0000\r\n" },
	{ "several recipients", "::ffff:192.0.2.1", 0, "ESMTP", NULL,
	    "Received: from bar.example (unknown [192.0.2.1])\r\n"
	    "\tby mail.example.org (relais) with ESMTP id 0000000000001;\r\n"
	    "\tMon, 23 Nov 2026 02:06:47 +0000\r\n" },
	{ "HELO", "::ffff:192.0.2.1", 0, "SMTP", NULL,
	    "Received: from bar.example (unknown [192.0.2.1])\r\n"
	    "\tby mail.example.org (relais) with SMTP id 0000000000001;\r\n"
	    "\tMon, 23 Nov 2026 02:06:47 +0000\r\n" },
	{ "IPv6", "2001:db8::1", 0, "ESMTP", NULL,
	    "Received: from bar.example (unknown [IPv6:2001:db8::1])\r\n"
	    "\tby mail.example.org (relais) with ESMTP id 0000000000001;\r\n"
	    "\tMon, 23 Nov 2026 02:06:47 +0000\r\n" },
	{ "a user", "::", LISTENER_UNIX, "LMTP", NULL,
	    "Received: from bar.example (uid 1000)\r\n"
	    "\tby mail.example.org (relais) with LMTP id 0000000000001;\r\n"
	    "\tMon, 23 Nov 2026 02:06:47 +0000\r\n" },
};

START_TEST(the_line_says_who_what_and_when)
{
	struct client	 c = client_of(lines[_i].address, lines[_i].flags);
	struct trace	 t = { .client = &c, .helo = "bar.example",
			    .host = "mail.example.org", .message = 1,
			    .with = lines[_i].with, .wall = wall };
	struct addr	 a;
	struct buf	 b;

	if (lines[_i].recipient != NULL) {
		ck_assert_int_eq(addr_parse(span_of(lines[_i].recipient), &a),
		    ADDR_OK);
		t.recipient = &a;
	}
	buf_init(&b, TRACE_MAX);
	ck_assert(trace_put(&b, &t));
	ck_assert_msg(span_is(buf_span(&b), lines[_i].line), "%s: %.*s",
	    lines[_i].name, (int)buf_len(&b), buf_span(&b).ptr);
	buf_clear(&b);
}
END_TEST

START_TEST(tls_is_told_in_one_clause)
{
	struct client	 c = client_of("::ffff:192.0.2.1", 0);
	struct trace	 t = { .client = &c, .helo = "bar.example",
			    .host = "mail.example.org", .message = 1,
			    .with = "ESMTPS", .wall = wall,
			    .tls = "TLSv1.3 with cipher \n (256/256 bits)" };
	struct buf	 b;

	buf_init(&b, TRACE_MAX);
	ck_assert(trace_put(&b, &t));
	ck_assert(span_is(buf_span(&b),
	    "Received: from bar.example (unknown [192.0.2.1])\r\n"
	    "\t(using TLSv1.3 with cipher ? (256/256 bits))\r\n"
	    "\tby mail.example.org (relais) with ESMTPS id "
	    "0000000000001;\r\n"
	    "\tMon, 23 Nov 2026 02:06:47 +0000\r\n"));
	buf_clear(&b);
}
END_TEST

START_TEST(a_client_with_a_name_is_called_so)
{
	struct client	 c = client_of("::ffff:192.0.2.1", 0);
	char		 name[] = "mail.example.net", text[CLIENT_SIZE];

	c.name = name;
	client_format(text, &c, CLIENT_NAME);
	ck_assert_str_eq(text, "mail.example.net[192.0.2.1]");
	client_format(text, &c, CLIENT_WITH_PORT);
	ck_assert_str_eq(text, "mail.example.net[192.0.2.1]:2525");
	client_format(text, &c, CLIENT_TRACE);
	ck_assert_str_eq(text, "mail.example.net [192.0.2.1]");
}
END_TEST

START_TEST(who_logged_in_is_told_and_cannot_end_the_comment)
{
	struct client	 c = client_of("::ffff:192.0.2.1", 0);
	struct trace	 t = { .client = &c, .helo = "bar", .message = 1,
			    .host = "foo", .with = "ESMTPSA", .wall = wall };
	struct buf	 b;

	client_login(&c, span_of("jo)n\\es\r"), "PLAIN");
	buf_init(&b, TRACE_MAX);
	ck_assert(trace_put(&b, &t));
	ck_assert(span_is(buf_span(&b),
	    "Received: from bar (unknown [192.0.2.1])\r\n"
	    "\t(authenticated as jo?n?es?)\r\n"
	    "\tby foo (relais) with ESMTPSA id 0000000000001;\r\n"
	    "\tMon, 23 Nov 2026 02:06:47 +0000\r\n"));
	client_forget_login(&c);
	buf_clear(&b);
}
END_TEST

START_TEST(of_a_hidden_client_nothing_is_told)
{
	struct client	 c = client_of("::ffff:192.0.2.1",
			    LISTENER_HIDES_CLIENT);
	struct trace	 t = { .client = &c, .helo = "bar", .message = 1,
			    .host = "foo", .with = "ESMTPSA", .wall = wall };
	struct buf	 b;

	client_login(&c, span_of("jones"), "PLAIN");
	buf_init(&b, TRACE_MAX);
	ck_assert(trace_put(&b, &t));
	ck_assert(span_is(buf_span(&b),
	    "Received: by foo (relais) with ESMTPSA id 0000000000001;\r\n"
	    "\tMon, 23 Nov 2026 02:06:47 +0000\r\n"));
	client_forget_login(&c);
	buf_clear(&b);
}
END_TEST

START_TEST(tags_stand_above_the_line)
{
	static const char *const tags[] = { "bulk", "far" };
	struct client	 c = client_of("::ffff:192.0.2.1", 0);
	struct trace	 t = { .client = &c, .helo = "a", .host = "b",
			    .wall = wall, .tags = tags, .tag_count = 2 };
	struct buf	 b;

	buf_init(&b, TRACE_MAX);
	ck_assert(trace_put(&b, &t));
	ck_assert(span_starts(buf_span(&b), "X-Relais-Tag: bulk\r\n"
	    "X-Relais-Tag: far\r\nReceived: from a "));
	buf_clear(&b);
}
END_TEST

/* Each CR is part of a fold or the end; nothing else controls anything. */
static void
check_octets(struct span s, size_t wanted)
{
	size_t	 i, ends = 0;

	for (i = 0; i < s.len; i++) {
		ck_assert_int_ne(s.ptr[i], '\0');
		if (s.ptr[i] == '\n') {
			ck_assert_int_eq(s.ptr[i - 1], '\r');
			ends++;
		}
		if (s.ptr[i] == '\t')
			ck_assert_int_eq(s.ptr[i - 1], '\n');
		if (strchr("\r\n\t", s.ptr[i]) == NULL)
			ck_assert(s.ptr[i] >= ' ' && s.ptr[i] <= '~');
	}
	ck_assert_uint_eq(ends, wanted);
	ck_assert_mem_eq(s.ptr + s.len - 2, "\r\n", 2);
}

START_TEST(no_octet_of_a_name_can_end_the_line)
{
	struct client	 c = client_of("::1", 0);
	char		 name[] = "a?b\r\nX-Evil: yes";
	struct trace	 t = { .client = &c, .helo = name, .host = name,
			    .message = UINT64_MAX, .wall = wall };
	struct addr	 a = { .at = 1, .len = 13 };
	struct buf	 b;

	name[1] = _i;
	memcpy(a.text, "j@foo\r\nX: y\x80", 13);
	a.text[3] = _i;
	t.recipient = &a;
	buf_init(&b, TRACE_MAX);
	ck_assert(trace_put(&b, &t));
	check_octets(buf_span(&b), 3);
	buf_clear(&b);
}
END_TEST

START_TEST(the_longest_parts_fit)
{
	static char	 name[HOST_TEXT_MAX + 1], tag[TAG_MAX + 1];
	static const char *tags[TAGS_MAX];
	struct client	 c = client_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:1",
			    0);
	struct trace	 t = { .client = &c, .helo = name, .host = name,
			    .with = "ESMTPSA", .message = UINT64_MAX,
			    .wall = wall, .tags = tags,
			    .tag_count = TAGS_MAX };
	int		 i;
	struct addr	 a = { .at = 64, .len = ADDR_TEXT_MAX };
	struct buf	 b;

	memset(name, 'n', HOST_TEXT_MAX);
	memset(tag, 't', TAG_MAX);
	for (i = 0; i < TAGS_MAX; i++)
		tags[i] = tag;
	memset(a.text, 'a', ADDR_TEXT_MAX);
	c.name = name;
	client_login(&c, span_make(name, USER_TEXT_MAX), "PLAIN");
	t.recipient = &a;
	buf_init(&b, TRACE_MAX);
	ck_assert(trace_put(&b, &t));
	check_octets(buf_span(&b), 4 + TAGS_MAX);
	client_forget_login(&c);
	buf_clear(&b);
}
END_TEST

START_TEST(a_buf_without_room_refuses)
{
	struct client	 c = client_of("::1", 0);
	struct trace	 t = { .client = &c, .helo = "a", .host = "b",
			    .wall = wall };
	struct buf	 b;

	buf_init(&b, 64);
	ck_assert(!trace_put(&b, &t));
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("trace");
	TCase	*tc = tcase_create("trace");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_loop_test(tc, the_line_says_who_what_and_when, 0,
	    COUNT(lines));
	tcase_add_test(tc, tls_is_told_in_one_clause);
	tcase_add_test(tc, a_client_with_a_name_is_called_so);
	tcase_add_test(tc, who_logged_in_is_told_and_cannot_end_the_comment);
	tcase_add_test(tc, of_a_hidden_client_nothing_is_told);
	tcase_add_test(tc, tags_stand_above_the_line);
	tcase_add_loop_test(tc, no_octet_of_a_name_can_end_the_line, 1, 256);
	tcase_add_test(tc, the_longest_parts_fit);
	tcase_add_test(tc, a_buf_without_room_refuses);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
