/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "shared/stream_tls.h"
#include "smtpd/server.h"
#include "smtpd/signer.h"
#include "smtpd/tls.h"

enum { DIGEST = 32 };

struct secure {
	TAILQ_ENTRY(secure) entry;	/* while it is crowded out */
	TAILQ_ENTRY(secure) among;	/* those that shake hands */
	struct session	*session;
	struct question	 question;	/* for a signature */
	struct signing	*signing;	/* a job is paused for it, or NULL */
	bool		 crowded;
	bool		 shaking;
	bool		 done;
	bool		 certified;	/* the client gave a certificate */
	uint8_t		 fingerprint[DIGEST];
};

/* ---- what master says ---------------------------------------------------- */

void
secure_init(struct server *server)
{
	TAILQ_INIT(&server->shaking);
	TAILQ_INIT(&server->crowd);
	server->tls = tls_new();
}

void
secure_conf_certificate(struct server *server,
    const struct msg_conf_certificate *m, int fd)
{
	tls_add_certificate(server->tls, m, fd);
}

void
secure_conf_tls(struct server *server, const struct msg_conf_tls *m)
{
	tls_begin_generation(server->tls, m);
}

void
secure_conf_ticket(struct server *server, const struct msg_conf_ticket *m)
{
	tls_add_ticket_key(server->tls, m);
}

bool
secure_is_wanted(const struct server *server)
{
	return tls_is_ready(server->tls);
}

bool
secure_is_ready(const struct server *server)
{
	return tls_is_ready(server->tls) && (server->keys != NULL ||
	    timer_is_set(&server->keys_away));
}

/* ---- a signature --------------------------------------------------------- */

static struct server *
server_of(const struct secure *c)
{
	return c->session->server;
}

static void
ask(void *arg)
{
	struct secure		*c = arg;
	struct server		*server = server_of(c);
	const struct signing	*g = c->signing;
	struct msg		 m = { .type = MSG_SIGN };

	m.sign.token = peer_token(server->keys);
	m.sign.key = span_make(g->key, sizeof(g->key));
	m.sign.scheme = g->scheme;
	m.sign.content = span_make(g->content, g->len);
	m.sign.connections = server->accepted;
	if (peer_ask(server->keys, &m))
		question_asked(&server->signings, &c->question,
		    m.sign.token);
	else
		question_wait(&c->question, server->keys, ask);
}

/* Inside the job, just before it pauses. */
static int
on_pausing(SSL *ssl, void *arg)
{
	struct secure	*c = arg;

	(void)ssl;
	c->signing = tls_signing(server_of(c)->tls);
	server_of(c)->paused++;
	return 1;
}

static void
on_suspended(void *arg)
{
	struct secure	*c = arg;

	if (c->signing != NULL && server_of(c)->keys != NULL)
		ask(c);
}

static void
answer(struct secure *c, struct span signature)
{
	question_end(&server_of(c)->signings, &c->question);
	signing_answer(c->signing, signature);
	c->signing = NULL;
	server_of(c)->paused--;
}

static void
log_refusal(const struct secure *c)
{
	char	 client[CLIENT_SIZE];

	client_format(client, &c->session->client, CLIENT_NAME);
	log_warning("TLS with %s: keys refuses its signature", client);
}

void
secure_on_signature(struct server *server, const struct msg_signature *m)
{
	struct secure	*c = question_find(&server->signings, m->token);

	if (c == NULL)
		return;		/* the client left meanwhile */
	if (m->signature.len == 0)
		log_refusal(c);
	answer(c, m->signature);
	stream_tls_resume(c->session->stream);
}

/* ---- who signs comes and goes -------------------------------------------- */

void
secure_found(struct server *server, struct peer *keys)
{
	struct session	*s;
	struct secure	*c;

	server->keys = keys;
	timer_unset(&server->keys_away);
	LIST_FOREACH(s, &server->sessions, entry) {
		c = s->secure;
		if (c != NULL && c->signing != NULL &&
		    question_is_unasked(&c->question))
			ask(c);
	}
}

void
secure_lost(struct server *server)
{
	struct session	*s;

	server->keys = NULL;
	timer_in(&server->keys_away, AWAY_TIME);
	LIST_FOREACH(s, &server->sessions, entry)
		if (s->secure != NULL)
			question_end(&server->signings,
			    &s->secure->question);
}

/* ---- room for handshakes ------------------------------------------------- */

static void
on_crowded(void *arg)
{
	struct secure	*c = arg;

	c->crowded = true;
	TAILQ_INSERT_TAIL(&server_of(c)->crowd, c, entry);
}

static void
leave_crowd(struct secure *c)
{
	if (c->crowded)
		TAILQ_REMOVE(&server_of(c)->crowd, c, entry);
	c->crowded = false;
}

void
secure_make_room(struct server *server)
{
	struct secure	*c;
	unsigned	 room = TLS_JOBS_MAX - server->paused;

	while (room-- > 0 && (c = TAILQ_FIRST(&server->crowd)) != NULL) {
		leave_crowd(c);
		stream_tls_resume(c->session->stream);
	}
}

/*
 * A client can have us hold a quarter of a MiB with its first octets, and then
 * say nothing.  Where they are too many, who has had the longest time goes.
 */
static void
leave_shaking(struct secure *c)
{
	if (!c->shaking)
		return;
	c->shaking = false;
	TAILQ_REMOVE(&server_of(c)->shaking, c, among);
	server_of(c)->handshakes--;
}

