/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/notice_own.h"
#include "shared/alloc.h"

static struct addr	 sender;
static struct buf	 text;
static struct notice_message	 message;
static struct notice_recipient	 recipient;
static struct notice	 notice;

static void
setup(void)
{
	(void)addr_parse(span_of("a@b.example"), &sender);
	buf_init(&text, NOTICE_MAX);
	message = (struct notice_message){ .id = 2, .envid = span_of(""),
	    .client = span_of(""), .header = span_of("A: b\r\n") };
	recipient = (struct notice_recipient){
	    .address = span_of("x@y.example"), .original = span_of(""),
	    .orcpt = span_of(""), .relay = span_of("") };
	notice = (struct notice){ .id = 1, .life = 86400,
	    .hostname = "mail.example", .to = &sender,
	    .contact = span_of(""), .content = span_of(""),
	    .content_max = 100, .messages = &message, .message_count = 1,
	    .recipients = &recipient, .count = 1 };
}

static void
teardown(void)
{
	buf_clear(&text);
}

static bool
has(const char *wanted)
{
	struct span	 s = buf_span(&text);

	return memmem(s.ptr, s.len, wanted, strlen(wanted)) != NULL;
}

/* ---- threads ------------------------------------------------------------- */

static const struct {
	const char	*header, *written;
} threads[] = {
	{ "Message-ID: <a@b>\r\n",
	    "In-Reply-To: <a@b>\r\nReferences: <a@b>\r\n" },
	{ "message-id:<a@[1.2.3.4]>\r\n",
	    "In-Reply-To: <a@[1.2.3.4]>\r\nReferences: <a@[1.2.3.4]>\r\n" },
	{ "Message-ID:\r\n <a@b>\r\n",
	    "In-Reply-To: <a@b>\r\nReferences: <a@b>\r\n" },
	{ "Message-ID: <a@b>\r\nReferences: <c@d>\r\n\t<e@f>\r\n",
	    "In-Reply-To: <a@b>\r\nReferences: <c@d>\r\n <e@f>\r\n <a@b>\r\n" },
	{ "Message-ID: <a@b>\r\nIn-Reply-To: <c@d>\r\n",
	    "In-Reply-To: <a@b>\r\nReferences: <c@d>\r\n <a@b>\r\n" },
	{ "Message-ID: <a@b>\r\nIn-Reply-To: <c@d> <e@f>\r\n",
	    "In-Reply-To: <a@b>\r\nReferences: <a@b>\r\n" },
	{ "Message-ID: <a@b>\r\nReferences: <c@d> and others\r\n",
	    "In-Reply-To: <a@b>\r\nReferences: <a@b>\r\n" },
	{ "Message-ID: <a@b>\r\nReferences: <c@d>, <e@f>\r\n",
	    "In-Reply-To: <a@b>\r\nReferences: <a@b>\r\n" },
	{ "Message-ID: a@b\r\n", "" },
	{ "Message-ID: <a>\r\n", "" },
	{ "Message-ID: <a@b\r\n", "" },
	{ "Message-ID: <a b@c>\r\n", "" },
	{ "Message-ID: <a@b> <c@d>\r\n", "" },
	{ "Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n", "" },
	{ "Message-ID: <a\r\n @b>\r\n", "" },
	{ "Message-ID: <a@b@c>\r\n", "" },
	{ "Message-ID: <\303\251@b>\r\n", "" },
	{ "Message-ID: <@>\r\n", "" },
	{ "Message-ID:\r\n", "" },
	{ "Subject: a\r\n", "" },
	{ "", "" },
};

START_TEST(a_notice_answers_what_has_a_name)
{
	struct notice_writer	 w = { .out = &text, .notice = &notice,
				    .done = true };

	notice_thread(&w, span_of(threads[_i].header));
	ck_assert_msg(span_is(buf_span(&text), threads[_i].written), "%.*s",
	    (int)buf_len(&text), buf_span(&text).ptr);
}
END_TEST

START_TEST(the_last_of_many_references_are_kept)
{
	struct notice_writer	 w = { .out = &text, .notice = &notice,
				    .done = true };
	struct buf		 header;
	unsigned		 i;

	buf_init(&header, 65536);
	(void)buf_printf(&header, "Message-ID: <a@b>\r\nReferences:");
	for (i = 0; i < 100; i++)
		(void)buf_printf(&header, " <%u@c>", i);
	(void)buf_printf(&header, "\r\n");
	notice_thread(&w, buf_span(&header));
	ck_assert(!has("<79@c>"));
	ck_assert(has("References: <80@c>\r\n"));
	ck_assert(has(" <99@c>\r\n <a@b>\r\n"));
	buf_clear(&header);
}
END_TEST

