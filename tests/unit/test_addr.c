/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "shared/addr.h"
#include "shared/alloc.h"

/* RFC 5321 section 4.1.2: mailboxes that are read, and how they are kept;
 * `local` is without quoting, NULL where it is the same as written. */
static const struct {
	const char	*input, *text, *local, *domain;
} good[] = {
	/* Dot-string */
	{ "a@b", "a@b", "a", "b" },
	{ "user@example.org", "user@example.org", "user", "example.org" },
	{ "User@Example.ORG", "User@Example.ORG", "User", "Example.ORG" },
	{ "first.last@c.example", "first.last@c.example", "first.last",
	    "c.example" },
	{ "a.b.c.d@c.example", "a.b.c.d@c.example", "a.b.c.d", "c.example" },
	{ "user+tag@c.example", "user+tag@c.example", "user+tag",
	    "c.example" },
	{ "!#$%&'*+-/=?^_`{|}~@c.example", "!#$%&'*+-/=?^_`{|}~@c.example",
	    "!#$%&'*+-/=?^_`{|}~", "c.example" },
	{ "0@1", "0@1", "0", "1" },
	{ "-@c.example", "-@c.example", "-", "c.example" },
	{ "-f@c.example", "-f@c.example", "-f", "c.example" },
	{ "|cmd@c.example", "|cmd@c.example", "|cmd", "c.example" },
	{ "/etc/passwd@c.example", "/etc/passwd@c.example", "/etc/passwd",
	    "c.example" },
	{ "${run}@c.example", "${run}@c.example", "${run}", "c.example" },

	/* what other systems read as a route stays as it is */
	{ "u%inner.example@c.example", "u%inner.example@c.example",
	    "u%inner.example", "c.example" },
	{ "host!u@c.example", "host!u@c.example", "host!u", "c.example" },
	{ "a!b%c@d.example", "a!b%c@d.example", "a!b%c", "d.example" },
	{ "\"u@inner.example\"@c.example", "\"u@inner.example\"@c.example",
	    "u@inner.example", "c.example" },

	/* Quoted-string, kept in its shortest form */
	{ "\"user\"@c.example", "user@c.example", "user", "c.example" },
	{ "\"a.b\"@c.example", "a.b@c.example", "a.b", "c.example" },
	{ "\"\\u\\s\\e\\r\"@c.example", "user@c.example", "user",
	    "c.example" },
	{ "\"a b\"@c.example", "\"a b\"@c.example", "a b", "c.example" },
	{ "\"\\a\\ \\b\"@c.example", "\"a b\"@c.example", "a b",
	    "c.example" },
	{ "\" \"@c.example", "\" \"@c.example", " ", "c.example" },
	{ "\"\"@c.example", "\"\"@c.example", "", "c.example" },
	{ "\".\"@c.example", "\".\"@c.example", ".", "c.example" },
	{ "\".a\"@c.example", "\".a\"@c.example", ".a", "c.example" },
	{ "\"a.\"@c.example", "\"a.\"@c.example", "a.", "c.example" },
	{ "\"a..b\"@c.example", "\"a..b\"@c.example", "a..b", "c.example" },
	{ "\"a\\\"b\"@c.example", "\"a\\\"b\"@c.example", "a\"b",
	    "c.example" },
	{ "\"a\\\\b\"@c.example", "\"a\\\\b\"@c.example", "a\\b",
	    "c.example" },
	{ "\"\\\\\"@c.example", "\"\\\\\"@c.example", "\\", "c.example" },
	{ "\"\\\"\"@c.example", "\"\\\"\"@c.example", "\"", "c.example" },
	{ "\"\\@\"@c.example", "\"@\"@c.example", "@", "c.example" },
	{ "\"a>b\"@c.example", "\"a>b\"@c.example", "a>b", "c.example" },
	{ "\"<a>\"@c.example", "\"<a>\"@c.example", "<a>", "c.example" },
	{ "\"(),:;[]\"@c.example", "\"(),:;[]\"@c.example", "(),:;[]",
	    "c.example" },
	{ "\"~\"@c.example", "~@c.example", "~", "c.example" },
	{ "\"postmaster\"@c.example", "postmaster@c.example", "postmaster",
	    "c.example" },

	/* Domain */
	{ "a@localhost", "a@localhost", "a", "localhost" },
	{ "a@b.c.d.e.f.g", "a@b.c.d.e.f.g", "a", "b.c.d.e.f.g" },
	{ "a@3com.example", "a@3com.example", "a", "3com.example" },
	{ "a@xn--bcher-kva.example", "a@xn--bcher-kva.example", "a",
	    "xn--bcher-kva.example" },
	{ "a@b--c.example", "a@b--c.example", "a", "b--c.example" },
	{ "a@my_host.example", "a@my_host.example", "a", "my_host.example" },
	{ "a@_x.example", "a@_x.example", "a", "_x.example" },
	{ "a@192.0.2.1", "a@192.0.2.1", "a", "192.0.2.1" },

	/* address-literal */
	{ "a@[192.0.2.1]", "a@[192.0.2.1]", "a", "[192.0.2.1]" },
	{ "a@[0.0.0.0]", "a@[0.0.0.0]", "a", "[0.0.0.0]" },
	{ "a@[255.255.255.255]", "a@[255.255.255.255]", "a",
	    "[255.255.255.255]" },
	{ "a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]", "a",
	    "[IPv6:2001:db8::1]" },
	{ "a@[ipv6:2001:DB8::1]", "a@[ipv6:2001:DB8::1]", "a",
	    "[ipv6:2001:DB8::1]" },
	{ "a@[IPv6:::]", "a@[IPv6:::]", "a", "[IPv6:::]" },
	{ "a@[IPv6:::1]", "a@[IPv6:::1]", "a", "[IPv6:::1]" },
	{ "a@[IPv6:1::]", "a@[IPv6:1::]", "a", "[IPv6:1::]" },
	{ "a@[IPv6:1:2:3:4:5:6:7:8]", "a@[IPv6:1:2:3:4:5:6:7:8]", "a",
	    "[IPv6:1:2:3:4:5:6:7:8]" },
	{ "a@[IPv6:1:2:3::4:5:6]", "a@[IPv6:1:2:3::4:5:6]", "a",
	    "[IPv6:1:2:3::4:5:6]" },
	{ "a@[IPv6:::ffff:192.0.2.1]", "a@[IPv6:::ffff:192.0.2.1]", "a",
	    "[IPv6:::ffff:192.0.2.1]" },
	{ "a@[IPv6:1:2:3:4:5:6:192.0.2.1]", "a@[IPv6:1:2:3:4:5:6:192.0.2.1]",
	    "a", "[IPv6:1:2:3:4:5:6:192.0.2.1]" },
	{ "a@[IPv6:1:2::3:4:192.0.2.1]", "a@[IPv6:1:2::3:4:192.0.2.1]", "a",
	    "[IPv6:1:2::3:4:192.0.2.1]" },

	/* no "@": the null path, and the one word that needs none */
	{ "", "", "", "" },
	{ "postmaster", "postmaster", "postmaster", "" },
	{ "POSTmaster", "POSTmaster", "POSTmaster", "" },
};

