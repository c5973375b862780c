/* SPDX-License-Identifier: ISC */
#include <arpa/nameser.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "resolver/packet.h"
#include "tests/unit/dns_stub.h"

/* ---- names --------------------------------------------------------------- */

#define L16	"abcdefghijklmnop"
#define L63	L16 L16 L16 "abcdefghijklmno"

static const struct {
	const char	*text;
	bool		 good;
} texts[] = {
	{ "",				true },
	{ "a",				true },
	{ "Mail.example.ORG",		true },
	{ "5.0/25.2.0.192.in-addr.arpa", true },
	{ L63 ".org",			true },
	{ L63 "p.org",			false },
	{ L63 "." L63 "." L63 "." L16 L16 L16 "abcdefghijklm",	true },
	{ L63 "." L63 "." L63 "." L16 L16 L16 "abcdefghijklmn",	false },
	{ "a..b",			false },
	{ ".a",				false },
};

START_TEST(a_name_is_itself_again)
{
	struct packet_name	 name, again;
	char			 text[PACKET_NAME_MAX + 1];

	ck_assert_msg(packet_name_parse(&name, span_of(texts[_i].text)) ==
	    texts[_i].good, "%s", texts[_i].text);
	if (!texts[_i].good)
		return;
	ck_assert(packet_name_format(&name, text));
	ck_assert_str_eq(text, texts[_i].text);
	ck_assert_uint_eq(packet_take_name(span_make(name.octets, name.len), 0,
	    &again), name.len);
	ck_assert(packet_name_equal(&name, &again));
	packet_name_fold(&again);
	ck_assert(packet_name_equal(&name, &again));
	ck_assert(packet_name_is_below(&again, &name));
}
END_TEST

static const struct {
	const char	*name, *zone;
	bool		 is_below;
} zones[] = {
	{ "a.example.org",	"example.org",	true },
	{ "a.EXAMPLE.org",	"example.ORG",	true },
	{ "example.org",	"",		true },
	{ "example.org",	"a.example.org", false },
	{ "example.org",	"ample.org",	false },
	{ "a.example.org",	"org.example",	false },
	{ "",			"org",		false },
};

START_TEST(a_zone_ends_its_names)
{
	struct packet_name	 name, zone;

	ck_assert(packet_name_parse(&name, span_of(zones[_i].name)));
	ck_assert(packet_name_parse(&zone, span_of(zones[_i].zone)));
	ck_assert(packet_name_is_below(&name, &zone) == zones[_i].is_below);
}
END_TEST

/* Behind twelve octets of header. */
static const struct {
	const char	*what;
	struct span	 octets;
	size_t		 at;
	size_t		 behind;	/* 0: it is broken */
} wires[] = {
#define W(x)	{ x, sizeof x - 1 }
	{ "whole",		W("\1a\1b\0"),		12,	17 },
	{ "a pointer",		W("\1a\0\1b\300\14"),	15,	19 },
	{ "one to a pointer",	W("\1a\0\300\14\300\17"), 17,	19 },
	{ "to itself",		W("\300\14"),		12,	0 },
	{ "to and fro",		W("\300\16\300\14"),	12,	0 },
	{ "to its own start",	W("\1a\300\14"),	12,	0 },
	{ "to the front of it",	W("\1a\1b\300\14"),	14,	0 },
	{ "forwards",		W("\300\20\1a\1b\0"),	12,	0 },
	{ "into the header",	W("\1a\300\0"),		12,	0 },
	{ "out of it",		W("\377\377"),		12,	0 },
	{ "half a pointer",	W("\1a\300"),		12,	0 },
	{ "no root",		W("\1a"),		12,	0 },
	{ "half a label",	W("\5abc"),		12,	0 },
	{ "bits of no meaning",	W("\100a\0"),		12,	0 },
	{ "other such bits",	W("\201a\0"),		12,	0 },
	{ "nothing",		W(""),			12,	0 },
	{ "behind the end",	W("\0"),		99,	0 },
#undef W
};

START_TEST(a_name_leads_only_to_the_front)
{
	struct packet_name	 name;
	size_t			 len = 12 + wires[_i].octets.len;
	char			*all = calloc(1, len);	/* ends where it does */

	ck_assert_ptr_nonnull(all);
	memcpy(all + 12, wires[_i].octets.ptr, wires[_i].octets.len);
	ck_assert_msg(packet_take_name(span_make(all, len), wires[_i].at,
	    &name) == wires[_i].behind, "%s", wires[_i].what);
	free(all);
}
END_TEST

