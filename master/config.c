/* SPDX-License-Identifier: ISC */
/*
 * The words of relais.conf(5): a keyword is a row.  A default is written as an
 * admin would write it, and goes through the same converter.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/config_table.h"
#include "shared/alloc.h"

enum {
	KIB	= 1 << 10,
	MIB	= 1 << 20,
	GIB	= 1 << 30,
	SECOND	= 1000,
	HOUR	= 3600 * SECOND,
	DAY	= 24 * HOUR
};

#define IN(field)	offsetof(struct config, field)
#define LISTEN(field)	offsetof(struct config_listen, field)
#define DOMAIN(field)	offsetof(struct config_domain, field)
#define WAY(field)	offsetof(struct config_way, field)
#define HOP(field)	offsetof(struct config_way, hop.field)
#define ADVICE(field)	offsetof(struct config_advice, field)
#define LIMIT(field)	offsetof(struct config_limit, field)
#define TO(field)	offsetof(struct config_destination, field)
#define TLS(field)	offsetof(struct config_tls, field)
#define CONDITION(kind)	CONFIG_CONDITION, CONDITION_##kind, RULE_VALUES_MAX, \
			NULL, offsetof(struct config_rule, all)

static const struct config_keyword top[] = {
	{ "hostname",	CONFIG_HOST,	0, 0, NULL, IN(hostname) },
	{ "spool",	CONFIG_PATH,	0, SPOOL_PATH_MAX, SPOOLDIR,
	    IN(spool) },
	{ "runtime",	CONFIG_PATH,	0, RUNTIME_PATH_MAX, RUNSTATEDIR,
	    IN(runtime) },
	{ "log",	CONFIG_LOG,	0, PATH_TEXT_MAX, NULL, IN(log) },
	{ "users",	CONFIG_FILE,	0, PATH_TEXT_MAX, NULL, IN(users) },
	{ "minimum-uid", CONFIG_NUMBER,	1, UINT32_MAX - 1, "1000",
	    IN(minimum_uid) },
	{ "postmaster",	CONFIG_MAILBOX,	0, 0, NULL, IN(postmaster) },
	{ "aliases",	CONFIG_FILE,	0, PATH_TEXT_MAX, NULL, IN(aliases) },
	{ "senders",	CONFIG_FILE,	0, PATH_TEXT_MAX, NULL, IN(senders) },
	{ "resolver",	CONFIG_SERVERS,	0, 0, NULL, IN(resolvers) },
	{ "relay-from",	CONFIG_NETWORKS, 0, 0, NULL, IN(relay_from) },
	{ "relay-identity", CONFIG_IDENTITIES, 0, 0, NULL,
	    IN(relay_identity) },
	{ "message-size", CONFIG_SIZE,	KIB, GIB, "50M", IN(message_size) },
	{ "watchdog",	CONFIG_TIME,	SECOND, HOUR, "60s", IN(watchdog) },
	{ "drain",	CONFIG_TIME,	SECOND, DAY, "10m", IN(drain) },
	{ "passwords",	CONFIG_PASSWORDS, 0, PATH_TEXT_MAX, NULL,
	    IN(passwords) },
	{ "auth-delay",	CONFIG_TIME,	SECOND, 60 * SECOND, "1s",
	    IN(auth_delay) },
	{ "auth-delay-maximum", CONFIG_TIME, SECOND, 300 * SECOND, "60s",
	    IN(auth_delay_maximum) },
	{ "tls-minimum", CONFIG_CHOICE,	CHOICE_VERSION, 0, "1.2",
	    IN(tls_minimum) },
	{ "tls-tickets", CONFIG_TIME_OR_NO, SECOND, 7 * DAY, "1h",
	    IN(tls_tickets) },
	{ "self",	CONFIG_ADDRESSES, 0, 0, NULL, IN(self) },
	{ "rewrite",	CONFIG_REWRITE,	0, 0, NULL, IN(rewrites) },
	{ "rewrite-table", CONFIG_FILE,	0, PATH_TEXT_MAX, NULL,
	    IN(rewrite_table) },
	{ "masquerade",	CONFIG_MASQUERADE, 0, 0, NULL, IN(masquerade) },
	{ "masquerade-except", CONFIG_UNMASKED, 0, 0, NULL, IN(unmasked) },
	{ .word = NULL }
};

static const struct config_keyword retry[] = {
	{ "first",	CONFIG_TIME,	SECOND, DAY, "5m", IN(retry.first) },
	{ "maximum",	CONFIG_TIME,	SECOND, 7 * DAY, "1h",
	    IN(retry.maximum) },
	{ "lifetime",	CONFIG_TIME,	0, UINT64_C(60) * DAY, "5d",
	    IN(retry.lifetime) },
	{ "notice-lifetime", CONFIG_TIME, 0, UINT64_C(60) * DAY, "1d",
	    IN(retry.notice_lifetime) },
	{ .word = NULL }
};

static const struct config_keyword journal[] = {
	{ "limit",	CONFIG_SIZE,	0, UINT64_C(16) * GIB, "1G",
	    IN(journal.limit) },
	{ "segment",	CONFIG_SIZE,	16 * MIB, 256 * MIB, "64M",
	    IN(journal.segment) },
	{ "message",	CONFIG_SIZE,	KIB, 256 * KIB, "64K",
	    IN(journal.message) },
	{ .word = NULL }
};

static const struct config_keyword notices[] = {
	{ "delay",	CONFIG_TIME,	0, UINT64_C(60) * DAY, "4h",
	    IN(notices.delay) },
	{ "gather",	CONFIG_TIME,	0, HOUR, "5m", IN(notices.gather) },
	{ "digest-after", CONFIG_NUMBER, 1, 1000000, "10",
	    IN(notices.digest_after) },
	{ "digest-time", CONFIG_TIME,	0, DAY, "1h",
	    IN(notices.digest_time) },
	{ "double-bounces", CONFIG_MAILBOX_OR_NO, 0, 0, "no",
	    IN(notices.double_bounces) },
	{ "language",	CONFIG_CHOICE,	CHOICE_LANGUAGE, 0, "english",
	    IN(notices.language) },
	{ "content",	CONFIG_SIZE,	0, MIB, "64K",
	    IN(notices.content) },
	{ .word = NULL }
};

static const struct config_keyword queue[] = {
	{ "quarantine-after", CONFIG_NUMBER, 0, 1000, "3",
	    IN(queue.crashes) },
	{ "probes",	CONFIG_NUMBER,	1, JOBS_REMOTE_MAX, "200",
	    IN(queue.probes) },
	{ .word = NULL }
};

/* What is not said is as elsewhere; so nothing here has a default. */
static const struct config_keyword destination[] = {
	{ "retry-first", CONFIG_TIME,	SECOND, DAY, NULL, TO(retry_first) },
	{ "retry-maximum", CONFIG_TIME,	SECOND, 7 * DAY, NULL,
	    TO(retry_maximum) },
	{ "lifetime",	CONFIG_TIME,	SECOND, UINT64_C(60) * DAY, NULL,
	    TO(lifetime) },
	{ "notice-lifetime", CONFIG_TIME, SECOND, UINT64_C(60) * DAY, NULL,
	    TO(notice_lifetime) },
	{ "delay-notice", CONFIG_TIME_OR_NO, SECOND, UINT64_C(60) * DAY, NULL,
	    TO(delay_notice) },
	{ "window",	CONFIG_NUMBER,	1, WINDOW_LIMIT, NULL, TO(window) },
	{ "window-first", CONFIG_NUMBER, 1, WINDOW_LIMIT, NULL,
	    TO(window_first) },
	{ "per-second",	CONFIG_NUMBER,	1, 1000000, NULL, TO(per_second) },
	{ "per-hour",	CONFIG_NUMBER,	1, 1000000000, NULL, TO(per_hour) },
	{ "recipients",	CONFIG_NUMBER,	1, JOB_RECIPIENTS_MAX, NULL,
	    TO(recipients) },
	{ "mails",	CONFIG_NUMBER,	1, UINT32_MAX, NULL, TO(mails) },
	{ "share",	CONFIG_NUMBER,	1, 100, NULL, TO(share) },
	{ "priority",	CONFIG_PRIORITY, 0, 0, NULL, TO(priority) },
	{ .word = NULL }
};