START_TEST(a_mailbox_is_kept_in_its_shortest_form)
{
	struct addr	 a;
	char		 local[ADDR_LOCAL_MAX + 1];

	ck_assert_msg(addr_parse(span_of(good[_i].input), &a) == ADDR_OK,
	    "%s", good[_i].input);
	ck_assert_str_eq(a.text, good[_i].text);
	ck_assert_uint_eq(a.len, strlen(good[_i].text));
	ck_assert(span_is(addr_span(&a), good[_i].text));
	ck_assert_uint_eq(addr_local(&a, local), strlen(good[_i].local));
	ck_assert_str_eq(local, good[_i].local);
	ck_assert(span_is(addr_domain(&a), good[_i].domain));
	ck_assert(addr_is_null(&a) == (good[_i].input[0] == '\0'));
}
END_TEST

START_TEST(what_was_kept_is_read_again)
{
	struct addr	 a, again;

	ck_assert_int_eq(addr_parse(span_of(good[_i].input), &a), ADDR_OK);
	ck_assert_int_eq(addr_parse(addr_span(&a), &again), ADDR_OK);
	ck_assert_str_eq(again.text, a.text);
	ck_assert_uint_eq(again.at, a.at);
	ck_assert(addr_equal(&a, &again));
}
END_TEST

