/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/types.h>

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/config_table.h"
#include "shared/alloc.h"
#include "tests/unit/config_rig.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

#define HOSTNAME	"hostname mail.example.org\n"
#define POSTMASTER	"postmaster joe@a.example\n"

/* ---- good files --------------------------------------------------------- */

#define NUMBER(field)	offsetof(struct config, field)

static const struct {
	const char	*line;
	size_t		 field;
	uint64_t	 value;
} numbers[] = {
	{ "",				NUMBER(message_size),	50 << 20 },
	{ "message-size 10M",		NUMBER(message_size),	10 << 20 },
	{ "message-size 64K",		NUMBER(message_size),	64 << 10 },
	{ "message-size 1G",		NUMBER(message_size),	1 << 30 },
	{ "message-size 2000",		NUMBER(message_size),	2000 },
	{ "",				NUMBER(minimum_uid),	1000 },
	{ "minimum-uid 500",		NUMBER(minimum_uid),	500 },
	{ "",				NUMBER(retry.first),	5 * MINUTE },
	{ "retry {\nfirst 30s\n}",	NUMBER(retry.first),	30 * SECOND },
	{ "",				NUMBER(retry.maximum),	HOUR },
	{ "retry {\nmaximum 4h\n}",	NUMBER(retry.maximum),	4 * HOUR },
	{ "",				NUMBER(retry.lifetime),	120 * HOUR },
	{ "retry {\nlifetime 0s\n}",	NUMBER(retry.lifetime),	0 },
	{ "retry {\nlifetime 2w\n}",	NUMBER(retry.lifetime),
	    14 * 24 * (uint64_t)HOUR },
	{ "",			NUMBER(retry.notice_lifetime),	24 * HOUR },
	{ "",				NUMBER(smtpd.processes), 2 },
	{ "smtpd {\nprocesses 64\n}",	NUMBER(smtpd.processes), 64 },
	{ "",				NUMBER(smtpd.sessions),	8192 },
	{ "smtpd { # comment\n sessions 1000 # more\n\t}\n",
	    NUMBER(smtpd.sessions), 1000 },
	{ "",				NUMBER(smtpd.recipients), 1000 },
	{ "",			NUMBER(smtpd.command_time),	5 * MINUTE },
	{ "",			NUMBER(smtpd.data_time),	3 * MINUTE },
	{ "",				NUMBER(smtpd.errors),	20 },
	{ "",			NUMBER(remote.connect_time),	30 * SECOND },
	{ "",			NUMBER(remote.command_time),	5 * MINUTE },
	{ "",			NUMBER(remote.content_time),	3 * MINUTE },
	{ "",			NUMBER(remote.final_time),	10 * MINUTE },
	{ "remote {\r\nfinal-time 1s\r\n}\r", NUMBER(remote.final_time),
	    SECOND },
};

START_TEST(numbers_sizes_and_times_are_read_or_have_defaults)
{
	char		 text[256];
	uint64_t	 value;

	snprintf(text, sizeof text, HOSTNAME "%s", numbers[_i].line);
	must_read(text);
	memcpy(&value, (char *)config + numbers[_i].field, sizeof value);
	ck_assert_msg(value == numbers[_i].value, "%s: %" PRIu64,
	    numbers[_i].line, value);
	forget();
}
END_TEST

#define TEXT(field)	offsetof(struct config, field)

static const struct {
	const char	*line;
	size_t		 field;
	const char	*value;
} texts[] = {
	{ "",			TEXT(hostname),		"mail.example.org" },
	{ "",			TEXT(spool),		SPOOLDIR },
	{ "spool /srv/mail/",	TEXT(spool),		"/srv/mail" },
	{ "spool \"/a b\"",	TEXT(spool),		"/a b" },
	{ "spool \"/a\\\"b\"",	TEXT(spool),		"/a\"b" },
	{ "",			TEXT(runtime),		RUNSTATEDIR },
	{ "runtime /tmp/r",	TEXT(runtime),		"/tmp/r" },
	{ "",			TEXT(users),		"" },
	{ "users /etc/passwd",	TEXT(users),		"/etc/passwd" },
	{ "aliases /etc/group",	TEXT(aliases),		"/etc/group" },
	{ "",			TEXT(postmaster),	"" },
	{ "postmaster pm@example.net", TEXT(postmaster), "pm@example.net" },
	{ "log file /var/log/relais", TEXT(log.path),	"/var/log/relais" },
};

