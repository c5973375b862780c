/* SPDX-License-Identifier: ISC */
/*
 * usage: write DIRECTORY
 *
 * Notices of all kinds, in both languages, each into a file of its own,
 * DIRECTORY/CASE.LANGUAGE, for other people's programs to read.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/notice.h"
#include "shared/alloc.h"

enum {
	NOW		= 1795000000,	/* seconds: 18 November 2026 */
	LIFE		= 432000,
	MANY		= 1000,
	HOSTILE_SIZE	= 100000,
	TEXT_SIZE	= 200,
	WITH_CONTENT	= 1,		/* of a case: RET=FULL */
	WITH_UTF8	= 2		/* it may go as UTF-8 */
};

#define SECONDS(n)	((uint64_t)(n) * 1000000)
#define HEADER \
	"Received: from a.example by b.example; Mon, 1 Jan 2026\r\n" \
	"From: Jane <jane@here.example>\r\nTo: green@there.example\r\n" \
	"Subject: The course on Monday\r\nMessage-ID: <1@here.example>\r\n" \
	"References: <0@there.example>\r\n\t<00@there.example>\r\n"

struct said {
	enum notice_action action;
	const char	*address, *original, *orcpt, *relay;
	unsigned	 code;
	const char	*enhanced, *text;
	bool		 expired;
};

static const struct one {
	const char	*name;
	const char	*header;
	struct said	 said[4];
	int		 flags;
	const char	*envid;
} cases[] = {
	{ "unknown", HEADER, {
	    { ACTION_FAILED, "green@there.example", NULL, NULL,
	      "mx.there.example[192.0.2.25]:25", 550, "5.1.1",
	      "<green@there.example>: Recipient address rejected: User "
	      "unknown in local recipient table", false } }, 0, NULL },
	{ "expired", HEADER, {
	    { ACTION_FAILED, "green@there.example", "club@here.example", NULL,
	      "mx.there.example[192.0.2.25]:25", 451, "4.4.1",
	      "connect to mx.there.example[192.0.2.25]:25: Connection refused",
	      true } }, 0, NULL },
	{ "delayed", HEADER, {
	    { ACTION_DELAYED, "green@there.example", NULL, NULL,
	      "mx.there.example[192.0.2.25]:25", 452, "4.2.2",
	      "The email account that you tried to reach is over quota",
	      false } }, 0, NULL },
	{ "delivered", HEADER, {
	    { ACTION_DELIVERED, "green@there.example", NULL,
	      "rfc822;green+2Bx@there.example", "local", 250, "2.0.0",
	      "delivered to a mailbox", false } }, 0, "QQ314159+3D" },
	{ "relayed", HEADER, {
	    { ACTION_RELAYED, "green@there.example", NULL, NULL,
	      "mx.there.example[192.0.2.25]:25", 250, "2.0.0",
	      "Ok: queued as 4XYZ", false } }, 0, NULL },
	{ "expanded", HEADER, {
	    { ACTION_EXPANDED, "club@here.example", NULL, NULL, "", 0, NULL,
	      "", false } }, 0, NULL },
	{ "mixed", HEADER, {
	    { ACTION_FAILED, "green@there.example", NULL, NULL,
	      "mx.there.example[192.0.2.25]:25", 552, "5.3.4",
	      "Message size exceeds fixed limit", false },
	    { ACTION_DELAYED, "brown@where.example", NULL, NULL, "", 451,
	      "4.4.3", "Host or domain name not found. Name service error for "
	      "name=where.example type=MX: Host not found, try again", false },
	    { ACTION_DELIVERED, "black@here.example", NULL, NULL, "local",
	      250, "2.0.0", "delivered", false },
	    { ACTION_FAILED, "white@there.example", NULL, NULL,
	      "mx.there.example[192.0.2.25]:25", 552, "5.3.4",
	      "Message size exceeds fixed limit", false } }, 0, NULL },
	{ "full", HEADER, {
	    { ACTION_FAILED, "green@there.example", NULL, NULL,
	      "mx.there.example[192.0.2.25]:25", 550, "5.7.1",
	      "Message rejected as spam", false } }, WITH_CONTENT, NULL },
	{ "full-delayed", HEADER, {
	    { ACTION_DELAYED, "green@there.example", NULL, NULL,
	      "mx.there.example[192.0.2.25]:25", 450, NULL, "Greylisted",
	      false } }, WITH_CONTENT, NULL },
	{ "encoded", "From: jane@here.example\r\n"
	    "Subject: =?utf-8?Q?Le_d=C3=A9jeuner?=\r\n"
	    " =?iso-8859-1?B?IOAgbWlkaQ==?=\r\n"
	    "Message-ID: not one\r\nContent-Language: fr-CH, de\r\n", {
	    { ACTION_FAILED, "green@there.example", NULL, NULL,
	      "mx.there.example[192.0.2.25]:25", 550, "5.1.2", "no such domain",
	      false } }, 0, NULL },
	{ "raw", "From: jane@here.example\r\n"
	    "Subject: Le d\303\251jeuner\r\nMessage-ID: <2@here.example>\r\n", {
	    { ACTION_FAILED, "green@there.example", NULL, NULL,
	      "mx.there.example[192.0.2.25]:25", 550, "5.7.10", "no TLS",
	      false } }, 0, NULL },
	{ "global", "From: jane@here.example\r\n"
	    "Subject: Le d\303\251jeuner\r\nMessage-ID: <2@here.example>\r\n", {
	    { ACTION_FAILED, "\303\251mile@there.example", NULL,
	      "utf-8;\\x{E9}mile@there.example",
	      "mx.there.example[192.0.2.25]:25", 550, "5.4.6", "a loop",
	      false } }, WITH_UTF8, NULL },
	{ "not-global", "From: jane@here.example\r\n", {
	    { ACTION_FAILED, "\303\251mile@there.example", NULL, NULL,
	      "mx.there.example[192.0.2.25]:25", 550, "5.6.7", "no SMTPUTF8",
	      false } }, 0, NULL },
	{ "hostile", "Subject: x\r\n", {
	    { ACTION_FAILED, "green@there.example", NULL,
	      "rfc822;a+0D+0AAction:+20delivered", "a\r\nb[\r\n]:25", 550,
	      "5.1.1", "no\n\nFinal-Recipient: rfc822; forged@there.example\n"
	      "\n--=_0000\nContent-Type: text/html\n\n<b>", false } }, 0,
	    "x+0D+0A+0D+0AFinal-Recipient:+20rfc822;+20forged@x.example" },
	{ NULL, NULL, { { 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, false } },
	    0, NULL }
};