START_TEST(its_parts_make_it_again)
{
	struct addr	 a, again;
	char		 local[ADDR_LOCAL_MAX + 1];
	size_t		 len;

	ck_assert_int_eq(addr_parse(span_of(good[_i].input), &a), ADDR_OK);
	len = addr_local(&a, local);
	if (addr_domain(&a).len == 0) {
		ck_assert_int_eq(addr_from(span_make(local, len),
		    addr_domain(&a), &again), ADDR_SYNTAX);
		return;
	}
	ck_assert_int_eq(addr_from(span_make(local, len), addr_domain(&a),
	    &again), ADDR_OK);
	ck_assert_str_eq(again.text, a.text);
}
END_TEST

START_TEST(a_path_is_a_mailbox_in_brackets)
{
	char		 path[ADDR_PATH_MAX + 32];
	struct span	 s, route = span_of("untouched");
	struct addr	 a;
	bool		 has_domain = strchr(good[_i].input, '@') != NULL;
	int		 rules;

	snprintf(path, sizeof(path), "<%s> SIZE=1", good[_i].input);
	for (rules = ADDR_REVERSE; rules <= ADDR_FORWARD; rules++) {
		s = span_of(path);
		if (addr_parse_path(&s, rules, &a, &route) != ADDR_OK) {
			ck_assert_msg(!has_domain, "%s", path);
			continue;
		}
		ck_assert_str_eq(a.text, good[_i].text);
		ck_assert(span_is(s, " SIZE=1"));
		ck_assert_uint_eq(route.len, 0);
	}
}
END_TEST

