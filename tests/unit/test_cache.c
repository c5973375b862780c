/* SPDX-License-Identifier: ISC */
#include <arpa/nameser.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/alloc.h"
#include "tests/unit/cache_stub.h"
#include "tests/unit/dns_stub.h"

/* What was heard last, and how often anything. */
static struct {
	unsigned	 count;
	size_t		 len;
	bool		 secure;
} heard;

static void
on_answer(void *arg, const struct dns_answer *a)
{
	(void)arg;
	heard.count++;
	heard.len = a->reply.len;
	heard.secure = a->secure;
}

static void
ask(struct stub *s, const char *name, unsigned type)
{
	struct packet_name	 n;

	if (!packet_name_parse(&n, span_of(name)))
		ck_abort();
	cache_ask(s->cache, &n, type, on_answer, NULL);
}

/* An A record that lives for that long. */
static void
begin_address(struct buf *b, unsigned life)
{
	size_t	 at;

	dns_begin(b, 0, ns_t_a, 1);
	at = buf_len(b);
	dns_put_record(b, ns_t_a, span_make("\12\0\0\1", 4));
	dns_set_life(b, at, life);
}

static struct stub *
begin(void)
{
	heard.count = 0;
	return stub_open();
}

/* ---- for how long -------------------------------------------------------- */

enum shape { ADDRESS, NO_NAME, NO_DATA, NOT_EVEN_SOA, SERVER_FAILED, SILENCE,
	GARBAGE };

static const struct {
	enum shape	 shape;
	unsigned	 life;		/* that it gives */
	int64_t		 seconds;	/* for which it is kept */
} lives[] = {
	{ ADDRESS,	300,	300 },
	{ ADDRESS,	0,	CACHE_LIFE_MIN },
	{ ADDRESS,	65535,	CACHE_LIFE_MAX },
	{ NO_NAME,	20,	20 },
	{ NO_NAME,	65535,	300 },		/* the SOA's own life */
	{ NO_DATA,	20,	20 },
	{ NO_DATA,	0,	CACHE_LIFE_MIN },
	{ NOT_EVEN_SOA,	0,	CACHE_LIFE_MIN },
	{ SERVER_FAILED, 0,	CACHE_LIFE_LATER },
	{ SILENCE,	0,	CACHE_LIFE_LATER },
	{ GARBAGE,	0,	CACHE_LIFE_LATER },
};

static void
answer_shaped(unsigned i, enum shape shape, unsigned life)
{
	struct buf	 b;

	switch (shape) {
	case ADDRESS:
		begin_address(&b, life);
		break;
	case NO_NAME:
	case NO_DATA:
		dns_begin(&b, shape == NO_NAME ? ns_r_nxdomain : 0, ns_t_a, 0);
		dns_set_authorities(&b, 1);
		dns_put_soa(&b, "org", life);
		break;
	case SILENCE:
		stub_answer(i, NULL, false);
		return;
	case GARBAGE:
		dns_begin(&b, 0, ns_t_a, 60000);
		break;
	default:
		dns_begin(&b, shape == SERVER_FAILED ? ns_r_servfail : 0,
		    ns_t_a, 0);
	}
	stub_answer(i, &b, false);
	buf_clear(&b);
}

START_TEST(an_answer_is_kept_as_long_as_it_says_within_bounds)
{
	struct stub	*s = begin();

	ask(s, "example.org", ns_t_a);
	ck_assert_uint_eq(s->asked, 1);
	ck_assert_uint_eq(heard.count, 0);
	answer_shaped(0, lives[_i].shape, lives[_i].life);
	ck_assert_uint_eq(heard.count, 1);
	stub_pass(lives[_i].seconds * 1000 - 1);
	ask(s, "example.org", ns_t_a);
	ck_assert_uint_eq(heard.count, 2);
	ck_assert_uint_eq(s->asked, 1);
	stub_pass(1);
	ask(s, "example.org", ns_t_a);
	ck_assert_uint_eq(heard.count, 2);
	ck_assert_uint_eq(s->asked, 2);
}
END_TEST

START_TEST(a_long_reply_is_told_but_hardly_kept)
{
	struct stub	*s = begin();
	struct buf	 b;
	unsigned	 i;

	ask(s, "example.org", ns_t_a);
	dns_begin(&b, 0, ns_t_a, 1000);
	for (i = 0; i < 1000; i++)
		dns_put_record(&b, ns_t_a, span_make("\12\0\0\1", 4));
	stub_answer(0, &b, false);
	buf_clear(&b);
	ck_assert_uint_gt(heard.len, CACHE_REPLY_MAX);
	stub_pass(CACHE_LIFE_MIN * 1000);
	ask(s, "example.org", ns_t_a);
	ck_assert_uint_eq(s->asked, 2);
}
END_TEST

