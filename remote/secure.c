/* SPDX-License-Identifier: ISC */
/*
 * A session is kept as the octets that OpenSSL writes of it, because in memory
 * it has the whole chain of certificates.  What it may serve for (the host, its
 * address, and what was verified) is its context, which OpenSSL compares as
 * well.  A ticket of TLS 1.3 serves once: RFC 8446 appendix C.4.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>

#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/stream_tls.h"
#include "remote/secure.h"
#include "remote/trust.h"

enum { DIGEST = 32 };

struct kept {
	TAILQ_ENTRY(kept) entry;
	uint8_t		 context[DIGEST];
	struct instant	 until;
	bool		 once;
	size_t		 len;
	unsigned char	 octets[];
};

struct avoided {
	TAILQ_ENTRY(avoided) entry;
	struct endpoint	 at;
	struct instant	 until;
};

TAILQ_HEAD(kept_queue, kept);
TAILQ_HEAD(avoided_queue, avoided);

struct secure {
	BIO_METHOD	*method;
	SSL_CTX		*any, *verifying;	/* NULL: not yet */
	int		 anchors;		/* -1: there are none */
	char		 path[PATH_TEXT_MAX + 1];	/* theirs */
	struct kept_queue sessions;		/* the newest first */
	unsigned	 session_count;
	struct avoided_queue avoided;		/* likewise */
	unsigned	 avoided_count;
};

/* ---- sessions ------------------------------------------------------------ */

static void
drop(struct secure *s, struct kept *k)
{
	TAILQ_REMOVE(&s->sessions, k, entry);
	s->session_count--;
	explicit_bzero(k->octets, k->len);
	free(k);
}

static void
drop_all(struct secure *s)
{
	while (!TAILQ_EMPTY(&s->sessions))
		drop(s, TAILQ_FIRST(&s->sessions));
}

/* The n-th newest of this context, from 0. */
static struct kept *
find(const struct secure *s, const unsigned char *context, unsigned n)
{
	struct kept	*k;

	TAILQ_FOREACH(k, &s->sessions, entry)
		if (memcmp(k->context, context, DIGEST) == 0 && n-- == 0)
			break;
	return k;
}

static void
make_room(struct secure *s, const unsigned char *context, bool once)
{
	struct kept	*old = find(s, context,
			    once ? TLS_SESSIONS_OF_HOST - 1 : 0);

	if (old != NULL)
		drop(s, old);
	if (s->session_count == TLS_SESSIONS_MAX)
		drop(s, TAILQ_LAST(&s->sessions, kept_queue));
}

/* 0: OpenSSL keeps what is its own. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct secure		*s;
	const unsigned char	*context;
	unsigned char		*end;
	unsigned		 context_len;
	int			 len = i2d_SSL_SESSION(session, NULL);
	struct kept		*k;

	s = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	context = SSL_SESSION_get0_id_context(session, &context_len);
	if (len <= 0 || len > TLS_SESSION_MAX || context_len != DIGEST ||
	    !SSL_SESSION_is_resumable(session))
		return 0;
	k = xcalloc(1, sizeof *k + len);
	memcpy(k->context, context, DIGEST);
	k->until = clock_after(clock_now(), TLS_SESSION_TIME);
	k->once = SSL_version(ssl) >= TLS1_3_VERSION;
	k->len = len;
	end = k->octets;
	(void)i2d_SSL_SESSION(session, &end);
	make_room(s, context, k->once);
	TAILQ_INSERT_HEAD(&s->sessions, k, entry);
	s->session_count++;
	return 0;
}

static void
take_up(struct secure *s, SSL *ssl, const uint8_t context[DIGEST])
{
	struct kept		*k = find(s, context, 0);
	const unsigned char	*octets;
	SSL_SESSION		*session = NULL;

	if (k == NULL)
		return;
	octets = k->octets;
	if (clock_before(clock_now(), k->until))
		session = d2i_SSL_SESSION(NULL, &octets, k->len);
	if (session != NULL && SSL_set_session(ssl, session))
		SSL_set_app_data(ssl, s);
	if (session == NULL || k->once)
		drop(s, k);
	SSL_SESSION_free(session);
	ERR_clear_error();
}

/* ---- contexts ------------------------------------------------------------ */

/* Nobody is verified, and no result may be taken for one that says so. */
static int
take_any(X509_STORE_CTX *store, void *arg)
{
	(void)arg;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 1;
}

static SSL_CTX *
make_context(struct secure *s)
{
	SSL_CTX	*c = SSL_CTX_new(TLS_client_method());

	if (c == NULL || !SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION))
		fatal("tls: no memory");
	SSL_CTX_set_app_data(c, s);
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT |
	    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c, on_session);
	return c;
}

/* The alternative is plain text: what is weak is better than that. */
static SSL_CTX *
context_of_any(struct secure *s)
{
	if (s->any != NULL)
		return s->any;
	s->any = make_context(s);
	SSL_CTX_set_security_level(s->any, 0);
	SSL_CTX_set_options(s->any, SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_cert_verify_callback(s->any, take_any, NULL);
	return s->any;
}

/* All in the file are anchors, also a host's own certificate. */
static SSL_CTX *
context_of_verified(struct secure *s, const char **why)
{
	X509_STORE	*store;

	if (s->verifying != NULL)
		return s->verifying;
	*why = "there are no certificates to verify it by";
	store = s->anchors == -1 ? NULL : trust_read(s->anchors, why);
	if (store == NULL)
		return NULL;
	s->verifying = make_context(s);
	SSL_CTX_set_security_level(s->verifying, 2);
	SSL_CTX_set_cert_store(s->verifying, store);
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(s->verifying),
	    X509_V_FLAG_PARTIAL_CHAIN);
	return s->verifying;
}

