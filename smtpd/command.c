/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "smtpd/auth.h"
#include "smtpd/behalf.h"
#include "smtpd/command.h"
#include "smtpd/help.h"
#include "smtpd/params.h"
#include "smtpd/recipient.h"
#include "smtpd/rights.h"
#include "smtpd/server.h"
#include "smtpd/starttls.h"

enum { EHLO_TEXT_MAX = 1024 };

#define STATE_ANY	(STATE_NEW | STATE_READY | STATE_MAIL | STATE_RCPT | \
			    STATE_CHUNKS)

static void
say(struct session *s, unsigned code, const char *enhanced, const char *text)
{
	struct reply	 r = reply_make(code, enhanced, "%s", text);

	session_reply(s, &r);
}

/* ---- who is there ------------------------------------------------------- */

/*
 * More than the grammar of a domain, because clients call themselves all sorts
 * of names; but nothing that could end the word in a Received line.
 */
static bool
is_name(struct span s)
{
	size_t	 i;
	char	 c;

	if (s.len == 0 || s.len > HOST_TEXT_MAX)
		return false;
	for (i = 0; i < s.len; i++) {
		c = s.ptr[i] | 0x20;
		if ((c < 'a' || c > 'z') && (s.ptr[i] < '0' ||
		    s.ptr[i] > ':') && strchr("-._[]", s.ptr[i]) == NULL)
			return false;
	}
	return true;
}

static bool
greet(struct session *s, struct span name, bool esmtp)
{
	if (!is_name(name)) {
		say(s, 501, "5.5.2",
		    "Give your name: a domain, or an address as [192.0.2.1]");
		return false;
	}
	session_reset(s);
	free(s->helo);
	s->helo = span_dup(name);
	s->esmtp = esmtp;
	return true;
}

static void
do_ehlo(struct session *s, struct span arg)
{
	struct reply	 r = reply_make(250, NULL, "%s", "");
	struct buf	 text;

	if (!greet(s, arg, true))
		return;
	buf_init(&text, EHLO_TEXT_MAX);
	(void)buf_printf(&text, "%s\nPIPELINING\nSIZE %llu\n8BITMIME\n"
	    "ENHANCEDSTATUSCODES\nDSN\nCHUNKING\nLIMITS RCPTMAX=%u\n%s%s%s%s",
	    s->server->hostname, (unsigned long long)s->server->size_max,
	    s->server->recipients_max,
	    s->client.flags & LISTENER_VRFY ? "VRFY\n" : "",
	    s->client.flags & LISTENER_EXPN ? "EXPN\n" : "",
	    starttls_keyword(s), behalf_keywords(s));
	auth_put_keyword(s, &text);
	(void)buf_put(&text, span_of("HELP"));
	session_reply_text(s, &r, buf_span(&text));
	buf_clear(&text);
}

static void
do_helo(struct session *s, struct span arg)
{
	if (greet(s, arg, false))
		say(s, 250, NULL, s->server->hostname);
}

/* ---- the transaction ---------------------------------------------------- */

static void
say_bad_path(struct session *s, enum addr_status status, const char *enhanced)
{
	if (status == ADDR_NOT_ASCII)
		say(s, 501, enhanced, "Address is not ASCII, and SMTPUTF8 is "
		    "not offered");
	else if (status == ADDR_TOO_LONG)
		say(s, 501, enhanced, "Path too long: 64 octets of local part "
		    "and 256 in all may be");
	else
		say(s, 501, enhanced,
		    "Bad address syntax; write <local-part@domain>");
}

static void
log_route(const struct session *s, const char *verb, struct span route,
    const struct addr *a)
{
	char	 client[CLIENT_SIZE];

	client_format(client, &s->client, CLIENT_NAME);
	log_info("NOQUEUE: source-route: %s from %s: %.*s dropped; "
	    "address=<%s>", verb, client, (int)route.len, route.ptr, a->text);
}

/* RFC 6409 section 4.2: what users write may lack a part that others cannot
 * know.  A literal is whole, and so is a path without a domain. */
static bool
is_whole(const struct session *s, const struct addr *a)
{
	struct span	 domain = addr_domain(a);

	return !(s->client.flags & LISTENER_SUBMISSION) || domain.len == 0 ||
	    *domain.ptr == '[' || span_index(domain, '.') < domain.len;
}