START_TEST(texts_are_read_or_have_defaults)
{
	char	 text[256];

	snprintf(text, sizeof text, HOSTNAME "%s", texts[_i].line);
	must_read(text);
	ck_assert_str_eq((char *)config + texts[_i].field, texts[_i].value);
	forget();
}
END_TEST

static const struct {
	const char	*via, *destination;
} vias[] = {
	{ "relay.example.net",		"mx:relay.example.net:25" },
	{ "Relay.Example.NET:587",	"mx:relay.example.net:587" },
	{ "[relay.example.net]",	"host:relay.example.net:25" },
	{ "[relay.example.net]:2525",	"host:relay.example.net:2525" },
	{ "[192.0.2.7]",		"host:[192.0.2.7]:25" },
	{ "[192.0.2.7]:26",		"host:[192.0.2.7]:26" },
	{ "[2001:db8:0:0::7]:26",	"host:[2001:db8::7]:26" },
	{ "[IPv6:2001:db8::7]",		"host:[2001:db8::7]:25" },
};

START_TEST(via_becomes_a_destination)
{
	char	 text[256];

	snprintf(text, sizeof text, HOSTNAME "route *.example.net * {\n"
	    "via %s\n}\n", vias[_i].via);
	must_read(text);
	ck_assert_uint_eq(config->nroutes, 2);
	ck_assert_str_eq(config->routes[0].pattern, "*.example.net");
	ck_assert_str_eq(config->routes[1].pattern, "*");
	ck_assert_str_eq(config->routes[0].destination, vias[_i].destination);
	ck_assert_str_eq(config->routes[1].destination, vias[_i].destination);
	forget();
}
END_TEST

#define V4	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff

static const struct {
	const char	*word;
	uint8_t		 address[16];
	uint8_t		 prefix;
} networks[] = {
	{ "192.0.2.0/24",	{ V4, 192, 0, 2, 0 },	120 },
	{ "192.0.2.1",		{ V4, 192, 0, 2, 1 },	128 },
	{ "10.0.0.0/8",		{ V4, 10, 0, 0, 0 },	104 },
	{ "::1",		{ [15] = 1 },		128 },
	{ "2001:db8::/32",	{ 0x20, 1, 0xd, 0xb8 },	32 },
};

START_TEST(networks_are_sixteen_octets_and_a_prefix)
{
	char	 text[256];

	snprintf(text, sizeof text, HOSTNAME "relay-from 127.0.0.1\n"
	    "relay-from %s\n", networks[_i].word);
	must_read(text);
	ck_assert_uint_eq(config->relay_from.n, 2);
	ck_assert_mem_eq(config->relay_from.item[1].address,
	    networks[_i].address, 16);
	ck_assert_uint_eq(config->relay_from.item[1].prefix,
	    networks[_i].prefix);
	forget();
}
END_TEST

static const struct {
	const char	*word, *server;
} servers[] = {
	{ "192.0.2.53",			"192.0.2.53:53" },
	{ "192.0.2.53:5353",		"192.0.2.53:5353" },
	{ "2001:db8::53",		"[2001:db8::53]:53" },
	{ "[2001:db8::53]:5353",	"[2001:db8::53]:5353" },
};

START_TEST(name_servers_have_a_port)
{
	char	 text[256];

	snprintf(text, sizeof text, HOSTNAME "resolver %s\n",
	    servers[_i].word);
	must_read(text);
	ck_assert_uint_eq(config->resolvers.n, 1);
	ck_assert_str_eq(config->resolvers.item[0], servers[_i].server);
	forget();
}
END_TEST

START_TEST(without_a_domain_the_hostname_is_local)
{
	must_read(HOSTNAME "aliases /etc/passwd\n");
	ck_assert_uint_eq(config->ndomains, 1);
	ck_assert_str_eq(config->domains[0].name, "mail.example.org");
	ck_assert_str_eq(config->domains[0].aliases, "/etc/passwd");
	ck_assert_str_eq(config->domains[0].delivery.path, "~/Maildir");
	ck_assert_int_eq(config->domains[0].delivery.kind, DELIVERY_MAILDIR);
	forget();
}
END_TEST

START_TEST(directories_of_mailboxes_are_collected_once)
{
	must_read(HOSTNAME "domain a.example b.example {\n"
	    "deliver maildir /mail/%u/Maildir\n}\n"
	    "domain c.example {\ndeliver maildir /srv/x/all//\n}\n"
	    "domain d.example {\ndeliver maildir /mail/u%u\n}\n"
	    "domain e.example {\n}\n");
	ck_assert_str_eq(config->mailboxes.list, "/mail:/srv/x");
	ck_assert_uint_eq(config->mailboxes.n, 2);
	forget();
}
END_TEST

