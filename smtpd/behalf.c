/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "smtpd/behalf.h"
#include "smtpd/command.h"
#include "smtpd/server.h"
#include "smtpd/xclient.h"

void
behalf_begin(struct session *s)
{
	s->may_xclient = trust_has(listener_trust(s->listener, TRUST_XCLIENT),
	    &s->client);
	s->may_xforward = trust_has(listener_trust(s->listener,
	    TRUST_XFORWARD), &s->client);
}

const char *
behalf_keywords(const struct session *s)
{
	static const char	 client[] = "XCLIENT " XCLIENT_WORDS "\n";
	static const char	 forward[] = "XFORWARD " XFORWARD_WORDS "\n";
	static const char	 both[] = "XCLIENT " XCLIENT_WORDS "\n"
				    "XFORWARD " XFORWARD_WORDS "\n";

	if (s->may_xclient && s->may_xforward)
		return both;
	return s->may_xclient ? client : s->may_xforward ? forward : "";
}

/* False when it may not be said, or not now; that is answered then. */
static bool
is_welcome(struct session *s, bool may)
{
	struct reply	 r = reply_make(550, "5.7.0",
			    "You may not speak for others");

	if (may && s->transaction == NULL)
		return true;
	if (may) {
		command_out_of_order(s);
	} else {
		session_log_reject(s, s->command->verb, &r, NULL);
		session_reply(s, &r);
	}
	return false;
}

/* ---- XCLIENT ------------------------------------------------------------- */

static char *
dup_said(const struct xclient *x, enum xclient_attribute i)
{
	if (x->state[i] != XCLIENT_SAID)
		return NULL;
	return span_dup(span_of(x->text[i]));
}

/* A name belongs to its address, and goes with it; a login to who said it. */
static void
become(struct session *s, const struct xclient *x)
{
	struct client	*c = &s->client;

	if (client_has_login(c))
		client_forget_login(c);
	if (x->state[XCLIENT_ADDR] != XCLIENT_UNSAID)
		c->unnamed = x->state[XCLIENT_ADDR] != XCLIENT_SAID;
	if (x->state[XCLIENT_ADDR] == XCLIENT_SAID)
		client_set_address(c, x->family, x->address, 0);
	if (x->state[XCLIENT_PORT] != XCLIENT_UNSAID)
		c->port = x->port;
	if (x->state[XCLIENT_ADDR] != XCLIENT_UNSAID ||
	    x->state[XCLIENT_NAME] != XCLIENT_UNSAID) {
		free(c->name);
		c->name = dup_said(x, XCLIENT_NAME);
	}
	if (x->state[XCLIENT_LOGIN] != XCLIENT_UNSAID) {
		free(c->login);
		c->login = dup_said(x, XCLIENT_LOGIN);
	}
}

/* PROTO and HELO are left to the EHLO or HELO that must follow. */
void
behalf_xclient(struct session *s, struct span arg)
{
	struct xclient	 x;
	struct reply	 r;

	if (!is_welcome(s, s->may_xclient))
		return;
	if (!xclient_parse(arg, XCLIENT_WORDS, &x, &r)) {
		session_reply(s, &r);
		return;
	}
	become(s, &x);
	behalf_forget(s);
	s->good[s->command->tally]++;
	session_begin_anew(s);
}

/* ---- XFORWARD ------------------------------------------------------------ */

/* What is said may be said in several commands. */
static void
add(struct session *s, const struct xclient *x)
{
	enum xclient_attribute	 i;

	if (s->origin == NULL)
		s->origin = xcalloc(1, sizeof(*s->origin));
	for (i = 0; i < XCLIENT_COUNT; i++) {
		if (x->state[i] == XCLIENT_UNSAID)
			continue;
		s->origin->state[i] = x->state[i];
		memcpy(s->origin->text[i], x->text[i], sizeof(x->text[i]));
	}
}

void
behalf_xforward(struct session *s, struct span arg)
{
	struct xclient	 x;
	struct reply	 r;

	if (!is_welcome(s, s->may_xforward))
		return;
	if (xclient_parse(arg, XFORWARD_WORDS, &x, &r)) {
		add(s, &x);
		r = reply_make(250, "2.0.0", "Ok");
	}
	session_reply(s, &r);
}

static const char *
said(const struct xclient *x, enum xclient_attribute i, const char *otherwise)
{
	return x->state[i] == XCLIENT_SAID ? x->text[i] : otherwise;
}

/* The first two are written as in Postfix's log. */
static void
put_origin(struct buf *b, const struct xclient *x)
{
	static const struct {
		const char		*key;
		enum xclient_attribute	 i;
	} rest[] = {
		{ "orig_port",	XCLIENT_PORT },
		{ "orig_proto",	XCLIENT_PROTO },
		{ "orig_helo",	XCLIENT_HELO },
		{ "orig_source", XCLIENT_SOURCE },
	};
	size_t	 i;

	if (x->state[XCLIENT_IDENT] == XCLIENT_SAID)
		(void)buf_printf(b, ", orig_queue_id=%s",
		    x->text[XCLIENT_IDENT]);
	(void)buf_printf(b, ", orig_client=%s[%s]",
	    said(x, XCLIENT_NAME, "unknown"),
	    said(x, XCLIENT_ADDR, "unknown"));
	for (i = 0; i < COUNT(rest); i++)
		if (x->state[rest[i].i] == XCLIENT_SAID)
			(void)buf_printf(b, ", %s=%s", rest[i].key,
			    x->text[rest[i].i]);
}

void
behalf_put(const struct session *s, struct buf *b)
{
	if (client_has_login(&s->client))
		(void)buf_printf(b, ", sasl_method=%s", s->client.method);
	if (s->client.login != NULL)
		(void)buf_printf(b, ", sasl_username=%s", s->client.login);
	if (s->origin != NULL)
		put_origin(b, s->origin);
}

void
behalf_forget(struct session *s)
{
	free(s->origin);
	s->origin = NULL;
}
