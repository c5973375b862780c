/* SPDX-License-Identifier: ISC */
/* Routes, hops, rewrites and advice of the configuration. */
#include <sys/stat.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "tests/unit/config_rig.h"

#define HEAD	"hostname mail.example.org\npostmaster joe@a.example\n" \
		"listen smtp {\n}\n"		/* four lines */
#define ANCHORS	"remote {\nca-file /etc/passwd\n}\n"

/* ---- where to ------------------------------------------------------------ */

static const struct {
	const char	*line, *destination;
} ways[] = {
	{ "via smart.example",		"mx:smart.example:25" },
	{ "via [192.0.2.7]:2525",	"host:[192.0.2.7]:2525" },
	{ "via [smart.example]:465",	"host:smart.example:465;*.a.example" },
	{ "via smart.example\nhelo x.example",
	    "mx:smart.example:25;*.a.example" },
	{ "via smart.example:465\ntls no",
	    "mx:smart.example:465;*.a.example" },
	{ "lmtp [imap.Example]:24",	"lmtp:imap.example:24" },
	{ "lmtp [2001:db8::1]:24",	"lmtp:[2001:db8::1]:24" },
	{ "lmtp /run/lmtp",		"lmtp:/run/lmtp" },
	{ "lmtp /run/lmtp\nmails 5",	"lmtp:/run/lmtp;*.a.example" },
	{ "socket /run/smtp",		"unix:/run/smtp" },
	{ "socket /run/smtp\nxforward yes", "unix:/run/smtp;*.a.example" },
	{ "discard",			"discard:" },
	{ "refuse",			"" },
};

START_TEST(a_way_becomes_a_destination)
{
	char	 text[512];

	snprintf(text, sizeof text, HEAD "route *.A.example b.example {\n%s\n"
	    "}\n", ways[_i].line);
	must_read(text);
	ck_assert_uint_eq(config->nroutes, 2);
	ck_assert_str_eq(config->routes[0].pattern, "*.a.example");
	ck_assert_str_eq(config->routes[0].destination, ways[_i].destination);
	ck_assert_str_eq(config->routes[1].pattern, "b.example");
	ck_assert_str_eq(config->routes[1].destination, ways[_i].destination);
	ck_assert_uint_eq(config->nhops,
	    strchr(ways[_i].destination, ';') != NULL);
	forget();
}
END_TEST

static const struct {
	const char	*line;
	unsigned	 code;
	const char	*enhanced, *text;
} refusals[] = {
	{ "refuse", 550, "5.7.1", "Mail for this address is refused here" },
	{ "refuse Moved away", 550, "5.7.1", "Moved away" },
	{ "refuse 551 5.1.6 Moved away", 551, "5.1.6", "Moved away" },
};

START_TEST(a_refusal_has_its_reply)
{
	char	 text[512], enhanced[ENHANCED_SIZE];

	snprintf(text, sizeof text, HEAD "route a.example {\n%s\n}\n",
	    refusals[_i].line);
	must_read(text);
	ck_assert_uint_eq(config->routes[0].reply.code, refusals[_i].code);
	reply_enhanced(&config->routes[0].reply, enhanced);
	ck_assert_str_eq(enhanced, refusals[_i].enhanced);
	ck_assert_str_eq(config->routes[0].reply.text, refusals[_i].text);
	forget();
}
END_TEST

START_TEST(patterns_are_addresses_too)
{
	must_read(HEAD "domain b.example {\n}\n"
	    "route Joe@B.example \"\\\"a b\\\"@c.example\" {\n"
	    "via [192.0.2.1]\nmails 1\n}\n");
	ck_assert_str_eq(config->routes[0].pattern, "joe@b.example");
	ck_assert_str_eq(config->routes[1].pattern, "\"a b\"@c.example");
	ck_assert_str_eq(config->hops[0].name, "joe@b.example");
	forget();
}
END_TEST