START_TEST(each_domain_of_a_block_has_its_values)
{
	must_read(HOSTNAME "domain Example.ORG example.net {\n"
	    "\taliases /etc/group\n\tdeliver maildir /mail/%u\n}\n"
	    "domain example.com {\n}\n");
	ck_assert_uint_eq(config->ndomains, 3);
	ck_assert_str_eq(config->domains[0].name, "example.org");
	ck_assert_str_eq(config->domains[1].name, "example.net");
	ck_assert_str_eq(config->domains[1].aliases, "/etc/group");
	ck_assert_str_eq(config->domains[1].delivery.path, "/mail/%u");
	ck_assert_str_eq(config->domains[2].delivery.path, "~/Maildir");
	forget();
}
END_TEST

START_TEST(nobody_may_relay_unless_it_is_said)
{
	must_read(HOSTNAME POSTMASTER "listen smtp {\n}\n");
	ck_assert_uint_eq(config->relay_from.n, 0);
	ck_assert_uint_eq(config->nlistens, 1);
	ck_assert(!config->listens[0].relay);
	ck_assert_uint_eq(buf_len(&notes.warnings), 0);
	forget();
}
END_TEST

START_TEST(nobody_may_verify_unless_it_is_said)
{
	must_read(HOSTNAME POSTMASTER "listen a {\n}\n"
	    "listen b {\nport 26\nvrfy yes\n}\n"
	    "listen c {\nport 27\nexpn yes\n}\n");
	ck_assert(!config->listens[0].vrfy && !config->listens[0].expn);
	ck_assert(config->listens[1].vrfy && !config->listens[1].expn);
	ck_assert(!config->listens[2].vrfy && config->listens[2].expn);
	forget();
}
END_TEST

START_TEST(a_listener_without_address_listens_everywhere)
{
	must_read(HOSTNAME "listen smtp {\nport 2525\n}\n");
	ck_assert(config->listens[0].anywhere);
	ck_assert_uint_eq(config->listens[0].port, 2525);
	ck_assert_uint_eq(config->listens[0].addresses.n, 2);
	ck_assert_int_eq(config->listens[0].addresses.item[0].family, AF_INET);
	ck_assert_int_eq(config->listens[0].addresses.item[1].family,
	    AF_INET6);
	forget();
}
END_TEST

START_TEST(a_socket_listens_there_alone)
{
	must_read(HOSTNAME "listen s {\nsocket /run/s\n}\n");
	ck_assert_str_eq(config->listens[0].socket, "/run/s");
	ck_assert_uint_eq(config->listens[0].addresses.n, 0);
	forget();
}
END_TEST

static const struct {
	const char	*text, *warning;
} warnings[] = {
	{ HOSTNAME, "conf: no listen block: no mail from other hosts\n" },
	{ "hostname mail\n" POSTMASTER "listen l {\n}\n",
	    "conf: hostname \"mail\" has no dot: others may refuse it\n" },
	{ HOSTNAME POSTMASTER "listen l {\nrelay yes\n}\n",
	    "conf:3: whoever reaches \"l\" may send anywhere\n" },
	{ HOSTNAME POSTMASTER
	    "listen l {\naddress 127.0.0.1 ::1\nrelay yes\n}\n", "" },
	{ HOSTNAME "listen l {\n}\n", "conf: no postmaster: mail for "
	    "postmaster is refused unless an alias or a user says who gets "
	    "it\n" },
	{ HOSTNAME POSTMASTER "listen l {\n}\ndomain b.example {\n}\n",
	    "conf: hostname \"mail.example.org\" is no domain here: mail for "
	    "it goes elsewhere\n" },
};

START_TEST(what_may_be_a_mistake_is_told)
{
	struct span	 s;

	must_read(warnings[_i].text);
	s = buf_span(&notes.warnings);
	ck_assert_msg(span_is(s, warnings[_i].warning), "%.*s", (int)s.len,
	    s.ptr);
	forget();
}
END_TEST

/* ---- bad files ---------------------------------------------------------- */

