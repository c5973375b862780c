/* SPDX-License-Identifier: ISC */
/*
 * keys and its neighbours: a key it is told of, what it is asked to sign, and
 * what a hostile smtpd would like to have signed.
 */
#include <sys/mman.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/pem.h"
#include "tests/wires/rig.h"

#define CONTEXT		"TLS 1.3, server CertificateVerify"

enum {
	ECDSA_SHA256	= 0x0403,
	VERIFY_SIZE	= 64 + 34 + 32,
	MANY		= UINT32_MAX,	/* connections */
	FEW		= 10,
	TRIES		= 200
};

/* What is right: 64 blanks, the context, a zero, a digest. */
static struct span
verify(void)
{
	static char	 text[VERIFY_SIZE];

	memset(text, 0x5a, sizeof text);
	memset(text, ' ', 64);
	memcpy(text + 64, CONTEXT, sizeof CONTEXT);
	return span_make(text, sizeof text);
}

void
signing_configure(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_KEY, .nfds = 1 };
	FILE		*f;

	EVP_PKEY_free(r->key);
	r->key = EVP_EC_gen("P-256");
	m.fds[0] = memfd_create("key", MFD_CLOEXEC);
	f = fdopen(dup(m.fds[0]), "w");
	if (f == NULL || r->key == NULL || PEM_write_PrivateKey(f, r->key,
	    NULL, NULL, 0, NULL, NULL) != 1 || fclose(f) == EOF ||
	    !pem_key_name(r->key, r->key_name))
		fatal("no key");
	m.conf_key.generation = 1;
	m.conf_key.path = span_of("/key");
	rig_tell(r, &m);
	fd_close(&m.fds[0]);
	m = (struct msg){ .type = MSG_CONF_TLS };
	m.conf_tls.generation = m.conf_tls.count = 1;
	rig_tell(r, &m);
}

void
signing_ask(const struct rig *r, uint64_t token, struct msg_sign *m)
{
	*m = (struct msg_sign){ token, span_make(r->key_name, KEY_NAME_SIZE),
	    ECDSA_SHA256, verify(), MANY };
}

/* A signature that came is of the key, and over what may be signed. */
void
signing_hear(struct rig *r, const struct msg_signature *m)
{
	EVP_MD_CTX	*c;
	struct span	 s = verify();

	r->signature = m->signature.len;
	if (m->signature.len == 0 || r->program != ROLE_KEYS)
		return;
	c = EVP_MD_CTX_new();
	rig_check(r, EVP_DigestVerifyInit_ex(c, NULL, "SHA256", NULL, NULL,
	    r->key, NULL) == 1 && EVP_DigestVerify(c,
	    (const unsigned char *)m->signature.ptr, m->signature.len,
	    (const unsigned char *)s.ptr, s.len) == 1,
	    "a signature over something else");
	EVP_MD_CTX_free(c);
}

/* ---- what a hostile smtpd wants ------------------------------------------ */

struct waiting {
	const struct wire	*wire;
	unsigned		 before;
};

static bool
has_answer(struct rig *r, void *arg)
{
	const struct waiting	*w = arg;

	return !rig_lives(r) || w->wire->fd == -1 ||
	    w->wire->answers > w->before;
}

/* How long the signature is; -1: no answer. */
static int
try(struct rig *r, const struct msg_sign *sign)
{
	struct waiting	 w = { r->hostile, r->hostile->answers };
	struct msg	 m = { .type = MSG_SIGN, .sign = *sign };

	m.sign.token = ++r->serial;
	wire_say(r, r->hostile, &m);
	if (!rig_until(r, has_answer, &w) || r->hostile->fd == -1)
		return -1;
	return r->signature;
}

/* Of each a head, then octets of his choice up to any length. */
static const char *const	 wishes[] = {
	"",
	/* DigestInfo of SHA-256, for a signature of anything */
	"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05",
	/* a certificate of his own */
	"\x30\x82\x01\x0a\x30\x82\x01\x06\xa0\x03\x02\x01\x02\x02\x01\x01",
	/* a PKCS #1 block that was to be decrypted */
	"\x00\x02\x77\x77\x77\x77\x77\x77\x77\x77",
	/* handshakes of TLS 1.2, which a client's CertificateVerify signs */
	"\x01\x00\x00\x50\x03\x03",
	/* a certificate of an SSH host, a JSON web token */
	"\x00\x00\x00\x20ssh", "eyJhbGciOiJFUzI1NiJ9.",
	/* the blanks alone, or for a client */
	"                                                                ",
	"                                                                "
	    "TLS 1.3, client CertificateVerify",
	"                                                                "
	    "TLS 1.2, server CertificateVerify",
};

static const unsigned	 schemes[] = { ECDSA_SHA256, 0x0401, 0x0203, 0 };

static void
try_wish(struct rig *r, const char *wish)
{
	static char	 text[SIGN_CONTENT_MAX];
	size_t		 len, head = strlen(wish), i;
	struct msg_sign	 m;

	signing_ask(r, 0, &m);
	for (len = head; len <= sizeof text; len += 1 + len / 8) {
		memset(text, 'x', sizeof text);
		memcpy(text, wish, head);
		m.content = span_make(text, len);
		for (i = 0; i < COUNT(schemes); i++) {
			m.scheme = schemes[i];
			rig_check(r, try(r, &m) == 0,
			    "%zu octets of his choice are signed", len);
		}
	}
}

/* Every bit of what is right, but those of the digest, is the one it is. */
static void
try_bits(struct rig *r)
{
	static char	 text[VERIFY_SIZE];
	struct msg_sign	 m;
	unsigned	 bit;

	signing_ask(r, 0, &m);
	memcpy(text, m.content.ptr, sizeof text);
	m.content = span_make(text, sizeof text);
	rig_check(r, try(r, &m) > 0, "what is right is not signed");
	for (bit = 0; bit < 8 * (VERIFY_SIZE - 32); bit += 3) {
		text[bit / 8] ^= 1 << bit % 8;
		rig_check(r, try(r, &m) == 0, "bit %u does not matter", bit);
		text[bit / 8] ^= 1 << bit % 8;
	}
}

/* More than there were clients; and clients that were are none any more. */
static void
try_counts(struct rig *r)
{
	struct msg_sign	 m;
	unsigned	 i, n = 0;

	new_pair(r, true);
	signing_ask(r, 0, &m);
	m.connections = FEW;
	for (i = 0; i < TRIES; i++)
		n += try(r, &m) > 0;
	rig_check(r, n == FEW + SIGNS_ABOVE, "%u signatures for %d "
	    "connections", n, FEW);
	m.connections = 2 * FEW;
	rig_check(r, try(r, &m) > 0, "another client has no signature");
	m.connections = FEW;
	rig_check(r, try(r, &m) == 0, "connections become fewer");
}

void
smtpd_to_keys(struct rig *r)
{
	size_t	 i;

	new_pair(r, true);
	for (i = 0; i < COUNT(wishes); i++)
		try_wish(r, wishes[i]);
	try_bits(r);
	try_counts(r);
}