static void	 fail(struct session *, const char *why);

static void
join_shaking(struct secure *c)
{
	struct server	*server = server_of(c);

	if (server->handshakes >= HANDSHAKES_MAX)
		fail(TAILQ_FIRST(&server->shaking)->session,
		    "too many handshakes at once");
	c->shaking = true;
	TAILQ_INSERT_TAIL(&server->shaking, c, among);
	server->handshakes++;
}

/* ---- the handshake ------------------------------------------------------- */

static void
fail(struct session *s, const char *why)
{
	char	 client[CLIENT_SIZE];

	if (s->secure != NULL)
		leave_shaking(s->secure);
	session_log_begin(s);
	client_format(client, &s->client, CLIENT_NAME);
	log_info("SSL_accept error from %s: %s", client, why);
	if (!s->greeted)
		s->tried[TALLY_STARTTLS]++;
	session_close(s, NULL);
}

static void
take_certificate(struct secure *c, const SSL *ssl)
{
	const X509	*given = SSL_get0_peer_certificate(ssl);

	c->certified = given != NULL && X509_digest(given, EVP_sha256(),
	    c->fingerprint, NULL);
}

static void
log_success(const struct session *s)
{
	char	 client[CLIENT_SIZE], what[SECURE_TEXT_SIZE];

	client_format(client, &s->client, CLIENT_NAME);
	secure_describe(s, what);
	log_info("%s TLS connection established from %s: %s",
	    s->secure->certified ? "Untrusted" : "Anonymous", client, what);
}

static void
on_done(void *arg, const char *why)
{
	struct secure	*c = arg;
	struct session	*s = c->session;

	if (s->closing)
		return;
	if (why != NULL) {
		fail(s, why);
		return;
	}
	c->done = true;
	leave_shaking(c);
	take_certificate(c, stream_tls(s->stream));
	session_log_begin(s);
	log_success(s);
	session_secured(s);
}

void
secure_begin(struct session *s)
{
	static const struct stream_tls_calls	 calls = { on_done,
						    on_suspended, on_crowded };
	struct tls	*tls = s->server->tls;
	SSL		*ssl = tls_accept(tls, listener_name(s->listener),
			    s->client.flags & LISTENER_CERTIFICATE);

	if (ssl == NULL) {
		fail(s, "there is no certificate");
		return;
	}
	s->secure = xcalloc(1, sizeof(*s->secure));
	s->secure->session = s;
	question_init(&s->secure->question, s->secure);
	join_shaking(s->secure);
	s->state = STATE_HANDSHAKE;
	timer_in(&s->timer, HANDSHAKE_TIME);
	tls_tell(ssl, on_pausing, s->secure);
	stream_tls_accept(s->stream, ssl, tls_method(tls), &calls, s->secure);
}

void
secure_late(struct session *s)
{
	fail(s, "timeout");
}

void
secure_end(struct session *s)
{
	struct secure	*c = s->secure;

	if (c == NULL)
		return;
	leave_crowd(c);
	leave_shaking(c);
	if (c->signing != NULL)
		answer(c, span_of(""));
	s->secure = NULL;
	free(c);
}

void
secure_give(struct session *from, struct session *to)
{
	to->secure = from->secure;
	from->secure = NULL;
	to->secure->session = to;
}

/* ---- what is known ------------------------------------------------------- */

bool
secure_holds(const struct session *s)
{
	return s->secure != NULL && s->secure->done;
}

void
secure_describe(const struct session *s, char into[SECURE_TEXT_SIZE])
{
	SSL	*ssl;
	int	 used, of = 0;

	into[0] = '\0';
	if (!secure_holds(s))
		return;
	ssl = stream_tls(s->stream);
	used = SSL_CIPHER_get_bits(SSL_get_current_cipher(ssl), &of);
	(void)snprintf(into, SECURE_TEXT_SIZE, "%s with cipher %s "
	    "(%d/%d bits)", SSL_get_version(ssl), SSL_get_cipher_name(ssl),
	    used, of);
}

void
secure_fingerprint(const struct session *s, char into[FINGERPRINT_SIZE])
{
	size_t	 i;

	into[0] = '\0';
	if (!secure_holds(s) || !s->secure->certified)
		return;
	for (i = 0; i < DIGEST; i++)
		(void)snprintf(into + 2 * i, 3, "%02x",
		    s->secure->fingerprint[i]);
}

void
secure_put(const struct session *s, struct buf *b)
{
	char	 fingerprint[FINGERPRINT_SIZE];
	SSL	*ssl;

	if (!secure_holds(s))
		return;
	ssl = stream_tls(s->stream);
	secure_fingerprint(s, fingerprint);
	(void)buf_printf(b, ", tls=%s:%s%s%s", SSL_get_version(ssl),
	    SSL_get_cipher_name(ssl),
	    fingerprint[0] != '\0' ? ", certificate=" : "", fingerprint);
}

/* A session that is taken up again does not say which certificate it began
 * with. */
bool
secure_binding(const struct session *s, struct binding *b)
{
	SSL	*ssl;

	if (!secure_holds(s))
		return false;
	ssl = stream_tls(s->stream);
	return binding_make(ssl, SSL_session_reused(ssl) ? NULL :
	    SSL_get_certificate(ssl), b);
}