/*
 * "FROM:<path>" or "TO:<path>" off the head of `*arg`.  A space in front of
 * the path is against the grammar, but too many clients send it.
 */
static bool
take_path(struct session *s, struct span *arg, enum addr_rules rules,
    struct addr *a)
{
	const char	*word = rules == ADDR_REVERSE ? "FROM:" : "TO:";
	const char	*code = rules == ADDR_REVERSE ? "5.1.7" : "5.1.3";
	enum addr_status status;
	struct span	 route;

	if (!span_starts_word(*arg, word)) {
		say(s, 501, "5.5.2", rules == ADDR_REVERSE ?
		    "Syntax: MAIL FROM:<address>" :
		    "Syntax: RCPT TO:<address>");
		return false;
	}
	*arg = span_trim(span_skip(*arg, strlen(word)));
	status = addr_parse_path(arg, rules, a, &route);
	if (status != ADDR_OK || (arg->len > 0 && *arg->ptr != ' ')) {
		say_bad_path(s, status, code);
		return false;
	}
	if (!is_whole(s, a)) {
		say(s, 554, rules == ADDR_REVERSE ? "5.1.8" : "5.1.2",
		    "Write the domain in full, as in <joe@example.org>");
		return false;
	}
	if (route.len > 0)
		log_route(s, s->command->verb, route, a);
	return true;
}

static void
do_mail(struct session *s, struct span arg)
{
	struct transaction	*t;
	struct mail_params	 params;
	struct addr		 sender;
	struct reply		 why;
	const struct mail_rules	 rules = {
		s->server->size_max, s->client.flags & LISTENER_AUTH
	};

	if (!take_path(s, &arg, ADDR_REVERSE, &sender))
		return;
	t = transaction_new(s);
	t->sender = sender;
	if (!params_parse(arg, &rules, &params, &why)) {
		session_log_reject(s, "MAIL", &why, NULL);
		session_reset(s);
		session_reply(s, &why);
		return;
	}
	t->declared = params.size;
	t->eight_bit = params.eight_bit;
	transaction_set_words(t, &params);
	if (params.has_author && client_has_login(&s->client))
		t->author = span_dup(addr_span(&params.author));
	rights_ask(t);
}

static void
do_rcpt(struct session *s, struct span arg)
{
	struct transaction	*t = s->transaction;
	struct rcpt_params	 params;
	struct reply		 why;

	if (!take_path(s, &arg, ADDR_FORWARD, &t->recipient)) {
		t->refused++;
		return;
	}
	if (!params_parse_rcpt(arg, &params, &why))
		session_reply(s, &why);
	else if (t->accepted >= s->server->recipients_max)
		say(s, 452, "4.5.3", "Too many recipients; send the rest in "
		    "another transaction");
	else if (s->server->recipient_octets > RECIPIENT_OCTETS_MAX)
		say(s, 452, "4.3.1", "Too many recipients for now, try again "
		    "later");
	else {
		transaction_set_wishes(t, &params);
		recipient_ask(t);
	}
}

static void
do_data(struct session *s, struct span arg)
{
	struct transaction	*t = s->transaction;
	struct reply		 r;

	(void)arg;
	transaction_expect(t, CONTENT_DOTTED);
	if (t->accepted > 0) {
		submit_open(t);
	} else {
		r = command_no_recipients(s);
		session_reply(s, &r);
	}
}

static void
do_rset(struct session *s, struct span arg)
{
	(void)arg;
	session_reset(s);
	say(s, 250, "2.0.0", "Ok");
}

/* ---- the rest ----------------------------------------------------------- */

static void
do_noop(struct session *s, struct span arg)
{
	(void)arg;
	say(s, 250, "2.0.0", "Ok");
}

static void
do_quit(struct session *s, struct span arg)
{
	struct reply	 r = reply_make(221, "2.0.0", "%s Bye",
			    s->server->hostname);

	(void)arg;
	session_reply(s, &r);
	session_close(s, NULL);
}

static void
do_vrfy(struct session *s, struct span arg)
{
	inquiry_begin(s, arg, false);
}

static void
do_expn(struct session *s, struct span arg)
{
	inquiry_begin(s, arg, true);
}

