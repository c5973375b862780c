/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/nameser.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/addr.h"
#include "shared/alloc.h"
#include "shared/buf.h"
#include "resolver/record.h"
#include "tests/unit/dns_stub.h"

/* A copy that ends where its memory ends, so that reading on is noticed. */
static enum record_status
read_mx_exactly(struct span s, struct exchangers *all)
{
	char			*copy = malloc(s.len > 0 ? s.len : 1);
	enum record_status	 status;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, s.ptr, s.len);
	status = record_read_mx(span_make(copy, s.len), all);
	free(copy);
	return status;
}

static void
check_invariants(const struct exchangers *all)
{
	unsigned	 i;

	ck_assert_uint_le(all->count, MX_MAX);
	for (i = 0; i < all->count; i++) {
		ck_assert(domain_is_valid(span_of(all->list[i].host)));
		ck_assert(i == 0 || all->list[i - 1].preference <=
		    all->list[i].preference);
	}
}

/* ---- claims -------------------------------------------------------------- */

static const struct {
	unsigned		 rcode;
	enum record_status	 status;
} codes[] = {
	{ ns_r_noerror,		RECORD_NONE },
	{ ns_r_formerr,		RECORD_LATER },
	{ ns_r_servfail,	RECORD_LATER },
	{ ns_r_nxdomain,	RECORD_NO_NAME },
	{ ns_r_notimpl,		RECORD_LATER },
	{ ns_r_refused,		RECORD_LATER },
	{ 15,			RECORD_LATER },
};

START_TEST(a_code_without_answers_has_its_meaning)
{
	struct exchangers	 mx;
	struct addresses	 a;
	struct buf		 b;

	dns_begin(&b, codes[_i].rcode, ns_t_mx, 0);
	ck_assert(record_read_mx(buf_span(&b), &mx) == codes[_i].status);
	ck_assert_uint_eq(mx.count, 0);
	buf_clear(&b);
	dns_begin(&b, codes[_i].rcode, ns_t_a, 0);
	ck_assert(record_read_addresses(buf_span(&b), AF_INET, &a) ==
	    codes[_i].status);
	ck_assert_uint_eq(a.count, 0);
	buf_clear(&b);
}
END_TEST

START_TEST(no_reply_means_later)
{
	struct exchangers	 mx;
	struct addresses	 a;

	ck_assert(record_read_mx(span_of(""), &mx) == RECORD_LATER);
	ck_assert(record_read_addresses(span_of(""), AF_INET6, &a) ==
	    RECORD_LATER);
}
END_TEST

START_TEST(the_best_exchangers_stay_in_order)
{
	struct exchangers	 mx;
	struct buf		 b;
	char			 host[32];
	unsigned		 i;

	dns_begin(&b, 0, ns_t_mx, 30);
	for (i = 0; i < 30; i++) {
		snprintf(host, sizeof host, "mx%u.example.org", i * 7 % 30);
		dns_put_mx(&b, i * 7 % 30, host);
	}
	ck_assert(record_read_mx(buf_span(&b), &mx) == RECORD_OK);
	ck_assert_uint_eq(mx.count, MX_MAX);
	for (i = 0; i < MX_MAX; i++) {
		snprintf(host, sizeof host, "mx%u.example.org", i);
		ck_assert_uint_eq(mx.list[i].preference, i);
		ck_assert_str_eq(mx.list[i].host, host);
	}
	buf_clear(&b);
}
END_TEST

START_TEST(equal_exchangers_take_turns)
{
	struct exchangers	 mx;
	struct buf		 b;
	int			 i, first = 0;

	dns_begin(&b, 0, ns_t_mx, 2);
	dns_put_mx(&b, 10, "a.example.org");
	dns_put_mx(&b, 10, "b.example.org");
	for (i = 0; i < 200; i++) {
		ck_assert(record_read_mx(buf_span(&b), &mx) == RECORD_OK);
		ck_assert_uint_eq(mx.count, 2);
		first += mx.list[0].host[0] == 'a';
	}
	ck_assert_int_gt(first, 20);
	ck_assert_int_lt(first, 180);
	buf_clear(&b);
}
END_TEST

