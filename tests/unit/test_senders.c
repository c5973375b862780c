/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lookup/senders.h"
#include "shared/alloc.h"

static struct rules	 rules;
static struct senders	 senders;

static void
read_file(const char *text)
{
	int	 fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], text, strlen(text)),
	    (ssize_t)strlen(text));
	close(fds[1]);
	senders_set(&senders, span_of("senders"), fds[0]);
	close(fds[0]);
}

static void
set_up(void)
{
	rules_add_domain(&rules, span_of("here.example"), span_of(""), -1);
	rules_add_domain(&rules, span_of("also.example"), span_of(""), -1);
	read_file(
	    "# who may send as others\n"
	    "jones: office@here.example, @jones.example,\n"
	    "\t*@*.sub.example, \"two words\"@out.example\n"
	    "Brown@Out.Example: Sales@Shop.Example\n"
	    "boss: *\n"
	    "\"white space\": a@b.example\n"
	    "J\xc3\xb6nes: j@b.example\n"
	    "literal: @[192.0.2.1], x@[IPv6:2001:db8::1]\n");
	ck_assert_uint_eq(alias_warnings(senders.table), 0);
}

static void
tear_down(void)
{
	senders_clear(&senders);
	rules_clear(&rules);
}

static struct reply
ask(const char *identity, const char *address, bool header)
{
	struct msg_may_send	 m = { .identity = span_of(identity),
				    .header = header };

	ck_assert_int_eq(addr_parse(span_of(address), &m.address), ADDR_OK);
	return senders_verdict(&senders, &rules, &m);
}

static const struct {
	const char	*identity, *address;
	bool		 may;
} cases[] = {
	/* its own, in each local domain */
	{ "jones",	"jones@here.example",		true },
	{ "jones",	"jones@also.example",		true },
	{ "jones",	"Jones@HERE.example",		true },
	{ "JONES",	"jones@here.example",		true },
	{ "jones",	"\"jones\"@here.example",	true },
	{ "jones",	"jones+lists@here.example",	true },
	{ "jones",	"jones+@here.example",		true },
	{ "jones",	"jones@elsewhere.example",	false },
	{ "jones",	"jones@sub.here.example",	false },
	{ "jones",	"jonesx@here.example",		false },
	{ "jones",	"jone@here.example",		false },
	{ "jones",	"xjones@here.example",		false },
	{ "jones",	"brown@here.example",		false },
	{ "jones",	"brown+jones@here.example",	false },
	{ "jones",	"jones-lists@here.example",	false },
	{ "jones",	"\"jones@here.example\"@also.example", false },
	{ "jones+a",	"jones@here.example",		false },
	{ "jones+a",	"jones+a@here.example",		true },
	{ "",		"jones@here.example",		false },
	{ "jones",	"",				false },
	{ "jones",	"postmaster",			false },
	{ "postmaster",	"postmaster",			false },
	/* that of an identity that is an address */
	{ "green@here.example",	"green@here.example",	true },
	{ "green@here.example",	"Green@here.EXAMPLE",	true },
	{ "green@here.example",	"green+x@here.example",	true },
	{ "green@here.example",	"green@also.example",	false },
	{ "green@here.example",	"white@here.example",	false },
	{ "green@out.example",	"green@out.example",	true },
	{ "green@out.example",	"green+x@out.example",	false },
	{ "green@out.example",	"green@here.example",	false },
	{ "green",	"green@out.example",		false },
	{ "@here.example", "jones@here.example",	false },
	{ "*@here.example", "jones@here.example",	false },
	{ "*",		"jones@here.example",		false },
	/* those of the file */
	{ "jones",	"office@here.example",		true },
	{ "Jones",	"OFFICE@here.example",		true },
	{ "jones",	"office+x@here.example",	false },
	{ "jones",	"office@also.example",		false },
	{ "jones",	"anybody@jones.example",	true },
	{ "jones",	"anybody@x.jones.example",	false },
	{ "jones",	"anybody@x.sub.example",	true },
	{ "jones",	"anybody@x.y.sub.example",	true },
	{ "jones",	"anybody@sub.example",		false },
	{ "jones",	"\"two words\"@out.example",	true },
	{ "jones",	"\"two  words\"@out.example",	false },
	{ "brown",	"office@here.example",		false },
	{ "brown@out.example", "sales@shop.example",	true },
	{ "brown@out.example", "brown@out.example",	true },
	{ "brown@out.example", "office@here.example",	false },
	{ "boss",	"anybody@any.example",		true },
	{ "boss",	"jones@here.example",		true },
	{ "bos",	"jones@here.example",		false },
	{ "white space", "a@b.example",			true },
	{ "J\xc3\xb6nes", "j@b.example",		true },
	{ "J\xc3\xb6nes", "j@c.example",		false },
	{ "literal",	"any@[192.0.2.1]",		true },
	{ "literal",	"any@[192.0.2.2]",		false },
	{ "literal",	"x@[IPv6:2001:DB8::1]",		true },
};