static const char	*directory;
static struct addr	 sender, postmaster;

static struct span
span_or_empty(const char *s)
{
	return span_of(s == NULL ? "" : s);
}

static struct notice_recipient
recipient_of(const struct said *s)
{
	struct notice_recipient	 r = { .action = s->action,
				    .address = span_of(s->address),
				    .expired = s->expired, .attempts = 7,
				    .tried = SECONDS(NOW - 600) };

	r.original = span_or_empty(s->original);
	r.orcpt = span_or_empty(s->orcpt);
	r.relay = span_of(s->relay);
	if (s->code != 0)
		r.reply = reply_make(s->code, s->enhanced, "%s", s->text);
	if (s->action == ACTION_DELAYED)
		r.until = SECONDS(NOW - 14400 + LIFE);
	return r;
}

static void
save(const char *name, struct notice *n)
{
	static const char *const languages[NOTICE_LANGUAGE_COUNT] = {
		"en", "fr"
	};
	char		 path[PATH_TEXT_MAX];
	struct buf	 text;
	FILE		*f;

	(void)snprintf(path, sizeof path, "%s/%s.%s", directory, name,
	    languages[n->language]);
	buf_init(&text, NOTICE_MAX);
	if (!notice_write(n, &text))
		errx(1, "%s: it does not fit", path);
	f = fopen(path, "w");
	if (f == NULL || fwrite(buf_span(&text).ptr, 1, buf_len(&text), f) !=
	    buf_len(&text) || fclose(f) == EOF)
		err(1, "%s", path);
	printf("%s.%s %u\n", name, languages[n->language], notice_flags(n));
	buf_clear(&text);
}

static void
save_all(const char *name, struct notice *n)
{
	unsigned	 i;

	n->now = SECONDS(NOW);
	n->id = SECONDS(NOW);
	n->life = LIFE;
	n->hostname = "mail.here.example";
	n->contact = span_of("");
	n->content_max = 65536;
	for (i = 0; i < NOTICE_LANGUAGE_COUNT; i++) {
		n->language = (enum notice_language)i;
		save(name, n);
	}
}

static struct notice_message
message_of(unsigned number, struct span header)
{
	return (struct notice_message){
		.id = SECONDS(NOW - 14400) + number,
		.arrived = SECONDS(NOW - 14400) + number,
		.envid = span_of(""), .header = header,
		.client = span_of("laptop.here.example[192.0.2.77]:50123")
	};
}

static void
write_case(const struct one *c)
{
	struct notice_message	 m = message_of(0, span_of(c->header));
	struct notice_recipient	 list[4];
	char			 content[2000];
	struct notice		 n = { .kind = NOTICE_PLAIN, .to = &sender,
				    .messages = &m, .message_count = 1,
				    .recipients = list };

	while (n.count < 4 && c->said[n.count].address != NULL) {
		list[n.count] = recipient_of(&c->said[n.count]);
		n.count++;
	}
	m.envid = span_or_empty(c->envid);
	(void)snprintf(content, sizeof content, "%s\r\nD\303\251j\303\240 "
	    "vu.\r\n--not a boundary\r\n", c->header);
	n.content = span_of(c->flags & WITH_CONTENT ? content : "");
	n.utf8 = (c->flags & WITH_UTF8) != 0;
	save_all(c->name, &n);
}

