/* SPDX-License-Identifier: ISC */
#include <bsd/stdlib.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/stream_tls.h"
#include "remote/auth.h"
#include "remote/login.h"

/* A command with what it begins with, less CRLF: RFC 4954 section 4. */
enum { COMMAND_MAX = 510 };

/* `for_all`: it is about us, and no other host would say otherwise. */
static void
fail(struct client *c, const char *enhanced, bool for_all, const char *why)
{
	struct client_event	 e = { .for_all = for_all };
	char			 host[RELAY_TEXT_MAX + 1];

	endpoint_format_host(&c->manner.to, host);
	e.reply = reply_make(451, enhanced, "no login as %s at %s: %s",
	    c->manner.hop->user, host, why);
	client_fail(c, &e);
}

/* ---- lines --------------------------------------------------------------- */

static void
put_line(struct client *c, struct buf *line)
{
	if (!buf_put(line, span_of("\r\n")) ||
	    !stream_put_secret(c->stream, buf_span(line)))
		client_fail_protocol(c);
	buf_wipe(line);
}

static void
say_command(struct client *c, const char *name)
{
	struct buf	 line, initial;

	buf_init(&line, LOGIN_LINE_MAX);
	buf_init(&initial, COMMAND_MAX - strlen("AUTH  ") - strlen(name));
	(void)buf_reserve(&line, COMMAND_MAX + 2);
	(void)buf_printf(&line, "AUTH %s", name);
	if (login_begin(c->login, &initial)) {
		(void)buf_put(&line, span_of(" "));
		(void)buf_put(&line, buf_span(&initial));
	}
	buf_wipe(&initial);
	put_line(c, &line);
}

static void
say_answer(struct client *c)
{
	struct buf	 line;

	buf_init(&line, LOGIN_LINE_MAX + 2);
	(void)buf_reserve(&line, LOGIN_LINE_MAX + 2);
	if (!login_hear(c->login, span_of(c->login->challenge), &line)) {
		buf_wipe(&line);
		fail(c, "4.7.8", false, "it does not answer as one who knows "
		    "the password");
		return;
	}
	put_line(c, &line);
}

/* ---- the dialogue -------------------------------------------------------- */

bool
auth_is_wanted(const struct client *c)
{
	return c->manner.hop->user[0] != '\0' && !c->logged_in;
}

void
auth_end(struct client *c)
{
	if (c->login == NULL)
		return;
	login_clear(c->login);
	free(c->login);
	c->login = NULL;
}

static void
begin(struct client *c)
{
	SSL		*ssl = stream_tls(c->stream);
	uint8_t		 nonce[LOGIN_NONCE];
	struct binding	 b;
	bool		 bound = binding_make(ssl,
			    SSL_get0_peer_certificate(ssl), &b);

	arc4random_buf(nonce, sizeof nonce);
	c->login = xcalloc(1, sizeof *c->login);
	login_init(c->login, c->manner.hop, c->offer.mechanisms, nonce,
	    bound ? &b : NULL);
}

static void
try_next(struct client *c, const char *otherwise)
{
	const char	*name = login_next(c->login);

	if (name != NULL)
		say_command(c, name);
	else
		fail(c, "4.7.0", false, otherwise);
}

void
auth_send(struct client *c)
{
	if (!c->verified) {
		fail(c, "4.7.0", true, "will not log in without verified TLS");
		return;
	}
	begin(c);
	try_next(c, "it offers no mechanism that is wanted");
}

void
auth_on_line(struct client *c, struct span text)
{
	if (c->login != NULL && !span_copy(text, c->login->challenge,
	    sizeof c->login->challenge))
		c->login->challenge[0] = '\0';
}

/* 504, 534: this mechanism is not for us.  A channel that is bound otherwise
 * than the server thinks looks like a wrong password. */
static bool
may_try_another(const struct client *c, const struct reply *r)
{
	return r->code == 504 || r->code == 534 ||
	    (r->code == 535 && c->login->mechanism == MECHANISM_SCRAM_PLUS);
}

void
auth_on_reply(struct client *c, const struct reply *r)
{
	char	 why[REPLY_TEXT_MAX + 32];

	if (r->code == 334) {
		say_answer(c);
	} else if (reply_is_success(r) && c->login->complete) {
		c->logged_in = true;
		auth_end(c);
		dialog_prepare(c);
	} else if (reply_is_success(r)) {
		fail(c, "4.7.8", false, "it does not prove that it knows the "
		    "password");
	} else {
		(void)snprintf(why, sizeof why, "it said %u %s", r->code,
		    r->text);
		if (reply_is_refusal(r) && may_try_another(c, r))
			try_next(c, why);
		else if (reply_is_refusal(r))
			fail(c, "4.7.8", true, why);
		else
			fail(c, "4.7.0", false, why);
	}
}