START_TEST(null_mx_stands_alone)
{
	struct exchangers	 mx;
	struct buf		 b;

	dns_begin(&b, 0, ns_t_mx, 1);
	dns_put_mx(&b, 0, "");
	ck_assert(record_read_mx(buf_span(&b), &mx) == RECORD_NULL_MX);
	buf_clear(&b);
	dns_begin(&b, 0, ns_t_mx, 2);
	dns_put_mx(&b, 0, "");
	dns_put_mx(&b, 10, "mx.example.org");
	ck_assert(record_read_mx(buf_span(&b), &mx) == RECORD_OK);
	ck_assert_uint_eq(mx.count, 1);
	buf_clear(&b);
}
END_TEST

static const char	*const not_hosts[] = {
	"a b.example.org", "a,b.example.org", "-.example.org",
	"[192\001].example.org", "caf\303\251.example.org", "a\nb.example.org",
};

START_TEST(names_of_no_host_never_get_through)
{
	struct exchangers	 mx;
	struct buf		 b;

	dns_begin(&b, 0, ns_t_mx, 1);
	dns_put_mx(&b, 10, not_hosts[_i]);
	record_read_mx(buf_span(&b), &mx);
	ck_assert_msg(mx.count == 0, "%s", not_hosts[_i]);
	buf_clear(&b);
}
END_TEST

static void
begin_sample(struct buf *b)
{
	dns_begin(b, 0, ns_t_mx, 3);
	dns_put_mx(b, 20, "mx2.example.org");
	dns_put_mx(b, 10, "mx1.example.org");
	dns_put_mx(b, 30, "a.very.long.name.of.a.host.example.net");
}

START_TEST(a_reply_cut_short_is_survived)
{
	struct exchangers	 mx;
	struct buf		 b;
	size_t			 len;

	begin_sample(&b);
	for (len = 0; len < buf_len(&b); len++) {
		ck_assert(read_mx_exactly(span_head(buf_span(&b), len), &mx) !=
		    RECORD_OK);
		check_invariants(&mx);
	}
	ck_assert(read_mx_exactly(buf_span(&b), &mx) == RECORD_OK);
	ck_assert_uint_eq(mx.count, 3);
	buf_clear(&b);
}
END_TEST

START_TEST(any_octet_may_be_any_other)
{
	struct exchangers	 mx;
	struct buf		 b;
	char			*octet, was;
	size_t			 i;
	int			 value;

	begin_sample(&b);
	for (i = 0; i < buf_len(&b); i++) {
		octet = b.data + b.head + i;
		was = *octet;
		for (value = 0; value < 256; value++) {
			*octet = value;
			read_mx_exactly(buf_span(&b), &mx);
			check_invariants(&mx);
		}
		*octet = was;
	}
	buf_clear(&b);
}
END_TEST

/* One A or AAAA record with `len` octets of data. */
static enum record_status
read_one(unsigned type, int family, size_t len, struct addresses *a)
{
	char			 data[300] = { 1, 2, 3, 4 };
	enum record_status	 status;
	struct buf		 b;
	char			*copy;

	dns_begin(&b, 0, type, 1);
	dns_put_record(&b, type, span_make(data, len));
	copy = span_dup(buf_span(&b));
	status = record_read_addresses(span_make(copy, buf_len(&b)), family,
	    a);
	free(copy);
	buf_clear(&b);
	return status;
}

START_TEST(an_address_has_its_own_length)
{
	struct addresses	 a;
	unsigned		 len;

	for (len = 0; len < 300; len++) {
		ck_assert_msg((read_one(ns_t_a, AF_INET, len, &a) ==
		    RECORD_OK) == (len == 4), "A of %u", len);
		ck_assert_uint_eq(a.count, len == 4);
		ck_assert_msg((read_one(ns_t_aaaa, AF_INET6, len, &a) ==
		    RECORD_OK) == (len == 16), "AAAA of %u", len);
		ck_assert_uint_eq(a.count, len == 16);
	}
}
END_TEST