/* Messages that have failed alike, each of one recipient. */
static void
write_digest(const char *name, size_t count)
{
	struct notice_message	*messages = xcalloc(count, sizeof *messages);
	struct notice_recipient	*list = xcalloc(count, sizeof *list);
	char			*texts = xcalloc(count, 2 * TEXT_SIZE), *at;
	struct said		 s = { ACTION_FAILED, NULL, NULL, NULL,
				    "mx.there.example[192.0.2.25]:25", 550,
				    "5.7.28", "Too many messages", false };
	struct notice		 n = { .kind = NOTICE_DIGEST, .to = &sender,
				    .content = span_of("") };
	size_t			 i;

	for (i = 0; i < count; i++) {
		at = texts + i * 2 * TEXT_SIZE;
		(void)snprintf(at, TEXT_SIZE, "customer%zu@there.example", i);
		s.address = at;
		list[i] = recipient_of(&s);
		list[i].message = (uint32_t)i;
		at += TEXT_SIZE;
		(void)snprintf(at, TEXT_SIZE, "Subject: Newsletter %zu\r\n"
		    "Message-ID: <n%zu@here.example>\r\n", i, i);
		messages[i] = message_of((unsigned)i, span_of(at));
	}
	n.messages = messages;
	n.recipients = list;
	n.message_count = n.count = count;
	save_all(name, &n);
	free(messages);
	free(list);
	free(texts);
}

/* A notice that could not be delivered, itself. */
static void
write_double(void)
{
	struct said		 s = { ACTION_FAILED, "forged@where.example",
				    NULL, NULL, "", 550, "5.1.2",
				    "Host or domain name not found", false };
	struct notice_message	 m = message_of(0, span_of(
				    "From: MAILER-DAEMON@mail.here.example\r\n"
				    "Subject: Undelivered Mail Returned to "
				    "Sender\r\n"
				    "Message-ID: <n1@mail.here.example>\r\n"));
	struct notice_recipient	 r = recipient_of(&s);
	struct notice		 n = { .kind = NOTICE_DOUBLE,
				    .to = &postmaster, .messages = &m,
				    .message_count = 1, .recipients = &r,
				    .count = 1, .content = span_of("") };

	m.client = span_of("");
	save_all("double", &n);
}

/* As many recipients as there may be, each with as much to say; a header of
 * one line without end, and of octets that nobody has agreed on. */
static void
write_hostile(void)
{
	static const char	 odd[] = "x\r\n\r\n--=_\0\377\033[2J:";
	struct notice_recipient	*list = xcalloc(MANY, sizeof *list);
	char			*header = xcalloc(1, HOSTILE_SIZE);
	char			*texts = xcalloc(MANY, TEXT_SIZE), *at;
	char			 said[REPLY_TEXT_MAX + 1];
	struct notice_message	 m = message_of(0, span_of(""));
	struct notice		 n = { .kind = NOTICE_PLAIN, .to = &sender,
				    .messages = &m, .message_count = 1,
				    .recipients = list, .count = MANY,
				    .content = span_of("") };
	size_t			 i;

	for (i = 0; i < HOSTILE_SIZE; i++)
		header[i] = odd[i * 7 % (sizeof odd - 1)];
	memset(said, '-', sizeof said);
	said[sizeof said - 1] = '\0';
	for (i = 0; i < MANY; i++) {
		at = texts + i * TEXT_SIZE;
		(void)snprintf(at, TEXT_SIZE, "u%zu@there.example", i);
		(void)snprintf(said, 8, "%6zu", i);
		list[i] = recipient_of(&(struct said){ ACTION_FAILED, at,
		    NULL, NULL, "mx.there.example[192.0.2.25]:25", 554, NULL,
		    said, false });
	}
	m.header = span_make(header, HOSTILE_SIZE);
	save_all("huge", &n);
	free(list);
	free(header);
	free(texts);
}

int
main(int argc, char **argv)
{
	const struct one	*c;

	if (argc != 2)
		errx(2, "usage: write DIRECTORY");
	directory = argv[1];
	(void)addr_parse(span_of("jane@here.example"), &sender);
	(void)addr_parse(span_of("postmaster@mail.here.example"), &postmaster);
	for (c = cases; c->name != NULL; c++)
		write_case(c);
	write_digest("digest", 3);
	write_digest("digest-long", MANY);
	write_double();
	write_hostile();
	return 0;
}