START_TEST(a_name_has_an_end)
{
	char			 all[600];
	struct packet_name	 name;
	unsigned		 i;

	memset(all, 0, sizeof all);
	for (i = 12; i + 2 < sizeof all; i += 2)
		memcpy(all + i, "\1a", 2);
	ck_assert_uint_eq(packet_take_name(span_make(all, sizeof all), 12,
	    &name), 0);
	ck_assert_uint_gt(packet_take_name(span_make(all, sizeof all), 400,
	    &name), 400);
}
END_TEST

START_TEST(odd_octets_are_no_text)
{
	static const char	 odd[] = "\0\1\n\r\x1f .\x7f\x80\xff";
	struct packet_name	 name;
	char			 text[PACKET_NAME_MAX + 1];

	ck_assert(packet_name_parse(&name, span_of("axb.example")));
	name.octets[2] = odd[_i];
	ck_assert(!packet_name_format(&name, text));
}
END_TEST

/* ---- questions and replies ----------------------------------------------- */

START_TEST(a_question_asks_for_proof)
{
	struct packet_name	 name;
	struct packet_question	 q = { .id = 0xabcd, .edns = 1232,
				    .type = ns_t_mx, .name = &name };
	uint8_t			 into[PACKET_QUESTION_MAX];

	ck_assert(packet_name_parse(&name, span_of("a.org")));
	ck_assert_uint_eq(packet_write(&q, into), 12 + 7 + 4 + 11);
	ck_assert_mem_eq(into, "\xab\xcd\1\x20\0\1\0\0\0\0\0\1\1a\3org\0\0\17"
	    "\0\1\0\0\51\4\xd0\0\0\0\0\0\0", 12 + 7 + 4 + 11);
	q.edns = 0;
	ck_assert_uint_eq(packet_write(&q, into), 12 + 7 + 4);
	ck_assert_uint_eq(into[11], 0);
}
END_TEST

START_TEST(a_reply_is_one_to_this_question)
{
	static const struct {
		size_t	 at;
		char	 octet;
	} wrong[] = {
		{ 2, 0x01 }, { 2, (char)0x89 }, { 5, 0 }, { 5, 2 }, { 4, 1 },
		{ 13, 'f' }, { 19, 'y' }, { 26, ns_t_a }, { 28, ns_c_chaos },
	};
	struct packet_name	 name;
	struct buf		 b;
	char			*octet, was;
	size_t			 i;

	dns_begin(&b, 0, ns_t_mx, 0);
	ck_assert(packet_name_parse(&name, span_of("Example.ORG")));
	ck_assert(packet_is_reply(buf_span(&b), &name, ns_t_mx));
	ck_assert(!packet_is_reply(buf_span(&b), &name, ns_t_a));
	for (i = 0; i < COUNT(wrong); i++) {
		octet = b.data + b.head + wrong[i].at;
		was = *octet;
		*octet = wrong[i].octet;
		ck_assert_msg(!packet_is_reply(buf_span(&b), &name, ns_t_mx),
		    "octet %zu", wrong[i].at);
		*octet = was;
	}
	for (i = 0; i < buf_len(&b); i++)
		ck_assert(!packet_is_reply(span_head(buf_span(&b), i), &name,
		    ns_t_mx));
	buf_clear(&b);
}
END_TEST

static TCase *
cases(void)
{
	TCase	*tc = tcase_create("packet");

	tcase_add_loop_test(tc, a_name_is_itself_again, 0, COUNT(texts));
	tcase_add_loop_test(tc, a_zone_ends_its_names, 0, COUNT(zones));
	tcase_add_loop_test(tc, a_name_leads_only_to_the_front, 0,
	    COUNT(wires));
	tcase_add_test(tc, a_name_has_an_end);
	tcase_add_loop_test(tc, odd_octets_are_no_text, 0, 10);
	tcase_add_test(tc, a_question_asks_for_proof);
	tcase_add_test(tc, a_reply_is_one_to_this_question);
	return tc;
}

int
main(void)
{
	Suite	*s = suite_create("packet");
	SRunner	*runner;
	int	 failed;

	suite_add_tcase(s, cases());
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