static const struct {
	const char	*text, *errors;
} mistakes[] = {
	/* words */
	{ "hostnme a.example\n" HOSTNAME,
	    "conf:1: expected a keyword such as \"hostname\", not "
	    "\"hostnme\"\n" },
	{ HOSTNAME "mesage-size 1M\n",
	    "conf:2: expected a keyword such as \"message-size\", not "
	    "\"mesage-size\"\n" },
	{ HOSTNAME "retry {\n\tlifteime 5d\n}\n",
	    "conf:3: expected a keyword such as \"lifetime\", not "
	    "\"lifteime\"\n" },
	{ HOSTNAME "domian example.org {\n\twhatever\n}\n",
	    "conf:2: expected a keyword such as \"domain\", not "
	    "\"domian\"\n" },
	{ HOSTNAME HOSTNAME,
	    "conf:2: expected hostname once, and it is in line 1\n" },
	{ HOSTNAME "spool \"/a\n",
	    "conf:2: expected a quote at the end of the word\n" },
	{ HOSTNAME "spool \"/a\"b\n",
	    "conf:2: expected a quote at the end of the word\n" },
	{ HOSTNAME "spool /a\x01\n",
	    "conf:2: expected text, not control characters\n" },

	/* values */
	{ "hostname\n" HOSTNAME, "conf:1: hostname: expected a domain name\n"
	    "conf:2: expected hostname once, and it is in line 1\n" },
	{ HOSTNAME "minimum-uid 0\n", "conf:2: minimum-uid: expected a number "
	    "from 1 to 4294967294, not \"0\"\n" },
	{ HOSTNAME "minimum-uid 99999999999999999999\n", "conf:2: "
	    "minimum-uid: expected a number from 1 to 4294967294, not "
	    "\"99999999999999999999\"\n" },
	{ HOSTNAME "message-size 2G\n", "conf:2: message-size: expected a "
	    "size from 1K to 1G, such as 50M, not \"2G\"\n" },
	{ HOSTNAME "message-size 99999999999G\n", "conf:2: message-size: "
	    "expected a size from 1K to 1G, such as 50M, not "
	    "\"99999999999G\"\n" },
	{ HOSTNAME "retry {\nfirst 5\n}\n", "conf:3: first: expected a time "
	    "from 1s to 1d, such as 5m, not \"5\"\n" },
	{ HOSTNAME "retry {\nlifetime 10w\n}\n", "conf:3: lifetime: expected "
	    "a time from 0s to 60d, such as 5d, not \"10w\"\n" },
	{ HOSTNAME "listen l {\nrelay maybe\n}\n", "conf:3: relay: expected "
	    "\"yes\" or \"no\", not \"maybe\"\n" },
	{ HOSTNAME "listen l {\nport 65536\n}\n", "conf:3: port: expected a "
	    "number from 1 to 65535, not \"65536\"\n" },
	{ HOSTNAME "listen l {\naddress 127.0.0.1 localhost\n}\n",
	    "conf:3: address: expected an address such as 0.0.0.0 or ::, not "
	    "\"localhost\"\n" },
	{ HOSTNAME "log syslgo\n", "conf:2: log: expected \"syslog\", "
	    "\"stderr\" or \"file PATH\", not \"syslgo\"\n" },
	{ HOSTNAME "log file relative\n", "conf:2: log: expected an absolute "
	    "path, not \"relative\"\n" },
	{ HOSTNAME "aliases /nonexistent/aliases\n", "conf:2: aliases: "
	    "expected a file that is there (No such file or directory), not "
	    "\"/nonexistent/aliases\"\n" },
	{ HOSTNAME "users /etc\n", "conf:2: users: expected a regular file, "
	    "not \"/etc\"\n" },
	{ HOSTNAME "postmaster joe\n", "conf:2: postmaster: expected an "
	    "address such as postmaster@example.org, not \"joe\"\n" },
	{ HOSTNAME "resolver ns.example.org\n", "conf:2: resolver: expected "
	    "an address such as 192.0.2.53, 192.0.2.53:53 or "
	    "[2001:db8::53]:53, not \"ns.example.org\"\n" },
	{ HOSTNAME "resolver 127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4 ::1\n",
	    "conf:2: resolver: expected at most 4 servers, not "
	    "\"127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4 ...\"\n" },
	{ HOSTNAME "relay-from 192.0.2.1/24\n", "conf:2: relay-from: expected "
	    "a network without bits behind its prefix, not "
	    "\"192.0.2.1/24\"\n" },
	{ HOSTNAME "relay-from 192.0.2.0/33\n", "conf:2: relay-from: expected "
	    "a network such as 192.0.2.0/24 or ::1, not \"192.0.2.0/33\"\n" },
	{ HOSTNAME "relay-from 0.0.0.0/0\n", "conf:2: relay-from: expected "
	    "less than the whole internet, not "
	    "\"0.0.0.0/0\"\n" },
	{ HOSTNAME "relay-from ::/0\n", "conf:2: relay-from: expected "
	    "less than the whole internet, not "
	    "\"::/0\"\n" },
	{ HOSTNAME "route * {\nvia 192.0.2.7\n}\n", "conf:3: via: expected "
	    "HOST, [HOST] or [ADDRESS], with :PORT unless it is 25, not "
	    "\"192.0.2.7\"\n" },
	{ HOSTNAME "route * {\nvia [192.0.2.7]:0\n}\n", "conf:3: via: "
	    "expected HOST, [HOST] or [ADDRESS], with :PORT unless it is 25, "
	    "not \"[192.0.2.7]:0\"\n" },
	{ HOSTNAME "domain a.example {\ndeliver mbox /var/mail/%u\n}\n",
	    "conf:3: deliver: expected \"maildir PATH\", not "
	    "\"mbox /var/mail/%u\"\n" },
	{ HOSTNAME "domain a.example {\ndeliver maildir /%u\n}\n",
	    "conf:2: expected mailboxes in a directory of their own, not in "
	    "/\n" },
	{ HOSTNAME "domain a.example {\ndeliver maildir ~/../x\n}\n",
	    "conf:3: deliver: expected \"maildir\" and a path such as "
	    "~/Maildir or /var/mail/%u, not \"maildir ~/../x\"\n" },

	/* blocks */
	{ HOSTNAME "smtpd\n", "conf:2: expected { at the end of this line\n" },
	{ HOSTNAME "smtpd x {\n}\n", "conf:2: expected { behind smtpd\n" },
	{ HOSTNAME "listen {\n}\n",
	    "conf:2: expected one name between listen and {\n" },
	{ HOSTNAME "route {\n}\n",
	    "conf:2: expected patterns between route and {\n" },
	{ HOSTNAME "retry { first 5m }\n",
	    "conf:2: expected the end of the line behind { or }\n" },
	{ HOSTNAME "}\n", "conf:2: expected no }: no block is open\n" },
	{ HOSTNAME "{\n",
	    "conf:2: expected the name of a block in front of {\n" },
	{ HOSTNAME "retry {\nfirst 5m }\n}\n",
	    "conf:3: expected } on a line of its own\n" },
	{ HOSTNAME "retry {\n",
	    "conf:2: expected } at the end of the block \"retry\"\n" },
	{ HOSTNAME "retry {\nsmtpd {\nx\n}\n}\n", "conf:3: expected } before "
	    "another block; the open one began in line 2\n" },
	{ HOSTNAME "retry {\n}\nretry {\n}\n",
	    "conf:4: expected retry once, and it is in line 2\n" },
	{ HOSTNAME "listen a/b {\n}\n",
	    "conf:2: expected a name of letters and digits, not \"a/b\"\n" },
	{ HOSTNAME "domain 300.0.2.1 {\n}\n",
	    "conf:2: expected a domain name, not \"300.0.2.1\"\n" },
	{ HOSTNAME "route *example.org {\nvia [h.example]\n}\n", "conf:2: "
	    "expected an address, a domain name, *.DOMAIN or *, not "
	    "\"*example.org\"\n" },

	/* what no line shows by itself */
	{ HOSTNAME "retry {\nfirst 2h\n}\n",
	    "conf:2: expected first to be at most maximum\n" },
	{ HOSTNAME "listen a {\n}\nlisten b {\naddress ::\n}\n", "conf:4: "
	    "expected another address or port: line 2 listens there\n" },
	{ HOSTNAME "listen a {\n}\nlisten a {\nport 26\n}\n", "conf:4: "
	    "expected another name: \"a\" is in line 2\n" },
	{ HOSTNAME "listen a {\naddress ::1 0::1\n}\n",
	    "conf:2: expected each address once\n" },
	{ HOSTNAME "runtime /r\nlisten a {\nsocket /r/control\n}\n", "conf:3: "
	    "expected another name: the one here is relais's own\n" },
	{ HOSTNAME "domain a.example A.EXAMPLE {\n}\n", "conf:2: expected "
	    "domain a.example once, and it is in line 2\n" },

	/* all of them */
	{ "x\n\n# y\n" HOSTNAME "spool relative\nlisten l {\nport 0\n}\n",
	    "conf:1: expected a keyword such as \"log\", not \"x\"\n"
	    "conf:5: spool: expected an absolute path, not \"relative\"\n"
	    "conf:7: port: expected a number from 1 to 65535, not \"0\"\n" },
};