static const struct {
	const char	*header;
	enum notice_language language;		/* otherwise English */
} languages[] = {
	{ "Content-Language: fr\r\n",			NOTICE_FRENCH },
	{ "content-language: FR-ca\r\n",		NOTICE_FRENCH },
	{ "Content-Language: de, fr, en\r\n",		NOTICE_FRENCH },
	{ "Content-Language: de,\r\n fr\r\n",		NOTICE_FRENCH },
	{ "Content-Language: en, fr\r\n",		NOTICE_ENGLISH },
	{ "Content-Language: frr\r\n",			NOTICE_ENGLISH },
	{ "Content-Language: de\r\n",			NOTICE_ENGLISH },
	{ "Content-Language: fr\r\nContent-Language: fr\r\n", NOTICE_ENGLISH },
	{ "Content-Language:\r\n",			NOTICE_ENGLISH },
	{ "Accept-Language: fr\r\n",			NOTICE_ENGLISH },
	{ "",						NOTICE_ENGLISH },
};

START_TEST(the_message_says_its_language)
{
	ck_assert_int_eq(notice_language_of(span_of(languages[_i].header),
	    NOTICE_ENGLISH), languages[_i].language);
}
END_TEST

/* ---- machines ------------------------------------------------------------ */

static const struct {
	enum notice_action action;
	bool		 expired;
	unsigned	 code;
	const char	*enhanced, *status;
} statuses[] = {
	{ ACTION_FAILED, false, 550, "5.1.1",	"failed\r\nStatus: 5.1.1" },
	{ ACTION_FAILED, false, 550, NULL,	"failed\r\nStatus: 5.0.0" },
	{ ACTION_FAILED, false, 451, "4.3.0",	"failed\r\nStatus: 5.0.0" },
	{ ACTION_FAILED, true,	451, "4.3.0",	"failed\r\nStatus: 5.4.7" },
	{ ACTION_FAILED, true,	0, NULL,	"failed\r\nStatus: 5.4.7" },
	{ ACTION_FAILED, false,	0, NULL,	"failed\r\nStatus: 5.0.0" },
	{ ACTION_DELAYED, false, 451, "4.4.1",	"delayed\r\nStatus: 4.4.1" },
	{ ACTION_DELAYED, false, 451, NULL,	"delayed\r\nStatus: 4.0.0" },
	{ ACTION_DELAYED, false, 0, NULL,	"delayed\r\nStatus: 4.0.0" },
	{ ACTION_DELIVERED, false, 250, "2.1.5", "delivered\r\nStatus: 2.1.5" },
	{ ACTION_DELIVERED, false, 250, NULL,	"delivered\r\nStatus: 2.0.0" },
	{ ACTION_RELAYED, false, 250, "2.0.0",	"relayed\r\nStatus: 2.0.0" },
	{ ACTION_EXPANDED, false, 0, NULL,	"expanded\r\nStatus: 2.0.0" },
};

START_TEST(the_status_is_that_of_the_action)
{
	char	 line[80];

	recipient.action = statuses[_i].action;
	recipient.expired = statuses[_i].expired;
	if (statuses[_i].code != 0)
		recipient.reply = reply_make(statuses[_i].code,
		    statuses[_i].enhanced, "x");
	ck_assert(notice_write(&notice, &text));
	(void)snprintf(line, sizeof line, "\r\nAction: %s\r\n",
	    statuses[_i].status);
	ck_assert_msg(has(line), "%s", line);
	ck_assert(has("\r\nDiagnostic-Code: ") == (statuses[_i].code != 0));
}
END_TEST

static const struct {
	const char	*orcpt, *original;
	bool		 utf8;
	const char	*line;			/* NULL: there is none */
} originals[] = {
	{ "rfc822;a@b.example", "", false,	"rfc822; a@b.example" },
	{ "rfc822;a+2Bb@c", "d@e", false,	"rfc822; a+b@c" },
	{ "X400;c=us", "", false,		NULL },
	{ "X400;c+3Dus", "", false,		"X400; c=us" },
	{ "", "d@e", false,			"rfc822; d@e" },
	{ "", "", false,			NULL },
	{ "rfc822;a+0D+0Ab", "", false,		NULL },
	{ "rfc822;a+0D+0Ab", "d@e", false,	"rfc822; d@e" },
	{ "a b;c", "", false,			NULL },
	{ ";c", "", false,			NULL },
	{ "rfc822;", "", false,			NULL },
	{ "rfc822", "", false,			NULL },
	{ "utf-8;\\x{E9}@b", "", false,		"utf-8; \\x{E9}@b" },
	{ "utf-8;\303\251@b", "", false,	"utf-8; \\x{E9}@b" },
	{ "", "\342\202\254@b", false,		"utf-8; \\x{20AC}@b" },
	{ "", "\360\237\230\200@b", false,	"utf-8; \\x{1F600}@b" },
	{ "", "\303\251@b", true,		"utf-8; \303\251@b" },
	{ "", "\377@b", true,			"utf-8; ?@b" },
};

