/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/visit.h"
#include "shared/alloc.h"

/* Time goes on when a test says so. */
static struct counters	 counters;
static struct visits	*visits;
static struct instant	 now;
static uint64_t		 serial;

static void
wait_ms(int64_t ms)
{
	now = clock_after(now, ms);
}

static void
set_up(void)
{
	counters_init(&counters);
	visits = visits_new(&counters);
	now = (struct instant){ INT64_C(1000000000000) };
	serial = 0;
}

static void
tear_down(void)
{
	visits_free(visits);
	counters_clear(&counters);
	ck_assert_uint_eq(counters.count, 0);
}

static struct msg_conf_limit
limit(unsigned number)
{
	return (struct msg_conf_limit){ .number = number,
	    .name = span_of("test"), .prefix4 = 32, .prefix6 = 64 };
}

static void
parse(const char *text, uint8_t into[16])
{
	char	 mapped[64];

	snprintf(mapped, sizeof mapped, "%s%s",
	    strchr(text, ':') == NULL ? "::ffff:" : "", text);
	ck_assert_int_eq(inet_pton(AF_INET6, mapped, into), 1);
}

static struct reply
call(const char *address, unsigned number, bool exempt)
{
	static uint8_t	 octets[16];
	struct msg_admit m = { .token = ++serial, .limits = number,
			    .exempt = exempt };

	parse(address, octets);
	m.address = span_make(octets, 16);
	return visit_admit(visits, &m, now);
}

/* The token, or 0 when it is turned away. */
static uint64_t
come(const char *address)
{
	struct reply	 r = call(address, 0, false);

	return reply_is_success(&r) ? serial : 0;
}

static void
leave(uint64_t token, unsigned errors)
{
	struct msg_left	 m = { token, errors };

	visit_leave(visits, &m, now);
}

static bool
ask(uint64_t visit, bool first, struct reply *why)
{
	struct msg_rcpt	 m = { .visit = visit, .first = first };

	return visit_may_ask(visits, &m, now, why);
}

/* ---- at once ------------------------------------------------------------- */

static const struct {
	const char	*first, *second;
	unsigned	 prefix4, prefix6;
	bool		 together;
} prefixes[] = {
	{ "192.0.2.1",	"192.0.2.1",	32, 64,	true },
	{ "192.0.2.1",	"192.0.2.2",	32, 64,	false },
	{ "192.0.2.1",	"192.0.2.255",	24, 64,	true },
	{ "192.0.2.1",	"192.0.3.1",	24, 64,	false },
	{ "192.0.2.1",	"192.0.2.3",	30, 64,	true },
	{ "192.0.2.1",	"192.0.2.4",	30, 64,	false },
	{ "192.0.2.1",	"10.0.0.1",	1, 64,	false },
	{ "192.0.2.1",	"200.0.0.1",	1, 64,	true },
	{ "2001:db8::1", "2001:db8::ffff:0:0:1", 32, 64, true },
	{ "2001:db8::1", "2001:db8:0:1::1", 32, 64, false },
	{ "2001:db8::1", "2001:db8:0:1::1", 32, 48, true },
	{ "2001:db8::1", "2001:db8::1",	32, 128, true },
	{ "2001:db8::1", "2001:db8::2",	32, 128, false },
	{ "::fffe:c000:201", "192.0.2.1", 32, 64, false },
};

START_TEST(a_prefix_is_one_client)
{
	struct msg_conf_limit	 l = limit(0);
	bool			 first, second;

	l.connections = 1;
	l.prefix4 = prefixes[_i].prefix4;
	l.prefix6 = prefixes[_i].prefix6;
	counters_set(&counters, &l);
	first = come(prefixes[_i].first) != 0;
	second = come(prefixes[_i].second) != 0;
	ck_assert(first);
	ck_assert_msg(second != prefixes[_i].together, "%s %s",
	    prefixes[_i].first, prefixes[_i].second);
}
END_TEST

