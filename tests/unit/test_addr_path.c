/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/types.h>

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "shared/addr.h"
#include "shared/alloc.h"

#define REVERSE	(1 << ADDR_REVERSE)
#define FORWARD	(1 << ADDR_FORWARD)
#define BOTH	(REVERSE | FORWARD)

/* Paths: by which rules they are read, what is kept, dropped and left. */
static const struct {
	const char	*input;
	int		 rules;
	const char	*text, *route, *rest;
} paths[] = {
	{ "<>", REVERSE, "", "", "" },
	{ "<> BODY=8BITMIME", REVERSE, "", "", " BODY=8BITMIME" },
	{ "<postmaster>", FORWARD, "postmaster", "", "" },
	{ "<Postmaster>", FORWARD, "Postmaster", "", "" },
	{ "<POSTMASTER> X=1", FORWARD, "POSTMASTER", "", " X=1" },
	{ "<\"postmaster\">", 0, NULL, NULL, NULL },
	{ "<postmaste>", 0, NULL, NULL, NULL },
	{ "<postmasterr>", 0, NULL, NULL, NULL },
	{ "<postmaster@>", 0, NULL, NULL, NULL },
	{ "<postmaster@a.example>", BOTH, "postmaster@a.example", "", "" },
	{ "<a@b.example>", BOTH, "a@b.example", "", "" },
	{ "<a@b.example><", BOTH, "a@b.example", "", "<" },
	{ "<\"a>b\"@c.example>x", BOTH, "\"a>b\"@c.example", "", "x" },
	{ "<@r.example:a@b.example>", BOTH, "a@b.example", "@r.example",
	    "" },
	{ "<@r.example,@s.example:\"a\"@b.example> X", BOTH, "a@b.example",
	    "@r.example,@s.example", " X" },
	{ "<@r.example,@s.example,@t.example:a@[192.0.2.1]>", BOTH,
	    "a@[192.0.2.1]", "@r.example,@s.example,@t.example", "" },
	{ "<@r.example>", 0, NULL, NULL, NULL },
	{ "<@r.example:>", 0, NULL, NULL, NULL },
	{ "<@r.example:postmaster>", 0, NULL, NULL, NULL },
	{ "<@:a@b.example>", 0, NULL, NULL, NULL },
	{ "<@r.example,:a@b.example>", 0, NULL, NULL, NULL },
	{ "<@r.example,s.example:a@b.example>", 0, NULL, NULL, NULL },
	{ "<@r.example @s.example:a@b.example>", 0, NULL, NULL, NULL },
	{ "<@r.example, @s.example:a@b.example>", 0, NULL, NULL, NULL },
	{ "<@r.example.:a@b.example>", 0, NULL, NULL, NULL },
	{ "<@[192.0.2.1]:a@b.example>", 0, NULL, NULL, NULL },
	{ "<r.example:a@b.example>", 0, NULL, NULL, NULL },
	{ "<@r.example:@s.example:a@b.example>", 0, NULL, NULL, NULL },
	{ "", 0, NULL, NULL, NULL },
	{ "<", 0, NULL, NULL, NULL },
	{ ">", 0, NULL, NULL, NULL },
	{ "< >", 0, NULL, NULL, NULL },
	{ " <a@b.example>", 0, NULL, NULL, NULL },
	{ "< a@b.example>", 0, NULL, NULL, NULL },
	{ "<a@b.example >", 0, NULL, NULL, NULL },
	{ "<a@b.example", 0, NULL, NULL, NULL },
	{ "a@b.example", 0, NULL, NULL, NULL },
	{ "a@b.example>", 0, NULL, NULL, NULL },
	{ "<<a@b.example>>", 0, NULL, NULL, NULL },
	{ "<a>", 0, NULL, NULL, NULL },
	{ "<a@>", 0, NULL, NULL, NULL },
	{ "<a@b.example.>", 0, NULL, NULL, NULL },
	{ "<\"a@b.example>", 0, NULL, NULL, NULL },
};

START_TEST(a_path_keeps_to_its_rules)
{
	int		 rules;
	struct span	 s, route;
	struct addr	 a;
	bool		 allowed;

	for (rules = ADDR_REVERSE; rules <= ADDR_FORWARD; rules++) {
		s = span_of(paths[_i].input);
		allowed = paths[_i].rules & 1 << rules;
		ck_assert_msg(addr_parse_path(&s, rules, &a, &route) ==
		    (allowed ? ADDR_OK : ADDR_SYNTAX), "%s",
		    paths[_i].input);
		if (!allowed) {
			ck_assert(span_is(s, paths[_i].input));
			continue;
		}
		ck_assert_str_eq(a.text, paths[_i].text);
		ck_assert(span_is(route, paths[_i].route));
		ck_assert(span_is(s, paths[_i].rest));
		s = span_of(paths[_i].input);
		ck_assert_int_eq(addr_parse_path(&s, rules, &a, NULL),
		    ADDR_OK);
	}
}
END_TEST