START_TEST(all_mistakes_are_told_with_what_was_expected)
{
	struct span	 s;

	ck_assert(!read_text(mistakes[_i].text));
	s = buf_span(&notes.errors);
	ck_assert_msg(span_is(s, mistakes[_i].errors), "got\n%.*sfor\n%s",
	    (int)s.len, s.ptr, mistakes[_i].errors);
	forget();
}
END_TEST

/* ---- any octets --------------------------------------------------------- */

static const struct {
	const char	*name, *unit;
	size_t		 len, times;
	unsigned	 errors;	/* at least */
} floods[] = {
	{ "nothing",		"",			0, 1,		0 },
	{ "NULs",		"\0",			1, 4 << 20,	1 },
	{ "lines of NULs",	"\0\n",			2, 2 << 20,	100 },
	{ "one long line",	"x",			1, 4 << 20,	1 },
	{ "one long word",	"x",			1, 8191,	1 },
	{ "too long a word",	"x",			1, 8192,	1 },
	{ "words",		"x ",			2, 4095,	1 },
	{ "quotes",		"\"",			1, 8000,	1 },
	{ "backslashes",	"\"\\",			2, 4000,	1 },
	{ "braces",		"x {\n",		4, 1 << 20,	1 },
	{ "ends",		"}\n",			2, 1 << 20,	100 },
	{ "listeners",		"listen x {\n}\n",	13, 1000,	2 },
	{ "routes",		"route * {\n}\n",	12, 2000,	100 },
	{ "relays",		"relay-from ::1\n",	15, 257,	1 },
	{ "high octets",	"\xff\xfe\n",		3, 1000,	100 },
};