static const struct config_keyword smtpd[] = {
	{ "processes",	CONFIG_NUMBER,	1, INSTANCES_MAX, "2",
	    IN(smtpd.processes) },
	{ "sessions",	CONFIG_NUMBER,	1, SESSIONS_MAX, "8192",
	    IN(smtpd.sessions) },
	{ "recipients",	CONFIG_NUMBER,	100, RECIPIENTS_MAX, "1000",
	    IN(smtpd.recipients) },
	{ "greeting-time", CONFIG_TIME,	SECOND, HOUR, "5m",
	    IN(smtpd.greeting_time) },
	{ "command-time", CONFIG_TIME,	SECOND, HOUR, "5m",
	    IN(smtpd.command_time) },
	{ "answer-time", CONFIG_TIME,	SECOND, HOUR, "10m",
	    IN(smtpd.answer_time) },
	{ "data-time",	CONFIG_TIME,	SECOND, HOUR, "3m",
	    IN(smtpd.data_time) },
	{ "errors",	CONFIG_NUMBER,	1, 1000, "20", IN(smtpd.errors) },
	{ "client-names", CONFIG_YESNO,	0, 0, "yes", IN(smtpd.names) },
	{ "name-time",	CONFIG_TIME,	SECOND, 60 * SECOND, "5s",
	    IN(smtpd.name_time) },
	{ .word = NULL }
};

