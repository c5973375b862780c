/* SPDX-License-Identifier: ISC */
/*
 * Which certificates serve a name is a set of them.  A context is made for each
 * set there is, so that a handshake only has to look its name up.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "shared/stream_tls.h"
#include "smtpd/certificate.h"
#include "smtpd/signer.h"
#include "smtpd/tls.h"

enum { TICKET_NAME = 16, TICKET_CIPHER = 32, TICKET_MAC = 32, KEPT = 2 };

struct ticket_key {
	bool		 there;
	unsigned char	 name[TICKET_NAME];
	unsigned char	 cipher[TICKET_CIPHER];
	unsigned char	 mac[TICKET_MAC];
};

/* Certificates that serve a name, bit by bit, and their context. */
struct group {
	uint64_t	 members;
	SSL_CTX		*context;
};

struct entry {
	char		*name;
	uint64_t	 members;	/* who has it */
	SSL_CTX		*context;	/* a group's */
};

/* What is current, or what is gathered for the next one. */
struct generation {
	uint32_t	 number;
	struct certificate certificates[CERTIFICATES_MAX];
	EVP_PKEY	*keys[CERTIFICATES_MAX];
	unsigned	 count;
	bool		 damaged;
	struct group	*groups;	/* the first is that of no name */
	size_t		 group_count;
	struct entry	*entries;	/* in the order of their names */
	size_t		 entry_count;
};

struct tls {
	struct signer	*signer;
	BIO_METHOD	*method;
	struct generation *now;		/* or NULL */
	struct generation *next;	/* that gathers, or NULL */
	struct ticket_key tickets[KEPT]; /* the current one, then older ones */
};

/* ---- generations --------------------------------------------------------- */

static void
generation_free(struct generation *g)
{
	size_t	 i;

	if (g == NULL)
		return;
	for (i = 0; i < g->count; i++) {
		certificate_clear(&g->certificates[i]);
		EVP_PKEY_free(g->keys[i]);
	}
	for (i = 0; i < g->group_count; i++)
		SSL_CTX_free(g->groups[i].context);
	for (i = 0; i < g->entry_count; i++)
		free(g->entries[i].name);
	free(g->groups);
	free(g->entries);
	free(g);
}

static struct generation *
gather(struct tls *t, uint32_t number)
{
	if (t->next != NULL && t->next->number == number)
		return t->next;
	generation_free(t->next);
	t->next = xcalloc(1, sizeof(*t->next));
	t->next->number = number;
	return t->next;
}

void
tls_add_certificate(struct tls *t, const struct msg_conf_certificate *m,
    int fd)
{
	struct generation	*g = gather(t, m->generation);
	struct certificate	*c;
	const char		*why;

	if (g->damaged)
		return;
	if (g->count == CERTIFICATES_MAX || m->number != g->count)
		fatal("certificates do not come in their order");
	c = &g->certificates[g->count];
	if (!certificate_read(c, fd, &why)) {
		log_error("%.*s: %s", (int)m->path.len, m->path.ptr, why);
		g->damaged = true;
		return;
	}
	g->keys[g->count++] = signer_key(t->signer, c->own);
	if (g->keys[g->count - 1] != NULL)
		return;
	log_error("%.*s: keys of this kind are not used", (int)m->path.len,
	    m->path.ptr);
	g->damaged = true;
}

/* ---- names --------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	const struct entry	*x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
add_entry(struct generation *g, const char *name, unsigned member)
{
	struct entry	*e;

	if (g->entry_count == TLS_NAMES_MAX)
		return;
	g->entries = xreallocarray(g->entries, g->entry_count + 1,
	    sizeof(*e));
	e = &g->entries[g->entry_count++];
	*e = (struct entry){ xstrdup(name), (uint64_t)1 << member, NULL };
}

/* Each name once, with all who have it. */
static void
sort_entries(struct generation *g)
{
	struct entry	*e = g->entries;
	size_t		 i, n = 0;

	if (g->entry_count == 0)
		return;
	qsort(e, g->entry_count, sizeof(*e), compare);
	for (i = 1; i < g->entry_count; i++) {
		if (strcmp(e[n].name, e[i].name) == 0) {
			e[n].members |= e[i].members;
			free(e[i].name);
		} else
			e[++n] = e[i];
	}
	g->entry_count = n + 1;
}