START_TEST(who_leaves_makes_room)
{
	struct msg_conf_limit	 l = limit(0);
	uint64_t		 a, b;

	l.connections = 2;
	counters_set(&counters, &l);
	a = come("192.0.2.1");
	b = come("192.0.2.1");
	ck_assert(a != 0 && b != 0);
	ck_assert(come("192.0.2.1") == 0);
	wait_ms(3600 * 1000);
	ck_assert(come("192.0.2.1") == 0);
	leave(a, 0);
	leave(a, 0);		/* twice is nothing */
	leave(12345, 0);
	ck_assert(come("192.0.2.1") != 0);
	ck_assert(come("192.0.2.1") == 0);
}
END_TEST

START_TEST(the_sum_holds_for_all_and_the_exempt)
{
	struct msg_conf_limit	 l = limit(0);
	struct reply		 r;

	l.connections = l.connects = 1;
	l.all_connections = 4;
	counters_set(&counters, &l);
	ck_assert(come("192.0.2.1") != 0);
	ck_assert(come("192.0.2.2") != 0);
	r = call("192.0.2.2", 0, true);
	ck_assert(reply_is_success(&r));
	r = call("192.0.2.2", 0, true);
	ck_assert(reply_is_success(&r));
	r = call("192.0.2.2", 0, true);
	ck_assert_uint_eq(r.code, 421);
	ck_assert_str_eq(r.text, "Limit total-connections: too many "
	    "connections at once, try again later");
	ck_assert(come("192.0.2.3") == 0);
}
END_TEST

START_TEST(blocks_count_for_themselves)
{
	struct msg_conf_limit	 l = limit(0);
	struct reply		 r;

	l.connections = 1;
	counters_set(&counters, &l);
	l.number = 3;
	counters_set(&counters, &l);
	ck_assert(come("192.0.2.1") != 0);
	r = call("192.0.2.1", 3, false);
	ck_assert(reply_is_success(&r));
	r = call("192.0.2.1", 3, false);
	ck_assert(reply_is_later(&r));
	/* a number of another configuration is as good as the first */
	r = call("192.0.2.1", 7, false);
	ck_assert(reply_is_later(&r));
	r = call("192.0.2.2", LISTENERS_MAX, false);
	ck_assert(reply_is_success(&r));
}
END_TEST

START_TEST(a_worker_that_dies_leaves_nobody)
{
	struct msg_conf_limit	 l = limit(0);
	struct visits		*others = visits_new(&counters);
	struct msg_stays	 m = { .token = 7, .address =
				    span_make("0123456789abcdef", 16) };
	struct counter		*row;
	unsigned		 i;

	l.connections = 5;
	counters_set(&counters, &l);
	for (i = 0; i < 3; i++, m.token++) {
		ck_assert(!visit_is_wrong(others, m.token));
		visit_stay(others, &m);
		ck_assert(visit_is_wrong(others, m.token));
	}
	row = counter_find(&counters, &counters.limits[0],
	    (const uint8_t *)m.address.ptr);
	ck_assert_uint_eq(row->count.open, 3);
	ck_assert_uint_eq(counters.limits[0].all.open, 3);
	visits_free(others);
	ck_assert_uint_eq(row->count.open, 0);
	ck_assert_uint_eq(counters.limits[0].all.open, 0);
}
END_TEST

/* ---- per minute ---------------------------------------------------------- */

START_TEST(a_minute_holds_so_many_and_then_forgets)
{
	struct msg_conf_limit	 l = limit(0);
	unsigned		 i;

	l.connects = 60;
	counters_set(&counters, &l);
	for (i = 0; i < 60; i++)
		ck_assert(come("192.0.2.1") != 0);
	ck_assert(come("192.0.2.1") == 0);
	ck_assert(come("192.0.2.2") != 0);
	wait_ms(999);
	ck_assert(come("192.0.2.1") == 0);
	wait_ms(1);
	ck_assert(come("192.0.2.1") != 0);
	ck_assert(come("192.0.2.1") == 0);
	wait_ms(60 * 1000);
	for (i = 0; i < 60; i++)
		ck_assert(come("192.0.2.1") != 0);
	ck_assert(come("192.0.2.1") == 0);
}
END_TEST