START_TEST(the_original_recipient_is_as_the_sender_called_it)
{
	char	 line[80];

	recipient.orcpt = span_of(originals[_i].orcpt);
	recipient.original = span_of(originals[_i].original);
	notice.utf8 = originals[_i].utf8;
	ck_assert(notice_write(&notice, &text));
	(void)snprintf(line, sizeof line, "\r\nOriginal-Recipient: %s\r\n",
	    originals[_i].line ? originals[_i].line : "");
	ck_assert_msg(has(originals[_i].line ? line :
	    "\r\nOriginal-Recipient:") == (originals[_i].line != NULL), "%s",
	    originals[_i].orcpt);
}
END_TEST

static const struct {
	const char	*client, *line;		/* NULL: there is none */
} clients[] = {
	{ "a.example[192.0.2.1]:25",	"dns; a.example ([192.0.2.1])" },
	{ "unknown[192.0.2.1]:25",	"dns; [192.0.2.1]" },
	{ "a.example[2001:db8::1]:25",	"dns; a.example ([2001:db8::1])" },
	{ "local",			NULL },
	{ "",				NULL },
};

START_TEST(whence_it_came_is_told)
{
	char	 line[80];

	message.client = span_of(clients[_i].client);
	ck_assert(notice_write(&notice, &text));
	(void)snprintf(line, sizeof line, "\r\nReceived-From-MTA: %s\r\n",
	    clients[_i].line ? clients[_i].line : "");
	ck_assert(has(clients[_i].line ? line : "\r\nReceived-From-MTA:") ==
	    (clients[_i].line != NULL));
}
END_TEST

START_TEST(times_are_told_where_they_are_known)
{
	recipient.action = ACTION_DELAYED;
	ck_assert(notice_write(&notice, &text));
	ck_assert(!has("\r\nLast-Attempt-Date:"));
	ck_assert(!has("\r\nWill-Retry-Until:"));
	recipient.tried = 1000000;
	recipient.until = 86400000000;
	buf_drop(&text, buf_len(&text));
	ck_assert(notice_write(&notice, &text));
	ck_assert(has("\r\nLast-Attempt-Date: Thu, 1 Jan 1970 00:00:01 +0000"
	    "\r\n"));
	ck_assert(has("\r\nWill-Retry-Until: Fri, 2 Jan 1970 00:00:00 +0000"
	    "\r\n"));
	recipient.action = ACTION_FAILED;
	buf_drop(&text, buf_len(&text));
	ck_assert(notice_write(&notice, &text));
	ck_assert(!has("\r\nWill-Retry-Until:"));
}
END_TEST

START_TEST(a_long_answer_is_folded_at_its_blanks)
{
	recipient.reply = reply_make(550, "5.7.1", "Your message was refused "
	    "for reasons that are many, and that take more than one line");
	ck_assert(notice_write(&notice, &text));
	ck_assert(has("\r\nDiagnostic-Code: smtp; 550 5.7.1 Your message was "
	    "refused for reasons that\r\n are many, and that take more than "
	    "one line\r\n"));
}
END_TEST

/* ---- what is returned ---------------------------------------------------- */

#define LONG_LINE \
	"----------------------------------------------------------------------"

static const struct {
	enum notice_action action;
	const char	*content;
	enum notice_return returned;
	uint32_t	 flags;
} returns[] = {
	{ ACTION_FAILED, "A: b\r\n\r\nc\r\n", RETURN_CONTENT, 0 },
	{ ACTION_FAILED, "A: b\r\n\r\n\303\251\r\n", RETURN_CONTENT,
	    MESSAGE_8BIT },
	{ ACTION_FAILED, "", RETURN_HEADER, 0 },
	{ ACTION_FAILED, "A: b\r\n\r\n" LONG_LINE LONG_LINE "\r\n",
	    RETURN_HEADER, 0 },
	{ ACTION_FAILED, "A: b\r\n\r\nno end", RETURN_HEADER, 0 },
	{ ACTION_FAILED, "A: b\r\n\r\na\nb\r\n", RETURN_HEADER, 0 },
	{ ACTION_FAILED, "A: b\r\n\r\na\rb\r\n", RETURN_HEADER, 0 },
	{ ACTION_DELAYED, "A: b\r\n\r\nc\r\n", RETURN_HEADER, 0 },
	{ ACTION_DELIVERED, "A: b\r\n\r\nc\r\n", RETURN_HEADER, 0 },
};