/* `len` octets of domain in labels of at most `label`. */
static const char *
long_domain(char into[1024], size_t len, size_t label)
{
	size_t	 i;

	for (i = 0; i < len; i++)
		into[i] = i % (label + 1) == label ? '.' : 'd';
	into[len] = '\0';
	return into;
}

static const struct {
	const char		*head;
	char			 fill;
	int			 n;
	const char		*tail;
	enum addr_status	 status;
} lengths[] = {
	/* the local part, as it was written */
	{ "", 'l', 63, "@b.example", ADDR_OK },
	{ "", 'l', 64, "@b.example", ADDR_OK },
	{ "", 'l', 65, "@b.example", ADDR_TOO_LONG },
	{ "", 'l', 2000, "@b.example", ADDR_TOO_LONG },
	{ "", 'l', 64, ".b@b.example", ADDR_TOO_LONG },
	{ "a.", 'l', 62, "@b.example", ADDR_OK },
	{ "a.", 'l', 63, "@b.example", ADDR_TOO_LONG },
	{ "\"", 'l', 61, "\"@b.example", ADDR_OK },
	{ "\"", 'l', 62, "\"@b.example", ADDR_OK },
	{ "\"", 'l', 63, "\"@b.example", ADDR_TOO_LONG },
	{ "\"", ' ', 62, "\"@b.example", ADDR_OK },
	{ "\"", ' ', 63, "\"@b.example", ADDR_TOO_LONG },
	{ "\"", ' ', 65, "\"@b.example", ADDR_TOO_LONG },
	{ "\"", '\\', 60, "\"@b.example", ADDR_OK },
	{ "\"", '\\', 62, "\"@b.example", ADDR_OK },
	{ "\"", '\\', 64, "\"@b.example", ADDR_TOO_LONG },

	/* a label */
	{ "a@", 'd', 62, "", ADDR_OK },
	{ "a@", 'd', 63, "", ADDR_OK },
	{ "a@", 'd', 64, "", ADDR_TOO_LONG },
	{ "a@b.", 'd', 63, ".example", ADDR_OK },
	{ "a@b.", 'd', 64, ".example", ADDR_TOO_LONG },
};

START_TEST(local_parts_and_labels_have_ceilings)
{
	char		 text[4096];
	struct addr	 a;
	int		 n;

	n = snprintf(text, sizeof(text), "%s", lengths[_i].head);
	memset(text + n, lengths[_i].fill, lengths[_i].n);
	n += lengths[_i].n;
	snprintf(text + n, sizeof(text) - n, "%s", lengths[_i].tail);
	ck_assert_msg(addr_parse(span_of(text), &a) == lengths[_i].status,
	    "%s", text);
}
END_TEST

START_TEST(a_domain_has_a_ceiling)
{
	char	 text[1024];
	size_t	 len;

	for (len = 1; len < 600; len++) {
		long_domain(text, len, 50);
		if (text[len - 1] == '.')
			text[len - 1] = '_';
		ck_assert_int_eq(domain_is_valid(span_of(text)),
		    len <= ADDR_DOMAIN_MAX);
	}
}
END_TEST

START_TEST(a_path_has_a_ceiling)
{
	char		 path[2048], domain[1024];
	struct span	 s;
	struct addr	 a;
	size_t		 len;

	for (len = ADDR_PATH_MAX - 3; len <= ADDR_PATH_MAX + 3; len++) {
		snprintf(path, sizeof(path), "<user@%s>",
		    long_domain(domain, len - 7, 60));
		s = span_of(path);
		ck_assert_uint_eq(s.len, len);
		ck_assert_int_eq(addr_parse_path(&s, ADDR_FORWARD, &a, NULL),
		    len <= ADDR_PATH_MAX ? ADDR_OK : ADDR_TOO_LONG);
		s = span_make(path + 1, len - 2);
		ck_assert_int_eq(addr_parse(s, &a),
		    len <= ADDR_PATH_MAX ? ADDR_OK : ADDR_TOO_LONG);
		ck_assert_int_eq(addr_from(span_of("user"), span_of(domain),
		    &a), len <= ADDR_PATH_MAX ? ADDR_OK : ADDR_TOO_LONG);
	}
}
END_TEST