START_TEST(conditions_belong_to_their_block)
{
	const struct config_pattern	*p;
	const struct config_route	*r;

	must_read(HEAD
	    "route * {\nvia [192.0.2.1]\nsender <> !*.B.example\n}\n"
	    "route * c.example {\ntag Bulk !slow\nvia [192.0.2.2]\n}\n"
	    "route * {\nvia [192.0.2.3]\n}\n");
	r = config->routes;
	p = config->route_conditions.item;
	ck_assert_uint_eq(config->nroutes, 4);
	ck_assert_uint_eq(r[0].first, 0);
	ck_assert_uint_eq(r[0].n, 2);
	ck_assert_int_eq(p[0].kind, CONDITION_SENDER);
	ck_assert_str_eq(p[1].text, "*.b.example");
	ck_assert(p[1].except && !p[0].except);
	ck_assert_uint_eq(r[1].first, 2);
	ck_assert_uint_eq(r[2].first, 2);
	ck_assert_uint_eq(r[2].n, 2);
	ck_assert_int_eq(p[2].kind, CONDITION_TAG);
	ck_assert_str_eq(p[2].text, "bulk");
	ck_assert(p[3].except);
	ck_assert_uint_eq(r[3].n, 0);
	forget();
}
END_TEST

/* ---- how ----------------------------------------------------------------- */

START_TEST(hops_of_one_pattern_are_numbered)
{
	must_read(HEAD
	    "route * {\nvia a.example\nmails 1\nsender a.example\n}\n"
	    "route * {\nvia a.example\nmails 2\nsender b.example\n}\n"
	    "route * {\nvia a.example\n}\n"
	    "route \"\\\"a;b\\\"@example.org\" {\nvia b.example\nmails 3\n}\n"
	    "route a234567890123456789012345678901234567890.b234567890.c234"
	    "567890.example {\nvia b.example\nmails 4\n}\n"
	    "route a234567890123456789012345678901234567890.b234567890.c234"
	    "567890.example.org {\nvia b.example\nmails 5\n}\n");
	ck_assert_uint_eq(config->nhops, 5);
	ck_assert_str_eq(config->hops[0].name, "*");
	ck_assert_str_eq(config->hops[1].name, "*/2");
	ck_assert_str_eq(config->routes[1].destination, "mx:a.example:25;*/2");
	ck_assert_str_eq(config->routes[2].destination, "mx:a.example:25");
	ck_assert_str_eq(config->hops[2].name, "_a_b_@example.org");
	ck_assert_uint_eq(strlen(config->hops[3].name), HOP_NAME_MAX);
	ck_assert_uint_eq(strlen(config->hops[4].name), HOP_NAME_MAX);
	ck_assert_str_eq(config->hops[4].name + HOP_NAME_MAX - 2, "/2");
	forget();
}
END_TEST

START_TEST(a_hop_has_what_its_block_says)
{
	static const uint8_t		 v6[16] = { 0x20, 1, 0xd, 0xb8,
					    [15] = 1 };
	const struct config_hop		*h;

	must_read(HEAD ANCHORS "route * {\nvia smart.example:465\n"
	    "login joe@a.example /nowhere\nmechanisms xoauth2 plain\n"
	    "source 192.0.2.1\nsource 2001:db8::1\nhelo a.example\n"
	    "fallback [b.example]:26\nxforward yes\nrecipients 5\nmails 6\n"
	    "}\n");
	h = &config->hops[0];
	ck_assert_int_eq(h->tls, REMOTE_TLS_VERIFIED);
	ck_assert_int_eq(h->immediate, ANSWER_YES);
	ck_assert_str_eq(h->login.user, "joe@a.example");
	ck_assert_str_eq(h->login.path, "/nowhere");
	ck_assert_str_eq(h->mechanisms, "xoauth2 plain");
	ck_assert(h->source.has4 && h->source.has6);
	ck_assert_mem_eq(h->source.octets4, "\xc0\0\2\1", 4);
	ck_assert_mem_eq(h->source.octets6, v6, 16);
	ck_assert_str_eq(h->helo, "a.example");
	ck_assert_str_eq(h->fallback, "host:b.example:26");
	ck_assert_int_eq(h->xforward, ANSWER_YES);
	ck_assert_uint_eq(h->recipients, 5);
	ck_assert_uint_eq(h->mails, 6);
	forget();
}
END_TEST