static const struct {
	const char		*input;
	enum addr_status	 status;
} bad[] = {
	/* shape */
	{ "a", ADDR_SYNTAX },
	{ "@", ADDR_SYNTAX },
	{ "a@", ADDR_SYNTAX },
	{ "@b.example", ADDR_SYNTAX },
	{ "a@b@c.example", ADDR_SYNTAX },
	{ "a@@b.example", ADDR_SYNTAX },
	{ "postmaster@", ADDR_SYNTAX },
	{ "postmasters", ADDR_SYNTAX },
	{ "\"postmaster\"", ADDR_SYNTAX },
	{ "<a@b.example>", ADDR_SYNTAX },
	{ "a@b.example>", ADDR_SYNTAX },
	{ "postmaster>", ADDR_SYNTAX },
	{ " a@b.example", ADDR_SYNTAX },
	{ "a@b.example ", ADDR_SYNTAX },
	{ "a @b.example", ADDR_SYNTAX },
	{ "a@ b.example", ADDR_SYNTAX },
	{ "a@b.example,c@d.example", ADDR_SYNTAX },
	{ "A <a@b.example>", ADDR_SYNTAX },
	{ "a(comment)@b.example", ADDR_SYNTAX },
	{ "@r.example:a@b.example", ADDR_SYNTAX },
	{ "<>", ADDR_SYNTAX },

	/* local parts */
	{ ".@b.example", ADDR_SYNTAX },
	{ ".a@b.example", ADDR_SYNTAX },
	{ "a.@b.example", ADDR_SYNTAX },
	{ "a..b@c.example", ADDR_SYNTAX },
	{ "a b@c.example", ADDR_SYNTAX },
	{ "a\\b@c.example", ADDR_SYNTAX },
	{ "a\\@b@c.example", ADDR_SYNTAX },
	{ "a,b@c.example", ADDR_SYNTAX },
	{ "a:b@c.example", ADDR_SYNTAX },
	{ "a;b@c.example", ADDR_SYNTAX },
	{ "a<b@c.example", ADDR_SYNTAX },
	{ "a>b@c.example", ADDR_SYNTAX },
	{ "a(b@c.example", ADDR_SYNTAX },
	{ "a)b@c.example", ADDR_SYNTAX },
	{ "a[b@c.example", ADDR_SYNTAX },
	{ "a]b@c.example", ADDR_SYNTAX },
	{ "a\"b@c.example", ADDR_SYNTAX },
	{ "a\"b\"@c.example", ADDR_SYNTAX },
	{ "\"a\"b@c.example", ADDR_SYNTAX },
	{ "\"a\".b@c.example", ADDR_SYNTAX },
	{ "a.\"b\"@c.example", ADDR_SYNTAX },
	{ "\"a@c.example", ADDR_SYNTAX },
	{ "\"a\\\"@c.example", ADDR_SYNTAX },
	{ "\"a\"\"b\"@c.example", ADDR_SYNTAX },
	{ "\"", ADDR_SYNTAX },
	{ "\"\\", ADDR_SYNTAX },
	{ "\"a\"", ADDR_SYNTAX },

	/* domains */
	{ "a@.", ADDR_SYNTAX },
	{ "a@.b.example", ADDR_SYNTAX },
	{ "a@b.example.", ADDR_SYNTAX },
	{ "a@b..example", ADDR_SYNTAX },
	{ "a@-b.example", ADDR_SYNTAX },
	{ "a@b-.example", ADDR_SYNTAX },
	{ "a@b.-example", ADDR_SYNTAX },
	{ "a@b.example-", ADDR_SYNTAX },
	{ "a@-", ADDR_SYNTAX },
	{ "a@b c.example", ADDR_SYNTAX },
	{ "a@b/c.example", ADDR_SYNTAX },
	{ "a@b;c.example", ADDR_SYNTAX },
	{ "a@b%c.example", ADDR_SYNTAX },
	{ "a@b!c.example", ADDR_SYNTAX },
	{ "a@\"b\".example", ADDR_SYNTAX },
	{ "a@b.example:25", ADDR_SYNTAX },

	/* address literals */
	{ "a@[]", ADDR_SYNTAX },
	{ "a@[", ADDR_SYNTAX },
	{ "a@]", ADDR_SYNTAX },
	{ "a@[192.0.2.1", ADDR_SYNTAX },
	{ "a@192.0.2.1]", ADDR_SYNTAX },
	{ "a@[192.0.2.1]b", ADDR_SYNTAX },
	{ "a@b[192.0.2.1]", ADDR_SYNTAX },
	{ "a@[192.0.2.1].example", ADDR_SYNTAX },
	{ "a@[[192.0.2.1]]", ADDR_SYNTAX },
	{ "a@[192.0.2.256]", ADDR_SYNTAX },
	{ "a@[192.0.2]", ADDR_SYNTAX },
	{ "a@[192.0.2.1.1]", ADDR_SYNTAX },
	{ "a@[192.0.2.]", ADDR_SYNTAX },
	{ "a@[.0.2.1]", ADDR_SYNTAX },
	{ "a@[192.0.2.01]", ADDR_SYNTAX },
	{ "a@[192.0.2.0x1]", ADDR_SYNTAX },
	{ "a@[3221225985]", ADDR_SYNTAX },
	{ "a@[ 192.0.2.1]", ADDR_SYNTAX },
	{ "a@[192.0.2.1 ]", ADDR_SYNTAX },
	{ "a@[192.0.2.1/24]", ADDR_SYNTAX },
	{ "a@[192.0.2.1]:25", ADDR_SYNTAX },
	{ "a@[2001:db8::1]", ADDR_SYNTAX },
	{ "a@[IPv6:]", ADDR_SYNTAX },
	{ "a@[IPv6::]", ADDR_SYNTAX },
	{ "a@[IPv6:1]", ADDR_SYNTAX },
	{ "a@[IPv6::::]", ADDR_SYNTAX },
	{ "a@[IPv6:1::2::3]", ADDR_SYNTAX },
	{ "a@[IPv6:1:2:3:4:5:6:7]", ADDR_SYNTAX },
	{ "a@[IPv6:1:2:3:4:5:6:7::]", ADDR_SYNTAX },
	{ "a@[IPv6:1:2:3::4:5:6:7]", ADDR_SYNTAX },
	{ "a@[IPv6:1:2:3:4:5:6:7:8:9]", ADDR_SYNTAX },
	{ "a@[IPv6:12345::]", ADDR_SYNTAX },
	{ "a@[IPv6:g::]", ADDR_SYNTAX },
	{ "a@[IPv6:fe80::1%eth0]", ADDR_SYNTAX },
	{ "a@[IPv6:1:2:3:4:5:6:7:192.0.2.1]", ADDR_SYNTAX },
	{ "a@[IPv6:1:2:3::4:5:192.0.2.1]", ADDR_SYNTAX },
	{ "a@[IPv6:192.0.2.1]", ADDR_SYNTAX },
	{ "a@[IPv6:::192.0.2.256]", ADDR_SYNTAX },
	{ "a@[IPv6 2001:db8::1]", ADDR_SYNTAX },
	{ "a@[IPv4:192.0.2.1]", ADDR_SYNTAX },
	{ "a@[x-tag:content]", ADDR_SYNTAX },
	{ "a@[example.org]", ADDR_SYNTAX },

	/* control characters */
	{ "a\r@b.example", ADDR_CONTROL },
	{ "a\n@b.example", ADDR_CONTROL },
	{ "a@b.example\r\n", ADDR_CONTROL },
	{ "a\t@b.example", ADDR_CONTROL },
	{ "\x7f@b.example", ADDR_CONTROL },
	{ "\"a\nb\"@c.example", ADDR_CONTROL },
	{ "\"a\\\nb\"@c.example", ADDR_CONTROL },
	{ "\"a\x7f\"@c.example", ADDR_CONTROL },
	{ "\"a\tb\"@c.example", ADDR_CONTROL },
	{ "a@b\x01.example", ADDR_CONTROL },
	{ "a@[192.0.2.1\n]", ADDR_CONTROL },
	{ "postmaster\n", ADDR_CONTROL },

	/* octets above ASCII */
	{ "\xc3\xa4@b.example", ADDR_NOT_ASCII },
	{ "a\xff@b.example", ADDR_NOT_ASCII },
	{ "\"\xc3\xa4\"@b.example", ADDR_NOT_ASCII },
	{ "\"\\\xc3\xa4\"@b.example", ADDR_NOT_ASCII },
	{ "a@b\xc3\xbc""cher.example", ADDR_NOT_ASCII },
	{ "a@[192.0.2.1\x80]", ADDR_NOT_ASCII },
	{ "\x80", ADDR_NOT_ASCII },
};

