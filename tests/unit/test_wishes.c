/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "remote/wishes.h"
#include "shared/alloc.h"

static const struct {
	const char	*words, *said;
} mails[] = {
	{ "", "" },
	{ "tag=x proto=ESMTP helo=a", "" },
	{ "proto=ESMTP ret=full", " RET=FULL" },
	{ "ret=hdrs envid=a+20b helo=a", " RET=HDRS ENVID=a+20b" },
	{ "envid=QQ314159", " ENVID=QQ314159" },
	/* what smtpd should not have said */
	{ "ret=some envid=a=b", "" },
	{ "envid=a+0Db", "" },
};

START_TEST(mail_says_what_was_said_to_us)
{
	char	 text[WISHES_SIZE];

	ck_assert_msg(span_is(wishes_of_mail(span_of(mails[_i].words), text),
	    mails[_i].said), "%s", text);
}
END_TEST

static const struct {
	const char	*words, *address, *original;
	bool		 is_asked, is_notice;
	const char	*said;
} rcpts[] = {
	{ "", "a@b.example", "", false, false, "" },
	{ "", "a@b.example", "a@b.example", false, false, "" },
	{ "", "a@b.example", "list+x@b.example", false, false,
	    " ORCPT=rfc822;list+2Bx@b.example" },
	{ "", "a@b.example", "", true, false, " ORCPT=rfc822;a@b.example" },
	{ "", "a@b.example", "", false, true, " NOTIFY=NEVER" },
	{ "", "a@b.example", "c@b.example", false, true, " NOTIFY=NEVER" },
	{ "notify=never", "a@b.example", "", false, false,
	    " NOTIFY=NEVER ORCPT=rfc822;a@b.example" },
	{ "notify=success,failure,delay orcpt=rfc822;X+2B@y", "a@b.example",
	    "c@d.example", true, false,
	    " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;X+2B@y" },
	{ "orcpt=utf-8;\\x{E4}@y", "a@b.example", "", false, false,
	    " ORCPT=utf-8;\\x{E4}@y" },
	{ "notify=delay", "\"a b=\"@c.example", "", false, false,
	    " NOTIFY=DELAY ORCPT=rfc822;\"a+20b+3D\"@c.example" },
	/* what smtpd should not have said */
	{ "notify=often orcpt=a@b", "a@b.example", "", false, false, "" },
	{ "notify=never,delay", "a@b.example", "", false, false, "" },
	{ "orcpt=rfc822;a+0D+0A@b", "a@b.example", "", false, false, "" },
};

START_TEST(rcpt_says_what_was_said_to_us)
{
	struct addr	 address, original = { .len = 0 };
	struct wisher	 w = { span_of(rcpts[_i].words), &address, &original,
			    rcpts[_i].is_asked, rcpts[_i].is_notice };
	char		 text[WISHES_SIZE];

	ck_assert_int_eq(addr_parse(span_of(rcpts[_i].address), &address),
	    ADDR_OK);
	ck_assert_int_eq(addr_parse(span_of(rcpts[_i].original), &original),
	    ADDR_OK);
	ck_assert_msg(span_is(wishes_of_rcpt(&w, text), rcpts[_i].said),
	    "%s", text);
}
END_TEST

/* An address of which ORCPT would be too long goes without. */
START_TEST(the_longest_are_said)
{
	struct addr	 address, original = { .len = 0 };
	char		 words[RCPT_PARAMETERS_MAX + 1], text[WISHES_SIZE];
	const char	*head = "notify=success,failure,delay orcpt=rfc822;";
	struct wisher	 w = { span_of(""), &address, &original, true, false };
	size_t		 len = strlen(head) + ORCPT_MAX - strlen("rfc822;");

	ck_assert_int_eq(addr_parse(span_of("a@b.example"), &address),
	    ADDR_OK);
	memset(words, 'x', sizeof words);
	memcpy(words, head, strlen(head));
	w.words = span_make(words, len);
	ck_assert_uint_eq(wishes_of_rcpt(&w, text).len, len + 1);
	w.words = span_of("notify=never");
	memset(&address, 0, sizeof address);
	memset(address.text, '=', ADDR_TEXT_MAX);
	address.len = ADDR_TEXT_MAX;
	ck_assert(span_is(wishes_of_rcpt(&w, text), " NOTIFY=NEVER"));
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("wishes");
	TCase	*tc = tcase_create("wishes");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, mail_says_what_was_said_to_us, 0,
	    COUNT(mails));
	tcase_add_loop_test(tc, rcpt_says_what_was_said_to_us, 0,
	    COUNT(rcpts));
	tcase_add_test(tc, the_longest_are_said);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
