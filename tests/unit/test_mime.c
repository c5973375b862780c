/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/mime.h"
#include "shared/utf8.h"

static struct buf	 out;

static void
setup(void)
{
	buf_init(&out, 65536);
}

static void
teardown(void)
{
	buf_clear(&out);
}

static const struct {
	const char	*octets;
	size_t		 length;	/* of the character; 0: none */
	uint32_t	 number;
} characters[] = {
	{ "a",			1, 'a' },
	{ "\n",			1, '\n' },
	{ "\303\251",		2, 0xe9 },
	{ "\342\202\254",	3, 0x20ac },
	{ "\360\237\230\200",	4, 0x1f600 },
	{ "\364\217\277\277",	4, 0x10ffff },
	{ "",			0, 0 },
	{ "\303",		0, 0 },
	{ "\303(",		0, 0 },
	{ "\251",		0, 0 },
	{ "\300\257",		0, 0 },		/* "/", spelt longer */
	{ "\340\200\257",	0, 0 },
	{ "\355\240\200",	0, 0 },		/* half of a pair */
	{ "\364\220\200\200",	0, 0 },		/* beyond Unicode */
	{ "\360\237\230",	0, 0 },
	{ "\377",		0, 0 },
};

START_TEST(only_utf8_is_utf8)
{
	struct span	 s = span_of(characters[_i].octets);
	size_t		 n = utf8_length(s);

	ck_assert_uint_eq(n, characters[_i].length);
	ck_assert(utf8_is_valid(s) == (n == s.len));
	if (n > 0)
		ck_assert_uint_eq(utf8_number(s, n), characters[_i].number);
}
END_TEST

static const struct {
	const char	*field, *text;		/* NULL: it cannot be read */
} fields[] = {
	{ " plain",			"plain" },
	{ " two\r\n\tlines \r\n",	"two lines" },
	{ "=?utf-8?Q?d=C3=A9j=c3=a0_vu?=", "d\303\251j\303\240 vu" },
	{ "=?UTF-8?B?w6k=?=",		"\303\251" },
	{ "=?iso-8859-1?q?=E9?= x",	"\303\251 x" },
	{ "=?us-ascii*en?q?a?=",	"a" },
	{ "a =?utf-8?Q?b?=\r\n =?utf-8?Q?c?= d", "a bc d" },
	{ "=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "\303\251" },
	{ "d\303\251j\303\240",		"d\303\251j\303\240" },
	{ "=?utf-8?X?a?=",		"=?utf-8?X?a?=" },
	{ "=?utf-8?Q?a b?=",		"=?utf-8?Q?a b?=" },
	{ "=?utf-8?Q?a",		"=?utf-8?Q?a" },
	{ "=?",				"=?" },
	{ "",				"" },
	{ "=?koi8-r?Q?=C1?=",		NULL },
	{ "=?utf-8?Q?=?=",		NULL },
	{ "=?utf-8?Q?=4?=",		NULL },
	{ "=?utf-8?Q?=XX?=",		NULL },
	{ "=?utf-8?B?x?=",		NULL },
	{ "=?utf-8?Q?=FF?=",		NULL },
	{ "=?utf-8?Q?=0A?=",		NULL },
	{ "\033[2J",			NULL },
	{ "\377",			NULL },
};

START_TEST(the_text_of_a_field_is_read)
{
	char	 text[64];
	bool	 good = mime_read_words(span_of(fields[_i].field), text,
		    sizeof text);

	ck_assert_msg(good == (fields[_i].text != NULL), "%s",
	    fields[_i].field);
	if (good)
		ck_assert_str_eq(text, fields[_i].text);
}
END_TEST

START_TEST(what_is_too_long_is_cut_between_characters)
{
	char	 text[4];

	ck_assert(mime_read_words(span_of("ab\303\251"), text, sizeof text));
	ck_assert_str_eq(text, "ab");
	ck_assert(mime_read_words(span_of("a\303\251c"), text, sizeof text));
	ck_assert_str_eq(text, "a\303\251");
}
END_TEST

/* Nothing is lost, whatever its length, and no word is too long. */
START_TEST(encoded_words_are_read_again)
{
	struct span	 all = span_of("Un \342\202\254 est une monnaie, "
			    "l'\303\251t\303\251 une saison ?=_ et la suite "
			    "\303\240 la page suivante"), line, rest;
	size_t		 n = (size_t)_i;
	char		 text[256];

	while (n < all.len && utf8_length(span_skip(all, n)) == 0)
		n++;
	all = span_head(all, n);
	ck_assert(mime_put_words(all, &out));
	for (rest = buf_span(&out); rest.len > 0;) {
		rest = span_cut(rest, '\n', &line);
		ck_assert_uint_le(line.len, 77);
	}
	ck_assert(mime_read_words(buf_span(&out), text, sizeof text));
	ck_assert_msg(span_is(all, text), "%s", text);
}
END_TEST

static const struct {
	const char	*lines, *quoted;
} quotings[] = {
	{ "a b\r\n",		"a b\r\n" },
	{ "a=b",		"a=3Db\r\n" },
	{ "a \r\nb\t\r\n",	"a=20\r\nb=09\r\n" },
	{ "\303\251\n",		"=C3=A9\r\n" },
	{ "\r\n\r\n",		"\r\n\r\n" },
	{ "a\rb\r\n",		"a=0Db\r\n" },
	{ "",			"" },
	{ "0123456789012345678901234567890123456789012345678901234567890123456"
	    "789012345678\r\n",
	  "0123456789012345678901234567890123456789012345678901234567890123456"
	    "78901234=\r\n5678\r\n" },
};

START_TEST(lines_become_quoted_printable)
{
	ck_assert(mime_put_quoted(span_of(quotings[_i].lines), &out));
	ck_assert_msg(span_is(buf_span(&out), quotings[_i].quoted), "%.*s",
	    (int)buf_len(&out), buf_span(&out).ptr);
}
END_TEST

START_TEST(a_full_buf_is_told)
{
	struct buf	 small;

	buf_init(&small, 16);
	ck_assert(!mime_put_words(span_of("0123456789"), &small));
	buf_clear(&small);
	buf_init(&small, 8);
	ck_assert(!mime_put_quoted(span_of("0123456789"), &small));
	buf_clear(&small);
}
END_TEST

static void
add_all(TCase *tc)
{
	tcase_add_loop_test(tc, only_utf8_is_utf8, 0, COUNT(characters));
	tcase_add_loop_test(tc, the_text_of_a_field_is_read, 0,
	    COUNT(fields));
	tcase_add_test(tc, what_is_too_long_is_cut_between_characters);
	tcase_add_loop_test(tc, encoded_words_are_read_again, 1, 90);
	tcase_add_loop_test(tc, lines_become_quoted_printable, 0,
	    COUNT(quotings));
	tcase_add_test(tc, a_full_buf_is_told);
}

int
main(void)
{
	Suite	*s = suite_create("mime");
	TCase	*tc = tcase_create("mime");
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
