/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "shared/stream_tls.h"
#include "remote/starttls.h"
#include "remote/trust.h"

static enum hop_tls
wanted(const struct client *c)
{
	return c->manner.hop->tls;
}

static bool
is_must(const struct client *c)
{
	return wanted(c) == HOP_TLS_REQUIRED || wanted(c) == HOP_TLS_VERIFIED;
}

static void
fail(struct client *c, const char *enhanced, const char *what,
    const char *why)
{
	struct client_event	 e = { .again = false };
	char			 host[RELAY_TEXT_MAX + 1];

	endpoint_format_host(&c->manner.to, host);
	e.reply = reply_make(451, enhanced, "%s %s: %s", what, host, why);
	client_fail(c, &e);
}

/* ---- the command --------------------------------------------------------- */

/* Within this machine there is nobody to hide from. */
bool
starttls_is_wanted(const struct client *c)
{
	if (c->secured || c->tls_refused || wanted(c) == HOP_TLS_NO)
		return false;
	if (is_must(c))
		return true;
	return (c->offer.extensions & OFFER_STARTTLS) &&
	    c->manner.destination->kind != DESTINATION_SOCKET &&
	    !secure_is_avoided(c->all->secure, &c->manner.to);
}

void
starttls_send(struct client *c)
{
	if (!(c->offer.extensions & OFFER_STARTTLS))
		fail(c, "4.7.4", "TLS is required with", "it is not offered");
	else
		dialog_put(c, "STARTTLS\r\n");
}

/*
 * What stands behind 220 is plain text of somebody between us and the server,
 * who means it to be read as if the server had said it under TLS.
 */
void
starttls_on_reply(struct client *c, const struct reply *r)
{
	char	 why[REPLY_TEXT_MAX + 32];

	if (reply_is_success(r) && buf_len(stream_in(c->stream)) > 0) {
		client_fail_protocol(c);
	} else if (reply_is_success(r)) {
		dialog_go(c, CLIENT_TLS);
	} else if (is_must(c)) {
		(void)snprintf(why, sizeof why, "it said %u %s", r->code,
		    r->text);
		fail(c, "4.7.4", "TLS is required with", why);
	} else {
		c->tls_refused = true;
		dialog_prepare(c);
	}
}

/* ---- the handshake ------------------------------------------------------- */

/* Without the session that it had of it, the host is tried anew.  Then, where
 * TLS is but welcome, mail goes without, on another connection. */
static void
fail_handshake(struct client *c, const char *why)
{
	bool			 plain = wanted(c) == HOP_TLS_MAY &&
				    !c->manner.hop->immediate;
	bool			 resumed = secure_resumes(
				    stream_tls(c->stream));
	struct client_event	 e = { .again = plain || resumed };
	char			 host[RELAY_TEXT_MAX + 1];

	secure_forget(c->all->secure, stream_tls(c->stream));
	if (plain && !resumed)
		secure_avoid(c->all->secure, &c->manner.to);
	endpoint_format_host(&c->manner.to, host);
	e.reply = reply_make(451, "4.7.5", "cannot start TLS with %s: %s",
	    host, why);
	client_fail(c, &e);
}

static void
on_failure(struct client *c, const char *why)
{
	SSL		*ssl = stream_tls(c->stream);
	const char	*reason = trust_reason(ssl);

	if (reason == NULL)
		fail_handshake(c, why);
	else
		fail(c, "4.7.5", "no trust in the certificate of", reason);
}

static void
on_done(void *arg, const char *why)
{
	struct client	*c = arg;
	SSL		*ssl = stream_tls(c->stream);

	if (c->freed)
		return;
	if (why != NULL) {
		on_failure(c, why);
		return;
	}
	c->secured = true;
	c->verified = trust_holds(ssl);
	if (wanted(c) == HOP_TLS_VERIFIED && !c->verified) {
		fail(c, "4.7.5", "no trust in", "its certificate");
		return;
	}
	secure_format(ssl, c->tls);
	recorder_note(c->record, "TLS stands: %s%s", c->tls,
	    c->verified ? ", verified" : "");
	dialog_go(c, c->greeted ? CLIENT_EHLO : CLIENT_GREETING);
}

void
starttls_shake(struct client *c)
{
	static const struct stream_tls_calls	 calls = { .done = on_done };
	struct secure_peer	 p = { c->manner.hop, c->manner.destination,
				    &c->manner.to };
	struct client_event	 e = { .again = false };
	SSL			*ssl = secure_begin(c->all->secure, &p,
				    &e.reply);

	if (ssl == NULL)
		client_fail(c, &e);
	else
		stream_tls_connect(c->stream, ssl,
		    secure_method(c->all->secure), &calls, c);
}

void
starttls_on_silence(struct client *c)
{
	fail_handshake(c, "it is silent");
}
