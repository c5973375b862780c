/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <sys/socket.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/way.h"

static struct ways		 ways;
static struct way		 way;
static struct destination	 to;
static enum way_outcome		 outcome;
static unsigned			 told;

static void
on_known(void *arg, enum way_outcome o)
{
	ck_assert_ptr_eq(arg, &way);
	outcome = o;
	told++;
}

static void
put_self(const char *address, unsigned port)
{
	struct msg_conf_self	 m = { .port = port };
	uint8_t			 a[16];

	ck_assert_int_eq(inet_pton(AF_INET6, address, a), 1);
	m.address = span_make((char *)a, sizeof a);
	ck_assert(selves_put(&ways.selves, &m));
}

static void
set_up(void)
{
	memset(&ways, 0, sizeof ways);
	ways_init(&ways, loop_new());
	(void)span_copy(span_of("us.example"), ways.selves.name,
	    sizeof ways.selves.name);
	put_self("::ffff:192.0.2.1", 25);
	put_self("2001:db8::1", 25);
	put_self("::ffff:203.0.113.5", 0);
	put_self("::ffff:127.0.0.1", 25);
	way_init(&way, &ways, on_known, &way);
	told = 0;
}

static void
tear_down(void)
{
	way_clear(&way);
	loop_free(ways.loop);
}

static void
find(const char *destination)
{
	ck_assert(destination_parse(span_of(destination), &to));
	way_find(&way, &to, NULL);
}

/* "10 host address", as resolver would say it. */
static void
say(const char *line)
{
	struct msg_address	 m = { 0 };
	char			 address[64];
	uint8_t			 a[16];
	struct span		 rest = span_of(line);
	uint64_t		 preference;
	bool			 v4;

	ck_assert(span_parse_u64(span_word(&rest), 65535, &preference));
	m.preference = preference;
	m.host = span_word(&rest);
	ck_assert(span_copy(span_word(&rest), address, sizeof address));
	v4 = inet_pton(AF_INET, address, a) == 1;
	ck_assert(v4 || inet_pton(AF_INET6, address, a) == 1);
	m.address = span_make((char *)a, v4 ? 4 : 16);
	ck_assert(way_address(&way, &m));
}

/* Up to a NULL; then it is known. */
static void
answer(const char *const *lines)
{
	struct msg_resolved	 m = { .outcome = RESOLVED_OK };

	while (*lines != NULL) {
		say(*lines++);
		m.count++;
	}
	ck_assert_uint_eq(told, 0);
	ck_assert(way_resolved(&way, &m));
	ck_assert_uint_eq(told, 1);
}

/* Tries one after the other: "host/family ..." into a text. */
static void
walk(char *into, size_t size)
{
	const struct endpoint	*e;
	size_t			 len = 0;

	into[0] = '\0';
	while ((e = way_next(&way)) != NULL) {
		way_tried(&way, e);
		len += (size_t)snprintf(into + len, size - len, "%s%s/%d",
		    len > 0 ? " " : "", e->host,
		    e->family == AF_INET ? 4 : 6);
		ck_assert_uint_lt(len, size);
	}
}

static const struct {
	const char	*name, *destination;
	const char	*said[6];
	const char	*walked;	/* NULL: it leads home */
} cases[] = {
	{ "in order", "mx:a.example:25",
	    { "10 a 192.0.2.7", "20 b 192.0.2.8", NULL }, "a/4 b/4" },
	{ "our address is the best", "mx:a.example:25",
	    { "10 a 192.0.2.1", "20 b 192.0.2.8", NULL }, NULL },
	{ "our name is the best", "mx:a.example:25",
	    { "10 US.example 192.0.2.7", "20 b 192.0.2.8", NULL }, NULL },
	{ "our name in the middle", "mx:a.example:25",
	    { "10 a 192.0.2.7", "20 us.example 192.0.2.9",
	    "30 b 192.0.2.8", NULL }, "a/4" },
	{ "equals of ours are out", "mx:a.example:25",
	    { "10 a 192.0.2.7", "20 b 192.0.2.8", "20 c 2001:db8::1",
	    "20 d 192.0.2.9", NULL }, "a/4" },
	{ "we are the worst", "mx:a.example:25",
	    { "10 a 192.0.2.7", "20 b 192.0.2.8", "30 c 192.0.2.1", NULL },
	    "a/4 b/4" },
	{ "mapped IPv4 is ours as well", "mx:a.example:25",
	    { "10 a ::ffff:192.0.2.1", NULL }, NULL },
	{ "another port is another server", "mx:a.example:2525",
	    { "10 a 192.0.2.1", NULL }, "a/4" },
	{ "a route may name a host as we are named", "host:us.example:25",
	    { "0 us.example 192.0.2.7", NULL }, "us.example/4" },
	{ "but not our address", "host:b.example:25",
	    { "0 b 192.0.2.7", "0 b 192.0.2.1", NULL }, NULL },
	{ "loopback is skipped", "mx:a.example:25",
	    { "10 a 127.0.0.1", "20 b ::1", "30 c 192.0.2.7", NULL },
	    "c/4" },
	{ "but for routes it is we who listen there", "host:localhost:25",
	    { "0 localhost 127.0.0.1", NULL }, NULL },
	{ "loopback alone", "mx:a.example:25",
	    { "10 a 127.0.0.1", NULL }, "" },
	{ "a host keeps its place", "mx:a.example:25",
	    { "10 a 2001:db8::7", "10 a 192.0.2.7", "20 b 2001:db8::8",
	    "20 b 192.0.2.8", NULL }, "a/6 a/4 b/6 b/4" },
};

