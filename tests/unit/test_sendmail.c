/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>
#include <sys/socket.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/compose.h"
#include "control/letter.h"
#include "control/options.h"
#include "control/recipients.h"
#include "shared/alloc.h"
#include "shared/fd.h"

/* ---- what is read ------------------------------------------------------- */

static const struct {
	const char	*name, *input;
	bool		 dot_ends;
	const char	*header, *body;
} letters[] = {
	{ "header and body", "A: b\n\nx\n", true, "A: b\r\n", "x\r\n" },
	{ "CRLF", "A: b\r\n\r\nx\r\n", true, "A: b\r\n", "x\r\n" },
	{ "bare CR ends a line", "A: b\r\rx\ry", true, "A: b\r\n",
	    "x\r\ny\r\n" },
	{ "CR CR LF", "A: b\n\nx\r\r\ny\n", true, "A: b\r\n",
	    "x\r\n\r\ny\r\n" },
	{ "no end at the end", "A: b\n\nx", true, "A: b\r\n", "x\r\n" },
	{ "header alone", "A: b", true, "A: b\r\n", "" },
	{ "nothing", "", true, "", "" },
	{ "body alone", "hello there\n", true, "", "hello there\r\n" },
	{ "empty first line", "\nA: b\n", true, "", "A: b\r\n" },
	{ "folding", "A: b\n c\n\td\n\nx\n", true, "A: b\r\n c\r\n\td\r\n",
	    "x\r\n" },
	{ "folding of nothing", " A: b\n", true, "", " A: b\r\n" },
	{ "a line that is no field", "A: b\nfoo bar\nC: d\n", true,
	    "A: b\r\n", "foo bar\r\nC: d\r\n" },
	{ "mbox line", "From x Mon\nA: b\n\nx\n", true, "A: b\r\n",
	    "x\r\n" },
	{ "From in the body", "A: b\n\nFrom x\n", true, "A: b\r\n",
	    "From x\r\n" },
	{ "a dot ends", "A: b\n\nx\n.\ny\n", true, "A: b\r\n", "x\r\n" },
	{ "a dot ends the header", "A: b\n.\ny\n", true, "A: b\r\n", "" },
	{ "a dot at the very end", "A: b\n\nx\n.", true, "A: b\r\n",
	    "x\r\n" },
	{ "a dot between CRs", "A: b\n\nx\r.\ry\n", true, "A: b\r\n",
	    "x\r\n" },
	{ "a dot that is ignored", "A: b\n\nx\n.\ny\n", false, "A: b\r\n",
	    "x\r\n.\r\ny\r\n" },
	{ "a dot ignored at the end", "A: b\n\nx\n.", false, "A: b\r\n",
	    "x\r\n.\r\n" },
	{ "dots in a line", "A: b\n\n..\n.x\nx.\n", true, "A: b\r\n",
	    "..\r\n.x\r\nx.\r\n" },
};

/* A descriptor whose reads give `text` in pieces: each packet is one read. */
static int
open_pieces(const char *text, size_t piece)
{
	size_t	 len = strlen(text), n;
	int	 ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	for (; len > 0; len -= n, text += n) {
		n = len < piece ? len : piece;
		ck_assert_int_eq(send(ends[0], text, n, 0), (int)n);
	}
	close(ends[0]);
	return ends[1];
}

static void
check_body(struct letter *l, const char *expected, const char *name)
{
	struct buf	 body;
	struct span	 piece;

	buf_init(&body, 1 << 20);
	ck_assert_int_eq(letter_rewind(l), 0);
	do {
		ck_assert_int_eq(letter_next(l, &piece), 0);
		ck_assert(buf_put(&body, piece));
	} while (piece.len > 0);
	ck_assert_msg(span_is(buf_span(&body), expected), "%s: %.*s", name,
	    (int)buf_len(&body), buf_span(&body).ptr);
	ck_assert_uint_eq(l->body_size, buf_len(&body));
	buf_clear(&body);
}