START_TEST(the_ceiling_of_a_path_counts_its_route)
{
	char		 path[2048], domain[1024];
	struct span	 s;
	struct addr	 a;
	size_t		 len;

	for (len = ADDR_PATH_MAX - 1; len <= ADDR_PATH_MAX + 1; len++) {
		snprintf(path, sizeof(path), "<@%s:a@b.example>",
		    long_domain(domain, len - 15, 60));
		s = span_of(path);
		ck_assert_uint_eq(s.len, len);
		ck_assert_int_eq(addr_parse_path(&s, ADDR_FORWARD, &a, NULL),
		    len <= ADDR_PATH_MAX ? ADDR_OK : ADDR_TOO_LONG);
	}
}
END_TEST

static const struct {
	const char		*local, *domain;
	int			 repeat;	/* of the local part */
	enum addr_status	 status;
	const char		*text;
} parts[] = {
	{ "user", "b.example", 1, ADDR_OK, "user@b.example" },
	{ "a b", "b.example", 1, ADDR_OK, "\"a b\"@b.example" },
	{ "\"", "b.example", 1, ADDR_OK, "\"\\\"\"@b.example" },
	{ "", "b.example", 1, ADDR_OK, "\"\"@b.example" },
	{ "-", "b.example", 1, ADDR_OK, "-@b.example" },
	{ "user", "[192.0.2.1]", 1, ADDR_OK, "user@[192.0.2.1]" },
	{ "postmaster", "", 1, ADDR_SYNTAX, NULL },
	{ "user", "", 1, ADDR_SYNTAX, NULL },
	{ "user", "b.example.", 1, ADDR_SYNTAX, NULL },
	{ "user", "b.example>", 1, ADDR_SYNTAX, NULL },
	{ "user", "b.example\n", 1, ADDR_CONTROL, NULL },
	{ "user", "b\xc3\xbc.example", 1, ADDR_NOT_ASCII, NULL },
	{ "us\ner", "b.example", 1, ADDR_CONTROL, NULL },
	{ "us\x7f" "er", "b.example", 1, ADDR_CONTROL, NULL },
	{ "us\xc3\xa9r", "b.example", 1, ADDR_NOT_ASCII, NULL },
	{ "l", "b.example", 63, ADDR_OK, NULL },
	{ "l", "b.example", 64, ADDR_OK, NULL },
	{ "l", "b.example", 65, ADDR_TOO_LONG, NULL },
	{ " ", "b.example", 61, ADDR_OK, NULL },
	{ " ", "b.example", 62, ADDR_OK, NULL },
	{ " ", "b.example", 63, ADDR_TOO_LONG, NULL },
	{ "\"", "b.example", 30, ADDR_OK, NULL },
	{ "\"", "b.example", 31, ADDR_OK, NULL },
	{ "\"", "b.example", 32, ADDR_TOO_LONG, NULL },
};

START_TEST(parts_make_an_address_or_none)
{
	char		 local[128] = "";
	struct addr	 a, again;
	int		 i;

	for (i = 0; i < parts[_i].repeat; i++)
		snprintf(local + strlen(local), sizeof(local) - strlen(local),
		    "%s", parts[_i].local);
	ck_assert_int_eq(addr_from(span_of(local), span_of(parts[_i].domain),
	    &a), parts[_i].status);
	if (parts[_i].text != NULL)
		ck_assert_str_eq(a.text, parts[_i].text);
	if (parts[_i].status == ADDR_OK)
		ck_assert_int_eq(addr_parse(addr_span(&a), &again), ADDR_OK);
}
END_TEST

static const struct {
	const char	*one, *other;
	bool		 equal;
} pairs[] = {
	{ "a@b.example", "a@b.example", true },
	{ "a@b.example", "a@B.EXAMPLE", true },
	{ "a@b.example", "A@b.example", false },
	{ "a@b.example", "a@b.exampl", false },
	{ "a@b.example", "a@bb.example", false },
	{ "a@b.example", "a@b.exampla", false },
	{ "ab@b.example", "a@b.example", false },
	{ "\"a\"@b.example", "a@b.example", true },
	{ "\"a b\"@b.example", "\"a\\ b\"@B.example", true },
	{ "\"a b\"@b.example", "\"a  b\"@b.example", false },
	{ "", "", true },
	{ "", "a@b.example", false },
	{ "", "postmaster", false },
	{ "postmaster", "a@b.exampl", false },
	{ "postmaster", "PostMaster", true },
	{ "postmaster", "postmaster@b.example", false },
	{ "a@[192.0.2.1]", "a@[192.0.2.1]", true },
	{ "a@[192.0.2.1]", "a@192.0.2.1", false },
	{ "a@[192.0.2.1]", "a@[192.0.2.2]", false },
	{ "a@[IPv6:2001:db8::1]", "a@[ipv6:2001:DB8:0:0:0:0:0:1]", true },
	{ "a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::2]", false },
	{ "a@[IPv6:::1]", "a@[0.0.0.1]", false },
};