void
secure_set_anchors(struct secure *s, int fd, struct span path)
{
	fd_close(&s->anchors);
	s->anchors = fd;
	(void)span_copy(path, s->path, sizeof s->path);
	SSL_CTX_free(s->verifying);
	s->verifying = NULL;
	drop_all(s);
}

/* ---- one connection ------------------------------------------------------ */

static void
make_key(const struct secure_peer *p, uint8_t into[DIGEST])
{
	bool	 verified = p->hop->tls == HOP_TLS_VERIFIED;
	char	 text[2 * HOST_TEXT_MAX + RELAY_TEXT_MAX + 64];
	char	 relay[RELAY_TEXT_MAX + 1];

	endpoint_format(p->at, relay);
	(void)snprintf(text, sizeof text, "%s %d %s", relay, verified ?
	    1 + (int)p->for_whom->kind : 0, verified ? p->for_whom->name : "");
	if (!EVP_Q_digest(NULL, "SHA256", NULL, text, strlen(text), into,
	    NULL))
		fatal("tls: no SHA-256");
}

/* RFC 6066 section 3: a name, and never an address. */
static bool
has_name(const struct secure_peer *p)
{
	return p->for_whom->family == AF_UNSPEC && p->at->host[0] != '\0';
}

SSL *
secure_begin(struct secure *s, const struct secure_peer *p,
    struct reply *why)
{
	const char	*text = NULL;
	bool		 verified = p->hop->tls == HOP_TLS_VERIFIED;
	SSL_CTX		*c = verified ? context_of_verified(s, &text) :
			    context_of_any(s);
	uint8_t		 key[DIGEST];
	SSL		*ssl;

	if (c == NULL) {
		*why = reply_make(451, "4.3.5", "%s cannot be verified: %s: "
		    "%s", p->for_whom->name, s->path, text);
		return NULL;
	}
	make_key(p, key);
	ssl = SSL_new(c);
	if (ssl == NULL || !SSL_set_session_id_context(ssl, key, sizeof key) ||
	    (has_name(p) && !SSL_set_tlsext_host_name(ssl, p->at->host)))
		fatal("tls: no memory");
	if (verified)
		trust_expect(ssl, p->for_whom);
	take_up(s, ssl, key);
	return ssl;
}

bool
secure_resumes(const SSL *ssl)
{
	return SSL_get_app_data(ssl) != NULL;
}

void
secure_forget(struct secure *s, const SSL *ssl)
{
	SSL_SESSION		*session = SSL_get0_session(ssl);
	const unsigned char	*context;
	struct kept		*k;
	unsigned		 len = 0;

	if (session != NULL)
		context = SSL_SESSION_get0_id_context(session, &len);
	while (len == DIGEST && (k = find(s, context, 0)) != NULL)
		drop(s, k);
}

BIO_METHOD *
secure_method(const struct secure *s)
{
	return s->method;
}

void
secure_format(const SSL *ssl, char into[SECURE_TEXT_SIZE])
{
	(void)snprintf(into, SECURE_TEXT_SIZE, "%s:%s",
	    SSL_get_version(ssl), SSL_get_cipher_name(ssl));
}

const char *
secure_policy(enum hop_tls tls)
{
	static const char *const	 names[HOP_TLS_COUNT] = {
		[HOP_TLS_MAY]		= "may",
		[HOP_TLS_NO]		= "no",
		[HOP_TLS_REQUIRED]	= "required",
		[HOP_TLS_VERIFIED]	= "verified",
	};

	return names[tls];
}

/* ---- hosts whose TLS does not work --------------------------------------- */

static bool
is_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && a->port == b->port &&
	    memcmp(a->address, b->address, sizeof a->address) == 0;
}

bool
secure_is_avoided(const struct secure *s, const struct endpoint *at)
{
	struct avoided	*a;

	TAILQ_FOREACH(a, &s->avoided, entry)
		if (is_same(&a->at, at))
			break;
	return a != NULL && clock_before(clock_now(), a->until);
}

static void
forgive(struct secure *s, struct avoided *a)
{
	TAILQ_REMOVE(&s->avoided, a, entry);
	s->avoided_count--;
	free(a);
}

void
secure_avoid(struct secure *s, const struct endpoint *at)
{
	struct avoided	*a, *next;
	struct instant	 now = clock_now();

	for (a = TAILQ_FIRST(&s->avoided); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if (is_same(&a->at, at) || !clock_before(now, a->until))
			forgive(s, a);
	}
	if (s->avoided_count == TLS_AVOIDED_MAX)
		forgive(s, TAILQ_LAST(&s->avoided, avoided_queue));
	a = xcalloc(1, sizeof *a);
	a->at = *at;
	a->until = clock_after(now, TLS_AVOIDED_TIME);
	TAILQ_INSERT_HEAD(&s->avoided, a, entry);
	s->avoided_count++;
}

/* ---- life ---------------------------------------------------------------- */

struct secure *
secure_new(void)
{
	struct secure	*s = xcalloc(1, sizeof *s);

	if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
	    NULL))
		fatal("tls: OpenSSL does not begin");
	tzset();	/* dates of certificates go through gmtime(3) */
	s->method = stream_tls_method();
	s->anchors = -1;
	TAILQ_INIT(&s->sessions);
	TAILQ_INIT(&s->avoided);
	return s;
}

void
secure_free(struct secure *s)
{
	drop_all(s);
	while (!TAILQ_EMPTY(&s->avoided))
		forgive(s, TAILQ_FIRST(&s->avoided));
	fd_close(&s->anchors);
	SSL_CTX_free(s->any);
	SSL_CTX_free(s->verifying);
	BIO_meth_free(s->method);
	free(s);
}
