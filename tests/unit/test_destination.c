/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/destination.h"
#include "remote/endpoint.h"

static const struct {
	const char		*text, *name;
	enum destination_kind	 kind;
	unsigned		 port;
	int			 family;
} good[] = {
	{ "mx:example.org:25", "example.org", DESTINATION_MX, 25, AF_UNSPEC },
	{ "mx:x:65535", "x", DESTINATION_MX, 65535, AF_UNSPEC },
	{ "host:mail.example.org:2525", "mail.example.org", DESTINATION_HOST,
	    2525, AF_UNSPEC },
	{ "host:[192.0.2.7]:25", "192.0.2.7", DESTINATION_HOST, 25, AF_INET },
	{ "host:[2001:db8::1]:25", "2001:db8::1", DESTINATION_HOST, 25,
	    AF_INET6 },
	{ "host:[IPv6:2001:db8::1]:25", "IPv6:2001:db8::1", DESTINATION_HOST,
	    25, AF_INET6 },
	{ "mx:[192.0.2.7]:25", "192.0.2.7", DESTINATION_MX, 25, AF_INET },
	{ "lmtp:[192.0.2.7]:24", "192.0.2.7", DESTINATION_HOST, 24, AF_INET },
	{ "lmtp:imap:24;*.x.org", "imap", DESTINATION_HOST, 24, AF_UNSPEC },
	{ "mx:example.org:25;*", "example.org", DESTINATION_MX, 25,
	    AF_UNSPEC },
	{ "lmtp:/run/dovecot/lmtp", "/run/dovecot/lmtp", DESTINATION_SOCKET, 0,
	    AF_UNSPEC },
	{ "unix:/run/filter;x", "/run/filter", DESTINATION_SOCKET, 0,
	    AF_UNSPEC },
	{ "discard:", "", DESTINATION_DISCARD, 0, AF_UNSPEC },
};

START_TEST(a_destination_is_understood)
{
	struct destination	 d;

	ck_assert_msg(destination_parse(span_of(good[_i].text), &d), "%s",
	    good[_i].text);
	ck_assert_str_eq(d.name, good[_i].name);
	ck_assert_int_eq(d.kind, good[_i].kind);
	ck_assert_uint_eq(d.port, good[_i].port);
	ck_assert_int_eq(d.family, good[_i].family);
}
END_TEST

static const char	*const bad[] = {
	"", "mx:", "mx::", "mx::25", "mx:example.org", "mx:example.org:",
	"mx:example.org:0", "mx:example.org:65536", "mx:example.org:25x",
	"mx:example.org:-1", "mx:exa mple.org:25", "mx:.example.org:25",
	"MX:example.org:25", "local:ann", "smtp:example.org:25",
	"host:[]:25", "host:[:25", "host:[example.org]:25",
	"host:[192.0.2.256]:25", "host:[192.0.2.1:25", "host:192.0.2.1]:25",
	"host:2001:db8::1:25", "host:[2001:db8::1%eth0]:25",
	"host:[192.0.2.1\n]:25", "unix:run", "unix:", "lmtp:", "lmtp:x",
	"discard:x", "discard:;x", "mx:example.org:25;", "mx:x:25;a;b",
	"mx:x:25;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaa", "unix:/run/\x01",
	"unix:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

START_TEST(anything_else_is_refused)
{
	struct destination	 d;

	ck_assert_msg(!destination_parse(span_of(bad[_i]), &d), "%s", bad[_i]);
}
END_TEST

/* Who may be connected to: by a route of ours, and by what DNS says. */
static const struct {
	const char	*address;
	bool		 by_route, by_dns;
} addresses[] = {
	{ "192.0.2.1",		true,	true },
	{ "10.0.0.1",		true,	true },
	{ "127.0.0.1",		true,	false },
	{ "127.255.255.254",	true,	false },
	{ "0.0.0.0",		false,	false },
	{ "0.1.2.3",		false,	false },
	{ "224.0.0.1",		false,	false },
	{ "239.1.1.1",		false,	false },
	{ "240.0.0.1",		false,	false },
	{ "255.255.255.255",	false,	false },
	{ "2001:db8::1",	true,	true },
	{ "fe80::1",		true,	true },
	{ "::1",		true,	false },
	{ "::",			false,	false },
	{ "::2",		false,	false },
	{ "::127.0.0.1",	false,	false },
	{ "ff02::1",		false,	false },
	{ "::ffff:192.0.2.1",	true,	true },
	{ "::ffff:127.0.0.1",	true,	false },
	{ "::ffff:0.0.0.0",	false,	false },
	{ "::ffff:224.0.0.1",	false,	false },
};

START_TEST(addresses_that_lead_nowhere_or_home_are_refused)
{
	struct endpoint		 e = { .port = 25 };
	struct destination	 d;
	char			 text[DESTINATION_TEXT_MAX];

	snprintf(text, sizeof text, "host:[%s]:25", addresses[_i].address);
	ck_assert(destination_parse(span_of(text), &d));
	e.family = d.family;
	memcpy(e.address, d.address, sizeof e.address);
	ck_assert_msg((endpoint_objection(&e, false) == NULL) ==
	    addresses[_i].by_route, "%s by route", addresses[_i].address);
	ck_assert_msg((endpoint_objection(&e, true) == NULL) ==
	    addresses[_i].by_dns, "%s by DNS", addresses[_i].address);
}
END_TEST

START_TEST(a_relay_is_named_as_logs_name_it)
{
	struct endpoint	 v4 = { .host = "mx.example.org", .family = AF_INET,
			    .address = { 192, 0, 2, 1 }, .port = 25 };
	struct endpoint	 v6 = { .host = "mx", .family = AF_INET6,
			    .address = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
			    .port = 65535 };
	struct endpoint	 local = { .host = "us.example", .family = AF_UNIX,
			    .path = "/run/dovecot/lmtp" };
	char		 text[RELAY_TEXT_MAX + 1];

	endpoint_format(&v4, text);
	ck_assert_str_eq(text, "mx.example.org[192.0.2.1]:25");
	endpoint_format_host(&v4, text);
	ck_assert_str_eq(text, "mx.example.org[192.0.2.1]");
	endpoint_format(&v6, text);
	ck_assert_str_eq(text, "mx[2001:db8::1]:65535");
	endpoint_format(&local, text);
	ck_assert_str_eq(text, "us.example[/run/dovecot/lmtp]");
	endpoint_format_host(&local, text);
	ck_assert_str_eq(text, "us.example[/run/dovecot/lmtp]");
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("destination");
	TCase	*tc = tcase_create("destination");
	SRunner	*runner;
	int	 failed;

	tcase_add_loop_test(tc, a_destination_is_understood, 0, COUNT(good));
	tcase_add_loop_test(tc, anything_else_is_refused, 0, COUNT(bad));
	tcase_add_loop_test(tc,
	    addresses_that_lead_nowhere_or_home_are_refused, 0,
	    COUNT(addresses));
	tcase_add_test(tc, a_relay_is_named_as_logs_name_it);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