/* A password goes to nobody whom the block does not name. */
START_TEST(a_hop_has_the_rest_of_remote)
{
	const struct config_hop	*h;

	must_read(HEAD
	    "route a.example {\nvia x.example\nmails 1\n}\n"
	    "route b.example {\nvia x.example\nlogin joe /nowhere\n}\n"
	    "route c.example {\nvia x.example\nfallback no\ntls no\n"
	    "xforward no\nsource ::1\n}\n"
	    "route d.example {\nlmtp /run/lmtp\nmails 2\n}\n"
	    "remote {\nca-file /etc/passwd\ntls required\nxforward yes\n"
	    "source 127.0.0.1\nhelo h.example\nfallback f.example\n"
	    "recipients 7\nmails 8\n}\n");
	h = config->hops;
	ck_assert_uint_eq(config->nhops, 4);
	ck_assert_int_eq(h[0].tls, REMOTE_TLS_REQUIRED);
	ck_assert_int_eq(h[0].xforward, ANSWER_YES);
	ck_assert(h[0].source.has4 && !h[0].source.has6);
	ck_assert_str_eq(h[0].helo, "h.example");
	ck_assert_str_eq(h[0].fallback, "mx:f.example:25");
	ck_assert_uint_eq(h[0].recipients, 7);
	ck_assert_uint_eq(h[0].mails, 1);
	ck_assert_int_eq(h[1].tls, REMOTE_TLS_VERIFIED);
	ck_assert_str_eq(h[1].fallback, "");
	ck_assert_uint_eq(h[1].mails, 8);
	ck_assert_str_eq(h[2].fallback, "");
	ck_assert_int_eq(h[2].tls, REMOTE_TLS_NO);
	ck_assert_int_eq(h[2].xforward, ANSWER_NO);
	ck_assert(!h[2].source.has4 && h[2].source.has6);
	ck_assert_int_eq(h[3].tls, REMOTE_TLS_NO);
	ck_assert_str_eq(h[3].fallback, "");
	forget();
}
END_TEST

START_TEST(remote_says_nothing_by_itself)
{
	const struct config_hop	*h;

	must_read(HEAD);
	h = &config->remote.hop;
	ck_assert_str_eq(h->name, "");
	ck_assert_int_eq(h->tls, REMOTE_TLS_MAY);
	ck_assert_int_eq(h->xforward, ANSWER_NO);
	ck_assert(!h->source.has4 && !h->source.has6);
	ck_assert_str_eq(h->fallback, "");
	ck_assert(!config_needs_anchors(config));
	ck_assert_str_eq(config->remote.anchors, "");
	ck_assert_uint_eq(config->remote.processes, 1);
	forget();
}
END_TEST

/* ---- secrets ------------------------------------------------------------- */

static const struct {
	const char	*text;
	unsigned	 mode;
	const char	*secret;	/* NULL: an error */
} secrets[] = {
	{ "secret\n",		0600,	"secret" },
	{ "secret",		0640,	"secret" },
	{ "secret\r\nmore\n",	0400,	"secret" },
	{ " a b \n",		0600,	" a b " },
	{ "",			0600,	NULL },
	{ "\nsecret\n",		0600,	NULL },
	{ "secret\n",		0644,	NULL },
	{ "secret\n",		0660,	NULL },
};

START_TEST(a_secret_is_the_first_line_of_a_file_of_few)
{
	char		 path[] = "/tmp/relais-test.XXXXXX", text[512];
	const char	*wanted = secrets[_i].secret;
	int		 fd = mkstemp(path);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_ne(write(fd, secrets[_i].text,
	    strlen(secrets[_i].text)), -1);
	ck_assert_int_eq(fchmod(fd, secrets[_i].mode), 0);
	snprintf(text, sizeof text, HEAD ANCHORS "route * {\nvia a.example\n"
	    "login joe %s\n}\n", path);
	read_text(text);
	config_read_secrets(config, "conf", &notes);
	ck_assert_int_eq(notes.nerrors == 0, wanted != NULL);
	if (wanted != NULL)
		ck_assert_str_eq(config->hops[0].login.secret.text, wanted);
	forget();
	unlink(path);
	close(fd);
}
END_TEST

START_TEST(anchors_are_looked_at_where_they_are_needed)
{
	must_read(HEAD "remote {\nca-file /etc/passwd\ntls verified\n}\n");
	config_read_anchors(config, "conf", &notes);
	ck_assert_uint_eq(notes.nerrors, 1);
	forget();
}
END_TEST

/* ---- mistakes ------------------------------------------------------------ */

#define ROUTE(lines)	HEAD "route a.example {\n" lines "\n}\n"

