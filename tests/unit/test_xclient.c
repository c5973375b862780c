/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "smtpd/xclient.h"

static const struct {
	const char		*text;
	enum xclient_attribute	 which;
	enum xclient_state	 state;
	const char		*value;
} said[] = {
	{ "NAME=a.example",	XCLIENT_NAME, XCLIENT_SAID, "a.example" },
	{ "name=a+2Eexample",	XCLIENT_NAME, XCLIENT_SAID, "a.example" },
	{ "NAME=[UNAVAILABLE]",	XCLIENT_NAME, XCLIENT_UNAVAILABLE, NULL },
	{ "NAME=[tempunavail]",	XCLIENT_NAME, XCLIENT_UNAVAILABLE, NULL },
	{ "PORT=1 NAME=a",	XCLIENT_PORT, XCLIENT_SAID, "1" },
	{ "PORT=1",		XCLIENT_NAME, XCLIENT_UNSAID, NULL },
	{ "ADDR=192.0.2.1",	XCLIENT_ADDR, XCLIENT_SAID, "192.0.2.1" },
	{ "ADDR=IPv6:::1",	XCLIENT_ADDR, XCLIENT_SAID, "IPv6:::1" },
	{ "LOGIN=a+40b",	XCLIENT_LOGIN, XCLIENT_SAID, "a@b" },
	{ "HELO=[192.0.2.1]",	XCLIENT_HELO, XCLIENT_SAID, "[192.0.2.1]" },
};

START_TEST(a_value_is_decoded)
{
	struct xclient	 x;
	struct reply	 why;

	ck_assert_msg(xclient_parse(span_of(said[_i].text), XCLIENT_WORDS, &x,
	    &why), "%s", said[_i].text);
	ck_assert_int_eq(x.state[said[_i].which], said[_i].state);
	if (said[_i].value != NULL)
		ck_assert_str_eq(x.text[said[_i].which], said[_i].value);
}
END_TEST

static const struct {
	const char	*words, *text;
} wrong[] = {
	{ XCLIENT_WORDS,	"NAME" },
	{ XCLIENT_WORDS,	"NAME=" },
	{ XCLIENT_WORDS,	"NAME=a NAME=b" },
	{ XCLIENT_WORDS,	"NAME=a+" },
	{ XCLIENT_WORDS,	"NAME=a+2" },
	{ XCLIENT_WORDS,	"NAME=a+2e" },
	{ XCLIENT_WORDS,	"NAME=a+0A" },
	{ XCLIENT_WORDS,	"NAME=a+00" },
	{ XCLIENT_WORDS,	"NAME=a+FF" },
	{ XCLIENT_WORDS,	"NAME=a=b" },
	{ XCLIENT_WORDS,	"NAME=a_b.." },
	{ XCLIENT_WORDS,	"HELO=a+20b" },
	{ XCLIENT_WORDS,	"HELO=<a>" },
	{ XCLIENT_WORDS,	"ADDR=192.0.2.1.5" },
	{ XCLIENT_WORDS,	"ADDR=::1" },
	{ XCLIENT_WORDS,	"ADDR=IPV6:192.0.2.1" },
	{ XCLIENT_WORDS,	"PORT=-1" },
	{ XCLIENT_WORDS,	"PORT=65536" },
	{ XCLIENT_WORDS,	"SOURCE=LOCAL" },
	{ XCLIENT_WORDS,	"N=a" },
	{ XFORWARD_WORDS,	"LOGIN=a" },
	{ XFORWARD_WORDS,	"SOURCE=ANY" },
	{ XFORWARD_WORDS,	"=a" },
};

START_TEST(what_is_no_value_is_refused)
{
	struct xclient	 x;
	struct reply	 why = { 0 };

	ck_assert_msg(!xclient_parse(span_of(wrong[_i].text), wrong[_i].words,
	    &x, &why), "%s", wrong[_i].text);
	ck_assert_int_eq(why.code, 501);
}
END_TEST

START_TEST(lengths_have_ceilings)
{
	char		 text[HOST_TEXT_MAX + 32] = "HELO=";
	struct xclient	 x;
	struct reply	 why;

	memset(text + 5, 'a', HOST_TEXT_MAX);
	ck_assert(xclient_parse(span_of(text), XCLIENT_WORDS, &x, &why));
	text[5 + HOST_TEXT_MAX] = 'a';
	ck_assert(!xclient_parse(span_of(text), XCLIENT_WORDS, &x, &why));
	memset(text, 0, sizeof(text));
	memcpy(text, "LOGIN=", 6);
	memset(text + 6, 'a', USER_TEXT_MAX);
	ck_assert(xclient_parse(span_of(text), XCLIENT_WORDS, &x, &why));
	text[6 + USER_TEXT_MAX] = 'a';
	ck_assert(!xclient_parse(span_of(text), XCLIENT_WORDS, &x, &why));
}
END_TEST

START_TEST(an_address_is_octets)
{
	static const uint8_t	 v4[] = { 192, 0, 2, 1 }, v6[16] = { [15] = 1 };
	struct xclient		 x;
	struct reply		 why;

	ck_assert(xclient_parse(span_of("ADDR=192.0.2.1 PORT=40000"),
	    XCLIENT_WORDS, &x, &why));
	ck_assert_int_eq(x.family, AF_INET);
	ck_assert_mem_eq(x.address, v4, sizeof(v4));
	ck_assert_uint_eq(x.port, 40000);
	ck_assert(xclient_parse(span_of("ADDR=IPV6:::1"), XCLIENT_WORDS, &x,
	    &why));
	ck_assert_int_eq(x.family, AF_INET6);
	ck_assert_mem_eq(x.address, v6, sizeof(v6));
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("xclient");
	TCase	*tc = tcase_create("xclient");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_loop_test(tc, a_value_is_decoded, 0, COUNT(said));
	tcase_add_loop_test(tc, what_is_no_value_is_refused, 0, COUNT(wrong));
	tcase_add_test(tc, lengths_have_ceilings);
	tcase_add_test(tc, an_address_is_octets);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
