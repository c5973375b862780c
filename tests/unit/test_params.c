/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "shared/alloc.h"
#include "smtpd/params.h"

static const struct {
	const char		*text;
	enum chunk_status	 status;
	uint64_t		 size;
	bool			 last;
} chunks[] = {
	{ "0",				CHUNK_OK,	 0,	false },
	{ "1000",			CHUNK_OK,	 1000,	false },
	{ "0 LAST",			CHUNK_OK,	 0,	true },
	{ "17  last",			CHUNK_OK,	 17,	true },
	{ "0017",			CHUNK_OK,	 17,	false },
	{ "18446744073709551615 LAST",	CHUNK_OK,	 UINT64_MAX, true },
	{ "17 LAST LAST",		CHUNK_MALFORMED, 17,	true },
	{ "17 FIRST",			CHUNK_MALFORMED, 17,	false },
	{ "17 LASTLY",			CHUNK_MALFORMED, 17,	false },
	{ "18446744073709551616",	CHUNK_UNFRAMED,	 0,	false },
	{ "000000000000000000017",	CHUNK_UNFRAMED,	 0,	false },
	{ "",				CHUNK_UNFRAMED,	 0,	false },
	{ "LAST",			CHUNK_UNFRAMED,	 0,	false },
	{ "LAST 17",			CHUNK_UNFRAMED,	 0,	false },
	{ "-17",			CHUNK_UNFRAMED,	 0,	false },
	{ "+17",			CHUNK_UNFRAMED,	 0,	false },
	{ "17,0",			CHUNK_UNFRAMED,	 0,	false },
	{ "0x17",			CHUNK_UNFRAMED,	 0,	false },
	{ "17LAST",			CHUNK_UNFRAMED,	 0,	false },
};

START_TEST(only_a_size_frames_a_chunk)
{
	uint64_t	 size = 0;
	bool		 last = false;

	ck_assert_msg(params_parse_chunk(span_of(chunks[_i].text), &size,
	    &last) == chunks[_i].status, "%s", chunks[_i].text);
	if (chunks[_i].status == CHUNK_UNFRAMED)
		return;
	ck_assert_msg(size == chunks[_i].size, "%s", chunks[_i].text);
	ck_assert_msg(last == chunks[_i].last, "%s", chunks[_i].text);
}
END_TEST

static const struct {
	const char	*text;
	unsigned	 code;
	const char	*author;	/* NULL: none was told */
} authors[] = {
	{ "SIZE=5",			0,	NULL },
	{ "AUTH=<>",			0,	"" },
	{ "auth=e+3Dmc2@example.com",	0,	"e=mc2@example.com" },
	{ "AUTH=jones@foo.com SIZE=5",	0,	"jones@foo.com" },
	{ "AUTH=jones",			501,	NULL },
	{ "AUTH=",			501,	NULL },
	{ "AUTH",			501,	NULL },
	{ "AUTH=a+4@foo.com",		501,	NULL },
	{ "AUTH=a+0D+0A@foo.com",	501,	NULL },
	{ "AUTH=a=b@foo.com",		501,	NULL },
	{ "AUTH=<> AUTH=<>",		501,	NULL },
};

START_TEST(who_wrote_it_is_told_in_xtext)
{
	const struct mail_rules	 with = { 0, true }, without = { 0, false };
	struct mail_params	 p;
	struct reply		 why = { 0 };
	bool			 good;

	good = params_parse(span_of(authors[_i].text), &with, &p, &why);
	ck_assert_msg(good == (authors[_i].code == 0), "%s", authors[_i].text);
	ck_assert_uint_eq(why.code, authors[_i].code);
	if (good)
		ck_assert_int_eq(p.has_author, authors[_i].author != NULL);
	if (good && p.has_author)
		ck_assert_str_eq(p.author.text, authors[_i].author);
	if (params_parse(span_of(authors[_i].text), &without, &p, &why))
		ck_assert_str_eq(authors[_i].text, "SIZE=5");
}
END_TEST

static const struct {
	const char	*text;
	unsigned	 code;		/* 0: it is fine */
	uint64_t	 size;
	bool		 eight_bit;
} params[] = {
	{ "",					0,	0,	false },
	{ "SIZE=5 BODY=7BIT",			0,	5,	false },
	{ " body=8bitmime  size=1000",		0,	1000,	true },
	{ "SIZE=1001",				552,	0,	false },
	{ "SIZE=18446744073709551616",		501,	0,	false },
	{ "SIZE=000000000000000000001",		501,	0,	false },
	{ "SIZE=",				501,	0,	false },
	{ "SIZE",				501,	0,	false },
	{ "SIZE=5 SIZE=5",			501,	0,	false },
	{ "BODY=BINARYMIME",			555,	0,	false },
	{ "RET=FULL",				0,	0,	false },
	{ "FROB=FULL",				555,	0,	false },
};

START_TEST(parameters_of_mail_are_known_and_told_once)
{
	struct mail_params	 p;
	struct reply		 why = { 0 };
	const struct mail_rules	 rules = { 1000, false };

	ck_assert_msg(params_parse(span_of(params[_i].text), &rules, &p,
	    &why) ==
	    (params[_i].code == 0), "%s", params[_i].text);
	ck_assert_int_eq(why.code, params[_i].code);
	if (params[_i].code != 0)
		return;
	ck_assert_uint_eq(p.size, params[_i].size);
	ck_assert_int_eq(p.eight_bit, params[_i].eight_bit);
}
END_TEST

