/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/notice.h"
#include "shared/alloc.h"
#include "shared/utf8.h"

enum { LINE_LIMIT = 998, PARTS_MAX = 8 };

static struct addr	 sender;
static struct buf	 text;

static void
setup(void)
{
	ck_assert_int_eq(addr_parse(span_of("a@b.example"), &sender), ADDR_OK);
	buf_init(&text, NOTICE_MAX);
}

static void
teardown(void)
{
	buf_clear(&text);
}

static struct notice_recipient
make_failure(const char *address, unsigned code, const char *enhanced,
    const char *said)
{
	struct notice_recipient f = { .address = span_of(address) };

	f.original = f.orcpt = span_of("");
	f.relay = span_of("mx.example[192.0.2.1]:25");
	f.reply = reply_make(code, enhanced, "%s", said);
	return f;
}

static void
write_notice(const struct notice_recipient *f, size_t n, struct span header)
{
	struct notice_message about = { .id = 2, .envid = span_of(""),
			    .client = span_of(""), .header = header };
	struct notice	 notice = { .id = 1, .now = 86400000000,
			    .life = 432000, .hostname = "mail.example",
			    .to = &sender, .contact = span_of(""),
			    .content = span_of(""), .messages = &about,
			    .message_count = 1, .recipients = f,
			    .count = n };

	ck_assert(notice_write(&notice, &text));
}

static bool
has(struct span s, const char *wanted)
{
	return memmem(s.ptr, s.len, wanted, strlen(wanted)) != NULL;
}

/* Cuts the notice at its boundary; the head is part 0. */
static size_t
split(struct span parts[PARTS_MAX])
{
	char		 boundary[80] = "\r\n--";
	struct span	 all = buf_span(&text);
	const char	*at, *from = all.ptr, *end = all.ptr + all.len;
	size_t		 n = 0, len;

	at = memmem(all.ptr, all.len, "boundary=\"", 10);
	ck_assert_ptr_nonnull(at);
	len = span_index(span_make(at + 10, (size_t)(end - at) - 10), '"');
	ck_assert_uint_lt(len, sizeof boundary - 5);
	memcpy(boundary + 4, at + 10, len);
	while (n < PARTS_MAX && (at = memmem(from, (size_t)(end - from),
	    boundary, strlen(boundary))) != NULL) {
		parts[n++] = span_make(from, (size_t)(at - from) + 2);
		from = at + strlen(boundary);
	}
	ck_assert_uint_eq((size_t)(end - from), 4);
	ck_assert_mem_eq(from, "--\r\n", 4);
	return n;
}

START_TEST(it_has_three_parts_of_their_kinds)
{
	struct notice_recipient f = make_failure("x@y.example", 550, "5.1.1",
			    "no");
	struct span	 parts[PARTS_MAX];

	write_notice(&f, 1, span_of("Subject: hello\r\n"));
	ck_assert_uint_eq(split(parts), 4);
	ck_assert(has(parts[0], "Content-Type: multipart/report; "
	    "report-type=delivery-status;\r\n"));
	ck_assert(has(parts[0], "From: MAILER-DAEMON@mail.example "
	    "(Mail Delivery System)\r\n"));
	ck_assert(has(parts[0], "\r\nTo: <a@b.example>\r\n"));
	ck_assert(has(parts[0],
	    "\r\nSubject: Undelivered Mail Returned to Sender\r\n"));
	ck_assert(has(parts[0],
	    "\r\nDate: Fri, 2 Jan 1970 00:00:00 +0000\r\n"));
	ck_assert(has(parts[0], "\r\nAuto-Submitted: auto-replied\r\n"));
	ck_assert(has(parts[0], "\r\nMIME-Version: 1.0\r\n"));
	ck_assert(has(parts[0], "\r\nMessage-ID: <"));
	ck_assert(has(parts[1], "Content-Type: text/plain"));
	ck_assert(has(parts[1], "<x@y.example>"));
	ck_assert(has(parts[1], "550 5.1.1 no\r\n"));
	ck_assert(has(parts[2], "Content-Type: message/delivery-status"));
	ck_assert(has(parts[3], "Content-Type: text/rfc822-headers"));
	ck_assert(has(parts[3], "\r\n\r\nSubject: hello\r\n"));
	ck_assert(!has(parts[0], "8bit"));
}
END_TEST

START_TEST(status_has_the_fields_of_rfc_3464)
{
	struct notice_recipient f[2] = {
		make_failure("x@y.example", 550, "5.1.1", "no\nnever"),
		make_failure("z@y.example", 451, "4.4.1", "not now")
	};
	struct span	 parts[PARTS_MAX];

	f[1].original = span_of("list@example");
	f[1].expired = true;
	write_notice(f, 2, span_of("A: b\r\n"));
	ck_assert_uint_eq(split(parts), 4);
	ck_assert(has(parts[2], "\r\n\r\n"
	    "Reporting-MTA: dns; mail.example\r\n"
	    "Arrival-Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n"
	    "\r\n"
	    "Final-Recipient: rfc822; x@y.example\r\n"
	    "Action: failed\r\n"
	    "Status: 5.1.1\r\n"
	    "Remote-MTA: dns; mx.example\r\n"
	    "Diagnostic-Code: smtp; 550 5.1.1 no never\r\n"
	    "Final-Log-ID: 0000000000002\r\n"
	    "\r\n"
	    "Original-Recipient: rfc822; list@example\r\n"
	    "Final-Recipient: rfc822; z@y.example\r\n"
	    "Action: failed\r\n"
	    "Status: 5.4.7\r\n"
	    "Remote-MTA: dns; mx.example\r\n"
	    "Diagnostic-Code: smtp; 451 4.4.1 not now\r\n"
	    "Final-Log-ID: 0000000000002\r\n"));
	ck_assert(has(parts[1], "It was tried for 5 days, without success."));
	ck_assert(has(parts[1], "(you wrote to <list@example>)"));
}
END_TEST