static const struct config_keyword remote[] = {
	{ "connect-time", CONFIG_TIME,	SECOND, HOUR, "30s",
	    IN(remote.connect_time) },
	{ "command-time", CONFIG_TIME,	SECOND, HOUR, "5m",
	    IN(remote.command_time) },
	{ "content-time", CONFIG_TIME,	SECOND, HOUR, "3m",
	    IN(remote.content_time) },
	{ "final-time",	CONFIG_TIME,	SECOND, HOUR, "10m",
	    IN(remote.final_time) },
	{ "processes",	CONFIG_NUMBER,	1, REMOTES_MAX, "1",
	    IN(remote.processes) },
	{ "ca-file",	CONFIG_FILE,	0, PATH_TEXT_MAX, NULL,
	    IN(remote.anchors) },
	{ "tls",	CONFIG_CHOICE,	CHOICE_REMOTE_TLS, 0, "may",
	    IN(remote.hop.tls) },
	{ "source",	CONFIG_SOURCES,	0, 0, NULL, IN(remote.hop.source) },
	{ "helo",	CONFIG_HOST,	0, 0, NULL, IN(remote.hop.helo) },
	{ "fallback",	CONFIG_FALLBACK, 0, 0, NULL,
	    IN(remote.hop.fallback) },
	{ "xforward",	CONFIG_CHOICE,	CHOICE_YESNO, 0, "no",
	    IN(remote.hop.xforward) },
	{ "recipients",	CONFIG_NUMBER,	1, JOB_RECIPIENTS_MAX, NULL,
	    IN(remote.hop.recipients) },
	{ "mails",	CONFIG_NUMBER,	1, UINT32_MAX, NULL,
	    IN(remote.hop.mails) },
	{ .word = NULL }
};

