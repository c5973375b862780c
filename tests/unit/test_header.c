/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/header.h"
#include "shared/alloc.h"
#include "shared/buf.h"

/* ---- fields ------------------------------------------------------------- */

static const struct {
	const char	*line;
	bool		 is;
} lines[] = {
	{ "Subject: x\r\n",		true },
	{ "X-Odd!#$%:\r\n",		true },
	{ "Subject : x\r\n",		true },
	{ "Subject\t: x\r\n",		true },
	{ "To:",			true },
	{ "",				false },
	{ "\r\n",			false },
	{ ": x\r\n",			false },
	{ " Subject: x\r\n",		false },
	{ "\tx: y\r\n",			false },
	{ "no colon\r\n",		false },
	{ "two words: x\r\n",		false },
	{ "Subj\xc3\xa9: x\r\n",	false },
	{ "a\x01: x\r\n",		false },
};

START_TEST(a_field_begins_with_a_name_and_a_colon)
{
	ck_assert_msg(header_is_field(span_of(lines[_i].line)) ==
	    lines[_i].is, "%s", lines[_i].line);
}
END_TEST

/* Cut anywhere, a line that is no field is told by its first wrong octet. */
START_TEST(a_field_is_clear_with_its_colon)
{
	struct span	 line = span_of(lines[_i].line), name;
	size_t		 cut = 0;

	while (cut <= line.len && header_begin(span_head(line, cut), &name) ==
	    HEADER_UNCLEAR)
		cut++;
	if (lines[_i].is) {
		ck_assert_uint_eq(cut, span_index(line, ':') + 1);
		ck_assert(span_is(name, "To") || span_starts(name, "Subject") ||
		    span_is(name, "X-Odd!#$%"));
	}
	for (; cut <= line.len && line.len > 0; cut++)
		ck_assert_msg((header_begin(span_head(line, cut), &name) ==
		    HEADER_FIELD) == lines[_i].is, "%s", lines[_i].line);
}
END_TEST

START_TEST(folding_belongs_to_its_field)
{
	struct span	 text = span_of("To: a,\r\n b,\r\n\tc\r\nCc : d\r\n");
	struct field	 f;

	ck_assert(header_take(&text, &f));
	ck_assert(span_is(f.all, "To: a,\r\n b,\r\n\tc\r\n"));
	ck_assert(span_is(f.name, "To"));
	ck_assert(span_is(f.body, " a,\r\n b,\r\n\tc\r\n"));
	ck_assert(header_take(&text, &f));
	ck_assert(span_is(f.name, "Cc"));
	ck_assert(!header_take(&text, &f));
}
END_TEST

START_TEST(a_field_is_found_without_regard_to_case)
{
	struct span	 text = span_of("date: now\r\nX-From: a\r\n"
			    " From: no\r\n");

	ck_assert(header_has(text, "Date"));
	ck_assert(!header_has(text, "From"));
}
END_TEST

/* ---- address lists ------------------------------------------------------ */