static SSL_CTX *
find(const struct generation *g, const char *name)
{
	struct entry	 key = { .name = (char *)name }, *e;

	e = g->entry_count == 0 ? NULL : bsearch(&key, g->entries,
	    g->entry_count, sizeof(key), compare);
	return e == NULL ? NULL : e->context;
}

/* Exactly, or by a wildcard for its first label. */
static SSL_CTX *
find_host(const struct generation *g, const char *host)
{
	char		 name[HOST_TEXT_MAX + 1], wild[HOST_TEXT_MAX + 2];
	SSL_CTX		*found;
	const char	*rest;
	size_t		 i, len = strlen(host);

	if (len > HOST_TEXT_MAX)
		return NULL;
	for (i = 0; i <= len; i++)
		name[i] = tolower((unsigned char)host[i]);
	found = find(g, name);
	rest = strchr(name, '.');
	if (found != NULL || rest == NULL || rest == name)
		return found;
	(void)snprintf(wild, sizeof(wild), "*%s", rest);
	return find(g, wild);
}

/* ---- what OpenSSL asks in a handshake ------------------------------------ */

static int
on_name(SSL *ssl, int *alert, void *arg)
{
	struct tls	*t = arg;
	const char	*host = SSL_get_servername(ssl,
			    TLSEXT_NAMETYPE_host_name);
	SSL_CTX		*found = NULL;

	(void)alert;
	if (host != NULL && t->now != NULL)
		found = find_host(t->now, host);
	if (found == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	return SSL_set_SSL_CTX(ssl, found) == NULL ?
	    SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK;
}

/* RFC 7301 section 3.2: whoever means another protocol is told so, lest what a
 * browser was made to send is taken for mail. */
static int
on_protocols(SSL *ssl, const unsigned char **chosen, unsigned char *len,
    const unsigned char *offered, unsigned offered_len, void *arg)
{
	unsigned	 at;

	(void)ssl;
	(void)arg;
	for (at = 0; at < offered_len; at += 1 + offered[at]) {
		if (!span_is(span_make(offered + at + 1, offered[at]), "smtp"))
			continue;
		*chosen = offered + at + 1;
		*len = offered[at];
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Nobody vouches for a client; policy knows its fingerprint, or does not. */
static int
take_any(X509_STORE_CTX *store, void *arg)
{
	(void)arg;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

static int
begin_ticket(const struct ticket_key *k, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int making)
{
	char		 hash[] = "SHA256";
	OSSL_PARAM	 params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
		    (void *)k->mac, sizeof(k->mac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash,
		    0), OSSL_PARAM_END
	};

	return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, k->cipher,
	    iv, making) && EVP_MAC_CTX_set_params(mac, params);
}

static int
make_ticket(const struct ticket_key *k, unsigned char *name,
    unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	if (!k->there)
		return 0;
	if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
		return -1;
	memcpy(name, k->name, sizeof(k->name));
	return begin_ticket(k, iv, cipher, mac, 1) ? 1 : -1;
}

/* In the place of an old one a new one is made; RFC 8446 appendix C.4: none is
 * used twice. */
static int
on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int making)
{
	const struct tls		*t;
	const struct ticket_key		*k;

	t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (making)
		return make_ticket(&t->tickets[0], name, iv, cipher, mac);
	for (k = t->tickets; k < t->tickets + KEPT; k++) {
		if (!k->there || CRYPTO_memcmp(name, k->name, sizeof(k->name)))
			continue;
		if (!begin_ticket(k, iv, cipher, mac, 0))
			return -1;
		return k > t->tickets || SSL_version(ssl) >= TLS1_3_VERSION ?
		    2 : 1;
	}
	return 0;
}

/* ---- contexts ------------------------------------------------------------ */

/*
 * Forward secrecy alone: keys never decrypts.  Of the rest, what OpenSSL has
 * for good; signatures are those that the signer knows.
 */
static bool
set_algorithms(SSL_CTX *c, const struct msg_conf_tls *m)
{
	return SSL_CTX_set_min_proto_version(c, m->minimum) &&
	    SSL_CTX_set_cipher_list(c, "DEFAULT:!kRSA:!kDHE:!PSK:!SRP") &&
	    SSL_CTX_set1_sigalgs_list(c, "ECDSA+SHA256:ECDSA+SHA384:"
	    "ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:"
	    "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512") &&
	    SSL_CTX_set1_client_sigalgs_list(c, "ECDSA+SHA256:ECDSA+SHA384:"
	    "ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:"
	    "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512");
}

static void
set_tickets(SSL_CTX *c, uint32_t life)
{
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	if (life == 0) {
		SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
		(void)SSL_CTX_set_num_tickets(c, 0);
		return;
	}
	(void)SSL_CTX_set_num_tickets(c, 1);
	(void)SSL_CTX_set_timeout(c, life);
	(void)SSL_CTX_set_tlsext_ticket_key_evp_cb(c, on_ticket);
}

static bool
has_kind(const struct generation *g, uint64_t members, unsigned i)
{
	unsigned	 j;
	int		 kind = EVP_PKEY_get_base_id(X509_get0_pubkey(
			    g->certificates[i].own));

	for (j = 0; j < i; j++)
		if ((members & (uint64_t)1 << j) && EVP_PKEY_get_base_id(
		    X509_get0_pubkey(g->certificates[j].own)) == kind)
			return true;
	return false;
}

/* The first of each kind of key. */
static bool
set_certificates(SSL_CTX *c, const struct generation *g, uint64_t members)
{
	const struct certificate	*own;
	unsigned			 i;

	for (i = 0; i < g->count; i++) {
		if (!(members & (uint64_t)1 << i) || has_kind(g, members, i))
			continue;
		own = &g->certificates[i];
		if (!SSL_CTX_use_cert_and_key(c, own->own, g->keys[i],
		    own->chain, 1))
			return false;
	}
	return true;
}

static SSL_CTX *
make_context(struct tls *t, const struct generation *g, uint64_t members,
    const struct msg_conf_tls *m)
{
	SSL_CTX	*c = SSL_CTX_new(TLS_server_method());

	if (c == NULL)
		fatal("tls: no memory");
	SSL_CTX_set_app_data(c, t);
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_tlsext_servername_callback(c, on_name);
	SSL_CTX_set_tlsext_servername_arg(c, t);
	SSL_CTX_set_alpn_select_cb(c, on_protocols, NULL);
	SSL_CTX_set_cert_verify_callback(c, take_any, NULL);
	SSL_CTX_set_max_cert_list(c, CLIENT_CERTIFICATES_MAX);
	set_tickets(c, m->ticket_life);
	if (set_algorithms(c, m) && set_certificates(c, g, members))
		return c;
	SSL_CTX_free(c);
	return NULL;
}

static SSL_CTX *
context_of(struct tls *t, struct generation *g, uint64_t members,
    const struct msg_conf_tls *m)
{
	struct group	 made = { members, NULL };
	size_t		 i;

	for (i = 0; i < g->group_count; i++)
		if (g->groups[i].members == members)
			return g->groups[i].context;
	made.context = make_context(t, g, members, m);
	if (made.context == NULL)
		return NULL;
	g->groups = xreallocarray(g->groups, g->group_count + 1,
	    sizeof(made));
	g->groups[g->group_count++] = made;
	return made.context;
}

static bool
make_contexts(struct tls *t, struct generation *g,
    const struct msg_conf_tls *m)
{
	const struct certificate	*c;
	uint64_t			 first = 0;
	size_t				 i, j;

	for (i = 0; i < g->count; i++) {
		c = &g->certificates[i];
		if (certificate_is_like(c, &g->certificates[0]))
			first |= (uint64_t)1 << i;
		for (j = 0; j < c->count; j++)
			add_entry(g, c->names[j], i);
	}
	if (g->entry_count == TLS_NAMES_MAX)
		log_warning("certificates have more than %d names; the rest "
		    "get the first one", TLS_NAMES_MAX);
	sort_entries(g);
	if (context_of(t, g, first, m) == NULL)
		return false;
	for (i = 0; i < g->entry_count; i++) {
		g->entries[i].context = context_of(t, g,
		    g->entries[i].members, m);
		if (g->entries[i].context == NULL)
			return false;
	}
	return true;
}

/* Sessions that began with an older one have its contexts as long as they
 * want. */
void
tls_begin_generation(struct tls *t, const struct msg_conf_tls *m)
{
	struct generation	*g = gather(t, m->generation);

	t->next = NULL;
	if (m->count == 0 || (!g->damaged && g->count == m->count &&
	    make_contexts(t, g, m))) {
		generation_free(t->now);
		t->now = m->count == 0 ? NULL : g;
		if (m->count == 0)
			generation_free(g);
		return;
	}
	log_error("certificates of generation %u are not used: %s",
	    m->generation, g->damaged || g->count != m->count ?
	    "not all of them came" : ERR_reason_error_string(
	    ERR_peek_error()));
	ERR_clear_error();
	generation_free(g);
}

/* ---- the rest ------------------------------------------------------------ */

void
tls_add_ticket_key(struct tls *t, const struct msg_conf_ticket *m)
{
	struct ticket_key	*k = t->tickets;
	const char		*from = m->key.ptr;

	if (m->key.len != TICKET_NAME + TICKET_CIPHER + TICKET_MAC)
		fatal("a key of tickets is none");
	if (k->there && memcmp(k->name, from, TICKET_NAME) == 0)
		return;		/* it was said before */
	memmove(k + 1, k, (KEPT - 1) * sizeof(*k));
	memcpy(k->name, from, TICKET_NAME);
	memcpy(k->cipher, from + TICKET_NAME, TICKET_CIPHER);
	memcpy(k->mac, from + TICKET_NAME + TICKET_CIPHER, TICKET_MAC);
	k->there = true;
}

bool
tls_is_ready(const struct tls *t)
{
	return t->now != NULL;
}

/* SHA-256 of its name fits where OpenSSL keeps the context. */
SSL *
tls_accept(struct tls *t, struct span context, bool asks)
{
	unsigned char	 digest[32];
	SSL		*ssl;

	if (t->now == NULL)
		return NULL;
	ssl = SSL_new(t->now->groups[0].context);
	if (ssl == NULL || !EVP_Q_digest(NULL, "SHA256", NULL, context.ptr,
	    context.len, digest, NULL) ||
	    !SSL_set_session_id_context(ssl, digest, sizeof(digest)))
		fatal("tls: no memory");
	if (asks)
		SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE,
		    NULL);
	return ssl;
}

void
tls_tell(SSL *ssl, int (*suspends)(SSL *, void *), void *arg)
{
	(void)SSL_set_mode(ssl, SSL_MODE_ASYNC);
	(void)SSL_set_async_callback(ssl, suspends);
	(void)SSL_set_async_callback_arg(ssl, arg);
}

struct signing *
tls_signing(const struct tls *t)
{
	return signer_asked(t->signer);
}

BIO_METHOD *
tls_method(const struct tls *t)
{
	return t->method;
}

struct tls *
tls_new(void)
{
	struct tls	*t = xcalloc(1, sizeof(*t));

	if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
	    NULL))
		fatal("tls: OpenSSL does not begin");
	t->signer = signer_new();
	t->method = stream_tls_method();
	return t;
}

void
tls_free(struct tls *t)
{
	generation_free(t->now);
	generation_free(t->next);
	signer_free(t->signer);
	BIO_meth_free(t->method);
	explicit_bzero(t->tickets, sizeof(t->tickets));
	free(t);
}