static const struct config_keyword listening[] = {
	{ "address",	CONFIG_ADDRESSES, 0, 0, NULL, LISTEN(addresses) },
	{ "port",	CONFIG_NUMBER,	1, 65535, "25", LISTEN(port) },
	{ "socket",	CONFIG_PATH,	0, SOCKET_PATH_MAX, NULL,
	    LISTEN(socket) },
	{ "relay",	CONFIG_YESNO,	0, 0, "no", LISTEN(relay) },
	{ "protocol",	CONFIG_PROTOCOL, 0, 0, "smtp", LISTEN(lmtp) },
	{ "vrfy",	CONFIG_YESNO,	0, 0, "no", LISTEN(vrfy) },
	{ "expn",	CONFIG_YESNO,	0, 0, "no", LISTEN(expn) },
	{ "proxy",	CONFIG_NETWORKS, 0, 0, NULL,
	    LISTEN(trust[TRUST_PROXY]) },
	{ "xclient",	CONFIG_NETWORKS, 0, 0, NULL,
	    LISTEN(trust[TRUST_XCLIENT]) },
	{ "xforward",	CONFIG_NETWORKS, 0, 0, NULL,
	    LISTEN(trust[TRUST_XFORWARD]) },
	{ "tls",	CONFIG_CHOICE,	CHOICE_TLS, 0, NULL, LISTEN(tls) },
	{ "auth",	CONFIG_CHOICE,	CHOICE_AUTH, 0, NULL, LISTEN(auth) },
	{ "submission",	CONFIG_CHOICE,	CHOICE_YESNO, 0, NULL,
	    LISTEN(submission) },
	{ "hide-client", CONFIG_YESNO,	0, 0, "no", LISTEN(hide_client) },
	{ "any-sender",	CONFIG_YESNO,	0, 0, "no", LISTEN(any_sender) },
	{ "client-certificate", CONFIG_YESNO, 0, 0, "no",
	    LISTEN(client_certificate) },
	{ .word = NULL }
};

static const struct config_keyword domain[] = {
	{ "aliases",	CONFIG_FILE,	0, PATH_TEXT_MAX, NULL,
	    DOMAIN(aliases) },
	{ "deliver",	CONFIG_DELIVERY, 0, PATH_TEXT_MAX,
	    "maildir ~/Maildir", DOMAIN(delivery) },
	{ .word = NULL }
};

/* The first CONFIG_WAYS say where to, the last how that is spoken to. */
static const struct config_keyword route[] = {
	{ "via",	CONFIG_VIA,	0, 0, NULL, WAY(route.destination) },
	{ "lmtp",	CONFIG_LMTP,	0, 0, NULL, WAY(route.destination) },
	{ "socket",	CONFIG_SOCKET,	0, 0, NULL, WAY(route.destination) },
	{ "discard",	CONFIG_FLAG,	0, 0, NULL, WAY(discard) },
	{ "refuse",	CONFIG_REFUSAL,	0, 0, NULL, WAY(route.reply) },
	{ "sender",	CONFIG_CONDITION, CONDITION_SENDER, ROUTE_VALUES_MAX,
	    NULL, WAY(route.all) },
	{ "tag",	CONFIG_CONDITION, CONDITION_TAG, ROUTE_VALUES_MAX,
	    NULL, WAY(route.all) },
	{ "tls",	CONFIG_CHOICE,	CHOICE_REMOTE_TLS, 0, NULL, HOP(tls) },
	{ "tls-immediate", CONFIG_CHOICE, CHOICE_YESNO, 0, NULL,
	    HOP(immediate) },
	{ "login",	CONFIG_LOGIN,	0, PATH_TEXT_MAX, NULL, HOP(login) },
	{ "mechanisms",	CONFIG_MECHANISMS, 0, 0, NULL, HOP(mechanisms) },
	{ "source",	CONFIG_SOURCES,	0, 0, NULL, HOP(source) },
	{ "helo",	CONFIG_HOST,	0, 0, NULL, HOP(helo) },
	{ "fallback",	CONFIG_FALLBACK, 0, 0, NULL, HOP(fallback) },
	{ "xforward",	CONFIG_CHOICE,	CHOICE_YESNO, 0, NULL,
	    HOP(xforward) },
	{ "recipients",	CONFIG_NUMBER,	1, JOB_RECIPIENTS_MAX, NULL,
	    HOP(recipients) },
	{ "mails",	CONFIG_NUMBER,	1, UINT32_MAX, NULL, HOP(mails) },
	{ .word = NULL }
};

