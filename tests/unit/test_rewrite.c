/* SPDX-License-Identifier: ISC */
/* What addresses become at the border, in the table and in the header. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/header.h"
#include "remote/passage.h"

enum {
	SENDER = REWRITE_SENDER, HEADER = REWRITE_HEADER,
	ALL = REWRITE_SENDER | REWRITE_RECIPIENT | REWRITE_HEADER
};

/* The first that matches, but an address itself. */
static const struct {
	const char	*from, *to;
	unsigned	 where;
} rows[] = {
	{ "root@*.mask.example",	"",			ALL },
	{ "@*.mask.example",		"@mask.example",	ALL },
	{ "joe@host.example",		"joe.doe@example.org",	ALL },
	{ "@host.example",		"@example.org",		ALL },
	{ "@*.example",			"all@example.net",	HEADER },
	{ "\"a b\"@x.example",		"ab@x.example",		ALL },
	{ "half@x.example",		"x@y.example",		SENDER },
	{ "half@x.example",		"late@y.example",	ALL },
	{ "@long.example",		"@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
	    "cccccccccccccccccccccccccccccccccccccccccccccccccccccccc."
	    "dddddddddddddddddddddddddddddddddddddddddddd.example", ALL },
};

static void
fill(struct rewrites *r)
{
	struct msg_conf_rewrite	 m;
	size_t			 i;

	rewrites_init(r);
	for (i = 0; i < COUNT(rows); i++) {
		m.from = span_of(rows[i].from);
		m.to = span_of(rows[i].to);
		m.where = rows[i].where;
		ck_assert(rewrites_put(r, &m));
	}
}

/* ---- the table ----------------------------------------------------------- */