/* What is found, with "|" behind each; "!" where the list is bad. */
static const struct {
	const char	*list, *found;
} lists[] = {
	{ "",				"" },
	{ "  \r\n",			"" },
	{ "a@b",			"a@b|" },
	{ "root",			"root|" },
	{ "a@b, c@d",			"a@b|c@d|" },
	{ "a@b,c@d,",			"a@b|c@d|" },
	{ ",,a@b,,",			"a@b|" },
	{ "a@b,\r\n\tc@d\r\n",		"a@b|c@d|" },
	/* names */
	{ "Joe <a@b>",			"a@b|" },
	{ "<a@b>",			"a@b|" },
	{ "Joe Q. Public <a@b>",	"a@b|" },
	{ "\"Public, Joe\" <a@b>",	"a@b|" },
	{ "\"<x@y>\" <a@b>",		"a@b|" },
	{ "\"a \\\" b\" <a@b>, c@d",	"a@b|c@d|" },
	{ "Jos\xc3\xa9 <a@b>",		"a@b|" },
	{ "=?utf-8?Q?J=C3=A9?= <a@b>",	"a@b|" },
	{ "a@b <c@d>",			"c@d|" },
	/* comments */
	{ "a@b (Joe)",			"a@b|" },
	{ "(Joe, (the) one) a@b",	"a@b|" },
	{ "a(x)@(y)b",			"a@b|" },
	{ "Joe <a@b(c>)>",		"a@b|" },
	{ "a@b (\\) , ), c@d",		"a@b|c@d|" },
	{ "\"(\" <a@b>",		"a@b|" },
	/* odd local parts and domains */
	{ "\"a b\"@c",			"\"a b\"@c|" },
	{ "\"a@b\"",			"\"a@b\"|" },
	{ "a.b@c.d",			"a.b@c.d|" },
	{ "a . b @ c . d",		"a.b@c.d|" },
	{ "a@[192.0.2.1]",		"a@[192.0.2.1]|" },
	{ "-f@b",			"-f@b|" },
	{ "<-oQ/tmp>",			"-oQ/tmp|" },
	{ "\"a\r\n b\"@c",		"\"a b\"@c|" },
	{ "<>",				"|" },
	/* source routes */
	{ "<@x,@y:a@b>",		"a@b|" },
	{ "Joe <@x:a@b>, c@d",		"a@b|c@d|" },
	/* groups */
	{ "undisclosed-recipients:;",	"" },
	{ "undisclosed recipients: ;",	"" },
	{ "undisclosed-recipients:",	"" },
	{ "us: a@b, Joe <c@d>;",	"a@b|c@d|" },
	{ "us: a@b;, e@f",		"a@b|e@f|" },
	{ "us: a@b; them: c@d;",	"a@b|c@d|" },
	{ "a@b, us: c@d;, e@f",		"a@b|c@d|e@f|" },
	/* what is none */
	{ "a b",			"!" },
	{ "a@b c@d",			"!" },
	{ "a@b, c d, e@f",		"a@b|!" },
	{ "Joe <a@b",			"!" },
	{ "Joe a@b>",			"!" },
	{ "<a@b> Joe",			"!" },
	{ "<a@b> <c@d>",		"!" },
	{ "<a b>",			"!" },
	{ "<<a@b>>",			"!" },
	{ "\"Joe <a@b>",		"!" },
	{ "(Joe a@b",			"!" },
	{ "Joe) a@b",			"!" },
	{ "a@[1",			"!" },
	{ "a@b;",			"!" },
	{ "us: them: a@b;;",		"!" },
	{ ": a@b",			"!" },
	{ "@b",				"!" },
	{ "<@x:>",			"!" },
	{ "a\\b@c",			"!" },
	{ "\"a\\",			"!" },
};

START_TEST(a_list_gives_its_mailboxes)
{
	struct mailboxes	 m;
	enum mailbox_status	 status;
	struct buf		 found;

	buf_init(&found, 4096);
	mailboxes_init(&m, span_of(lists[_i].list));
	while ((status = mailboxes_next(&m)) == MAILBOX_FOUND) {
		ck_assert_uint_eq(strlen(m.text), m.len);
		ck_assert(buf_printf(&found, "%s|", m.text));
	}
	if (status == MAILBOX_BAD)
		ck_assert(buf_put(&found, span_of("!")));
	ck_assert_msg(span_is(buf_span(&found), lists[_i].found),
	    "%s: %.*s", lists[_i].list, (int)buf_len(&found),
	    buf_span(&found).ptr);
	buf_clear(&found);
}
END_TEST

START_TEST(every_cut_of_a_list_is_read_without_harm)
{
	struct mailboxes	 m;
	size_t			 len = strlen(lists[_i].list), cut;
	char			*copy;
	int			 n;

	for (cut = 0; cut <= len; cut++) {
		/* Behind the last octet a sanitizer stands guard. */
		copy = xcalloc(cut + 1, 1);
		memcpy(copy, lists[_i].list, cut);
		copy = xreallocarray(copy, cut > 0 ? cut : 1, 1);
		mailboxes_init(&m, span_make(copy, cut));
		for (n = 0; mailboxes_next(&m) == MAILBOX_FOUND; n++)
			ck_assert_int_le(n, (int)cut);
		free(copy);
	}
}
END_TEST