START_TEST(addresses_have_a_ceiling)
{
	struct addresses	 a;
	struct buf		 b;
	char			 data[4] = { 10, 0, 0, 0 };
	int			 i;

	dns_begin(&b, 0, ns_t_a, 100);
	for (i = 0; i < 100; i++) {
		data[3] = i;
		dns_put_record(&b, ns_t_a, span_make(data, sizeof data));
	}
	ck_assert(record_read_addresses(buf_span(&b), AF_INET, &a) ==
	    RECORD_OK);
	ck_assert_uint_eq(a.count, ADDRESSES_MAX);
	buf_clear(&b);
}
END_TEST

/* ---- names of addresses -------------------------------------------------- */

static const struct {
	const char	*name;
	bool		 good;
} pointers[] = {
	{ "mail.example.net",		true },
	{ "A_b-c.example",		true },
	{ "localhost",			true },
	{ "1.example",			true },
	{ "10.0.0.1",			false },
	{ "",				false },
	{ "a b.example",		false },
	{ "a\"b.example",		false },
	{ "a[b].example",		false },
	{ "a\r\nX: y.example",		false },
	{ "caf\303\251.example",		false },
	{ "-.example",			false },
};

START_TEST(a_pointer_leads_to_a_host_or_nowhere)
{
	struct host_names	 names;
	struct buf		 b;

	dns_begin(&b, 0, ns_t_ptr, 1);
	dns_put_ptr(&b, pointers[_i].name);
	ck_assert(record_read_names(buf_span(&b), &names) !=
	    RECORD_LATER);
	ck_assert_msg(names.count == pointers[_i].good, "%s",
	    pointers[_i].name);
	if (pointers[_i].good)
		ck_assert_str_eq(names.list[0], pointers[_i].name);
	buf_clear(&b);
}
END_TEST

START_TEST(names_of_an_address_have_a_ceiling)
{
	struct host_names	 names;
	struct buf		 b;
	char			 host[32];
	unsigned		 i;

	dns_begin(&b, 0, ns_t_ptr, 100);
	for (i = 0; i < 100; i++) {
		snprintf(host, sizeof host, i % 2 ? "n%u.example" : "b%u/",
		    i);
		dns_put_ptr(&b, host);
	}
	ck_assert(record_read_names(buf_span(&b), &names) == RECORD_OK);
	ck_assert_uint_eq(names.count, NAMES_OF_ADDRESS_MAX);
	ck_assert_str_eq(names.list[0], "n1.example");
	buf_clear(&b);
}
END_TEST

START_TEST(one_of_many_addresses_is_found)
{
	struct buf	 b;
	uint8_t		 data[4] = { 10, 0, 0, 0 };
	int		 i;

	dns_begin(&b, 0, ns_t_a, 200);
	for (i = 0; i < 200; i++) {
		data[3] = i;
		dns_put_record(&b, ns_t_a, span_make(data, sizeof data));
	}
	data[3] = 199;
	ck_assert(record_find_address(buf_span(&b), AF_INET, data) ==
	    RECORD_OK);
	data[3] = 200;
	ck_assert(record_find_address(buf_span(&b), AF_INET, data) ==
	    RECORD_NONE);
	ck_assert(record_find_address(buf_span(&b), AF_INET6,
	    (uint8_t[16]){ 10 }) == RECORD_LATER);	/* no such question */
	buf_clear(&b);
}
END_TEST

static uint32_t
life_of(const struct buf *b)
{
	struct record	 r;

	record_read(buf_span(b), &r);
	return r.life;
}

START_TEST(an_answer_is_believed_for_its_shortest_life)
{
	struct buf	 b;
	size_t		 at;

	dns_begin(&b, 0, ns_t_ptr, 2);
	ck_assert_uint_eq(life_of(&b), 0);	/* one of them is missing */
	dns_put_ptr(&b, "a.example");
	at = buf_len(&b);
	dns_put_ptr(&b, "b.example");
	ck_assert_uint_eq(life_of(&b), 300);
	dns_set_life(&b, at, 20);
	ck_assert_uint_eq(life_of(&b), 20);
	b.data[b.head + at + 6] = (char)0x80;	/* RFC 2181 section 8 */
	ck_assert_uint_eq(life_of(&b), 0);
	buf_clear(&b);
}
END_TEST