START_TEST(what_is_no_mailbox_is_refused)
{
	struct addr	 a = { .len = 7 };

	ck_assert_msg(addr_parse(span_of(bad[_i].input), &a) ==
	    bad[_i].status, "%s", bad[_i].input);
	ck_assert_uint_eq(a.len, 7);
}
END_TEST

static const struct {
	const char	*input;
	size_t		 len;
} nuls[] = {
	{ "\0", 1 }, { "a\0@b.example", 12 }, { "a@b.example\0", 12 },
	{ "a@b\0.example", 12 }, { "\"\0\"@b.example", 13 },
	{ "\"\\\0\"@b.example", 14 }, { "a@[192.0.2.1\0]", 14 },
	{ "postmaster\0", 11 }, { "\0a@b.example", 12 },
};

START_TEST(a_nul_is_a_control_character)
{
	struct addr	 a;

	ck_assert_int_eq(addr_parse(span_make(nuls[_i].input, nuls[_i].len),
	    &a), ADDR_CONTROL);
}
END_TEST

/* Every octet at every place: read or refused for the right reason. */
START_TEST(each_octet_has_its_status)
{
	static const char	*places[] = { "%ca@b.example", "a%cb@c.example",
				    "a@b%cc.example", "a@b.example%c",
				    "\"a%cb\"@c.example" };
	char			 text[64];
	struct addr		 a;
	enum addr_status	 status;
	size_t			 i, at, len;

	for (i = 0; i < COUNT(places); i++) {
		at = strchr(places[i], '%') - places[i];
		len = strlen(places[i]) - 1;
		memcpy(text, places[i], at);
		memcpy(text + at + 1, places[i] + at + 2, len - at - 1);
		text[at] = _i;
		status = addr_parse(span_make(text, len), &a);
		if (_i < ' ' || _i == 0x7f)
			ck_assert_int_eq(status, ADDR_CONTROL);
		else if (_i >= 0x80)
			ck_assert_int_eq(status, ADDR_NOT_ASCII);
		else
			ck_assert(status == ADDR_OK || status == ADDR_SYNTAX);
	}
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("addr");
	TCase	*tc = tcase_create("addr");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, a_mailbox_is_kept_in_its_shortest_form, 0,
	    COUNT(good));
	tcase_add_loop_test(tc, what_was_kept_is_read_again, 0, COUNT(good));
	tcase_add_loop_test(tc, its_parts_make_it_again, 0, COUNT(good));
	tcase_add_loop_test(tc, a_path_is_a_mailbox_in_brackets, 0,
	    COUNT(good));
	tcase_add_loop_test(tc, what_is_no_mailbox_is_refused, 0, COUNT(bad));
	tcase_add_loop_test(tc, a_nul_is_a_control_character, 0, COUNT(nuls));
	tcase_add_loop_test(tc, each_octet_has_its_status, 0, 256);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