static const struct config_keyword advice[] = {
	{ "domain",	CONFIG_CONDITION, CONDITION_NAME, ADVICES_MAX, NULL,
	    ADVICE(all) },
	{ "code",	CONFIG_CODE,	0, 0, NULL, ADVICE(code) },
	{ "text",	CONFIG_TEXT,	0, REASON_TEXT_MAX, NULL,
	    ADVICE(text) },
	{ "slow",	CONFIG_FLAG,	0, 0, NULL, ADVICE(slow) },
	{ "pause",	CONFIG_TIME,	SECOND, DAY, NULL, ADVICE(pause) },
	{ "other-family", CONFIG_FLAG,	0, 0, NULL, ADVICE(family) },
	{ "permanent",	CONFIG_FLAG,	0, 0, NULL, ADVICE(final) },
	{ .word = NULL }
};

static const struct config_keyword limit[] = {
	{ "connections",	CONFIG_NUMBER, 0, 100000, "50",
	    LIMIT(connections.each) },
	{ "total-connections", CONFIG_NUMBER, 0, 100000, "0",
	    LIMIT(connections.all) },
	{ "connections-per-minute", CONFIG_NUMBER, 0, 1000000, "300",
	    LIMIT(connects.each) },
	{ "total-connections-per-minute", CONFIG_NUMBER, 0, 1000000, "0",
	    LIMIT(connects.all) },
	{ "messages-per-minute", CONFIG_NUMBER, 0, 1000000, "600",
	    LIMIT(messages.each) },
	{ "total-messages-per-minute", CONFIG_NUMBER, 0, 1000000, "0",
	    LIMIT(messages.all) },
	{ "recipients-per-minute", CONFIG_NUMBER, 0, 1000000, "3000",
	    LIMIT(recipients.each) },
	{ "total-recipients-per-minute", CONFIG_NUMBER, 0, 1000000, "0",
	    LIMIT(recipients.all) },
	{ "errors",	CONFIG_NUMBER, 0, 1000000, "300",
	    LIMIT(errors.each) },
	{ "total-errors", CONFIG_NUMBER, 0, 1000000, "0",
	    LIMIT(errors.all) },
	{ "unknown-users", CONFIG_NUMBER, 0, 1000000, "60",
	    LIMIT(unknown.each) },
	{ "total-unknown-users", CONFIG_NUMBER, 0, 1000000, "0",
	    LIMIT(unknown.all) },
	{ "slow-sessions", CONFIG_NUMBER, 0, SESSIONS_MAX, "5",
	    LIMIT(slow.each) },
	{ "total-slow-sessions", CONFIG_NUMBER, 0, SESSIONS_MAX, "100",
	    LIMIT(slow.all) },
	{ "minimum-rate", CONFIG_SIZE, 0, MIB, "100",
	    LIMIT(minimum_rate) },
	{ "greet-delay",	CONFIG_TIME, 0, 30 * SECOND, "0s",
	    LIMIT(greet_delay) },
	{ "early-talk",	CONFIG_YESNO, 0, 0, "yes",
	    LIMIT(early_talk) },
	{ "exempt-relays", CONFIG_YESNO, 0, 0, "yes",
	    LIMIT(exempt_relays) },
	{ "prefix4",	CONFIG_NUMBER, 1, 32, "32",
	    LIMIT(prefix4) },
	{ "prefix6",	CONFIG_NUMBER, 1, 128, "64",
	    LIMIT(prefix6) },
	{ .word = NULL }
};