static const struct {
	unsigned	 where;
	const char	*from, *to;	/* NULL: it stays */
} maps[] = {
	{ SENDER, "joe@host.example",		"joe.doe@example.org" },
	{ SENDER, "JOE@Host.Example",		"joe.doe@example.org" },
	{ SENDER, "jim@host.example",		"jim@example.org" },
	{ SENDER, "JIM@host.example",		"JIM@example.org" },
	{ SENDER, "jim@sub.host.example",	NULL },
	{ HEADER, "jim@sub.host.example",	"all@example.net" },
	{ SENDER, "jim@example",		NULL },
	{ HEADER, "jim@example",		NULL },
	{ SENDER, "a@mask.example",		NULL },
	{ SENDER, "a@x.mask.example",		"a@mask.example" },
	{ SENDER, "a@x.y.mask.example",		"a@mask.example" },
	{ SENDER, "root@x.y.mask.example",	NULL },
	{ SENDER, "a@xmask.example",		NULL },
	{ SENDER, "\"a b\"@x.example",		"ab@x.example" },
	{ SENDER, "half@x.example",		"x@y.example" },
	{ HEADER, "half@x.example",		"late@y.example" },
	{ SENDER, "postmaster",			NULL },
	{ SENDER, "",				NULL },
	{ SENDER, "a@[192.0.2.1]",		NULL },
	{ SENDER, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaa@long.example",		NULL },	/* it would be none */
};

START_TEST(the_first_row_that_matches_holds)
{
	struct rewrites	 r;
	struct addr	 from, to;
	bool		 good;

	fill(&r);
	ck_assert(addr_parse(span_of(maps[_i].from), &from) == ADDR_OK);
	good = rewrites_map(&r, maps[_i].where, &from, &to);
	ck_assert_msg(good == (maps[_i].to != NULL), "%s", maps[_i].from);
	if (good)
		ck_assert_str_eq(to.text, maps[_i].to);
	rewrites_clear(&r);
}
END_TEST

START_TEST(many_rows_are_found)
{
	struct rewrites		 r;
	struct msg_conf_rewrite	 m = { .where = ALL };
	struct addr		 from, to;
	char			 text[64], wanted[64];
	unsigned		 i;

	rewrites_init(&r);
	for (i = 0; i <= REWRITES_MAX; i++) {
		snprintf(text, sizeof text, "u%u@example.org", i);
		snprintf(wanted, sizeof wanted, "v%u@example.net", i);
		m.from = span_of(text);
		m.to = span_of(wanted);
		ck_assert(rewrites_put(&r, &m) == (i < REWRITES_MAX));
	}
	for (i = 0; i < REWRITES_MAX; i += 101) {
		snprintf(text, sizeof text, "u%u@example.org", i);
		snprintf(wanted, sizeof wanted, "v%u@example.net", i);
		ck_assert(addr_parse(span_of(text), &from) == ADDR_OK);
		ck_assert(rewrites_map(&r, SENDER, &from, &to));
		ck_assert_str_eq(to.text, wanted);
	}
	rewrites_clear(&r);
}
END_TEST

static const struct {
	const char	*from, *to;
} bad[] = {
	{ "nobody",		"a@b.example" },
	{ "a@b.example",	"nobody" },
	{ "a@b.example",	"@" },
	{ "a@b.example",	"@*.example" },
	{ "a@b.example",	"<a@c.example>" },
};

START_TEST(what_is_no_row_is_told)
{
	struct rewrites		 r;
	struct msg_conf_rewrite	 m = { .where = ALL };

	rewrites_init(&r);
	m.from = span_of(bad[_i].from);
	m.to = span_of(bad[_i].to);
	ck_assert(!rewrites_put(&r, &m));
	rewrites_clear(&r);
}
END_TEST

/* ---- the header ---------------------------------------------------------- */

#define NEW	"joe.doe@example.org"

/* Joined to "name: body CRLF"; NULL: as it was. */
static const struct {
	const char	*in, *out;
} fields[] = {
	{ "From: joe@host.example\r\n",	"From: " NEW "\r\n" },
	{ "from:joe@host.example\r\n",	"from:" NEW "\r\n" },
	{ "FROM : joe@host.example\r\n", "FROM : " NEW "\r\n" },
	{ "Reply-To: Joe <joe@host.example>\r\n",
	    "Reply-To: Joe <" NEW ">\r\n" },
	{ "Sender: \"joe@host.example\" <joe@host.example> (joe@host.example)"
	    "\r\n", "Sender: \"joe@host.example\" <" NEW "> "
	    "(joe@host.example)\r\n" },
	{ "To: a@b.example, joe@host.example ,\r\n\tjim@host.example\r\n",
	    "To: all@example.net, " NEW " ,\r\n\tjim@example.org\r\n" },
	{ "Cc: all: joe@host.example, x;, jim@host.example\r\n",
	    "Cc: all: " NEW ", x;, jim@example.org\r\n" },
	{ "Bcc:\r\n <joe@host.example>\r\n", "Bcc:\r\n <" NEW ">\r\n" },
	{ "Resent-From: joe @ host . example\r\n", "Resent-From: " NEW "\r\n" },
	{ "Resent-Sender: joe@host.example\r\n",
	    "Resent-Sender: " NEW "\r\n" },
	{ "Resent-Reply-To: joe@host.example\r\n",
	    "Resent-Reply-To: " NEW "\r\n" },
	{ "Resent-To: joe@host.example\r\n", "Resent-To: " NEW "\r\n" },
	{ "Resent-Cc: joe@host.example\r\n", "Resent-Cc: " NEW "\r\n" },
	{ "Resent-Bcc: joe@host.example\r\n", "Resent-Bcc: " NEW "\r\n" },
	{ "To: <@r.example,@s.example:joe@host.example>\r\n",
	    "To: <@r.example,@s.example:" NEW ">\r\n" },
	{ "To: \"a b\"@x.example\r\n", "To: ab@x.example\r\n" },
	{ "To: joe@elsewhere.test, <>, joe\r\n", NULL },
	{ "To: undisclosed-recipients:;\r\n", NULL },
	{ "To: joe@host.example, broken <\r\n", NULL },
	{ "To: joe@host.example (open\r\n", NULL },
	{ "To: joe@host.example\rx\r\n", NULL },
	{ "To: joe@host.example\n", NULL },
	{ "To: joe@host.example", NULL },
	{ "Subject: joe@host.example\r\n", NULL },
	{ "X-To: joe@host.example\r\n", NULL },
	{ "Message-ID: <joe@host.example>\r\n", NULL },
	{ "X: y\r\n To: joe@host.example\r\n", NULL },
	{ " To: joe@host.example\r\n", NULL },
	{ "\r\nTo: joe@host.example\r\n", NULL },
	{ "no field\r\nTo: joe@host.example\r\n", NULL },
	{ "", NULL },
	{ "\r\n", NULL },
	{ "To", NULL },
};

static struct span
pass(struct passage *p, struct span all, size_t step)
{
	static char	 out[1 << 20];
	size_t		 n, len = 0;

	for (; all.len > 0; all = span_skip(all, step)) {
		passage_put(p, span_head(all, step));
		n = buf_len(&p->out);
		memcpy(out + len, buf_span(&p->out).ptr, n);
		buf_drop(&p->out, n);
		len += n;
	}
	passage_end(p);
	n = buf_len(&p->out);
	memcpy(out + len, buf_span(&p->out).ptr, n);
	buf_drop(&p->out, n);
	ck_assert(passage_is_over(p));
	return span_make(out, len + n);
}

/* Behind another field and before one, in pieces of each size. */
START_TEST(addresses_change_and_nothing_else)
{
	struct rewrites	 r;
	struct passage	 p = { .place = PASSAGE_IDLE };
	char		 in[4096], wanted[4096];
	struct span	 got;
	size_t		 step;

	fill(&r);
	snprintf(in, sizeof in, "Received: by x\r\n\tfor <joe@host.example>\r\n"
	    "%sDate: now\r\n\r\nTo: joe@host.example\r\n", fields[_i].in);
	snprintf(wanted, sizeof wanted, "D: x\r\nReceived: by x\r\n"
	    "\tfor <joe@host.example>\r\n%sDate: now\r\n\r\n"
	    "To: joe@host.example\r\n", fields[_i].out != NULL ?
	    fields[_i].out : fields[_i].in);
	for (step = 1; step <= strlen(in); step++) {
		passage_begin(&p, &r, span_of("D: x\r\n"));
		got = pass(&p, span_of(in), step);
		ck_assert_msg(span_is(got, wanted), "%zu: %s: %.*s", step,
		    fields[_i].in, (int)got.len, got.ptr);
	}
	passage_clear(&p);
	rewrites_clear(&r);
}
END_TEST

/* A field at the very end, whole or not. */
START_TEST(the_end_may_come_anywhere)
{
	struct rewrites	 r;
	struct passage	 p = { .place = PASSAGE_IDLE };
	struct span	 got;

	fill(&r);
	passage_begin(&p, &r, span_of(""));
	got = pass(&p, span_of(fields[_i].in), 1000);
	ck_assert_msg(span_is(got, fields[_i].out != NULL ? fields[_i].out :
	    fields[_i].in), "%s: %.*s", fields[_i].in, (int)got.len, got.ptr);
	passage_clear(&p);
	rewrites_clear(&r);
}
END_TEST

static size_t
longest_line(struct span s)
{
	size_t	 n, most = 0;

	while (s.len > 0) {
		n = span_index(s, '\r');
		most = n > most ? n : most;
		s = span_skip(s, n + 2);
	}
	return most;
}

/* Lines of each length up to the longest that may be. */
START_TEST(no_line_becomes_too_long)
{
	struct rewrites		 r;
	struct passage		 p = { .place = PASSAGE_IDLE };
	struct mailboxes	 m;
	struct span		 got, body;
	char			 in[2048];
	unsigned		 n;
	int			 len, i;

	fill(&r);
	for (i = 0; i < 60; i++) {
		len = snprintf(in, sizeof in, "To: ");
		while (len + 40 + i < PASSAGE_LINE)
			len += snprintf(in + len, sizeof in - len,
			    "joe@host.example,");
		len += snprintf(in + len, sizeof in - len,
		    "x@test.test (%.*s)\r\n", PASSAGE_LINE - len - 14 - i,
		    "comment comment comment comment comment");
		ck_assert(longest_line(span_of(in)) <= PASSAGE_LINE);
		passage_begin(&p, &r, span_of(""));
		got = pass(&p, span_make(in, len), 100);
		ck_assert_uint_le(longest_line(got), PASSAGE_LINE);
		(void)span_cut(got, ':', &body);
		mailboxes_init(&m, span_skip(got, body.len + 1));
		for (n = 0; mailboxes_next(&m) == MAILBOX_FOUND; n++)
			ck_assert(strcmp(m.text, NEW) == 0 ||
			    strcmp(m.text, "x@test.test") == 0);
		ck_assert_uint_gt(n, 50);
	}
	passage_clear(&p);
	rewrites_clear(&r);
}
END_TEST

/* Up to the ceilings fields change, behind them they go through. */
START_TEST(ceilings_hold)
{
	struct rewrites	 r;
	struct passage	 p = { .place = PASSAGE_IDLE };
	struct buf	 in;
	struct span	 got;
	unsigned	 i, n = 1 << _i;

	fill(&r);
	buf_init(&in, 1 << 19);
	for (i = 0; i < n; i++)
		ck_assert(buf_put(&in, span_of("X: y\r\nTo: joe@host.example"
		    ",\r\n joe@host.example\r\n")));
	ck_assert(buf_put(&in, span_of("Cc: joe@host.example")));
	for (i = 0; i < n; i++)
		ck_assert(buf_put(&in, span_of(",\r\n joe@host.example")));
	ck_assert(buf_put(&in, span_of("\r\n\r\n")));
	passage_begin(&p, &r, span_of(""));
	got = pass(&p, buf_span(&in), RING_SLOT);
	ck_assert_uint_ge(got.len, buf_len(&in));
	ck_assert_uint_le(got.len, buf_len(&in) + PASSAGE_GROWTH);
	ck_assert(n > 1000 || memmem(got.ptr, got.len, "joe@host", 8) == NULL);
	buf_clear(&in);
	passage_clear(&p);
	rewrites_clear(&r);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("rewrite");
	TCase	*tc = tcase_create("rewrite");
	SRunner	*runner;
	int	 failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, the_first_row_that_matches_holds, 0,
	    COUNT(maps));
	tcase_add_test(tc, many_rows_are_found);
	tcase_add_loop_test(tc, what_is_no_row_is_told, 0, COUNT(bad));
	tcase_add_loop_test(tc, addresses_change_and_nothing_else, 0,
	    COUNT(fields));
	tcase_add_loop_test(tc, the_end_may_come_anywhere, 0, COUNT(fields));
	tcase_add_test(tc, no_line_becomes_too_long);
	tcase_add_loop_test(tc, ceilings_hold, 0, 13);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
