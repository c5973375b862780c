/* SPDX-License-Identifier: ISC */
/* keys and its neighbours: a key it is told of, what it is asked to sign. */
#include <sys/mman.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "shared/fd.h"
#include "shared/log.h"
#include "shared/pem.h"
#include "tests/wires/rig.h"

#define CONTEXT		"TLS 1.3, server CertificateVerify"

enum {
	ECDSA_SHA256	= 0x0403,
	VERIFY_SIZE	= 64 + 34 + 32,
	MANY		= UINT32_MAX	/* connections */
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

/* A signature that came is of the key, and over what was to be signed; what a
 * dice has changed on its way may have another digest. */
void
signing_hear(struct rig *r, const struct msg_signature *m, bool was_changed)
{
	EVP_MD_CTX	*c;
	struct span	 s = verify();

	r->signature = m->signature.len;
	if (m->signature.len == 0 || r->program != ROLE_KEYS || was_changed)
		return;
	c = EVP_MD_CTX_new();
	rig_check(r, EVP_DigestVerifyInit_ex(c, NULL, "SHA256", NULL, NULL,
	    r->key, NULL) == 1 && EVP_DigestVerify(c,
	    (const unsigned char *)m->signature.ptr, m->signature.len,
	    (const unsigned char *)s.ptr, s.len) == 1,
	    "a signature over something else");
	EVP_MD_CTX_free(c);
}