static const struct config_keyword identity_limit[] = {
	{ "messages-per-hour", CONFIG_NUMBER, 0, 10000000, "300",
	    IN(quota.hour_messages) },
	{ "messages-per-day", CONFIG_NUMBER, 0, 10000000, "1000",
	    IN(quota.day_messages) },
	{ "recipients-per-hour", CONFIG_NUMBER, 0, 10000000, "1000",
	    IN(quota.hour_recipients) },
	{ "recipients-per-day", CONFIG_NUMBER, 0, 10000000, "5000",
	    IN(quota.day_recipients) },
	{ .word = NULL }
};

static const struct config_keyword rule[] = {
	{ "then",	CONFIG_THEN,	0, 0, NULL, 0 },
	{ "client",	CONDITION(CLIENT) },
	{ "name",	CONDITION(NAME) },
	{ "helo",	CONDITION(HELO) },
	{ "sender",	CONDITION(SENDER) },
	{ "recipient",	CONDITION(RECIPIENT) },
	{ "tls",	CONDITION(TLS) },
	{ "identity",	CONDITION(IDENTITY) },
	{ "listener",	CONDITION(LISTENER) },
	{ "certificate", CONDITION(CERTIFICATE) },
	{ .word = NULL }
};

static const struct config_keyword tls[] = {
	{ "certificate", CONFIG_PATH,	0, PATH_TEXT_MAX, NULL,
	    TLS(certificate) },
	{ "key",	CONFIG_PATH,	0, PATH_TEXT_MAX, NULL, TLS(key) },
	{ .word = NULL }
};

static const struct config_block blocks[SECTION_COUNT] = {
	[SECTION_TOP]	 = { NULL,	NULL,	false,	false,	top },
	[SECTION_RETRY]	 = { "retry",	NULL,	false,	false,	retry },
	[SECTION_JOURNAL] = { "journal", NULL,	false,	false,	journal },
	[SECTION_NOTICES] = { "notices", NULL,	false,	false,	notices },
	[SECTION_QUEUE]	 = { "queue",	NULL,	false,	false,	queue },
	[SECTION_DESTINATION] = { "destination", "patterns", false, true,
	    destination },
	[SECTION_SMTPD]	 = { "smtpd",	NULL,	false,	false,	smtpd },
	[SECTION_REMOTE] = { "remote",	NULL,	false,	false,	remote },
	[SECTION_LISTEN] = { "listen", "one name", false, false, listening },
	[SECTION_DOMAIN] = { "domain", "domains", false, true,	domain },
	[SECTION_ROUTE]	 = { "route", "patterns", false, true,	route },
	[SECTION_LIMIT]	 = { "limit",	NULL,	false,	false,	limit },
	[SECTION_LISTEN_LIMIT] = { "limit", NULL, false, false,	limit },
	[SECTION_QUOTA]	 = { "identity-limit", NULL, false, false,
	    identity_limit },
	[SECTION_RULE]	 = { "rule", "one name", false,	false,	rule },
	[SECTION_TLS]	 = { "tls", "at most one name", true, false, tls },
	[SECTION_ADVICE] = { "advice", "one name", false, false, advice },
};

const struct config_block *
config_block(enum config_section section)
{
	return &blocks[section];
}

size_t
config_limit_size(const struct config_keyword *k)
{
	return k->type == CONFIG_YESNO ? sizeof(bool) : sizeof(uint64_t);
}

static void
set_default(const struct config_keyword *k, void *base)
{
	struct span	 rest = span_of(k->standard), words[2];
	unsigned	 n = 0;
	char		 why[CONFIG_WHY_SIZE];

	while (n < COUNT(words) && (words[n] = span_word(&rest)).len > 0)
		n++;
	if (!config_value(k, words, n, base, why))
		abort();	/* a row of the table contradicts itself */
}