static const struct {
	const char	*text;
	unsigned	 code;
	enum dsn_ret	 ret;
	const char	*envid;
} notices[] = {
	{ "SIZE=5",			0,	DSN_RET_NONE,	"" },
	{ "RET=FULL ENVID=QQ314159",	0,	DSN_RET_FULL,	"QQ314159" },
	{ "ret=hdrs SIZE=1 envid=a+20b", 0,	DSN_RET_HDRS,	"a+20b" },
	{ "RET=SOME",			501,	DSN_RET_NONE,	"" },
	{ "RET=",			501,	DSN_RET_NONE,	"" },
	{ "RET",			501,	DSN_RET_NONE,	"" },
	{ "RET=FULL RET=FULL",		501,	DSN_RET_NONE,	"" },
	{ "RET=FULL RET=HDRS",		501,	DSN_RET_NONE,	"" },
	{ "ENVID",			501,	DSN_RET_NONE,	"" },
	{ "ENVID=",			501,	DSN_RET_NONE,	"" },
	{ "ENVID=a+2",			501,	DSN_RET_NONE,	"" },
	{ "ENVID=a=b",			501,	DSN_RET_NONE,	"" },
	{ "ENVID=a+0A",			501,	DSN_RET_NONE,	"" },
	{ "ENVID=a ENVID=b",		501,	DSN_RET_NONE,	"" },
	{ "NOTIFY=NEVER",		555,	DSN_RET_NONE,	"" },
	{ "ORCPT=rfc822;a@b",		555,	DSN_RET_NONE,	"" },
};

START_TEST(mail_may_say_what_a_notice_holds)
{
	const struct mail_rules	 rules = { 0, false };
	struct mail_params	 p;
	struct reply		 why = { 0 };
	bool			 good;

	good = params_parse(span_of(notices[_i].text), &rules, &p, &why);
	ck_assert_msg(good == (notices[_i].code == 0), "%s", notices[_i].text);
	ck_assert_uint_eq(why.code, notices[_i].code);
	if (!good)
		return;
	ck_assert(p.ret == notices[_i].ret);
	ck_assert(span_is(p.envid, notices[_i].envid));
}
END_TEST

static const struct {
	const char	*text;
	unsigned	 code, notify;
	const char	*orcpt;
} recipients[] = {
	{ "",				0,	0,		"" },
	{ "NOTIFY=NEVER",		0,	DSN_NEVER,	"" },
	{ "notify=delay,Success",	0,	DSN_DELAY | DSN_SUCCESS, "" },
	{ "ORCPT=rfc822;a@b",		0,	0,		"rfc822;a@b" },
	{ "ORCPT=utf-8;\\x{E4}@b NOTIFY=FAILURE", 0, DSN_FAILURE,
	    "utf-8;\\x{E4}@b" },
	{ "NOTIFY",			501,	0,		"" },
	{ "NOTIFY=",			501,	0,		"" },
	{ "NOTIFY=OFTEN",		501,	0,		"" },
	{ "NOTIFY=NEVER,DELAY",		501,	0,		"" },
	{ "NOTIFY=NEVER NOTIFY=NEVER",	501,	0,		"" },
	{ "ORCPT",			501,	0,		"" },
	{ "ORCPT=a@b",			501,	0,		"" },
	{ "ORCPT=rfc822;a+@b",		501,	0,		"" },
	{ "ORCPT=rfc822;a@b ORCPT=rfc822;a@b", 501, 0,		"" },
	{ "RET=FULL",			555,	0,		"" },
	{ "SIZE=5",			555,	0,		"" },
	{ "=5",				501,	0,		"" },
};

START_TEST(rcpt_may_say_what_its_sender_wants_to_hear)
{
	struct rcpt_params	 p;
	struct reply		 why = { 0 };
	bool			 good;

	good = params_parse_rcpt(span_of(recipients[_i].text), &p, &why);
	ck_assert_msg(good == (recipients[_i].code == 0), "%s",
	    recipients[_i].text);
	ck_assert_uint_eq(why.code, recipients[_i].code);
	if (!good)
		return;
	ck_assert_uint_eq(p.notify, recipients[_i].notify);
	ck_assert(span_is(p.orcpt, recipients[_i].orcpt));
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("params");
	TCase	*tc = tcase_create("params");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_loop_test(tc, only_a_size_frames_a_chunk, 0, COUNT(chunks));
	tcase_add_loop_test(tc, parameters_of_mail_are_known_and_told_once, 0,
	    COUNT(params));
	tcase_add_loop_test(tc, who_wrote_it_is_told_in_xtext, 0,
	    COUNT(authors));
	tcase_add_loop_test(tc, mail_may_say_what_a_notice_holds, 0,
	    COUNT(notices));
	tcase_add_loop_test(tc, rcpt_may_say_what_its_sender_wants_to_hear, 0,
	    COUNT(recipients));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