START_TEST(who_calls_all_the_time_still_gets_his_share)
{
	struct msg_conf_limit	 l = limit(0);
	unsigned		 i, good = 0;

	l.connects = 7;		/* of which a minute is no multiple */
	counters_set(&counters, &l);
	for (i = 0; i < 600; i++, wait_ms(100))
		good += come("192.0.2.1") != 0;
	/* those of the first moment, and as many as come back in a minute */
	ck_assert_uint_ge(good, 13);
	ck_assert_uint_le(good, 14);
}
END_TEST

START_TEST(messages_are_counted_by_their_first_recipient)
{
	struct msg_conf_limit	 l = limit(0);
	struct reply		 why;
	uint64_t		 a, b;

	l.messages = 2;
	counters_set(&counters, &l);
	a = come("192.0.2.1");
	b = come("192.0.2.1");
	ck_assert(ask(a, true, &why) && ask(a, false, &why));
	ck_assert(ask(b, true, &why));
	ck_assert(!ask(a, true, &why));
	ck_assert_uint_eq(why.code, 450);
	ck_assert_uint_eq(why.subject, 7);
	ck_assert_uint_eq(why.detail, 1);
	ck_assert_str_eq(why.text, "Limit messages-per-minute: too many "
	    "messages from your network, try again later");
	ck_assert(ask(a, false, &why));
	ck_assert(ask(0, true, &why));
	wait_ms(30 * 1000);
	ck_assert(ask(b, true, &why));
}
END_TEST

START_TEST(recipients_are_counted_over_all_sessions)
{
	struct msg_conf_limit	 l = limit(0);
	struct reply		 why;
	unsigned		 i;

	l.recipients = 10;
	l.all_recipients = 15;
	counters_set(&counters, &l);
	for (i = 0; i < 10; i++)
		ck_assert(ask(come("192.0.2.1"), false, &why));
	ck_assert(!ask(come("192.0.2.1"), false, &why));
	ck_assert(strncmp(why.text, "Limit recipients-per-minute", 27) == 0);
	for (i = 0; i < 5; i++)
		ck_assert(ask(come("192.0.2.2"), false, &why));
	ck_assert(!ask(come("192.0.2.2"), false, &why));
	ck_assert(strncmp(why.text, "Limit total-recipients-", 23) == 0);
}
END_TEST

START_TEST(unknown_users_close_the_door)
{
	struct msg_conf_limit	 l = limit(0);
	struct reply		 why;
	unsigned		 i;
	uint64_t		 a;

	l.unknown = 30;
	counters_set(&counters, &l);
	a = come("192.0.2.1");
	for (i = 0; i < 30; i++) {
		ck_assert(ask(a, false, &why));
		visit_unknown(visits, a, now);
	}
	ck_assert(!ask(a, false, &why));
	ck_assert(strncmp(why.text, "Limit unknown-users: ", 21) == 0);
	ck_assert(come("192.0.2.1") == 0);
	ck_assert(come("192.0.2.2") != 0);
	wait_ms(2000);
	ck_assert(ask(a, false, &why));
}
END_TEST

START_TEST(errors_are_told_at_the_end_and_held_a_minute_at_most)
{
	struct msg_conf_limit	 l = limit(0);

	l.errors = 100;
	counters_set(&counters, &l);
	leave(come("192.0.2.1"), 99);
	leave(come("192.0.2.1"), 0);
	leave(come("192.0.2.1"), UINT32_MAX);
	ck_assert(come("192.0.2.1") == 0);
	wait_ms(60 * 1000);
	leave(come("192.0.2.1"), 1);
	ck_assert(come("192.0.2.1") != 0);
}
END_TEST

