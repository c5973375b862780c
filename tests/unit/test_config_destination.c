/* SPDX-License-Identifier: ISC */
/* Destinations and the queue, of the configuration. */
#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "tests/unit/config_rig.h"

#define HEAD	"hostname mail.example.org\npostmaster joe@a.example\n" \
		"listen smtp {\n}\n"		/* four lines */

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

#define IN(field)	offsetof(struct config_destination, field)

static const struct {
	const char	*line;
	size_t		 field;
	uint64_t	 value;
} values[] = {
	{ "retry-first 30s",	IN(retry_first),	30 * SECOND },
	{ "retry-maximum 2h",	IN(retry_maximum),	2 * HOUR },
	{ "lifetime 12h",	IN(lifetime),		12 * HOUR },
	{ "notice-lifetime 6h",	IN(notice_lifetime),	6 * HOUR },
	{ "delay-notice 30m",	IN(delay_notice),	30 * MINUTE },
	{ "delay-notice no",	IN(delay_notice),	CONFIG_NEVER },
	{ "window 1000",	IN(window),		1000 },
	{ "window-first 20",	IN(window_first),	20 },
	{ "per-second 10",	IN(per_second),		10 },
	{ "per-hour 500",	IN(per_hour),		500 },
	{ "recipients 1",	IN(recipients),		1 },
	{ "mails 20",		IN(mails),		20 },
	{ "share 100",		IN(share),		100 },
	{ "priority -9",	IN(priority),		1 },
	{ "priority 0",		IN(priority),		10 },
	{ "priority 9",		IN(priority),		19 },
	{ "window 7",		IN(lifetime),		0 },
	{ "window 7",		IN(delay_notice),	0 },
	{ "window 7",		IN(priority),		0 },
};

START_TEST(a_destination_says_how_it_is_served)
{
	char		 text[256];
	uint64_t	 value;

	snprintf(text, sizeof text, HEAD "destination a.example {\n%s\n}\n",
	    values[_i].line);
	must_read(text);
	ck_assert_uint_eq(config->ndestinations, 1);
	memcpy(&value, (char *)config->destinations + values[_i].field,
	    sizeof value);
	ck_assert_msg(value == values[_i].value, "%s", values[_i].line);
	forget();
}
END_TEST

START_TEST(the_most_specific_pattern_comes_first)
{
	static const char *const	 order[] = {
		"/run/lmtp", "[192.0.2.7]", "[2001:db8::1]", "a.example",
		"local:", "smart.example", "*.b.a.example", "*.a.example",
		"*.example", "*"
	};
	unsigned			 i;

	must_read(HEAD "destination * *.a.example local A.example {\n}\n"
	    "destination *.example [192.0.2.7] 2001:DB8:0::1 {\n}\n"
	    "destination *.b.A.example /run/lmtp [smart.example] {\n}\n");
	ck_assert_uint_eq(config->ndestinations, COUNT(order));
	for (i = 0; i < COUNT(order); i++)
		ck_assert_str_eq(config->destinations[i].pattern, order[i]);
	ck_assert_uint_eq(config->destinations[0].line, 9);
	forget();
}
END_TEST

static const struct {
	const char	*text, *error;
} bad[] = {
	{ "destination {\n}\n",
	    "conf:5: expected patterns between destination and {" },
	{ "destination a_b! {\n}\n",
	    "conf:5: expected a domain name, *.DOMAIN, *, [ADDRESS], the path "
	    "of a socket or local, not \"a_b!\"" },
	{ "destination a.example {\nwindws 3\n}\n",
	    "conf:6: expected a keyword such as \"window\", not \"windws\"" },
	{ "destinaton a.example {\n}\n",
	    "conf:5: expected a keyword such as \"destination\", not "
	    "\"destinaton\"" },
	{ "destination a.example {\nwindow 1001\n}\n",
	    "conf:6: window: expected a number from 1 to 1000, not \"1001\"" },
	{ "destination a.example {\nlifetime 0s\n}\n",
	    "conf:6: lifetime: expected a time from 1s to 60d, such as 1s, "
	    "not \"0s\"" },
	{ "destination a.example {\nshare 101\n}\n",
	    "conf:6: share: expected a number from 1 to 100, not \"101\"" },
	{ "destination a.example {\nrecipients 101\n}\n",
	    "conf:6: recipients: expected a number from 1 to 100, not "
	    "\"101\"" },
	{ "destination a.example {\npriority 10\n}\n",
	    "conf:6: priority: expected a number from -9 to 9, not \"10\"" },
	{ "destination a.example {\npriority --1\n}\n",
	    "conf:6: priority: expected a number from -9 to 9, not \"--1\"" },
	{ "destination a.example {\nmails 2\nmails 3\n}\n",
	    "conf:7: expected mails once, and it is in line 6" },
	{ "destination a.example A.example {\n}\n",
	    "conf:5: expected the pattern a.example once, and it is in line "
	    "5" },
	{ "destination *.a.example {\n}\ndestination b.example *.A.example "
	    "{\n}\n",
	    "conf:7: expected the pattern *.a.example once, and it is in line "
	    "5" },
	{ "destination a.example {\nretry-first 2h\nretry-maximum 1h\n}\n",
	    "conf:5: expected retry-first to be at most retry-maximum" },
	{ "destination a.example {\nretry-first 2h\n}\n",
	    "conf:5: expected retry-maximum in this block: retry-first is "
	    "above maximum of retry" },
	{ "destination a.example {\nretry-maximum 1m\n}\n",
	    "conf:5: expected retry-first in this block: first of retry is "
	    "above retry-maximum" },
	{ "destination a.example {\nwindow-first 4\nwindow 3\n}\n",
	    "conf:5: expected window-first to be at most window" },
	{ "destination a.example {\nwindow-first 21\n}\n",
	    "conf:5: expected window in this block: window-first is above "
	    "20" },
	{ "queue {\nprobes 0\n}\n",
	    "conf:6: probes: expected a number from 1 to 4096, not \"0\"" },
	{ "queue {\nprobe 7\n}\n",
	    "conf:6: expected a keyword such as \"probes\", not \"probe\"" },
	{ "queue {\n}\nqueue {\n}\n",
	    "conf:7: expected queue once, and it is in line 5" },
};

