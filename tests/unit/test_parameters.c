/* SPDX-License-Identifier: ISC */
/* What goes along with a message, and xtext. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/xtext.h"
#include "smtpd/parameters.h"
#include "smtpd/rule.h"
#include "smtpd/ruling.h"
#include "smtpd/session.h"

static const char	*fresh;		/* tag of the recipient at hand */

const char *
session_with(const struct session *s)
{
	return s->esmtp ? "ESMTP" : "SMTP";
}

const char *
ruling_new_tag(const struct transaction *t)
{
	(void)t;
	return fresh;
}

START_TEST(a_priority_goes_along)
{
	struct session		 s = { .esmtp = true };
	struct rule		 low = { .priority = -9 };
	struct transaction	 t = { .session = &s, .urged = &low };
	char			 text[PARAMETERS_MAX + 1];

	ck_assert(span_is(parameters_of(&t, text),
	    "priority=-9 proto=ESMTP"));
}
END_TEST

static const struct {
	const char	*helo, *tags[3];
	bool		 esmtp;
	const char	*words;
	const char	*text;
} messages[] = {
	{ "a.example", { NULL }, true, NULL, "proto=ESMTP helo=a.example" },
	{ NULL, { NULL }, false, NULL, "proto=SMTP" },
	{ "[IPv6:::1]", { "Bulk", "x-1" }, false, NULL,
	    "tag=Bulk tag=x-1 proto=SMTP helo=[IPv6:::1]" },
	{ "a b+c=d\xe4", { NULL }, true, NULL,
	    "proto=ESMTP helo=a+20b+2Bc+3Dd+E4" },
	{ "a.example", { "Bulk" }, true, "ret=full envid=a+20b",
	    "tag=Bulk proto=ESMTP ret=full envid=a+20b helo=a.example" },
	{ "\r\nproto=x", { NULL }, true, NULL,
	    "proto=ESMTP helo=+0D+0Aproto+3Dx" },
};

START_TEST(tags_helo_and_protocol_go_along)
{
	struct session		 s = { .esmtp = messages[_i].esmtp };
	struct transaction	 t = { .session = &s };
	char			 text[PARAMETERS_MAX + 1];

	s.helo = (char *)messages[_i].helo;
	t.words = (char *)messages[_i].words;
	while (messages[_i].tags[t.tag_count] != NULL) {
		t.tags[t.tag_count] = messages[_i].tags[t.tag_count];
		t.tag_count++;
	}
	ck_assert(span_is(parameters_of(&t, text), messages[_i].text));
	ck_assert_str_eq(text, messages[_i].text);
}
END_TEST

START_TEST(a_recipient_is_asked_for_with_its_tag)
{
	struct session		 s = { .helo = NULL };
	struct transaction	 t = { .session = &s, .tags = { "bulk" },
				    .tag_count = 1 };
	char			 text[PARAMETERS_MAX + 1];

	fresh = NULL;
	ck_assert(span_is(parameters_of_recipient(&t, text), "tag=bulk"));
	fresh = "new";
	ck_assert(span_is(parameters_of_recipient(&t, text),
	    "tag=bulk tag=new"));
	t.tag_count = 0;
	fresh = NULL;
	ck_assert_uint_eq(parameters_of_recipient(&t, text).len, 0);
}
END_TEST

/* All tags that there may be fit, and a name that does not is left out. */
START_TEST(the_longest_fit)
{
	static char		 tag[TAG_MAX + 1], helo[2048];
	static char		 words[DSN_MAIL_MAX + 1];
	struct session		 s = { .helo = helo };
	struct transaction	 t = { .session = &s, .words = words };
	char			 text[PARAMETERS_MAX + 1];
	struct span		 all;
	size_t			 n;

	memset(words, 'e', DSN_MAIL_MAX);
	memset(tag, 'x', TAG_MAX);
	while (t.tag_count < TAGS_MAX)
		t.tags[t.tag_count++] = tag;
	for (n = 0; n < sizeof helo - 1; n++) {
		helo[n] = n % 2 == 0 ? 'a' : '=';
		all = parameters_of(&t, text);
		ck_assert_uint_le(all.len, PARAMETERS_MAX);
		ck_assert(span_starts(all, "tag=xxx"));
		ck_assert(strstr(text, " proto=SMTP") != NULL);
		ck_assert((strstr(text, " helo=") != NULL) ==
		    (all.len > 8 * 37 + 11 + 121));
		ck_assert(strstr(text, words) != NULL);
	}
	ck_assert(strstr(text, " helo=") == NULL);
}
END_TEST

START_TEST(xtext_gives_back_what_it_took)
{
	char	 raw[256], text[3 * sizeof raw + 1], again[sizeof raw];
	size_t	 i, n = 0;

	for (i = ' '; i <= '~'; i++)
		raw[n++] = (char)i;
	ck_assert(xtext_encode(span_make(raw, n), text, sizeof text));
	ck_assert(strpbrk(text, " =") == NULL);
	ck_assert(xtext_decode(span_of(text), again, sizeof again));
	ck_assert_mem_eq(raw, again, n);
	ck_assert(!xtext_encode(span_make(raw, n), text, n));
	ck_assert_str_eq(text, "");
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("parameters");
	TCase	*tc = tcase_create("parameters");
	SRunner	*r;
	int	 failed;

	tcase_add_test(tc, a_priority_goes_along);
	tcase_add_loop_test(tc, tags_helo_and_protocol_go_along, 0,
	    COUNT(messages));
	tcase_add_test(tc, a_recipient_is_asked_for_with_its_tag);
	tcase_add_test(tc, the_longest_fit);
	tcase_add_test(tc, xtext_gives_back_what_it_took);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