START_TEST(any_octets_end_in_errors_only)
{
	size_t	 i, len = floods[_i].len * floods[_i].times;
	char	*text = xcalloc(len + 1, 1);

	for (i = 0; i < floods[_i].times; i++)
		memcpy(text + i * floods[_i].len, floods[_i].unit,
		    floods[_i].len);
	read_span(span_make(text, len));
	ck_assert_msg(notes.nerrors >= floods[_i].errors, "%s: %u errors",
	    floods[_i].name, notes.nerrors);
	ck_assert_uint_lt(buf_len(&notes.errors), CONFIG_NOTES_MAX);
	free(text);
	forget();
}
END_TEST

START_TEST(the_last_line_needs_no_end)
{
	must_read("hostname mail.example.org");
	ck_assert_str_eq(config->hostname, "mail.example.org");
	forget();
}
END_TEST

START_TEST(only_regular_files_are_read)
{
	config_notes_init(&notes);
	config = config_new();
	ck_assert(!config_load(config, "/dev/null", &notes));
	ck_assert(span_starts(buf_span(&notes.errors),
	    "/dev/null: expected a regular file\n"));
	forget();
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("config");
	TCase	*tc = tcase_create("config");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc,
	    numbers_sizes_and_times_are_read_or_have_defaults, 0,
	    COUNT(numbers));
	tcase_add_loop_test(tc, texts_are_read_or_have_defaults, 0,
	    COUNT(texts));
	tcase_add_loop_test(tc, via_becomes_a_destination, 0, COUNT(vias));
	tcase_add_loop_test(tc, networks_are_sixteen_octets_and_a_prefix, 0,
	    COUNT(networks));
	tcase_add_loop_test(tc, name_servers_have_a_port, 0, COUNT(servers));
	tcase_add_test(tc, without_a_domain_the_hostname_is_local);
	tcase_add_test(tc, directories_of_mailboxes_are_collected_once);
	tcase_add_test(tc, each_domain_of_a_block_has_its_values);
	tcase_add_test(tc, nobody_may_relay_unless_it_is_said);
	tcase_add_test(tc, nobody_may_verify_unless_it_is_said);
	tcase_add_test(tc, a_listener_without_address_listens_everywhere);
	tcase_add_test(tc, a_socket_listens_there_alone);
	tcase_add_loop_test(tc, what_may_be_a_mistake_is_told, 0,
	    COUNT(warnings));
	tcase_add_loop_test(tc, all_mistakes_are_told_with_what_was_expected,
	    0, COUNT(mistakes));
	tcase_add_loop_test(tc, any_octets_end_in_errors_only, 0,
	    COUNT(floods));
	tcase_add_test(tc, the_last_line_needs_no_end);
	tcase_add_test(tc, only_regular_files_are_read);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
