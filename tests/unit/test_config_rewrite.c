/* SPDX-License-Identifier: ISC */
/* Rewrites and advice of the configuration. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "tests/unit/config_rig.h"

#define HEAD	"hostname mail.example.org\npostmaster joe@a.example\n" \
		"listen smtp {\n}\n"		/* four lines */

/* ---- rewriting ----------------------------------------------------------- */

enum { ENVELOPE = REWRITE_SENDER | REWRITE_RECIPIENT };

static const struct {
	const char	*line, *from, *to;
	unsigned	 where;
} rewrites[] = {
	{ "rewrite Joe@A.example joe.doe@B.example", "joe@a.example",
	    "joe.doe@B.example", ENVELOPE | REWRITE_HEADER },
	{ "rewrite @a.example @b.example both", "@a.example", "@b.example",
	    ENVELOPE | REWRITE_HEADER },
	{ "rewrite @*.a.example @a.example envelope", "@*.a.example",
	    "@a.example", ENVELOPE },
	{ "rewrite @a.example all@b.example header", "@a.example",
	    "all@b.example", REWRITE_HEADER },
};

START_TEST(rewrites_are_rows)
{
	char	 text[512];

	snprintf(text, sizeof text, HEAD "%s\n", rewrites[_i].line);
	must_read(text);
	ck_assert_uint_eq(config->rewrites.n, 1);
	ck_assert_str_eq(config->rewrites.item[0].from, rewrites[_i].from);
	ck_assert_str_eq(config->rewrites.item[0].to, rewrites[_i].to);
	ck_assert_uint_eq(config->rewrites.item[0].where, rewrites[_i].where);
	forget();
}
END_TEST

START_TEST(masquerades_are_rewrites_but_for_some_users)
{
	const struct config_rewrite	*r;

	must_read(HEAD "masquerade A.example b.example\n"
	    "masquerade-except Root\nrewrite @x.example @y.example\n");
	r = config->rewrites.item;
	ck_assert_uint_eq(config->rewrites.n, 5);
	ck_assert_str_eq(r[0].from, "@x.example");
	ck_assert_str_eq(r[1].from, "root@*.a.example");
	ck_assert_str_eq(r[1].to, "");
	ck_assert_str_eq(r[2].from, "@*.a.example");
	ck_assert_str_eq(r[2].to, "@a.example");
	ck_assert_uint_eq(r[2].where, REWRITE_SENDER | REWRITE_HEADER);
	ck_assert_str_eq(r[4].from, "@*.b.example");
	forget();
}
END_TEST

START_TEST(a_table_has_a_line_for_each)
{
	static const char	 table[] = "# all of them\n\n"
	    "joe@a.example\tj.doe@a.example   # him\n@b.example @a.example\n";
	static const char	 bad[] = "joe@a.example\nx\n* y@a.example\n"
	    "a@b.example c@d.example e\n";
	static const char	 why[] =
	    "table:1: expected LOCAL@DOMAIN or @DOMAIN behind the address\n"
	    "table:2: expected LOCAL@DOMAIN, @DOMAIN or @*.DOMAIN at the "
	    "beginning\n"
	    "table:3: expected LOCAL@DOMAIN, @DOMAIN or @*.DOMAIN at the "
	    "beginning\n"
	    "table:4: expected two addresses\n";
	struct span		 errors;

	must_read(HEAD);
	ck_assert(config_parse_rewrites(config, "table", span_of(table),
	    &notes));
	ck_assert_uint_eq(config->rewrites.n, 2);
	ck_assert_str_eq(config->rewrites.item[0].to, "j.doe@a.example");
	ck_assert_str_eq(config->rewrites.item[1].from, "@b.example");
	ck_assert(!config_parse_rewrites(config, "table", span_of(bad),
	    &notes));
	errors = buf_span(&notes.errors);
	ck_assert_msg(span_is(errors, why), "%.*s", (int)errors.len,
	    errors.ptr);
	forget();
}
END_TEST

/* ---- advice -------------------------------------------------------------- */

START_TEST(advice_has_domains_a_code_and_one_thing_to_do)
{
	const struct config_advice	*a;

	must_read(HEAD
	    "advice one {\ncode 421\ntext \"try later\"\npause 10m\n"
	    "domain *.a.example b.example\n}\n"
	    "advice two {\ncode 5xx\nslow\n}\n"
	    "advice three {\nother-family\n}\n"
	    "advice four {\ndomain c.example\npermanent\n}\n");
	a = config->advices;
	ck_assert_uint_eq(config->nadvices, 4);
	ck_assert_str_eq(a[0].name, "one");
	ck_assert_uint_eq(a[0].code, 421);
	ck_assert_str_eq(a[0].text, "try later");
	ck_assert_uint_eq(a[0].pause, 600000);
	ck_assert_uint_eq(a[0].n, 2);
	ck_assert_uint_eq(a[1].code, 5);
	ck_assert(a[1].slow);
	ck_assert_uint_eq(a[1].n, 0);
	ck_assert_uint_eq(a[2].code, 0);
	ck_assert(a[2].family);
	ck_assert(a[3].final);
	ck_assert_str_eq(config->advice_domains.item[a[3].first].text,
	    "c.example");
	forget();
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("config_rewrite");
	TCase	*tc = tcase_create("config_rewrite");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, rewrites_are_rows, 0, COUNT(rewrites));
	tcase_add_test(tc, masquerades_are_rewrites_but_for_some_users);
	tcase_add_test(tc, a_table_has_a_line_for_each);
	tcase_add_test(tc, advice_has_domains_a_code_and_one_thing_to_do);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
