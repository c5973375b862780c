/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/nameser.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "resolver/follow.h"
#include "tests/unit/cache_stub.h"
#include "tests/unit/dns_stub.h"

enum { BUF_TEXT = 64 };

static const struct span	 address = { "\12\0\0\1", 4 };

/* ---- within an answer ---------------------------------------------------- */

static enum record_status
read_clear(struct buf *b, struct record *r)
{
	record_read(buf_span(b), r);
	buf_clear(b);
	return r->status;
}

START_TEST(only_the_name_that_was_asked_for_counts)
{
	struct record	 r;
	struct buf	 b;

	dns_begin(&b, 0, ns_t_a, 2);
	dns_put_other(&b, "example.com", ns_t_a, address);
	dns_put_other(&b, "a.example.org", ns_t_a, address);
	ck_assert(read_clear(&b, &r) == RECORD_NONE);
	dns_begin(&b, 0, ns_t_a, 1);
	dns_put_other(&b, "EXAMPLE.org", ns_t_a, address);
	ck_assert(read_clear(&b, &r) == RECORD_OK);
}
END_TEST

START_TEST(aliases_are_followed_in_any_order)
{
	struct record		 r;
	struct buf		 b;
	struct addresses	 a;
	char			 text[PACKET_NAME_MAX + 1];

	dns_begin(&b, 0, ns_t_a, 4);
	dns_put_other(&b, "c.example", ns_t_a, address);
	dns_put_cname(&b, "B.example", "c.example");
	dns_put_cname(&b, "example.org", "b.Example");
	dns_put_other(&b, "example.net", ns_t_a, span_make("\1\2\3\4", 4));
	ck_assert(record_read_addresses(buf_span(&b), AF_INET, &a) ==
	    RECORD_OK);
	ck_assert_uint_eq(a.count, 1);
	ck_assert_mem_eq(a.list[0], address.ptr, 4);
	ck_assert(read_clear(&b, &r) == RECORD_OK);
	ck_assert_uint_eq(r.aliases, 2);
	ck_assert(packet_name_format(&r.end, text));
	ck_assert_str_eq(text, "c.example");
}
END_TEST

START_TEST(a_circle_ends)
{
	struct record	 r;
	struct buf	 b;

	dns_begin(&b, 0, ns_t_a, 2);
	dns_put_cname(&b, "example.org", "b.example");
	dns_put_cname(&b, "b.example", "example.org");
	ck_assert(read_clear(&b, &r) == RECORD_LATER);
	dns_begin(&b, 0, ns_t_a, 1);
	dns_put_cname(&b, "example.org", "example.org");
	ck_assert(read_clear(&b, &r) == RECORD_LATER);
}
END_TEST

START_TEST(a_code_speaks_of_the_last_name)
{
	struct record	 r;
	struct buf	 b;

	dns_begin(&b, ns_r_nxdomain, ns_t_a, 1);
	dns_put_cname(&b, "example.org", "b.example");
	ck_assert(read_clear(&b, &r) == RECORD_NO_NAME);
	dns_begin(&b, 0, ns_t_a, 1);
	dns_put_cname(&b, "example.org", "b.example");
	dns_set_authorities(&b, 1);
	dns_put_soa(&b, "example", 60);
	ck_assert(read_clear(&b, &r) == RECORD_NONE);
	ck_assert_uint_eq(r.life, 60);
	dns_begin(&b, 0, ns_t_a, 1);
	dns_put_cname(&b, "example.org", "b.example");
	dns_set_authorities(&b, 1);
	dns_put_soa(&b, "org", 60);	/* not of that name */
	ck_assert(read_clear(&b, &r) == RECORD_ALIAS);
	dns_begin(&b, ns_r_nxdomain, ns_t_a, 1);
	dns_put_record(&b, ns_t_a, address);
	ck_assert(read_clear(&b, &r) == RECORD_LATER);
}
END_TEST

START_TEST(who_sends_us_on_knows_nothing)
{
	struct record	 r;
	struct buf	 b;

	dns_begin(&b, 0, ns_t_mx, 0);
	dns_set_authorities(&b, 1);
	dns_put_other(&b, "org", ns_t_ns, span_make("\2ns\0", 4));
	ck_assert(read_clear(&b, &r) == RECORD_LATER);
	dns_begin(&b, 0, ns_t_mx, 0);
	dns_set_authorities(&b, 2);
	dns_put_other(&b, "org", ns_t_ns, span_make("\2ns\0", 4));
	dns_put_soa(&b, "org", 9);
	ck_assert(read_clear(&b, &r) == RECORD_NONE);
	dns_begin(&b, 0, ns_t_mx, 0);
	dns_set_authorities(&b, 200);
	ck_assert(read_clear(&b, &r) == RECORD_LATER);
}
END_TEST

/* A reply whose one record has data of that length, all of one octet. */
static enum record_status
read_length(unsigned asked, unsigned type, size_t len, int octet)
{
	char		 data[300];
	struct record	 r;
	struct buf	 b;
	char		*copy;

	memset(data, octet, sizeof data);
	dns_begin(&b, 0, asked, 1);
	dns_put_record(&b, type, span_make(data, len));
	copy = span_dup(buf_span(&b));
	record_read(span_make(copy, buf_len(&b)), &r);
	free(copy);
	buf_clear(&b);
	return r.status;
}

static const unsigned	 types[] = {
	ns_t_a, ns_t_aaaa, ns_t_mx, ns_t_ptr, ns_t_cname, ns_t_soa, ns_t_txt,
	ns_t_ns, ns_t_opt, 46, 65280
};

