/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>
#include <sys/socket.h>

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/stream_tls.h"
#include "tests/unit/tls_rig.h"

enum { IN = 65536, OUT = 65536, TOO_LATE = 20 * 1000, STEPS = 400 };

/* ---- keys and certificates ----------------------------------------------- */

static EVP_PKEY *
make_key(const char *kind)
{
	EVP_PKEY	*k;

	if (strcmp(kind, "RSA") == 0)
		k = EVP_RSA_gen(2048);
	else if (strcmp(kind, "EC") == 0)
		k = EVP_EC_gen("P-256");
	else
		k = EVP_PKEY_Q_keygen(NULL, NULL, kind);
	ck_assert_ptr_nonnull(k);
	return k;
}

static void
add_name(GENERAL_NAMES *all, struct span word)
{
	GENERAL_NAME	*name = GENERAL_NAME_new();
	ASN1_IA5STRING	*text = ASN1_IA5STRING_new();
	char		 copy[256];
	size_t		 i;

	ck_assert(span_copy(word, copy, sizeof(copy)));
	for (i = 0; i < word.len; i++)
		if (copy[i] == '@')
			copy[i] = '\0';
	ck_assert(ASN1_STRING_set(text, copy, word.len));
	GENERAL_NAME_set0_value(name, GEN_DNS, text);
	ck_assert(sk_GENERAL_NAME_push(all, name));
}

static X509 *
make_certificate(EVP_PKEY *k, const char *names)
{
	X509		*c = X509_new();
	GENERAL_NAMES	*all = sk_GENERAL_NAME_new_null();
	struct span	 rest = span_of(names), word;
	bool		 plain = EVP_PKEY_is_a(k, "ED25519");

	while ((word = span_word(&rest)).len > 0)
		add_name(all, word);
	ck_assert(X509_set_version(c, 2));
	ck_assert(ASN1_INTEGER_set(X509_get_serialNumber(c), 1));
	ck_assert(X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN",
	    MBSTRING_ASC, (const unsigned char *)"relais", -1, -1, 0));
	ck_assert(X509_set_issuer_name(c, X509_get_subject_name(c)));
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(c), -60));
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(c), 3600));
	ck_assert(X509_set_pubkey(c, k));
	if (sk_GENERAL_NAME_num(all) > 0)
		ck_assert(X509_add1_ext_i2d(c, NID_subject_alt_name, all, 0,
		    0));
	ck_assert(X509_sign(c, k, plain ? NULL : EVP_sha256()));
	GENERAL_NAMES_free(all);
	return c;
}

X509 *
rig_certify(struct rig *r, const char *kind, const char *names)
{
	EVP_PKEY	*k = make_key(kind);
	X509		*c = make_certificate(k, names);

	ck_assert_uint_lt(r->count, RIG_KEYS_MAX);
	ck_assert(pem_key_name(k, r->names[r->count]));
	r->keys[r->count++] = k;
	return c;
}

/* ---- master -------------------------------------------------------------- */

void
rig_add(struct rig *r, unsigned generation, unsigned number, X509 *c)
{
	struct msg_conf_certificate	 m = { generation, number,
					    span_of("test.pem") };
	int				 fd = memfd_create("pem", 0);
	FILE				*f = fdopen(dup(fd), "w");

	ck_assert(PEM_write_X509(f, c));
	ck_assert_int_eq(fclose(f), 0);
	tls_add_certificate(r->tls, &m, fd);
	fd_close(&fd);
}

void
rig_use(struct rig *r, unsigned generation, unsigned count, unsigned minimum,
    unsigned life)
{
	struct msg_conf_tls	 m = { generation, count, minimum, life };

	tls_begin_generation(r->tls, &m);
}

void
rig_ticket(struct rig *r, uint64_t number)
{
	char			 key[80] = { 0 };
	struct msg_conf_ticket	 m = { number, span_make(key, sizeof(key)) };

	memset(key, (int)number, sizeof(key));
	tls_add_ticket_key(r->tls, &m);
}

void
rig_serve(struct rig *r, const char *kinds, unsigned life)
{
	struct span	 rest = span_of(kinds), word;
	char		 kind[16];
	unsigned	 n = 0;
	X509		*c;

	while ((word = span_word(&rest)).len > 0) {
		ck_assert(span_copy(word, kind, sizeof(kind)));
		c = rig_certify(r, kind, "mail.example.org");
		rig_add(r, 1, n++, c);
		X509_free(c);
	}
	rig_use(r, 1, n, TLS1_2_VERSION, life);
	ck_assert(tls_is_ready(r->tls));
}

/* ---- who signs ----------------------------------------------------------- */

static const EVP_MD *
hash_of(uint16_t scheme)
{
	switch (scheme & 0xff0f) {
	case 0x0401:
	case 0x0403:
	case 0x0804:
		return EVP_sha256();
	default:
		return scheme == 0x0805 || scheme >> 8 == 5 ? EVP_sha384() :
		    EVP_sha512();
	}
}

static size_t
sign(EVP_PKEY *key, const struct signing *g, unsigned char *into, size_t len)
{
	EVP_MD_CTX	*c = EVP_MD_CTX_new();
	EVP_PKEY_CTX	*k;

	ck_assert(EVP_DigestSignInit(c, &k, hash_of(g->scheme), NULL, key));
	if (g->scheme >= 0x0804 && g->scheme <= 0x0806) {
		ck_assert(EVP_PKEY_CTX_set_rsa_padding(k,
		    RSA_PKCS1_PSS_PADDING) > 0);
		ck_assert(EVP_PKEY_CTX_set_rsa_pss_saltlen(k,
		    RSA_PSS_SALTLEN_DIGEST) > 0);
	}
	ck_assert(EVP_DigestSign(c, into, &len, g->content, g->len));
	EVP_MD_CTX_free(c);
	return len;
}