START_TEST(hosts_come_in_order_up_to_us)
{
	char	 walked[256];

	find(cases[_i].destination);
	answer(cases[_i].said);
	ck_assert_msg((outcome == WAY_HOME) == (cases[_i].walked == NULL),
	    "%s", cases[_i].name);
	walk(walked, sizeof walked);
	ck_assert_msg(strcmp(walked, cases[_i].walked != NULL ?
	    cases[_i].walked : "") == 0, "%s: %s", cases[_i].name, walked);
}
END_TEST

START_TEST(an_address_is_its_own_way)
{
	char	 walked[64];

	find("host:[192.0.2.7]:25");
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(outcome, WAY_OK);
	walk(walked, sizeof walked);
	ck_assert_str_eq(walked, "192.0.2.7/4");
	find("host:[192.0.2.1]:25");
	ck_assert_int_eq(outcome, WAY_HOME);
	find("mx:[IPv6:2001:db8::1]:25");
	ck_assert_int_eq(outcome, WAY_HOME);
	find("host:[192.0.2.1]:24");
	ck_assert_int_eq(outcome, WAY_OK);
	find("host:[203.0.113.5]:24");
	ck_assert_int_eq(outcome, WAY_HOME);
}
END_TEST

static const char *const	 two[] = { "10 a 2001:db8::7",
	"10 a 2001:db8::8", "10 a 192.0.2.7", "20 b 192.0.2.8",
	"20 b 2001:db8::9", NULL };

START_TEST(the_better_family_of_a_host_goes_first)
{
	char	 walked[64];

	families_put(&ways.families, "a", AF_INET, loop_now(ways.loop));
	families_turn(&ways.families, "b", AF_INET, loop_now(ways.loop));
	find("mx:a.example:25");
	answer(two);
	walk(walked, sizeof walked);
	ck_assert_str_eq(walked, "a/4 a/6 a/6 b/6 b/4");
}
END_TEST

START_TEST(the_other_family_is_of_the_same_host)
{
	const struct endpoint	*e, *other;

	find("mx:a.example:25");
	answer(two);
	e = way_next(&way);
	other = way_other(&way, e);
	ck_assert_ptr_eq(other, &way.endpoints[2]);
	way_tried(&way, e);
	way_tried(&way, other);
	e = way_next(&way);
	ck_assert_ptr_eq(e, &way.endpoints[1]);
	ck_assert_ptr_null(way_other(&way, e));
	way_tried(&way, e);
	ck_assert_ptr_eq(way_next(&way), &way.endpoints[3]);
}
END_TEST

START_TEST(what_is_known_of_a_family_is_known_for_a_while)
{
	struct families	*f = &ways.families;
	struct instant	 now = clock_now();
	struct instant	 later = clock_after(now, FAMILY_TIME);

	ck_assert_int_eq(families_find(f, "a", now), AF_UNSPEC);
	families_put(f, "a", AF_INET, now);
	ck_assert_int_eq(families_find(f, "a", now), AF_INET);
	ck_assert_int_eq(families_find(f, "b", now), AF_UNSPEC);
	ck_assert_int_eq(families_find(f, "a", later), AF_UNSPEC);
	ck_assert(!families_avoid(f, "a", AF_INET6, now));
	ck_assert(families_turn(f, "a", AF_INET, now));
	ck_assert(families_avoid(f, "a", AF_INET, now));
	ck_assert(!families_avoid(f, "a", AF_INET6, now));
	ck_assert_int_eq(families_find(f, "a", now), AF_INET6);
	families_put(f, "a", AF_INET, now);
	ck_assert_int_eq(families_find(f, "a", later), AF_INET6);
	ck_assert(families_turn(f, "a", AF_INET, later));
	ck_assert(!families_turn(f, "a", AF_INET6, later));
	ck_assert_int_eq(families_find(f, "a", later), AF_INET6);
}
END_TEST

START_TEST(there_is_room_for_so_many_selves)
{
	struct msg_conf_self	 m = { .address = span_make("0123456789abcde",
				    16) };

	while (ways.selves.count < SELF_ADDRESSES_MAX)
		ck_assert(selves_put(&ways.selves, &m));
	ck_assert(!selves_put(&ways.selves, &m));
	ways.selves.count = 0;
	m.address = span_of("abcd");
	ck_assert(!selves_put(&ways.selves, &m));
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("way");
	TCase	*tc = tcase_create("way");
	SRunner	*runner;
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, hosts_come_in_order_up_to_us, 0,
	    COUNT(cases));
	tcase_add_test(tc, an_address_is_its_own_way);
	tcase_add_test(tc, the_better_family_of_a_host_goes_first);
	tcase_add_test(tc, the_other_family_is_of_the_same_host);
	tcase_add_test(tc, what_is_known_of_a_family_is_known_for_a_while);
	tcase_add_test(tc, there_is_room_for_so_many_selves);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