void
config_defaults(enum config_section section, void *base)
{
	const struct config_keyword	*k;

	for (k = blocks[section].keywords; k->word != NULL; k++)
		if (k->standard != NULL)
			set_default(k, base);
}

struct config *
config_new(void)
{
	struct config	*c = xcalloc(1, sizeof *c);

	config_defaults(SECTION_TOP, c);
	config_defaults(SECTION_RETRY, c);
	config_defaults(SECTION_JOURNAL, c);
	config_defaults(SECTION_NOTICES, c);
	config_defaults(SECTION_QUEUE, c);
	config_defaults(SECTION_SMTPD, c);
	config_defaults(SECTION_REMOTE, c);
	config_defaults(SECTION_LIMIT, &c->limit);
	config_defaults(SECTION_QUOTA, c);
	return c;
}

static void
pem_free(struct config_pem *p)
{
	if (p->text != NULL)
		explicit_bzero(p->text, p->len);
	free(p->text);
}

static void
free_tls(struct config *c)
{
	unsigned	 i;

	for (i = 0; i < c->ntls; i++) {
		pem_free(&c->tls[i].certificate_pem);
		pem_free(&c->tls[i].key_pem);
	}
	free(c->tls);
}

static void
free_hops(struct config *c)
{
	unsigned	 i;

	for (i = 0; i < c->nhops; i++)
		pem_free(&c->hops[i].login.secret);
	pem_free(&c->remote.hop.login.secret);
	free(c->hops);
}

static void
free_rewrites(struct config_rewrites *all)
{
	unsigned	 i;

	for (i = 0; i < all->n; i++) {
		free(all->item[i].from);
		free(all->item[i].to);
	}
	free(all->item);
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	free_tls(c);
	free(c->listens);
	free(c->domains);
	free_hops(c);
	free(c->routes);
	free(c->route_conditions.item);
	free_rewrites(&c->rewrites);
	free(c->advices);
	free(c->advice_domains.item);
	free(c->destinations);
	free(c->rules);
	free(c->conditions.item);
	free(c->relay_identity.item);
	free(c);
}

/* ---- what is wrong with a file ------------------------------------------ */

void
config_notes_init(struct config_notes *n)
{
	buf_init(&n->errors, CONFIG_NOTES_MAX);
	buf_init(&n->warnings, CONFIG_NOTES_MAX);
	n->nerrors = 0;
}

void
config_notes_clear(struct config_notes *n)
{
	buf_clear(&n->errors);
	buf_clear(&n->warnings);
}

static void
note(struct buf *b, const char *file, unsigned line, const char *text)
{
	if (line == 0)
		buf_printf(b, "%s: %s\n", file, text);
	else
		buf_printf(b, "%s:%u: %s\n", file, line, text);
}

void
config_error(struct config_notes *n, const char *file, unsigned line,
    const char *fmt, ...)
{
	char	 text[2 * PATH_TEXT_MAX];
	va_list	 ap;

	if (++n->nerrors > CONFIG_ERRORS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	note(&n->errors, file, line, text);
	if (n->nerrors == CONFIG_ERRORS_MAX)
		note(&n->errors, file, 0, "too many errors to tell the rest");
}

void
config_warning(struct config_notes *n, const char *file, unsigned line,
    const char *fmt, ...)
{
	char	 text[2 * PATH_TEXT_MAX];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	note(&n->warnings, file, line, text);
}

void
config_show(char into[CONFIG_SHOWN_SIZE], struct span s)
{
	enum { SHOWN = 40 };
	size_t	 i, n = s.len > SHOWN ? SHOWN : s.len;

	for (i = 0; i < n; i++)
		into[i] = s.ptr[i] < ' ' || s.ptr[i] > '~' ? '?' : s.ptr[i];
	memcpy(into + n, s.len > SHOWN ? "..." : "\0\0\0", 4);
}