START_TEST(content_is_returned_of_what_failed_if_it_may)
{
	recipient.action = returns[_i].action;
	notice.content = span_of(returns[_i].content);
	ck_assert_int_eq(notice_returned(&notice), returns[_i].returned);
	ck_assert_uint_eq(notice_flags(&notice), returns[_i].flags);
	ck_assert(notice_write(&notice, &text));
	ck_assert(has("Content-Type: message/rfc822\r\n") ==
	    (returns[_i].returned == RETURN_CONTENT));
	ck_assert(has("\r\nContent-Transfer-Encoding: 8bit\r\n") ==
	    (returns[_i].flags != 0));
}
END_TEST

START_TEST(a_nul_or_a_long_line_is_no_content)
{
	char	 long_line[1100] = "A: b\r\n\r\n";

	notice.content_max = sizeof long_line;
	notice.content = span_make("A: b\r\n\r\na\0b\r\n", 13);
	ck_assert_int_eq(notice_returned(&notice), RETURN_HEADER);
	memset(long_line + 8, 'x', 1000);
	long_line[8 + 998] = '\r';
	long_line[8 + 999] = '\n';
	notice.content = span_make(long_line, 8 + 1000);
	ck_assert_int_eq(notice_returned(&notice), RETURN_CONTENT);
	memcpy(long_line + 8 + 998, "x\r\n", 3);
	notice.content = span_make(long_line, 8 + 1001);
	ck_assert_int_eq(notice_returned(&notice), RETURN_HEADER);
}
END_TEST

/* ---- as UTF-8 ------------------------------------------------------------ */

static const struct {
	const char	*address, *header;
	bool		 utf8;
	uint32_t	 flags;
	const char	*status, *original;	/* types of the parts */
} globals[] = {
	{ "x@y", "A: b\r\n", true, 0,
	    "message/delivery-status", "text/rfc822-headers" },
	{ "\303\251@y", "A: b\r\n", true, MESSAGE_8BIT | MESSAGE_UTF8,
	    "message/global-delivery-status", "text/rfc822-headers" },
	{ "x@y", "A: \303\251\r\n", true, MESSAGE_8BIT | MESSAGE_UTF8,
	    "message/global-delivery-status", "message/global-headers" },
	{ "x@y", "A: \377\r\n", true, 0,
	    "message/delivery-status", "text/rfc822-headers" },
	{ "\303\251@y", "A: \377\r\n", true, MESSAGE_8BIT | MESSAGE_UTF8,
	    "message/global-delivery-status", "text/rfc822-headers" },
	{ "\303\251@y", "A: \303\251\r\n", false, 0,
	    "message/delivery-status", "text/rfc822-headers; charset=utf-8" },
};

START_TEST(a_notice_is_utf8_where_it_must_and_may)
{
	char	 line[120];

	recipient.address = span_of(globals[_i].address);
	message.header = span_of(globals[_i].header);
	notice.utf8 = globals[_i].utf8;
	ck_assert_uint_eq(notice_flags(&notice), globals[_i].flags);
	ck_assert(notice_write(&notice, &text));
	(void)snprintf(line, sizeof line, "\r\nContent-Type: %s\r\n",
	    globals[_i].status);
	ck_assert_msg(has(line), "%s", line);
	(void)snprintf(line, sizeof line, "\r\nContent-Type: %s\r\n",
	    globals[_i].original);
	ck_assert_msg(has(line), "%s", line);
	ck_assert(has(globals[_i].flags ? "report-type=global-delivery-status;"
	    : "report-type=delivery-status;"));
}
END_TEST

static void
add_all(TCase *tc)
{
	tcase_add_loop_test(tc, a_notice_answers_what_has_a_name, 0,
	    COUNT(threads));
	tcase_add_test(tc, the_last_of_many_references_are_kept);
	tcase_add_loop_test(tc, the_message_says_its_language, 0,
	    COUNT(languages));
	tcase_add_loop_test(tc, the_status_is_that_of_the_action, 0,
	    COUNT(statuses));
	tcase_add_loop_test(tc,
	    the_original_recipient_is_as_the_sender_called_it, 0,
	    COUNT(originals));
	tcase_add_loop_test(tc, whence_it_came_is_told, 0, COUNT(clients));
	tcase_add_test(tc, times_are_told_where_they_are_known);
	tcase_add_test(tc, a_long_answer_is_folded_at_its_blanks);
	tcase_add_loop_test(tc, content_is_returned_of_what_failed_if_it_may,
	    0, COUNT(returns));
	tcase_add_test(tc, a_nul_or_a_long_line_is_no_content);
	tcase_add_loop_test(tc, a_notice_is_utf8_where_it_must_and_may, 0,
	    COUNT(globals));
}

int
main(void)
{
	Suite	*s = suite_create("notice_parts");
	TCase	*tc = tcase_create("notice_parts");
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
