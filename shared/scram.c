/* SPDX-License-Identifier: ISC */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "shared/base64.h"
#include "shared/log.h"
#include "shared/scram.h"

void
scram_hmac(const void *key, size_t len, struct span text,
    uint8_t into[SCRAM_HASH])
{
	unsigned	 n = SCRAM_HASH;

	if (HMAC(EVP_sha256(), key, len, (const unsigned char *)text.ptr,
	    text.len, into, &n) == NULL)
		fatal("no HMAC");
}

void
scram_hash(const void *octets, size_t len, uint8_t into[SCRAM_HASH])
{
	unsigned	 n = SCRAM_HASH;

	if (EVP_Digest(octets, len, into, &n, EVP_sha256(), NULL) != 1)
		fatal("no SHA-256");
}

/* ClientKey, of which StoredKey is the hash. */
static void
make_key(struct scram_key *k, struct span password, uint8_t client[SCRAM_HASH])
{
	uint8_t	 salted[SCRAM_HASH];

	if (PKCS5_PBKDF2_HMAC(password.ptr, password.len, k->salt,
	    k->salt_len, k->iterations, EVP_sha256(), sizeof salted,
	    salted) != 1)
		fatal("no PBKDF2");
	scram_hmac(salted, sizeof salted, span_of("Client Key"), client);
	scram_hash(client, SCRAM_HASH, k->stored);
	scram_hmac(salted, sizeof salted, span_of("Server Key"), k->server);
	explicit_bzero(salted, sizeof salted);
}

void
scram_key_make(struct scram_key *k, struct span password)
{
	uint8_t	 client[SCRAM_HASH];

	make_key(k, password, client);
	explicit_bzero(client, sizeof client);
}

void
scram_prove(struct scram_key *k, struct span password, struct span text,
    uint8_t proof[SCRAM_HASH])
{
	uint8_t	 client[SCRAM_HASH];
	size_t	 i;

	make_key(k, password, client);
	scram_hmac(k->stored, SCRAM_HASH, text, proof);
	for (i = 0; i < SCRAM_HASH; i++)
		proof[i] ^= client[i];
	explicit_bzero(client, sizeof client);
}

void
scram_sign(const struct scram_key *k, struct span text,
    uint8_t signature[SCRAM_HASH])
{
	scram_hmac(k->server, SCRAM_HASH, text, signature);
}

bool
scram_key_opens(const struct scram_key *k, struct span password)
{
	struct scram_key	 tried = *k;
	bool			 good;

	scram_key_make(&tried, password);
	good = CRYPTO_memcmp(tried.stored, k->stored, SCRAM_HASH) == 0;
	explicit_bzero(&tried, sizeof tried);
	return good;
}

static bool
take_hash(struct span text, uint8_t into[SCRAM_HASH])
{
	size_t	 n;

	return base64_take(text, into, SCRAM_HASH, &n) && n == SCRAM_HASH;
}

bool
scram_key_parse(struct scram_key *k, struct span text)
{
	struct span	 iterations, salt, stored;
	uint64_t	 n;

	text = span_cut(text, ',', &iterations);
	text = span_cut(text, ',', &salt);
	text = span_cut(text, ',', &stored);
	if (!span_parse_u64(iterations, SCRAM_ITERATIONS_MAX, &n) || n == 0)
		return false;
	k->iterations = n;
	return base64_take(salt, k->salt, sizeof k->salt, &k->salt_len) &&
	    k->salt_len > 0 && take_hash(stored, k->stored) &&
	    take_hash(text, k->server);
}

bool
scram_key_put(const struct scram_key *k, struct buf *b)
{
	return buf_printf(b, "%u,", (unsigned)k->iterations) &&
	    base64_put(b, span_make(k->salt, k->salt_len)) &&
	    buf_put(b, span_of(",")) &&
	    base64_put(b, span_make(k->stored, SCRAM_HASH)) &&
	    buf_put(b, span_of(",")) &&
	    base64_put(b, span_make(k->server, SCRAM_HASH));
}

/* ---- words of the grammar ------------------------------------------------ */

bool
scram_take(struct span *rest, char name, struct span *value)
{
	struct span	 one;

	*rest = span_cut(*rest, ',', &one);
	if (one.len < 2 || one.ptr[0] != name || one.ptr[1] != '=')
		return false;
	*value = span_skip(one, 2);
	return true;
}

bool
scram_is_nonce(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~' || s.ptr[i] == ',')
			return false;
	return s.len > 0;
}
