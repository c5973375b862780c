/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/dovecot_line.h"
#include "shared/alloc.h"

static const struct {
	const char		*line;
	bool			 good;
	enum dovecot_command	 command;
	uint32_t		 number;
	const char		*text, *user;
	bool			 temporary;
} lines[] = {
	{ "VERSION\t1\t2", true, DOVECOT_VERSION, 1, "", "", false },
	{ "VERSION\t1", true, DOVECOT_VERSION, 1, "", "", false },
	{ "VERSION\t2\t0", false, 0, 0, NULL, NULL, false },
	{ "VERSION", false, 0, 0, NULL, NULL, false },
	{ "MECH\tPLAIN\tplaintext", true, DOVECOT_MECH, 0, "PLAIN", "",
	    false },
	{ "MECH\tSCRAM-SHA-256", true, DOVECOT_MECH, 0, "SCRAM-SHA-256", "",
	    false },
	{ "MECH", false, 0, 0, NULL, NULL, false },
	{ "MECH\t\tplaintext", false, 0, 0, NULL, NULL, false },
	{ "DONE", true, DOVECOT_DONE, 0, "", "", false },
	{ "DONE\tx", false, 0, 0, NULL, NULL, false },
	{ "SPID\t17", true, DOVECOT_OTHER, 0, "", "", false },
	{ "COOKIE\t0123", true, DOVECOT_OTHER, 0, "", "", false },
	{ "", false, 0, 0, NULL, NULL, false },
	{ "\tOK\t1", false, 0, 0, NULL, NULL, false },
	{ "OK\t7\tuser=joe", true, DOVECOT_OK, 7, "", "joe", false },
	{ "OK\t7\tnologin\tuser=joe@a.example\tuid=4", true, DOVECOT_OK, 7,
	    "", "joe@a.example", false },
	{ "OK\t4294967295\tuser=j", true, DOVECOT_OK, 4294967295, "", "j",
	    false },
	{ "OK\t4294967296\tuser=j", false, 0, 0, NULL, NULL, false },
	{ "OK\t-1\tuser=j", false, 0, 0, NULL, NULL, false },
	{ "OK\t\tuser=j", false, 0, 0, NULL, NULL, false },
	{ "OK\tuser=j", false, 0, 0, NULL, NULL, false },
	{ "OK\t7", false, 0, 0, NULL, NULL, false },
	{ "OK\t7\tuser=", false, 0, 0, NULL, NULL, false },
	{ "OK\t7\tuser=j\001tx", false, 0, 0, NULL, NULL, false },
	{ "OK\t7\tuser=j\0010x", false, 0, 0, NULL, NULL, false },
	{ "OK\t7\tuser=j\001", false, 0, 0, NULL, NULL, false },
	{ "OK\t7\tuser=j\001jx", true, DOVECOT_OK, 7, "", "jjx", false },
	{ "OK\t7\tuser=j\rx", false, 0, 0, NULL, NULL, false },
	{ "CONT\t7\tYWJj", true, DOVECOT_CONT, 7, "YWJj", "", false },
	{ "CONT\t7\t", true, DOVECOT_CONT, 7, "", "", false },
	{ "CONT\t7", true, DOVECOT_CONT, 7, "", "", false },
	{ "CONT", false, 0, 0, NULL, NULL, false },
	{ "FAIL\t7", true, DOVECOT_FAIL, 7, "", "", false },
	{ "FAIL\t7\tuser=joe", true, DOVECOT_FAIL, 7, "", "joe", false },
	{ "FAIL\t7\tuser=joe\ttemp", true, DOVECOT_FAIL, 7, "", "joe", true },
	{ "FAIL\t7\tcode=temp_fail", true, DOVECOT_FAIL, 7, "", "", true },
	{ "FAIL\t7\tuser=joe\tauthz\treason=no", true, DOVECOT_FAIL, 7, "",
	    "joe", false },
	{ "FAIL\t7\tuser=j\001n", true, DOVECOT_FAIL, 7, "", "", false },
	{ "FAIL\tx", false, 0, 0, NULL, NULL, false },
	{ "NOTFOUND\t1", true, DOVECOT_OTHER, 0, "", "", false },
	{ "ok\t7\tuser=j", true, DOVECOT_OTHER, 0, "", "", false },
};

START_TEST(a_line_is_what_the_protocol_says)
{
	struct dovecot_line	 l;
	bool			 good;

	good = dovecot_parse(span_of(lines[_i].line), &l);
	ck_assert_msg(good == lines[_i].good, "\"%s\"", lines[_i].line);
	if (!good)
		return;
	ck_assert_msg(l.command == lines[_i].command, "\"%s\"",
	    lines[_i].line);
	ck_assert_uint_eq(l.number, lines[_i].number);
	ck_assert(span_is(l.text, lines[_i].text));
	ck_assert_str_eq(l.user, lines[_i].user);
	ck_assert_int_eq(l.temporary, lines[_i].temporary);
}
END_TEST

START_TEST(a_name_has_a_ceiling)
{
	char			 line[ACCOUNT_TEXT_MAX + 32] = "OK\t1\tuser=";
	struct dovecot_line	 l;
	size_t			 n = strlen(line);

	memset(line + n, 'x', ACCOUNT_TEXT_MAX + 1);
	ck_assert(!dovecot_parse(span_of(line), &l));
	ck_assert(dovecot_parse(span_head(span_of(line),
	    n + ACCOUNT_TEXT_MAX), &l));
	ck_assert_uint_eq(strlen(l.user), ACCOUNT_TEXT_MAX);
	ck_assert(!dovecot_parse(span_make("OK\t1\tuser=a\0b", 13), &l));
}
END_TEST

START_TEST(what_we_say_is_a_line)
{
	static const uint8_t	 v4[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };
	static const uint8_t	 v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
	struct dovecot_request	 r = { 3, span_of("PLAIN"),
				    span_make(v4, 16), true,
				    span_make("\0a\0b", 4) };
	struct buf		 b;

	buf_init(&b, 1024);
	ck_assert(dovecot_put_hello(&b, 42));
	ck_assert(span_is(buf_span(&b), "VERSION\t1\t1\nCPID\t42\n"));
	buf_drop(&b, buf_len(&b));
	ck_assert(dovecot_put_auth(&b, &r));
	ck_assert(span_is(buf_span(&b), "AUTH\t3\tPLAIN\tservice=smtp\tnologin"
	    "\tsecured\trip=192.0.2.1\tresp=AGEAYg==\n"));
	buf_drop(&b, buf_len(&b));
	r.address = span_make(v6, 16);
	r.has_initial = false;
	ck_assert(dovecot_put_auth(&b, &r));
	ck_assert(span_is(buf_span(&b), "AUTH\t3\tPLAIN\tservice=smtp\tnologin"
	    "\tsecured\trip=2001:db8::1\n"));
	buf_drop(&b, buf_len(&b));
	ck_assert(dovecot_put_cont(&b, 3, span_of("")));
	ck_assert(dovecot_put_cancel(&b, 4));
	ck_assert(span_is(buf_span(&b), "CONT\t3\t\nCANCEL\t4\n"));
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("dovecot_line");
	TCase	*tc = tcase_create("dovecot_line");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, a_line_is_what_the_protocol_says, 0,
	    COUNT(lines));
	tcase_add_test(tc, a_name_has_a_ceiling);
	tcase_add_test(tc, what_we_say_is_a_line);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