START_TEST(what_contradicts_itself_is_told)
{
	char		 text[512];
	struct span	 errors, line;

	snprintf(text, sizeof text, HEAD "%s", bad[_i].text);
	read_text(text);
	errors = buf_span(&notes.errors);
	(void)span_cut(errors, '\n', &line);
	ck_assert_msg(span_is(line, bad[_i].error), "%s: %.*s", bad[_i].text,
	    (int)line.len, line.ptr);
	forget();
}
END_TEST

START_TEST(a_small_window_needs_no_beginning)
{
	must_read(HEAD "destination a.example {\nwindow 2\n}\n");
	ck_assert_uint_eq(config->destinations[0].window, 2);
	ck_assert_uint_eq(config->destinations[0].window_first, 0);
	forget();
}
END_TEST

START_TEST(lives_are_of_few_kinds)
{
	char		 text[4096] = HEAD;
	struct span	 errors;
	unsigned	 i;
	size_t		 n = strlen(text);

	for (i = 0; i < LIVES_MAX; i++)
		n += snprintf(text + n, sizeof text - n, "destination "
		    "a%u.example b%u.example {\nlifetime %us\n}\n", i, i,
		    i + 1);
	read_text(text);
	errors = buf_span(&notes.errors);
	ck_assert_uint_eq(notes.nerrors, 1);
	ck_assert(span_starts(errors, "conf:"));
	ck_assert(memmem(errors.ptr, errors.len, "at most 16 different", 20));
	forget();
}
END_TEST

START_TEST(delays_are_of_few_kinds_as_well)
{
	char		 text[4096] = HEAD;
	unsigned	 i;
	size_t		 n = strlen(text);

	for (i = 0; i < LIVES_MAX; i++)
		n += snprintf(text + n, sizeof text - n, "destination "
		    "a%u.example {\ndelay-notice %us\n}\n", i,
		    i < LIVES_MAX - 1 ? i + 1 : 4 * 3600);
	must_read(text);
	forget();
	(void)snprintf(text + n, sizeof text - n, "destination * {\n"
	    "delay-notice 5h\n}\n");
	read_text(text);
	ck_assert_uint_eq(notes.nerrors, 1);
	forget();
}
END_TEST

START_TEST(the_queue_has_its_own_block)
{
	must_read(HEAD);
	ck_assert_uint_eq(config->queue.crashes, 3);
	ck_assert_uint_eq(config->queue.probes, 200);
	forget();
	must_read(HEAD "queue {\nquarantine-after 0\nprobes 10\n}\n");
	ck_assert_uint_eq(config->queue.crashes, 0);
	ck_assert_uint_eq(config->queue.probes, 10);
	forget();
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("config_destination");
	TCase	*tc = tcase_create("config_destination");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, a_destination_says_how_it_is_served, 0,
	    COUNT(values));
	tcase_add_test(tc, the_most_specific_pattern_comes_first);
	tcase_add_loop_test(tc, what_contradicts_itself_is_told, 0,
	    COUNT(bad));
	tcase_add_test(tc, a_small_window_needs_no_beginning);
	tcase_add_test(tc, lives_are_of_few_kinds);
	tcase_add_test(tc, delays_are_of_few_kinds_as_well);
	tcase_add_test(tc, the_queue_has_its_own_block);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