static void
do_help(struct session *s, struct span arg)
{
	struct reply	 r = help_about(s->server, arg);

	session_reply(s, &r);
}

static void
do_nothing(struct session *s, struct span arg)
{
	(void)arg;
	say(s, 502, "5.5.1", "Command not implemented; HELP lists those that "
	    "are");
}

/* A browser was made to speak to us: it shall get no word more through. */
static void
do_http(struct session *s, struct span arg)
{
	struct reply	 r = reply_make(421, "4.7.0",
			    "%s This is not a web server",
			    s->server->hostname);
	char		 client[CLIENT_SIZE];

	(void)arg;
	client_format(client, &s->client, CLIENT_NAME);
	log_warning("non-SMTP command from %s: %s", client, s->command->verb);
	session_close(s, &r);
}

static const struct command commands[] = {
	{ "EHLO", STATE_ANY, STATE_READY, REQUIRED, TALLY_EHLO, do_ehlo },
	{ "HELO", STATE_ANY, STATE_READY, REQUIRED, TALLY_HELO, do_helo },
	{ "LHLO", STATE_ANY, STATE_READY, REQUIRED, TALLY_LHLO, do_ehlo },
	{ "MAIL", STATE_READY, STATE_MAIL, REQUIRED, TALLY_MAIL, do_mail },
	{ "RCPT", STATE_MAIL | STATE_RCPT, STATE_RCPT, REQUIRED, TALLY_RCPT,
	    do_rcpt },
	{ "DATA", STATE_MAIL | STATE_RCPT, STATE_CONTENT, NONE, TALLY_DATA,
	    do_data },
	{ "BDAT", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_BDAT, chunk_begin },
	{ "RSET", STATE_ANY, STATE_STAY, NONE, TALLY_RSET, do_rset },
	{ "NOOP", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_NOOP, do_noop },
	{ "QUIT", STATE_ANY, STATE_STAY, NONE, TALLY_QUIT, do_quit },
	{ "VRFY", STATE_ANY, STATE_STAY, REQUIRED, TALLY_VRFY, do_vrfy },
	{ "EXPN", STATE_ANY, STATE_STAY, REQUIRED, TALLY_EXPN, do_expn },
	{ "HELP", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_HELP, do_help },

	{ "STARTTLS", STATE_ANY, STATE_STAY, NONE, TALLY_STARTTLS,
	    starttls_begin },
	{ "AUTH", STATE_READY, STATE_STAY, REQUIRED, TALLY_AUTH, auth_begin },

	{ "XCLIENT", STATE_ANY, STATE_STAY, REQUIRED, TALLY_XCLIENT,
	    behalf_xclient },
	{ "XFORWARD", STATE_ANY, STATE_STAY, REQUIRED, TALLY_XFORWARD,
	    behalf_xforward },

	{ "SEND", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_nothing },
	{ "SOML", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_nothing },
	{ "SAML", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_nothing },
	{ "TURN", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_nothing },

	{ "GET", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_http },
	{ "POST", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_http },
	{ "HEAD", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_http },
	{ "PUT", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_http },
	{ "PATCH", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_http },
	{ "DELETE", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_http },
	{ "TRACE", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_http },
	{ "OPTIONS", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_http },
	{ "CONNECT", STATE_ANY, STATE_STAY, OPTIONAL, TALLY_UNKNOWN, do_http },
};

static const struct command unknown = { .verb = "UNKNOWN",
	.tally = TALLY_UNKNOWN };

/* RFC 2033 section 4.1: LHLO is LMTP's, EHLO and HELO are SMTP's. */
static bool
is_spoken(const struct session *s, const struct command *c)
{
	if (c->tally == TALLY_AUTH)
		return s->client.flags & LISTENER_AUTH;
	if (session_is_lmtp(s))
		return c->tally != TALLY_EHLO && c->tally != TALLY_HELO;
	return c->tally != TALLY_LHLO;
}

static const struct command *
find(const struct session *s, struct span verb)
{
	const struct command	*c;

	for (c = commands; c < commands + COUNT(commands); c++)
		if (is_spoken(s, c) && span_is_word(verb, c->verb))
			return c;
	return &unknown;
}