static const struct {
	const char	*zone;
	unsigned	 rcode, minimum;
	uint32_t	 life;
	enum record_status status;
} nothings[] = {
	{ "org",	ns_r_nxdomain,	7,	7,	RECORD_NO_NAME },
	{ "example.org", ns_r_noerror,	7,	7,	RECORD_NONE },
	{ "",		ns_r_nxdomain,	5000,	300,	RECORD_NO_NAME },
	{ "ample.org",	ns_r_nxdomain,	7,	0,	RECORD_NO_NAME },
	{ "example.com", ns_r_noerror,	7,	0,	RECORD_NONE },
};

START_TEST(that_there_is_nothing_is_believed_too)
{
	struct buf	 b;
	struct record	 r;

	dns_begin(&b, nothings[_i].rcode, ns_t_ptr, 0);
	ck_assert_uint_eq(life_of(&b), 0);
	dns_set_authorities(&b, 1);
	dns_put_soa(&b, nothings[_i].zone, nothings[_i].minimum);
	record_read(buf_span(&b), &r);
	ck_assert_uint_eq(r.life, nothings[_i].life);
	ck_assert(r.status == nothings[_i].status);
	buf_clear(&b);
}
END_TEST

static void
read_all_exactly(struct span s)
{
	static const uint8_t	 address[16];
	struct host_names	 names;
	struct record		 all;
	char			*copy = malloc(s.len > 0 ? s.len : 1);
	unsigned		 i;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, s.ptr, s.len);
	s.ptr = copy;
	(void)record_read_names(s, &names);
	ck_assert_uint_le(names.count, NAMES_OF_ADDRESS_MAX);
	for (i = 0; i < names.count; i++)
		ck_assert(domain_is_valid(span_of(names.list[i])));
	(void)record_find_address(s, AF_INET, address);
	(void)record_find_address(s, AF_INET6, address);
	record_read(s, &all);
	free(copy);
}

START_TEST(no_octets_of_a_pointer_do_harm)
{
	struct buf	 b;
	char		*octet, was;
	size_t		 i;
	int		 value;

	dns_begin(&b, 0, ns_t_ptr, 3);
	dns_put_ptr(&b, "mx2.example.org");
	dns_put_record(&b, ns_t_cname, span_make("\300\014", 2));
	dns_put_ptr(&b, "a.example.net");
	for (i = 0; i < buf_len(&b); i++) {
		read_all_exactly(span_head(buf_span(&b), i));
		octet = b.data + b.head + i;
		was = *octet;
		for (value = 0; value < 256; value++) {
			*octet = value;
			read_all_exactly(buf_span(&b));
		}
		*octet = was;
	}
	buf_clear(&b);
}
END_TEST

static TCase *
cases(void)
{
	TCase	*tc = tcase_create("record");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_code_without_answers_has_its_meaning, 0,
	    COUNT(codes));
	tcase_add_test(tc, no_reply_means_later);
	tcase_add_test(tc, the_best_exchangers_stay_in_order);
	tcase_add_test(tc, equal_exchangers_take_turns);
	tcase_add_test(tc, null_mx_stands_alone);
	tcase_add_loop_test(tc, names_of_no_host_never_get_through, 0,
	    COUNT(not_hosts));
	tcase_add_test(tc, a_reply_cut_short_is_survived);
	tcase_add_test(tc, any_octet_may_be_any_other);
	tcase_add_test(tc, an_address_has_its_own_length);
	tcase_add_test(tc, addresses_have_a_ceiling);
	tcase_add_loop_test(tc, a_pointer_leads_to_a_host_or_nowhere, 0,
	    COUNT(pointers));
	tcase_add_test(tc, names_of_an_address_have_a_ceiling);
	tcase_add_test(tc, one_of_many_addresses_is_found);
	tcase_add_test(tc, an_answer_is_believed_for_its_shortest_life);
	tcase_add_loop_test(tc, that_there_is_nothing_is_believed_too, 0,
	    COUNT(nothings));
	tcase_add_test(tc, no_octets_of_a_pointer_do_harm);
	return tc;
}

int
main(void)
{
	Suite	*s = suite_create("record");
	SRunner	*runner;
	int	 failed;

	suite_add_tcase(s, cases());
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