/* ---- who asks ------------------------------------------------------------ */

START_TEST(what_is_asked_is_not_asked_again)
{
	struct stub	*s = begin();
	struct buf	 b;
	unsigned	 i;

	for (i = 0; i < 1000; i++)
		ask(s, i % 2 ? "example.org" : "EXAMPLE.Org", ns_t_a);
	ck_assert_uint_eq(s->asked, 1);
	ck_assert_str_eq((const char *)s->name.octets, "\7example\3org");
	begin_address(&b, 300);
	stub_answer(0, &b, true);
	buf_clear(&b);
	ck_assert_uint_eq(heard.count, 1000);
	ck_assert(heard.secure);
}
END_TEST

START_TEST(a_type_or_another_name_is_another_question)
{
	struct stub	*s = begin();

	ask(s, "example.org", ns_t_a);
	ask(s, "example.org", ns_t_aaaa);
	ask(s, "a.example.org", ns_t_a);
	ask(s, "xexample.org", ns_t_a);
	ask(s, "", ns_t_a);
	ck_assert_uint_eq(s->asked, 5);
}
END_TEST

/* Asks the same once more for each answer, until it has enough of them. */
static void
ask_again(void *arg, const struct dns_answer *a)
{
	struct stub		*s = arg;
	struct packet_name	 n;

	ck_assert_uint_gt(a->reply.len, 0);
	if (++heard.count == 10)
		return;
	stub_pass(60000);		/* it is forgotten meanwhile */
	ck_assert(packet_name_parse(&n, span_of("example.org")));
	cache_ask(s->cache, &n, ns_t_a, ask_again, s);
	ck_assert_int_eq(a->reply.ptr[0], 0x12);
}

START_TEST(who_is_told_may_ask)
{
	struct stub		*s = begin();
	struct packet_name	 n;
	struct buf		 b;

	ck_assert(packet_name_parse(&n, span_of("example.org")));
	cache_ask(s->cache, &n, ns_t_a, ask_again, s);
	begin_address(&b, 300);
	stub_answer(0, &b, false);
	buf_clear(&b);
	while (heard.count < 10) {
		begin_address(&b, 300);
		stub_answer(s->asked - 1, &b, false);
		buf_clear(&b);
	}
	ck_assert_uint_eq(s->asked, 2);	/* four more minutes are left */
}
END_TEST

/* ---- room ---------------------------------------------------------------- */

enum { FLOOD = 300000 };

START_TEST(a_flood_of_names_has_a_ceiling)
{
	struct stub	*s = begin();
	struct buf	 b;
	char		 name[64];
	unsigned	 i, before;
	size_t		 most = 0;

	ask(s, "example.org", ns_t_a);
	begin_address(&b, 3600);
	stub_answer(0, &b, false);
	for (i = 0; i < FLOOD; i++) {
		snprintf(name, sizeof name, "n%u.example.org", i);
		ask(s, name, ns_t_a);
		stub_answer(s->asked - 1, &b, false);
		most = cache_octets(s->cache) > most ?
		    cache_octets(s->cache) : most;
		if (i % 1000 == 0)
			ask(s, "example.org", ns_t_a);
	}
	ck_assert_uint_le(most, CACHE_OCTETS_MAX);
	ck_assert_uint_gt(most, CACHE_OCTETS_MAX / 2);
	buf_clear(&b);
	before = s->asked;
	ck_assert_uint_eq(before, FLOOD + 1);
	ask(s, "example.org", ns_t_a);	/* it was used all the time */
	ask(s, name, ns_t_a);
	ck_assert_uint_eq(s->asked, before);
	ask(s, "n1.example.org", ns_t_a);
	ck_assert_uint_eq(s->asked, before + 1);
}
END_TEST

static TCase *
cases(void)
{
	TCase	*tc = tcase_create("cache");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc,
	    an_answer_is_kept_as_long_as_it_says_within_bounds, 0,
	    COUNT(lives));
	tcase_add_test(tc, a_long_reply_is_told_but_hardly_kept);
	tcase_add_test(tc, what_is_asked_is_not_asked_again);
	tcase_add_test(tc, a_type_or_another_name_is_another_question);
	tcase_add_test(tc, who_is_told_may_ask);
	tcase_add_test(tc, a_flood_of_names_has_a_ceiling);
	return tc;
}

int
main(void)
{
	Suite	*s = suite_create("cache");
	SRunner	*runner;
	int	 failed;

	suite_add_tcase(s, cases());
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