START_TEST(an_identity_sends_as_itself_and_as_it_is_listed)
{
	struct reply	 r = ask(cases[_i].identity, cases[_i].address, false);

	ck_assert_msg(reply_is_success(&r) == cases[_i].may, "%s as %s: %s",
	    cases[_i].identity, cases[_i].address, r.text);
}
END_TEST

START_TEST(a_refusal_is_one_of_its_place)
{
	struct reply	 r = ask("brown", "jones@here.example", false);

	ck_assert_uint_eq(r.code, 553);
	ck_assert_str_eq(r.text, "<jones@here.example>: brown may not send as "
	    "this address, use one of your own");
	r = ask("brown", "jones@here.example", true);
	ck_assert_uint_eq(r.code, 550);
	ck_assert(r.class == 5 && r.subject == 7 && r.detail == 1);
}
END_TEST

static const struct {
	const char	*text;
	unsigned	 warnings;
} files[] = {
	{ "",					0 },
	{ "a: b@c.example\n",			0 },
	{ "a: \"b\"@c.example, @d.example\n",	0 },
	{ "a: b\n",				1 },
	{ "a: b@\n",				1 },
	{ "a: @\n",				1 },
	{ "a: b@c..d\n",			1 },
	{ "a: b c@d.example\n",			1 },
	{ "a: *.example.org\n",			1 },
	{ "a: b@*\n",				1 },
	{ "a: *@*\n",				1 },
	{ "a: @*.*.example\n",			1 },
	{ "a: x@*.c.example\n",			0 },
	{ "a: |x@c.example\n",			0 },
	{ "a b: c@d.example\n",			1 },
	{ ": c@d.example\n",			1 },
	{ "a\n",				1 },
	{ "a:\n",				1 },
	{ "a: b@c.example\nA: d@e.example\n",	1 },
	{ " a: b@c.example\n",			1 },
	{ "a: b, @c, d@e.example,, f\n",	2 },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:"
	    " b@c.example\n",			1 },
};

START_TEST(what_cannot_be_used_is_told)
{
	read_file(files[_i].text);
	ck_assert_ptr_nonnull(senders.table);
	ck_assert_msg(alias_warnings(senders.table) == files[_i].warnings,
	    "%s: %u", files[_i].text, alias_warnings(senders.table));
}
END_TEST

START_TEST(another_file_takes_the_place_of_the_first)
{
	struct reply	 r;

	read_file("brown: office@here.example\n");
	r = ask("brown", "office@here.example", false);
	ck_assert_uint_eq(r.code, 250);
	r = ask("jones", "office@here.example", false);
	ck_assert_uint_eq(r.code, 553);
	senders_set(&senders, span_of(""), -1);
	r = ask("brown", "office@here.example", false);
	ck_assert_uint_eq(r.code, 553);
	r = ask("brown", "brown@here.example", false);
	ck_assert_uint_eq(r.code, 250);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_refuses_for_now)
{
	int		 fds[2];
	struct reply	 r;

	ck_assert_int_eq(pipe(fds), 0);
	senders_set(&senders, span_of("senders"), fds[1]);
	r = ask("jones", "office@here.example", false);
	ck_assert_uint_eq(r.code, 451);
	r = ask("jones", "jones@here.example", false);
	ck_assert_uint_eq(r.code, 250);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("senders");
	TCase	*tc = tcase_create("senders");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, an_identity_sends_as_itself_and_as_it_is_listed,
	    0, COUNT(cases));
	tcase_add_test(tc, a_refusal_is_one_of_its_place);
	tcase_add_loop_test(tc, what_cannot_be_used_is_told, 0, COUNT(files));
	tcase_add_test(tc, another_file_takes_the_place_of_the_first);
	tcase_add_test(tc, a_file_that_cannot_be_read_refuses_for_now);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