START_TEST(a_domain_is_seen_only_outside_of_quotes)
{
	struct mailboxes	 m;

	mailboxes_init(&m, span_of("\"a@b\", c@d, Joe@x <e>"));
	ck_assert_int_eq(mailboxes_next(&m), MAILBOX_FOUND);
	ck_assert(!m.has_domain);
	ck_assert_int_eq(mailboxes_next(&m), MAILBOX_FOUND);
	ck_assert(m.has_domain);
	ck_assert_int_eq(mailboxes_next(&m), MAILBOX_FOUND);
	ck_assert(!m.has_domain);
}
END_TEST

/* Some who read "a@b <c@d>" see a@b. */
static const struct {
	const char	*list;
	bool		 is;
} ambiguities[] = {
	{ "Joe <a@b>",			false },
	{ "\"a@b\" <c@d>",		false },
	{ "c@d (a@b)",			false },
	{ "a@b, <c@d>",			false },
	{ "us: <c@d>;",			false },
	{ "=?utf-8?Q?a=40b?= <c@d>",	false },
	{ "<@x:a@b>",			false },
	{ "a@b <c@d>",			true },
	{ "Joe @ work <c@d>",		true },
	{ "a@b: c@d;",			true },
	{ "a@b: Joe <c@d>;",		true },
};

START_TEST(who_writes_addresses_into_names_is_ambiguous)
{
	struct mailboxes	 m;
	enum mailbox_status	 status;
	bool			 was = false;

	mailboxes_init(&m, span_of(ambiguities[_i].list));
	while ((status = mailboxes_next(&m)) == MAILBOX_FOUND)
		was |= m.ambiguous;
	ck_assert_int_eq(status, MAILBOX_END);
	ck_assert_msg(was == ambiguities[_i].is, "%s", ambiguities[_i].list);
}
END_TEST

/* `n` times `c`, then `end`. */
static char *
repeat(char c, size_t n, const char *end)
{
	char	*text = xcalloc(n + strlen(end) + 1, 1);

	memset(text, c, n);
	memcpy(text + n, end, strlen(end));
	return text;
}

START_TEST(an_address_has_a_ceiling_and_a_name_has_none)
{
	struct mailboxes	 m;
	char			*text = repeat('a', ADDR_TEXT_MAX, "");

	mailboxes_init(&m, span_of(text));
	ck_assert_int_eq(mailboxes_next(&m), MAILBOX_FOUND);
	ck_assert_uint_eq(m.len, ADDR_TEXT_MAX);
	free(text);

	text = repeat('a', ADDR_TEXT_MAX + 1, "");
	mailboxes_init(&m, span_of(text));
	ck_assert_int_eq(mailboxes_next(&m), MAILBOX_BAD);
	free(text);

	text = repeat('a', 100000, " <b@c>");
	mailboxes_init(&m, span_of(text));
	ck_assert_int_eq(mailboxes_next(&m), MAILBOX_FOUND);
	ck_assert_str_eq(m.text, "b@c");
	free(text);
}
END_TEST

START_TEST(deep_comments_need_no_stack)
{
	struct mailboxes	 m;
	char			*text = repeat('(', 1 << 20, "");

	mailboxes_init(&m, span_of(text));
	ck_assert_int_eq(mailboxes_next(&m), MAILBOX_BAD);
	free(text);
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("header");
	TCase	*tc = tcase_create("header");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_loop_test(tc, a_field_begins_with_a_name_and_a_colon, 0,
	    COUNT(lines));
	tcase_add_loop_test(tc, a_field_is_clear_with_its_colon, 0,
	    COUNT(lines));
	tcase_add_test(tc, folding_belongs_to_its_field);
	tcase_add_test(tc, a_field_is_found_without_regard_to_case);
	tcase_add_loop_test(tc, a_list_gives_its_mailboxes, 0, COUNT(lists));
	tcase_add_loop_test(tc, every_cut_of_a_list_is_read_without_harm, 0,
	    COUNT(lists));
	tcase_add_test(tc, a_domain_is_seen_only_outside_of_quotes);
	tcase_add_loop_test(tc,
	    who_writes_addresses_into_names_is_ambiguous, 0,
	    COUNT(ambiguities));
	tcase_add_test(tc, an_address_has_a_ceiling_and_a_name_has_none);
	tcase_add_test(tc, deep_comments_need_no_stack);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