void
rig_answer(struct rig *r)
{
	struct signing	*g = r->signing;
	unsigned char	 made[SIGNATURE_MAX];
	size_t		 len = 0;
	unsigned	 i;

	ck_assert_ptr_nonnull(g);
	for (i = 0; r->mood == RIG_SIGNS && i < r->count; i++)
		if (memcmp(r->names[i], g->key, KEY_NAME_SIZE) == 0)
			len = sign(r->keys[i], g, made, sizeof(made));
	r->signing = NULL;
	r->signatures++;
	signing_answer(g, span_make(made, len));
	if (r->stream != NULL)
		stream_tls_resume(r->stream);
}

static int
on_pausing(SSL *ssl, void *arg)
{
	struct rig	*r = arg;

	(void)ssl;
	r->signing = tls_signing(r->tls);
	r->asked = *r->signing;
	return 1;
}

static void
on_suspended(void *arg)
{
	struct rig	*r = arg;

	ck_assert_ptr_nonnull(r->signing);
	if (r->mood != RIG_SILENT)
		rig_answer(r);
}

static void
on_crowded(void *arg)
{
	struct rig	*r = arg;

	r->crowded = true;
}

/* ---- the server's end ---------------------------------------------------- */

static void
on_done(void *arg, const char *why)
{
	struct rig	*r = arg;

	ck_assert(!r->done);
	r->done = why == NULL;
	if (why != NULL)
		(void)snprintf(r->why, sizeof(r->why), "%s", why);
}

static void
on_readable(void *arg)
{
	struct rig	*r = arg;
	struct buf	*in = stream_in(r->stream);

	ck_assert(r->done);
	ck_assert(buf_put(&r->heard, buf_span(in)));
	buf_drop(in, buf_len(in));
}

static void
on_closed(void *arg, int error)
{
	struct rig	*r = arg;

	ck_assert(!r->closed);
	r->closed = true;
	r->error = error;
	stream_free(r->stream);
	r->stream = NULL;
}

static void
begin(struct rig *r, int fd, struct span early)
{
	static const struct stream_limits	 limits = { IN, OUT };
	static const struct stream_calls	 calls = { on_readable, NULL,
						    on_closed };
	static const struct stream_tls_calls	 tls_calls = { on_done,
						    on_suspended, on_crowded };
	SSL		*ssl = tls_accept(r->tls, span_of(r->context), r->asks);

	ck_assert_ptr_nonnull(ssl);
	r->stream = stream_new(r->loop, fd, &limits, &calls, r);
	ck_assert(buf_put(stream_in(r->stream), early));
	tls_tell(ssl, on_pausing, r);
	stream_tls_accept(r->stream, ssl, tls_method(r->tls), &tls_calls, r);
}

/* ---- both ---------------------------------------------------------------- */

static void
on_late(void *arg)
{
	ck_abort_msg("waited in vain, %p", arg);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

void
rig_turn(struct rig *r)
{
	timer_in(&r->tick, 0);
	loop_run(r->loop);
}

void
rig_connect(struct rig *r)
{
	rig_connect_with(r, span_of(""));
}

void
rig_connect_with(struct rig *r, struct span early)
{
	int	 ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    ends), 0);
	ck_assert_int_eq(fd_nonblock(ends[1]), 0);
	r->far = ends[1];
	r->done = r->crowded = r->closed = false;
	r->why[0] = '\0';
	r->error = 0;
	buf_drop(&r->heard, buf_len(&r->heard));
	r->client = SSL_new(r->client_context);
	ck_assert_ptr_nonnull(r->client);
	ck_assert(SSL_set_fd(r->client, r->far));
	SSL_set_connect_state(r->client);
	begin(r, ends[0], early);
}

void
rig_hang_up(struct rig *r)
{
	SSL_free(r->client);
	r->client = NULL;
	fd_close(&r->far);
	if (r->stream != NULL && r->signing != NULL) {
		r->mood = RIG_REFUSES;
		signing_answer(r->signing, span_of(""));
		r->signing = NULL;
	}
	stream_free(r->stream);
	r->stream = NULL;
	rig_turn(r);
}

/* The client has read all when the server is through. */
bool
rig_shake(struct rig *r)
{
	bool	 good = false;
	int	 i;

	for (i = 0; i < STEPS; i++) {
		ERR_clear_error();
		good = good || SSL_do_handshake(r->client) == 1;
		rig_turn(r);
		if (r->closed || (good && r->done))
			break;
	}
	return good && r->done;
}

void
rig_init(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	(void)signal(SIGPIPE, SIG_IGN);
	r->loop = loop_new();
	r->tls = tls_new();
	r->far = -1;
	r->context = "smtp";
	r->client_context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_security_level(r->client_context, 0);
	SSL_CTX_set_min_proto_version(r->client_context, 0);
	buf_init(&r->heard, RIG_TEXT);
	timer_init(&r->tick, r->loop, stop, r->loop);
	timer_init(&r->late, r->loop, on_late, NULL);
	timer_in(&r->late, TOO_LATE);
}

void
rig_clear(struct rig *r)
{
	rig_hang_up(r);
	while (r->count > 0)
		EVP_PKEY_free(r->keys[--r->count]);
	SSL_CTX_free(r->client_context);
	buf_clear(&r->heard);
	timer_clear(&r->tick);
	timer_clear(&r->late);
	tls_free(r->tls);
	loop_free(r->loop);
}