/* Zeros are a name that is the root: of one octet, of three with a number. */
START_TEST(data_are_whole_or_none)
{
	unsigned	 asked, i;
	size_t		 len;
	bool		 good;

	for (i = 0; i < 4; i++)
	for (len = 0; len < 300; len++) {
		asked = types[i];
		good = (asked == ns_t_a && len == 4) ||
		    (asked == ns_t_aaaa && len == 16) ||
		    (asked == ns_t_mx && len == 3) ||
		    (asked == ns_t_ptr && len == 1);
		if (types[_i] == asked)
			ck_assert(read_length(asked, types[_i], len, 0) ==
			    (good ? RECORD_OK : RECORD_LATER));
		else if (types[_i] != ns_t_cname)
			ck_assert(read_length(asked, types[_i], len, 0) ==
			    RECORD_NONE);
		else
			ck_assert(read_length(asked, types[_i], len, 0) ==
			    (len == 1 ? RECORD_ALIAS : RECORD_LATER));
		(void)read_length(asked, types[_i], len, 0xc0);
		(void)read_length(asked, types[_i], len, 1);
		(void)read_length(asked, types[_i], len, 63);
	}
}
END_TEST

START_TEST(addresses_come_in_an_order_that_is_drawn)
{
	struct addresses	 a;
	struct buf		 b;
	char			 data[4] = { 10, 0, 0, 0 };
	unsigned		 first[40] = { 0 }, i;

	dns_begin(&b, 0, ns_t_a, 41);
	for (i = 0; i < 41; i++) {
		data[3] = i % 40;	/* one of them twice */
		dns_put_record(&b, ns_t_a, span_make(data, sizeof data));
	}
	for (i = 0; i < 8000; i++) {
		if (record_read_addresses(buf_span(&b), AF_INET, &a) !=
		    RECORD_OK || a.count != ADDRESSES_MAX)
			ck_abort();
		first[a.list[0][3]]++;
	}
	for (i = 0; i < 40; i++)	/* 200 are expected */
		ck_assert_msg(first[i] > 100 && first[i] < 440, "%u: %u", i,
		    first[i]);
	buf_clear(&b);
}
END_TEST

/* ---- from one to the next ------------------------------------------------ */

static struct {
	unsigned	 count;
	enum record_status status;
	bool		 secure;
	char		 end[PACKET_NAME_MAX + 1];
} heard;

static void
on_followed(void *arg, const struct followed *x)
{
	(void)arg;
	heard.count++;
	heard.status = x->status;
	heard.secure = x->secure;
	(void)packet_name_format(x->end, heard.end);
}

static void
answer_alias(unsigned i, bool secure)
{
	struct buf	 b;
	char		 name[BUF_TEXT], to[BUF_TEXT];

	snprintf(name, sizeof name, "n%u.example", i);
	snprintf(to, sizeof to, "n%u.example", i + 1);
	dns_begin_of(&b, name, 0, ns_t_a, 1);
	dns_put_cname(&b, name, to);
	stub_answer(i, &b, secure);
	buf_clear(&b);
}

static void
answer_address(unsigned i, bool secure)
{
	struct buf	 b;
	char		 name[BUF_TEXT];

	snprintf(name, sizeof name, "n%u.example", i);
	dns_begin_of(&b, name, 0, ns_t_a, 1);
	dns_put_other(&b, name, ns_t_a, address);
	stub_answer(i, &b, secure);
	buf_clear(&b);
}

/* -1: all of them are secure. */
static void
follow(unsigned aliases, int insecure)
{
	struct stub	*s = stub_open();
	unsigned	 i;

	heard.count = 0;
	follow_ask(s->cache, "n0.example", ns_t_a, on_followed, NULL);
	for (i = 0; i < aliases; i++) {
		ck_assert_uint_eq(s->asked, i + 1);
		answer_alias(i, (int)i != insecure);
	}
	if (s->asked > aliases)
		answer_address(aliases, (int)aliases != insecure);
	ck_assert_uint_eq(heard.count, 1);
}

START_TEST(aliases_that_lead_out_are_asked_for)
{
	char	 end[BUF_TEXT];

	follow(_i, -1);
	ck_assert(heard.status == RECORD_OK);
	ck_assert(heard.secure);
	snprintf(end, sizeof end, "n%d.example", _i);
	ck_assert_str_eq(heard.end, end);
}
END_TEST

START_TEST(one_doubt_is_a_doubt_of_all)
{
	follow(4, _i);
	ck_assert(heard.status == RECORD_OK);
	ck_assert(!heard.secure);
}
END_TEST

START_TEST(too_many_aliases_mean_later)
{
	follow(CNAMES_MAX + 1, -1);
	ck_assert(heard.status == RECORD_LATER);
}
END_TEST

static TCase *
cases(void)
{
	TCase	*tc = tcase_create("follow");

	tcase_add_test(tc, only_the_name_that_was_asked_for_counts);
	tcase_add_test(tc, aliases_are_followed_in_any_order);
	tcase_add_test(tc, a_circle_ends);
	tcase_add_test(tc, a_code_speaks_of_the_last_name);
	tcase_add_test(tc, who_sends_us_on_knows_nothing);
	tcase_add_loop_test(tc, data_are_whole_or_none, 0, COUNT(types));
	tcase_add_test(tc, addresses_come_in_an_order_that_is_drawn);
	tcase_add_loop_test(tc, aliases_that_lead_out_are_asked_for, 0,
	    CNAMES_MAX + 1);
	tcase_add_loop_test(tc, one_doubt_is_a_doubt_of_all, 0, 5);
	tcase_add_test(tc, too_many_aliases_mean_later);
	return tc;
}

int
main(void)
{
	Suite	*s = suite_create("follow");
	SRunner	*runner;
	int	 failed;

	suite_add_tcase(s, cases());
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
