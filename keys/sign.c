/* SPDX-License-Identifier: ISC */
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "keys/sign.h"
#include "shared/log.h"

enum { CURVE_NAME_SIZE = 32 };

/* RFC 8446 section 4.2.3: there a scheme is of one curve. */
static bool
fits(const struct scheme *s, enum content kind, const EVP_PKEY *key)
{
	char	 curve[CURVE_NAME_SIZE];
	size_t	 len;

	if (EVP_PKEY_get_base_id(key) !=
	    (s->curve != NULL ? EVP_PKEY_EC : EVP_PKEY_RSA))
		return false;
	if (s->curve == NULL || kind != CONTENT_VERIFY)
		return true;
	return EVP_PKEY_get_group_name(key, curve, sizeof curve, &len) == 1 &&
	    strcmp(curve, s->curve) == 0;
}

static bool
pad(EVP_PKEY_CTX *c, const struct scheme *s)
{
	if (s->curve != NULL)
		return true;
	if (!s->pss)
		return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) > 0;
	return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) > 0 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) > 0;
}

static bool
make(const struct scheme *s, EVP_PKEY *key, struct span content,
    struct signature *into)
{
	EVP_MD_CTX	*c = EVP_MD_CTX_new();
	EVP_PKEY_CTX	*pkey;
	bool		 good;

	into->len = sizeof into->octets;
	good = c != NULL && EVP_DigestSignInit_ex(c, &pkey, s->digest, NULL,
	    NULL, key, NULL) == 1 && pad(pkey, s) &&
	    EVP_DigestSign(c, into->octets, &into->len,
	    (const unsigned char *)content.ptr, content.len) == 1;
	EVP_MD_CTX_free(c);
	ERR_clear_error();
	return good;
}

const char *
sign(const struct store *store, const struct msg_sign *m,
    struct signature *into)
{
	const struct scheme	*scheme = scheme_find(m->scheme);
	enum content		 kind = content_kind(m->content);
	EVP_PKEY		*key = store_find(store, m->key);

	if (key == NULL)
		return "no such key";
	if (kind == CONTENT_NONE)
		return "not what a server signs";
	if (scheme == NULL || !scheme_suits(scheme, kind) ||
	    !fits(scheme, kind, key))
		return "not with this scheme";
	return make(scheme, key, m->content, into) ? NULL :
	    "libcrypto does not";
}

/* ---- before the walls ---------------------------------------------------- */

enum { REHEARSAL_BITS = 1024 };	/* for nobody, and quickly made */

static void
rehearse(EVP_PKEY *key, const char *curve)
{
	const struct scheme	 s = { 0, "SHA256", curve, true };
	struct signature	 signature;

	if (key == NULL || !make(&s, key, span_of("rehearsal"), &signature))
		fatal("libcrypto makes no signature");
}

/* As a file with a key has it. */
static void
rehearse_reading(EVP_PKEY *key)
{
	const char	*why;
	EVP_PKEY	*again = NULL;
	BIO		*pem = BIO_new(BIO_s_mem());
	uint8_t		 name[KEY_NAME_SIZE];
	char		*text;
	long		 len;

	if (pem != NULL && PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0,
	    NULL, NULL) == 1 && (len = BIO_get_mem_data(pem, &text)) > 0)
		again = pem_key(span_make(text, len), &why);
	if (again == NULL || !pem_key_name(again, name))
		fatal("libcrypto reads no key");
	EVP_PKEY_free(again);
	BIO_free(pem);
}

void
sign_prepare(void)
{
	EVP_PKEY	*rsa, *ec;

	pem_prepare();
	rsa = EVP_RSA_gen(REHEARSAL_BITS);
	ec = EVP_EC_gen("P-256");
	rehearse(rsa, NULL);
	rehearse(ec, "P-256");
	rehearse_reading(ec);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
}