START_TEST(a_letter_has_the_lines_of_the_wire)
{
	static const size_t	 pieces[] = { 1, 2, 3, 1000 };
	struct letter		 l;
	size_t			 i;
	int			 fd;

	for (i = 0; i < COUNT(pieces); i++) {
		fd = open_pieces(letters[_i].input, pieces[i]);
		letter_init(&l);
		ck_assert_int_eq(letter_read(&l, fd, letters[_i].dot_ends),
		    LETTER_OK);
		ck_assert_msg(span_is(buf_span(&l.header),
		    letters[_i].header), "%s", letters[_i].name);
		check_body(&l, letters[_i].body, letters[_i].name);
		check_body(&l, letters[_i].body, "a second time");
		letter_clear(&l);
		fd_close(&fd);
	}
}
END_TEST

/* A file that holds `head`, then `n` times `line`. */
static int
open_file(const char *head, const char *line, size_t n)
{
	int	 fd = memfd_create("letter", 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fd_write_all(fd, head, strlen(head)), 0);
	while (n-- > 0)
		ck_assert_int_eq(fd_write_all(fd, line, strlen(line)), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

START_TEST(a_large_body_goes_to_a_file)
{
	char		*line = xcalloc(1, (1 << 20) + 1);
	int		 fd;
	struct letter	 l;
	struct span	 piece;
	uint64_t	 total = 0;

	memset(line, 'x', (1 << 20) - 1);
	line[(1 << 20) - 1] = '\n';
	fd = open_file("A: b\n\n", line, 65);
	letter_init(&l);
	ck_assert_int_eq(letter_read(&l, fd, true), LETTER_OK);
	ck_assert_ptr_nonnull(l.file);
	ck_assert_uint_eq(l.body_size, UINT64_C(65) * ((1 << 20) + 1));
	ck_assert_int_eq(letter_rewind(&l), 0);
	do {
		ck_assert_int_eq(letter_next(&l, &piece), 0);
		total += piece.len;
	} while (piece.len > 0);
	ck_assert_uint_eq(total, l.body_size);
	letter_clear(&l);
	fd_close(&fd);
	free(line);
}
END_TEST

START_TEST(a_header_has_a_ceiling)
{
	struct letter	 l;
	int		 fd = open_file("", "A: 0123456789\n", 100000);

	letter_init(&l);
	ck_assert_int_eq(letter_read(&l, fd, true), LETTER_HEADER_TOO_LARGE);
	letter_clear(&l);
	fd_close(&fd);
}
END_TEST

START_TEST(eight_bits_are_seen)
{
	struct letter	 l;
	int		 fd = open_file("A: b\n\n", "caf\xc3\xa9\n", 1);

	letter_init(&l);
	ck_assert_int_eq(letter_read(&l, fd, true), LETTER_OK);
	ck_assert(l.has_8bit);
	letter_clear(&l);
	fd_close(&fd);
}
END_TEST

/* ---- to whom ------------------------------------------------------------ */

static const struct {
	const char		*header;
	enum recipients_status	 status;
	const char		*found;
} headers[] = {
	{ "To: a@b\r\nCc: c@d\r\nBcc: e@f\r\n", RECIPIENTS_OK,
	    "a@b c@d e@f " },
	{ "to: a@b,\r\n c@d\r\nTO: e@f\r\n", RECIPIENTS_OK, "a@b c@d e@f " },
	{ "To: a@b\r\nCc: A <a@B>\r\n", RECIPIENTS_OK, "a@b " },
	{ "To: root\r\n", RECIPIENTS_OK, "root@here.example " },
	{ "To: \"a@b\"\r\n", RECIPIENTS_OK, "\"a@b\"@here.example " },
	{ "To: a@b\r\nResent-Cc: c@d\r\n", RECIPIENTS_OK, "c@d " },
	{ "From: a@b\r\nX-To: c@d\r\nSubject: To: e@f\r\n", RECIPIENTS_OK,
	    "" },
	{ "To: a@b, c d\r\n", RECIPIENTS_BAD, "a@b " },
	{ "To: <>\r\n", RECIPIENTS_BAD, "" },
	{ "To: a@b..c\r\n", RECIPIENTS_BAD, "" },
	{ "To: caf\xc3\xa9@b\r\n", RECIPIENTS_BAD, "" },
};

START_TEST(a_header_names_recipients)
{
	struct recipients	 r;
	struct span		 field;
	struct buf		 found;
	size_t			 i;

	buf_init(&found, 4096);
	recipients_init(&r, "here.example");
	ck_assert_int_eq(recipients_from_header(&r,
	    span_of(headers[_i].header), &field), headers[_i].status);
	for (i = 0; i < r.count; i++)
		ck_assert(buf_printf(&found, "%s ", r.list[i].text));
	ck_assert_msg(span_is(buf_span(&found), headers[_i].found), "%s",
	    headers[_i].header);
	recipients_clear(&r);
	buf_clear(&found);
}
END_TEST

START_TEST(a_nul_does_not_cut_an_address)
{
	struct recipients	 r;

	recipients_init(&r, "here.example");
	ck_assert_int_eq(recipients_add(&r, span_make("ro\0ot", 5)),
	    RECIPIENTS_BAD);
	ck_assert_uint_eq(r.count, 0);
	recipients_clear(&r);
}
END_TEST

START_TEST(recipients_have_a_ceiling)
{
	struct recipients	 r;
	char			 text[32];
	int			 i;

	recipients_init(&r, "here.example");
	for (i = 0; i < RECIPIENTS_MAX; i++) {
		(void)snprintf(text, sizeof(text), "u%d", i);
		ck_assert_int_eq(recipients_add(&r, span_of(text)),
		    RECIPIENTS_OK);
	}
	ck_assert_int_eq(recipients_add(&r, span_of("u0")), RECIPIENTS_OK);
	ck_assert_int_eq(recipients_add(&r, span_of("more")),
	    RECIPIENTS_TOO_MANY);
	ck_assert_uint_eq(r.count, RECIPIENTS_MAX);
	recipients_clear(&r);
}
END_TEST

static const struct {
	const char	*given;
	bool		 good;
	const char	*found;
} senders[] = {
	{ "",			true,	"" },
	{ "<>",			true,	"" },
	{ "a@b",		true,	"a@b" },
	{ "root",		true,	"root@here.example" },
	{ "Joe <a@b>",		true,	"a@b" },
	{ "a@b, c@d",		false,	"" },
	{ "a b",		false,	"" },
	{ "a@b> SIZE=1",	false,	"" },
	{ "a@b\r\nRCPT TO:<c@d>", false, "" },
};

START_TEST(a_sender_is_one_address_or_none)
{
	struct addr	 a;

	ck_assert_msg(recipients_one(span_of(senders[_i].given),
	    "here.example", &a) == senders[_i].good, "%s",
	    senders[_i].given);
	if (senders[_i].good)
		ck_assert_str_eq(a.text, senders[_i].found);
}
END_TEST

/* ---- what is added ------------------------------------------------------ */

static const struct {
	const char	*name, *phrase;
} phrases[] = {
	{ "", "" },
	{ "Joe Q. Public", "\"Joe Q. Public\"" },
	{ "a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"" },
	{ "Jos\xc3\xa9", "=?utf-8?Q?Jos=C3=A9?=" },
	{ "Jos\xe9", "" },
	{ "\xc0\xaf", "" },
	{ "a\r\nBcc: b", "" },
	{ "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
	    "\xe2\x82\xac\xe2\x82\xac",
	    "=?utf-8?Q?=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC"
	    "=E2=82=AC?=\r\n =?utf-8?Q?=E2=82=AC?=" },
};

START_TEST(a_name_becomes_a_phrase)
{
	struct buf	 out;

	buf_init(&out, 4096);
	ck_assert(compose_phrase(phrases[_i].name, &out));
	ck_assert_msg(span_is(buf_span(&out), phrases[_i].phrase), "%.*s",
	    (int)buf_len(&out), buf_span(&out).ptr);
	buf_clear(&out);
}
END_TEST

static void
compose(const char *header, bool drops_bcc, struct buf *out)
{
	struct compose	 c = { .name = "Joe", .host = "here.example",
			    .now = INT64_C(1795399607000000),
			    .drops_bcc = drops_bcc };

	ck_assert_int_eq(addr_parse(span_of("joe@here.example"), &c.from),
	    ADDR_OK);
	buf_init(out, 65536);
	ck_assert(compose_header(&c, span_of(header), out));
	ck_assert(buf_put(out, span_make("", 1)));
}

START_TEST(what_is_missing_is_added)
{
	struct buf	 out;
	const char	*text;

	compose("To: a@b\r\n", true, &out);
	text = buf_span(&out).ptr;
	ck_assert_ptr_nonnull(strstr(text, "To: a@b\r\n"));
	ck_assert_ptr_nonnull(strstr(text,
	    "From: \"Joe\" <joe@here.example>\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\r\nDate: Mon, 23 Nov 2026 "));
	ck_assert_ptr_nonnull(strstr(text, "\r\nMessage-ID: <"));
	ck_assert_ptr_nonnull(strstr(text, "@here.example>\r\n"));
	buf_clear(&out);
}
END_TEST

START_TEST(what_stands_is_kept_and_secrets_are_dropped)
{
	struct buf	 out;

	compose("date: x\r\nBcc: a@b,\r\n c@d\r\nmessage-id: y\r\n"
	    "From: z\r\n q\r\nRESENT-BCC: e\r\nReturn-Path: <f>\r\n", true,
	    &out);
	ck_assert_str_eq(buf_span(&out).ptr,
	    "date: x\r\nmessage-id: y\r\nFrom: z\r\n q\r\n");
	buf_clear(&out);
}
END_TEST

/* Where the recipients stand on the command line. */
START_TEST(bcc_stays_where_it_is_not_asked_for_recipients)
{
	static const char	*const header = "Date: x\r\nMessage-ID: y\r\n"
				    "From: z\r\nBcc: a@b\r\n";
	struct buf		 out;

	compose(header, false, &out);
	ck_assert_str_eq(buf_span(&out).ptr, header);
	buf_clear(&out);
}
END_TEST

/* ---- the command line --------------------------------------------------- */

static const struct {
	const char		*words[8];
	bool			 good;
	enum sendmail_mode	 mode;
	int			 first;
} commands[] = {
	{ { "sendmail", "-t", "-i" }, true, MODE_DELIVER, 3 },
	{ { "/usr/sbin/sendmail", "-oem", "-oi", "-f", "a", "--", "-b" },
	    true, MODE_DELIVER, 6 },
	{ { "sendmail", "a", "-bp" }, true, MODE_DELIVER, 1 },
	{ { "sendmail", "-FCronDaemon", "-i", "-odi", "-B8BITMIME",
	    "root" }, true, MODE_DELIVER, 5 },
	{ { "sendmail", "-Am", "-U", "-n", "-om", "-x", "-E", "-J" }, true,
	    MODE_DELIVER, 8 },
	{ { "sendmail", "-p", "SMTP:x", "-h", "3", "-L", "tag", "a" }, true,
	    MODE_DELIVER, 7 },
	{ { "sendmail", "-N", "success,delay", "-R", "hdrs", "-V", "x" },
	    true, MODE_DELIVER, 7 },
	{ { "sendmail", "-N", "never", "-XV", "-Oa=b" }, true, MODE_DELIVER,
	    5 },
	{ { "sendmail", "-bs" }, true, MODE_SMTP, 2 },
	{ { "sendmail", "-bv", "a" }, true, MODE_VERIFY, 2 },
	{ { "sendmail", "-bd", "-q15m" }, true, MODE_START, 3 },
	{ { "sendmail", "-q15m" }, true, MODE_NOTHING, 2 },
	{ { "sendmail", "-q" }, true, MODE_RETRY, 2 },
	{ { "sendmail", "-qRexample.org" }, true, MODE_RETRY, 2 },
	{ { "sendmail", "-bi" }, true, MODE_NEWALIASES, 2 },
	{ { "sendmail", "-I" }, true, MODE_NEWALIASES, 2 },
	{ { "/usr/bin/mailq" }, true, MODE_MAILQ, 1 },
	{ { "newaliases" }, true, MODE_NEWALIASES, 1 },
	{ { "sendmail", "-bx" }, false, 0, 0 },
	{ { "sendmail", "-Z" }, false, 0, 0 },
	{ { "sendmail", "--help" }, false, 0, 0 },
	{ { "sendmail", "-f" }, false, 0, 0 },
	{ { "sendmail", "-N", "often" }, false, 0, 0 },
	{ { "sendmail", "-N", "delay," }, false, 0, 0 },
	{ { "sendmail", "-N", "never,delay" }, false, 0, 0 },
	{ { "sendmail", "-V", "" }, false, 0, 0 },
	{ { "sendmail", "-V", "a\nb" }, false, 0, 0 },
	{ { "sendmail", "-R", "some" }, false, 0, 0 },
	{ { "sendmail", "-B", "9BIT" }, false, 0, 0 },
	{ { "sendmail", "-qX" }, false, 0, 0 },
};

START_TEST(options_mean_what_they_always_meant)
{
	struct options	 o;
	char		*argv[9] = { NULL };
	int		 argc;

	for (argc = 0; argc < 8 && commands[_i].words[argc]; argc++)
		argv[argc] = xstrdup(commands[_i].words[argc]);
	ck_assert(options_read(&o, argc, argv) == commands[_i].good);
	if (commands[_i].good) {
		ck_assert_int_eq(o.mode, commands[_i].mode);
		ck_assert_int_eq(o.first, commands[_i].first);
	}
	while (argc-- > 0)
		free(argv[argc]);
}
END_TEST

static const struct {
	const char	*given, *said;
} envids[] = {
	{ "QQ314159",	"QQ314159" },
	{ "a+20b",	"a+20b" },
	{ "a b+c",	"a+20b+2Bc" },
};

START_TEST(an_envid_is_xtext_or_made_so)
{
	char		*argv[] = { "sendmail", "-V",
			    (char *)envids[_i].given, "-N", "Delay,SUCCESS",
			    "-R", "HDRS", NULL };
	struct options	 o;

	ck_assert(options_read(&o, 7, argv));
	ck_assert_str_eq(o.envid, envids[_i].said);
	ck_assert_uint_eq(o.notify, DSN_DELAY | DSN_SUCCESS);
	ck_assert(o.ret == DSN_RET_HDRS);
}
END_TEST

START_TEST(options_leave_their_values)
{
	char		*argv[] = { "sendmail", "-oi", "-tGv", "-f", "", "-F",
			    "Joe", "-B", "8bitmime", NULL };
	struct options	 o;

	ck_assert(options_read(&o, 9, argv));
	ck_assert(!o.dot_ends && o.from_header && o.gateway && o.verbose);
	ck_assert(o.is_8bit);
	ck_assert_str_eq(o.sender, "");
	ck_assert_str_eq(o.name, "Joe");
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("sendmail");
	TCase	*tc = tcase_create("sendmail");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_letter_has_the_lines_of_the_wire, 0,
	    COUNT(letters));
	tcase_add_test(tc, a_large_body_goes_to_a_file);
	tcase_add_test(tc, a_header_has_a_ceiling);
	tcase_add_test(tc, eight_bits_are_seen);
	tcase_add_loop_test(tc, a_header_names_recipients, 0,
	    COUNT(headers));
	tcase_add_test(tc, a_nul_does_not_cut_an_address);
	tcase_add_test(tc, recipients_have_a_ceiling);
	tcase_add_loop_test(tc, a_sender_is_one_address_or_none, 0,
	    COUNT(senders));
	tcase_add_loop_test(tc, a_name_becomes_a_phrase, 0, COUNT(phrases));
	tcase_add_test(tc, what_is_missing_is_added);
	tcase_add_test(tc, what_stands_is_kept_and_secrets_are_dropped);
	tcase_add_test(tc, bcc_stays_where_it_is_not_asked_for_recipients);
	tcase_add_loop_test(tc, options_mean_what_they_always_meant, 0,
	    COUNT(commands));
	tcase_add_test(tc, options_leave_their_values);
	tcase_add_loop_test(tc, an_envid_is_xtext_or_made_so, 0,
	    COUNT(envids));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