/* RFC 4954 section 6.  BDAT is refused behind its octets. */
static bool
wants_login(const struct command *c)
{
	static const unsigned	 some = 1u << TALLY_MAIL | 1u << TALLY_RCPT |
				    1u << TALLY_DATA | 1u << TALLY_VRFY |
				    1u << TALLY_EXPN;

	return some & 1u << c->tally;
}

static void
say_login(struct session *s)
{
	struct reply	 r = auth_required();

	session_reply(s, &r);
}

/* An address has a better answer to what is beyond ASCII. */
static bool
takes_address(const struct command *c)
{
	return c->run == do_mail || c->run == do_rcpt;
}

/* RFC 5321 section 4.1.2: no control characters, and nothing beyond ASCII. */
static bool
is_clean(const struct command *c, struct span arg)
{
	unsigned char	 octet;
	size_t		 i;

	for (i = 0; i < arg.len; i++) {
		octet = arg.ptr[i];
		if (octet < ' ' || octet == 0x7f ||
		    (octet > 0x7f && !takes_address(c)))
			return false;
	}
	return true;
}

/* RFC 2033 section 4.2 has 503 for both. */
struct reply
command_no_recipients(const struct session *s)
{
	if (s->transaction->refused == 0)
		return reply_make(503, "5.5.1", "Say RCPT first");
	return reply_make(session_is_lmtp(s) ? 503 : 554, "5.5.1",
	    s->state == STATE_CHUNKS ? "No valid recipients; RSET next" :
	    "No valid recipients; RCPT or RSET next");
}

void
command_out_of_order(struct session *s)
{
	if (starttls_is_due(s))
		starttls_demand(s);
	else if (s->state == STATE_NEW)
		say(s, 503, "5.5.1", session_is_lmtp(s) ? "Say LHLO first" :
		    "Say EHLO first");
	else if (s->state == STATE_CHUNKS)
		say(s, 503, "5.5.1", "BDAT has begun, go on with it or RSET");
	else if (s->transaction != NULL)
		say(s, 503, "5.5.1", "A transaction is open already; RSET ends "
		    "it");
	else
		say(s, 503, "5.5.1", "Say MAIL first");
}

static void
say_syntax(struct session *s, const char *what)
{
	struct reply	 r = reply_make(501, "5.5.2",
			    "%s; HELP %s tells the syntax", what,
			    s->command->verb);

	session_reply(s, &r);
}

void
command_take(struct session *s, struct span line)
{
	struct span		 verb, arg;
	const struct command	*c;

	arg = span_trim(span_cut(span_trim(line), ' ', &verb));
	s->command = c = find(s, verb);
	s->tried[c->tally]++;
	if (command_has_content(line) && !is_clean(&unknown, line))
		chunk_unframed(s);
	else if (c == &unknown && !is_clean(c, verb))
		say(s, 500, "5.5.2", "Invalid character in a command");
	else if (c == &unknown)
		say(s, 500, "5.5.1",
		    "Command not recognized; HELP lists the commands");
	else if (!is_clean(c, arg))
		say_syntax(s, "Invalid character");
	else if (starttls_comes_first(s))
		starttls_demand(s);
	else if (!(c->from & s->state))
		command_out_of_order(s);
	else if (wants_login(c) && auth_is_missing(s))
		say_login(s);
	else if (c->arg == REQUIRED && arg.len == 0)
		say_syntax(s, "An argument is missing");
	else if (c->arg == NONE && arg.len > 0)
		say_syntax(s, "No argument is allowed");
	else
		c->run(s, arg);
}

bool
command_has_content(struct span line)
{
	return span_starts_word(line, "BDAT");
}

void
command_too_long(struct session *s, struct span head)
{
	bool	 unframed = s->skipped == 0 && command_has_content(head);

	bool	 of_login = s->skips_login || (s->skipped == 0 &&
			    auth_is_command(s, head));

	s->command = unframed ? find(s, span_of("BDAT")) :
	    of_login ? find(s, span_of("AUTH")) : &unknown;
	s->tried[s->command->tally]++;
	if (unframed)
		chunk_unframed(s);
	else if (of_login)
		auth_too_long(s);
	else
		say(s, 500, "5.5.2", "Line too long: 2048 octets may be");
}