START_TEST(domains_fold_case_and_local_parts_do_not)
{
	struct addr	 one, other;

	ck_assert_int_eq(addr_parse(span_of(pairs[_i].one), &one), ADDR_OK);
	ck_assert_int_eq(addr_parse(span_of(pairs[_i].other), &other),
	    ADDR_OK);
	ck_assert(addr_equal(&one, &other) == pairs[_i].equal);
	ck_assert(addr_equal(&other, &one) == pairs[_i].equal);
}
END_TEST

static const struct {
	const char	*input;
	int		 family;	/* 0: no literal */
	uint8_t		 address[16];
} literals[] = {
	{ "[192.0.2.1]", AF_INET, { 192, 0, 2, 1 } },
	{ "[IPv6:2001:db8::1]", AF_INET6,
	    { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
	{ "[iPv6:::ffff:192.0.2.1]", AF_INET6,
	    { [10] = 0xff, 0xff, 192, 0, 2, 1 } },
	{ "192.0.2.1", 0, { 0 } },
	{ "[192.0.2.1", 0, { 0 } },
	{ "192.0.2.1]", 0, { 0 } },
	{ "[", 0, { 0 } },
	{ "]", 0, { 0 } },
	{ "[]", 0, { 0 } },
	{ "", 0, { 0 } },
	{ "[::1]", 0, { 0 } },
	{ "[IPv6:::1]]", 0, { 0 } },
	{ "[IPv6:0000:0000:0000:0000:0000:0000:255.255.255.255]", AF_INET6,
	    { [12] = 255, 255, 255, 255 } },
	{ "[IPv6:00000000000000000000000000000000000000000000000000000000::1]",
	    0, { 0 } },
};

START_TEST(a_literal_is_an_address)
{
	uint8_t	 address[16];
	int	 family;
	bool	 is = literals[_i].family != 0;

	ck_assert(domain_parse_literal(span_of(literals[_i].input), &family,
	    address) == is);
	if (!is)
		return;
	ck_assert(domain_is_valid(span_of(literals[_i].input)));
	ck_assert_int_eq(family, literals[_i].family);
	ck_assert_mem_eq(address, literals[_i].address,
	    family == AF_INET ? 4 : 16);
}
END_TEST

static const struct {
	const char	*input;
	size_t		 len;
} no_domains[] = {
	{ "", 0 }, { ".", 1 }, { "b.example.", 10 }, { "b.example:25", 12 },
	{ "b.example\0", 10 }, { "b.example ", 10 }, { "[192.0.2.1]x", 12 },
	{ "[192.0.2.1\0]", 12 }, { "[192.0.2.1\0.2]", 14 },
	{ "[1234567890123456789012345678901234567890123456789012345678901234]",
	    66 },
};

START_TEST(what_is_no_domain_is_refused)
{
	struct span	 s = span_make(no_domains[_i].input,
			    no_domains[_i].len);
	uint8_t		 address[16];
	int		 family;

	ck_assert(!domain_is_valid(s));
	ck_assert(!domain_parse_literal(s, &family, address));
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("addr_path");
	TCase	*tc = tcase_create("addr_path");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, a_path_keeps_to_its_rules, 0, COUNT(paths));
	tcase_add_loop_test(tc, local_parts_and_labels_have_ceilings, 0,
	    COUNT(lengths));
	tcase_add_test(tc, a_domain_has_a_ceiling);
	tcase_add_test(tc, a_path_has_a_ceiling);
	tcase_add_test(tc, the_ceiling_of_a_path_counts_its_route);
	tcase_add_loop_test(tc, parts_make_an_address_or_none, 0,
	    COUNT(parts));
	tcase_add_loop_test(tc, domains_fold_case_and_local_parts_do_not, 0,
	    COUNT(pairs));
	tcase_add_loop_test(tc, a_literal_is_an_address, 0, COUNT(literals));
	tcase_add_loop_test(tc, what_is_no_domain_is_refused, 0,
	    COUNT(no_domains));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