START_TEST(zero_is_no_limit)
{
	struct msg_conf_limit	 l = limit(0);
	struct reply		 why;
	unsigned		 i;
	uint64_t		 a;

	counters_set(&counters, &l);
	for (i = 0; i < 5000; i++) {
		a = come("192.0.2.1");
		ck_assert(a != 0 && ask(a, true, &why));
		visit_unknown(visits, a, now);
	}
}
END_TEST

/* ---- memory -------------------------------------------------------------- */

static void
number_address(char into[64], unsigned i)
{
	snprintf(into, 64, "2001:db8:%x:%x::1", i >> 16, i & 0xffff);
}

START_TEST(a_full_table_forgets_who_was_there_the_longest_ago)
{
	struct msg_conf_limit	 l = limit(0);
	char			 address[64];
	uint64_t		 open;
	unsigned		 i;

	l.connections = 1;
	l.connects = 2;
	counters_set(&counters, &l);
	open = come("192.0.2.1");
	for (i = 0; i < COUNTERS_MAX + 1000; i++) {
		number_address(address, i);
		leave(come(address), 0);
		ck_assert_uint_le(counters.count, COUNTERS_MAX);
	}
	ck_assert(come("192.0.2.1") == 0);	/* who is here is known */
	leave(open, 0);
	ck_assert(come(address) != 0);
	leave(serial, 0);
	ck_assert(come(address) == 0);		/* the last is known, too */
	ck_assert(come("2001:db8::1") != 0);	/* the first is not */
}
END_TEST

START_TEST(a_table_full_of_those_who_are_here_counts_in_all)
{
	struct msg_conf_limit	 l = limit(0);
	struct visits		*more[COUNTERS_MAX / VISITS_MAX];
	struct msg_stays	 m = { .token = 1 };
	uint8_t			 octets[16];
	char			 address[64];
	unsigned		 i;

	l.connections = 1;
	l.all_connections = COUNTERS_MAX + 2;
	counters_set(&counters, &l);
	for (i = 0; i < COUNTERS_MAX; i++, m.token++) {
		if (i % VISITS_MAX == 0)
			more[i / VISITS_MAX] = visits_new(&counters);
		number_address(address, i);
		parse(address, octets);
		m.address = span_make(octets, 16);
		ck_assert(!visit_is_wrong(more[i / VISITS_MAX], m.token));
		visit_stay(more[i / VISITS_MAX], &m);
	}
	ck_assert(visit_is_wrong(more[0], m.token));
	ck_assert_uint_eq(counters.count, COUNTERS_MAX);
	ck_assert(come("192.0.2.1") != 0);
	ck_assert(come("192.0.2.1") != 0);
	ck_assert(come("192.0.2.1") == 0);
	for (i = 0; i < COUNT(more); i++)
		visits_free(more[i]);
	ck_assert(come("192.0.2.1") != 0);
	ck_assert(come("192.0.2.1") == 0);
}
END_TEST

static void
add_all(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_prefix_is_one_client, 0, COUNT(prefixes));
	tcase_add_test(tc, who_leaves_makes_room);
	tcase_add_test(tc, the_sum_holds_for_all_and_the_exempt);
	tcase_add_test(tc, blocks_count_for_themselves);
	tcase_add_test(tc, a_worker_that_dies_leaves_nobody);
	tcase_add_test(tc, a_minute_holds_so_many_and_then_forgets);
	tcase_add_test(tc, who_calls_all_the_time_still_gets_his_share);
	tcase_add_test(tc, messages_are_counted_by_their_first_recipient);
	tcase_add_test(tc, recipients_are_counted_over_all_sessions);
	tcase_add_test(tc, unknown_users_close_the_door);
	tcase_add_test(tc,
	    errors_are_told_at_the_end_and_held_a_minute_at_most);
	tcase_add_test(tc, zero_is_no_limit);
	tcase_add_test(tc,
	    a_full_table_forgets_who_was_there_the_longest_ago);
	tcase_add_test(tc,
	    a_table_full_of_those_who_are_here_counts_in_all);
}

int
main(void)
{
	Suite	*suite = suite_create("counter");
	TCase	*tc = tcase_create("counter");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	add_all(tc);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