static const struct {
	const char	*text, *errors;
} mistakes[] = {
	{ HEAD "route * {\n}\n", "conf:5: expected one of via, lmtp, socket, "
	    "discard and refuse in this block\n" },
	{ ROUTE("via a.example\ndiscard"), "conf:5: expected one of via, "
	    "lmtp, socket, discard and refuse in this block\n" },
	{ ROUTE("discard now"), "conf:6: discard: expected nothing behind it, "
	    "not \"now\"\n" },
	{ ROUTE("refuse 450 4.7.1 Later"), "conf:6: refuse: expected a reply "
	    "such as \"550 5.7.1 Go away\", not \"450 4.7.1 Later\"\n" },
	{ ROUTE("refuse\nhelo b.example"), "conf:5: expected via, lmtp or "
	    "socket in this block, since there is helo\n" },
	{ ROUTE("lmtp [a.example]:25"), "conf:6: lmtp: expected [HOST]:PORT or "
	    "[ADDRESS]:PORT, the port not 25, or the path of a socket, not "
	    "\"[a.example]:25\"\n" },
	{ ROUTE("lmtp [a.example]"), "conf:6: lmtp: expected [HOST]:PORT or "
	    "[ADDRESS]:PORT, the port not 25, or the path of a socket, not "
	    "\"[a.example]\"\n" },
	{ ROUTE("lmtp a.example:24"), "conf:6: lmtp: expected [HOST]:PORT or "
	    "[ADDRESS]:PORT, the port not 25, or the path of a socket, not "
	    "\"a.example:24\"\n" },
	{ ROUTE("socket run"), "conf:6: socket: expected the path of a "
	    "socket, of at most 107 octets, not \"run\"\n" },
	{ ROUTE("socket \"/a;b\""), "conf:6: socket: expected the path of a "
	    "socket, of at most 107 octets, not \"/a;b\"\n" },
	{ ROUTE("socket /a\ntls no\nsource ::1\nlogin joe /x"),
	    "conf:5: expected no tls with a socket\n"
	    "conf:5: expected no login with a socket\n"
	    "conf:5: expected no source with a socket\n"
	    "conf:5: expected \"tls verified\" in this block: there is no "
	    "login without it\n" },
	{ ROUTE("lmtp [::1]:24\nfallback b.example"), "conf:5: expected via in "
	    "this block, since there is fallback\n" },
	{ ROUTE("via a.example\nmechanisms plain"), "conf:5: expected login "
	    "in this block, since there is mechanisms\n" },
	{ ROUTE("via a.example\nlogin joe /x\ntls required"), "conf:5: "
	    "expected \"tls verified\" in this block: there is no login "
	    "without it\n" },
	{ ROUTE("via a.example\nlogin joe"), "conf:7: login: expected a user, "
	    "and the path of a file with the password, not \"joe\"\n" },
	{ ROUTE("via a.example\nlogin joe x"), "conf:7: login: expected an "
	    "absolute path, not \"x\"\n" },
	{ ROUTE("via a.example\nlogin joe /x\nmechanisms cram-md5"), "conf:8: "
	    "mechanisms: expected each once of plain, login, scram-sha-256, "
	    "xoauth2, not \"cram-md5\"\n" },
	{ ROUTE("via a.example\nlogin joe /x\nmechanisms plain plain"),
	    "conf:8: mechanisms: expected each once of plain, login, "
	    "scram-sha-256, xoauth2, not \"plain\"\n" },
	{ ROUTE("via a.example\ntls no\ntls-immediate yes"), "conf:5: expected "
	    "other than \"tls no\" in this block, since there is "
	    "tls-immediate\n" },
	{ ROUTE("via a.example\ntls yes"), "conf:7: tls: expected \"may\", "
	    "\"no\", \"required\" or \"verified\", not \"yes\"\n" },
	{ ROUTE("via a.example\nsource ::1 ::2"), "conf:7: source: expected "
	    "at most one address of IPv4 and one of IPv6, not \"::1 ::2\"\n" },
	{ ROUTE("via a.example\nsource 0.0.0.0"), "conf:7: source: expected "
	    "an address of this machine, not \"0.0.0.0\"\n" },
	{ ROUTE("via a.example\nfallback 192.0.2.1"), "conf:7: fallback: "
	    "expected HOST, [HOST] or [ADDRESS], with :PORT unless it is 25, "
	    "or \"no\", not \"192.0.2.1\"\n" },
	{ ROUTE("via a.example\nrecipients 101"), "conf:7: recipients: "
	    "expected a number from 1 to 100, not \"101\"\n" },
	{ ROUTE("via a.example\nsender a b@"), "conf:7: sender: expected "
	    "DOMAIN, *.DOMAIN, LOCAL@DOMAIN, <> or *, not \"b@\"\n" },
	{ ROUTE("via a.example\ntag a/b"), "conf:7: tag: expected a tag of "
	    "rules, or *, not \"a/b\"\n" },
	{ HEAD "route *@a.example joe@* {\ndiscard\n}\n",
	    "conf:5: expected an address, a domain name, *.DOMAIN or *, not "
	    "\"*@a.example\"\nconf:5: expected an address, a domain name, "
	    "*.DOMAIN or *, not \"joe@*\"\n" },
	{ HEAD "route * {\nvia [a.example]\n}\nroute * {\nsender <>\n"
	    "via [b.example]\n}\n", "conf:8: expected route * once, and it is "
	    "in line 5\n" },
	{ HEAD "route * * {\nvia [a.example]\nsender <>\n}\n",
	    "conf:5: expected route * once, and it is in line 5\n" },
	{ HEAD "domain a.example {\n}\nroute a.example {\n"
	    "via [b.example]\n}\n", "conf:7: expected no route for a.example: "
	    "line 5 says it is local\n" },
	{ HEAD "remote {\nca-file /nowhere/at-all\n}\n", "conf:6: ca-file: "
	    "expected a file that is there (No such file or directory), not "
	    "\"/nowhere/at-all\"\n" },
	{ HEAD "remote {\nprocesses 0\n}\n", "conf:6: processes: expected a "
	    "number from 1 to 16, not \"0\"\n" },
	{ HEAD "self a.example\n", "conf:5: self: expected an address such "
	    "as 0.0.0.0 or ::, not \"a.example\"\n" },
	{ HEAD "rewrite a.example b.example\n", "conf:5: rewrite: expected "
	    "LOCAL@DOMAIN, @DOMAIN or @*.DOMAIN, then LOCAL@DOMAIN or "
	    "@DOMAIN, and perhaps \"envelope\", \"header\" or \"both\", not "
	    "\"a.example b.example\"\n" },
	{ HEAD "masquerade *.a.example\n", "conf:5: masquerade: expected "
	    "domains, not \"*.a.example\"\n" },
	{ HEAD "masquerade-except a@b\n", "conf:5: masquerade-except: "
	    "expected local parts of addresses, not \"a@b\"\n" },
	{ HEAD "advice a {\n}\n", "conf:5: expected one of slow, pause, "
	    "other-family and permanent in this block\n" },
	{ HEAD "advice a {\nslow\npause 1m\n}\n", "conf:5: expected one of "
	    "slow, pause, other-family and permanent in this block\n" },
	{ HEAD "advice a {\nslow\ncode 250\n}\n", "conf:7: code: expected a "
	    "code such as 421, 4xx or 5xx, not \"250\"\n" },
	{ HEAD "advice a {\nslow\ntext two words\n}\n", "conf:7: text: "
	    "expected a part of a reply in quotes, of at most 200 octets, not "
	    "\"two words\"\n" },
	{ HEAD "advice a {\npause 2d\n}\n", "conf:6: pause: expected a time "
	    "from 1s to 1d, such as 1s, not \"2d\"\nconf:5: expected one of "
	    "slow, pause, other-family and permanent in this block\n" },
	{ HEAD "advice a {\nslow\n}\nadvice a {\nslow\n}\n", "conf:8: expected "
	    "another name: \"a\" is in line 5\n" },
};