static const struct {
	const char	*relay, *line;		/* NULL: no such line */
} relays[] = {
	{ "mx.example[192.0.2.1]:25",	"dns; mx.example" },
	{ "192.0.2.1[192.0.2.1]:25",	"dns; [192.0.2.1]" },
	{ "unknown[192.0.2.1]:25",	"dns; [192.0.2.1]" },
	{ "evil\"name[192.0.2.1]:25",	"dns; [192.0.2.1]" },
	{ "none",			NULL },
	{ "local",			NULL },
	{ "",				NULL },
	{ "]a[",			NULL },
};

START_TEST(remote_mta_is_told_when_there_was_one)
{
	struct notice_recipient f = make_failure("x@y.example", 550, NULL,
			    "no");
	struct span	 all;
	char		 line[128];

	f.relay = span_of(relays[_i].relay);
	write_notice(&f, 1, span_of(""));
	all = buf_span(&text);
	(void)snprintf(line, sizeof line, "Remote-MTA: %s\r\n",
	    relays[_i].line ? relays[_i].line : "");
	if (relays[_i].line != NULL)
		ck_assert_msg(has(all, line), "%s", relays[_i].relay);
	else
		ck_assert_msg(!has(all, "Remote-MTA"), "%s", relays[_i].relay);
	ck_assert(has(all, "Status: 5.0.0\r\n"));
}
END_TEST

START_TEST(a_header_beyond_ascii_passes_every_relay)
{
	struct notice_recipient f = make_failure("x@y.example", 550, "5.1.1",
			    "no");
	struct span	 parts[PARTS_MAX];

	write_notice(&f, 1, span_of("Subject: d\303\251j\303\240\r\n"));
	ck_assert_uint_eq(split(parts), 4);
	ck_assert(!has(parts[0], "Content-Transfer-Encoding"));
	ck_assert(has(parts[3],
	    "Content-Type: text/rfc822-headers; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "Subject: d=C3=A9j=C3=A0\r\n"));
	ck_assert(utf8_is_ascii(buf_span(&text)));
}
END_TEST

START_TEST(without_header_there_is_no_third_part)
{
	struct notice_recipient f = make_failure("x@y.example", 550, "5.1.1",
			    "no");
	struct span	 parts[PARTS_MAX];

	write_notice(&f, 1, span_of(""));
	ck_assert_uint_eq(split(parts), 3);
}
END_TEST

/* The worst that others can say, for as many recipients as one notice has. */
START_TEST(lines_are_short_and_end_in_crlf)
{
	enum { MANY = 1000 };
	struct notice_recipient *f = xcalloc(MANY, sizeof *f);
	char		 said[REPLY_TEXT_MAX + 1], header[4000];
	struct span	 all;
	size_t		 i, since = 0, longest = 0, bare = 0;

	memset(said, '"', sizeof said - 1);
	said[sizeof said - 1] = '\0';
	memset(header, 'h', sizeof header);
	for (i = 0; i < MANY; i++) {
		f[i] = make_failure("x@y.example", 550, "5.123.456", said);
		f[i].expired = i % 2;
	}
	write_notice(f, MANY, span_make(header, sizeof header));
	all = buf_span(&text);
	for (i = 0; i < all.len; i++) {
		since++;
		longest = since > longest ? since : longest;
		bare += i > 0 &&
		    (all.ptr[i] == '\n') != (all.ptr[i - 1] == '\r');
		if (all.ptr[i] == '\n')
			since = 0;
	}
	ck_assert_uint_le(longest, LINE_LIMIT);
	ck_assert_uint_eq(bare, 0);
	ck_assert_uint_eq(since, 0);
	free(f);
}
END_TEST

START_TEST(a_stranger_cannot_write_fields)
{
	struct notice_recipient f = make_failure("x@y.example", 550, "5.1.1",
			    "no\nSubject: mine\n\n--x");
	struct span	 all;

	write_notice(&f, 1, span_of("A: b\r\n"));
	all = buf_span(&text);
	ck_assert(!has(all, "\nSubject: mine"));
	ck_assert(!has(all, "\n--x"));
}
END_TEST

static void
add_all(TCase *tc)
{
	tcase_add_test(tc, it_has_three_parts_of_their_kinds);
	tcase_add_test(tc, status_has_the_fields_of_rfc_3464);
	tcase_add_loop_test(tc, remote_mta_is_told_when_there_was_one, 0,
	    COUNT(relays));
	tcase_add_test(tc, a_header_beyond_ascii_passes_every_relay);
	tcase_add_test(tc, without_header_there_is_no_third_part);
	tcase_add_test(tc, lines_are_short_and_end_in_crlf);
	tcase_add_test(tc, a_stranger_cannot_write_fields);
}

int
main(void)
{
	Suite	*s = suite_create("notice");
	TCase	*tc = tcase_create("notice");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	add_all(tc);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