START_TEST(mistakes_are_told_with_what_was_expected)
{
	struct span	 errors;

	read_text(mistakes[_i].text);
	errors = buf_span(&notes.errors);
	ck_assert_msg(span_is(errors, mistakes[_i].errors),
	    "%s\n%.*s\nand not\n%s", mistakes[_i].text, (int)errors.len,
	    errors.ptr, mistakes[_i].errors);
	forget();
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("config_route");
	TCase	*tc = tcase_create("config_route");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, a_way_becomes_a_destination, 0, COUNT(ways));
	tcase_add_loop_test(tc, a_refusal_has_its_reply, 0, COUNT(refusals));
	tcase_add_test(tc, patterns_are_addresses_too);
	tcase_add_test(tc, conditions_belong_to_their_block);
	tcase_add_test(tc, hops_of_one_pattern_are_numbered);
	tcase_add_test(tc, a_hop_has_what_its_block_says);
	tcase_add_test(tc, a_hop_has_the_rest_of_remote);
	tcase_add_test(tc, remote_says_nothing_by_itself);
	tcase_add_loop_test(tc, a_secret_is_the_first_line_of_a_file_of_few,
	    0, COUNT(secrets));
	tcase_add_test(tc, anchors_are_looked_at_where_they_are_needed);
	tcase_add_loop_test(tc, mistakes_are_told_with_what_was_expected, 0,
	    COUNT(mistakes));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
