/* SPDX-License-Identifier: ISC */
/*
 * SCRAM, RFC 5802 section 7.  Nothing here depends on whether an account is
 * there: whoever has none gets a key that no password opens.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "lookup/sasl.h"
#include "shared/base64.h"
#include "shared/saslprep.h"

/* ---- words of the grammar ------------------------------------------------ */

/* saslname, where "," is "=2C" and "=" is "=3D", and no other "=" is. */
static bool
take_name(struct span text, char into[ACCOUNT_TEXT_MAX + 1])
{
	char	 plain[ACCOUNT_TEXT_MAX + 1];
	size_t	 i, n = 0;

	for (i = 0; i < text.len; i++) {
		if (n == ACCOUNT_TEXT_MAX)
			return false;
		if (text.ptr[i] != '=') {
			plain[n++] = text.ptr[i];
			continue;
		}
		if (span_starts(span_skip(text, i), "=2C"))
			plain[n++] = ',';
		else if (span_starts(span_skip(text, i), "=3D"))
			plain[n++] = '=';
		else
			return false;
		i += 2;
	}
	return saslprep(span_make(plain, n), SASLPREP_COMPARED, into,
	    ACCOUNT_TEXT_MAX + 1);
}

/* Extensions that we do not know and may leave aside: "x=value,x=value". */
static bool
are_optional(struct span rest)
{
	struct span	 one;
	char		 c;

	while (rest.len > 0) {
		rest = span_cut(rest, ',', &one);
		c = one.len > 2 ? one.ptr[0] | 0x20 : 0;
		if (c < 'a' || c > 'z' || one.ptr[1] != '=' ||
		    memchr(one.ptr, '\0', one.len) != NULL)
			return false;
	}
	return true;
}

/* ---- the client's first message ------------------------------------------ */

/*
 * Who binds must have taken the -PLUS, and nobody else; who could have, and
 * believes that we cannot, was told so by somebody in between (section 6).
 */
static bool
is_flag_right(const struct sasl *s, struct span flag)
{
	if (s->mechanism == SASL_SCRAM_PLUS)
		return s->binding_len > 0 && span_starts(flag, "p=") &&
		    span_is(span_skip(flag, 2), s->binding);
	if (span_is(flag, "y"))
		return s->binding_len == 0;
	return span_is(flag, "n");
}

/* flag "," ["a=" authzid] ","; what is behind it, or none. */
static bool
take_header(struct sasl *s, struct span message, struct span *bare,
    struct span *as)
{
	struct span	 flag, rest;

	rest = span_cut(message, ',', &flag);
	if (!is_flag_right(s, flag) || span_index(rest, ',') == rest.len)
		return false;
	*bare = span_cut(rest, ',', as);
	s->header_len = bare->ptr - message.ptr;
	if (s->header_len > sizeof s->header)
		return false;
	memcpy(s->header, message.ptr, s->header_len);
	return true;
}

static bool
put(char *into, size_t size, size_t *len, struct span s)
{
	if (s.len > size - *len)
		return false;
	memcpy(into + *len, s.ptr, s.len);
	*len += s.len;
	return true;
}

/* The server's message begins with the nonce of both; the client's half. */
static bool
keep_nonce(struct sasl *s, struct span nonce)
{
	if (!put(s->server, SASL_MESSAGE_MAX, &s->server_len,
	    span_of("r=")))
		return false;
	s->nonce_at = s->server_len;
	return put(s->server, SASL_MESSAGE_MAX, &s->server_len, nonce);
}

enum sasl_want
scram_first(struct sasl *s, struct span message)
{
	struct span	 bare, as, rest, name, nonce;
	char		 other[ACCOUNT_TEXT_MAX + 1];

	if (!take_header(s, message, &bare, &as))
		return SASL_MALFORMED;
	rest = bare;
	if (!scram_take(&rest, 'n', &name) ||
	    !take_name(name, s->name) ||
	    !scram_take(&rest, 'r', &nonce) || !scram_is_nonce(nonce) ||
	    bare.ptr[bare.len - 1] == ',' || !are_optional(rest) ||
	    !put(s->first, sizeof s->first, &s->first_len, bare) ||
	    !keep_nonce(s, nonce))
		return SASL_MALFORMED;
	/* GNU SASL writes that there is none, too. */
	if (span_is(as, "a="))
		as = span_of("");
	if (as.len > 0 && (!span_starts(as, "a=") ||
	    !take_name(span_skip(as, 2), other)))
		return SASL_MALFORMED;
	if (as.len > 0 && strcmp(other, s->name) != 0)
		return SASL_BAD;
	s->step = SASL_PROOF;
	return SASL_KEY;
}

enum sasl_want
sasl_key(struct sasl *s, const struct scram_key *k, struct span nonce)
{
	struct buf	 b;
	bool		 good;

	s->key = *k;
	s->nonce_len = s->server_len + nonce.len - s->nonce_at;
	buf_init(&b, SASL_MESSAGE_MAX);
	good = buf_put(&b, nonce) && buf_put(&b, span_of(",s=")) &&
	    base64_put(&b, span_make(k->salt, k->salt_len)) &&
	    buf_printf(&b, ",i=%u", (unsigned)k->iterations) &&
	    put(s->server, sizeof s->server, &s->server_len, buf_span(&b));
	buf_clear(&b);
	if (!good)
		return SASL_MALFORMED;
	memcpy(s->said, s->server, s->server_len);
	s->said_len = s->server_len;
	return SASL_SAY;
}

/* ---- the client's last message ------------------------------------------- */

/* c: GS2's header and, with -PLUS, what this connection alone has. */
static bool
is_bound(const struct sasl *s, struct span text)
{
	char	 heard[SASL_HEADER_MAX + BINDING_MAX];
	char	 wanted[SASL_HEADER_MAX + BINDING_MAX];
	size_t	 n, len = 0;

	(void)put(wanted, sizeof wanted, &len,
	    span_make(s->header, s->header_len));
	if (s->mechanism == SASL_SCRAM_PLUS)
		(void)put(wanted, sizeof wanted, &len,
		    span_make(s->binding_data, s->binding_len));
	return base64_take(text, heard, sizeof heard, &n) && n == len &&
	    CRYPTO_memcmp(heard, wanted, len) == 0;
}

/* The last attribute, which proves the rest. */
static bool
cut_proof(struct span message, struct span *rest, struct span *proof)
{
	size_t	 at = message.len;

	while (at > 0 && message.ptr[at - 1] != ',')
		at--;
	if (at == 0)
		return false;
	*rest = span_head(message, at - 1);
	*proof = span_skip(message, at);
	return span_starts(*proof, "p=");
}

/* client-first-bare "," server-first "," client-final-without-proof */
static size_t
put_signed(const struct sasl *s, struct span final,
    char into[4 * SASL_MESSAGE_MAX])
{
	enum { SIZE = 4 * SASL_MESSAGE_MAX };
	size_t	 n = 0;

	(void)put(into, SIZE, &n, span_make(s->first, s->first_len));
	(void)put(into, SIZE, &n, span_of(","));
	(void)put(into, SIZE, &n, span_make(s->server, s->server_len));
	(void)put(into, SIZE, &n, span_of(","));
	(void)put(into, SIZE, &n, final);
	return n;
}

/* StoredKey is the hash of what the proof hides behind a signature. */
static bool
is_proven(const struct sasl *s, struct span text,
    const uint8_t proof[SCRAM_HASH])
{
	uint8_t	 key[SCRAM_HASH], hash[SCRAM_HASH];
	size_t	 i;

	scram_hmac(s->key.stored, SCRAM_HASH, text, key);
	for (i = 0; i < SCRAM_HASH; i++)
		key[i] ^= proof[i];
	scram_hash(key, sizeof key, hash);
	explicit_bzero(key, sizeof key);
	return CRYPTO_memcmp(hash, s->key.stored, SCRAM_HASH) == 0;
}

static void
say_signature(struct sasl *s, struct span text)
{
	uint8_t		 signature[SCRAM_HASH];
	struct buf	 b;

	scram_sign(&s->key, text, signature);
	buf_init(&b, sizeof s->said);
	(void)buf_put(&b, span_of("v="));
	(void)base64_put(&b, span_make(signature, sizeof signature));
	s->said_len = buf_len(&b);
	memcpy(s->said, buf_span(&b).ptr, s->said_len);
	buf_clear(&b);
}

enum sasl_want
scram_final(struct sasl *s, struct span message)
{
	char		 text[4 * SASL_MESSAGE_MAX];
	struct span	 rest, final, bound, nonce, proof_text;
	uint8_t		 proof[SCRAM_HASH];
	size_t		 n;

	if (!cut_proof(message, &final, &proof_text) ||
	    !base64_take(span_skip(proof_text, 2), proof, sizeof proof, &n) ||
	    n != sizeof proof)
		return SASL_MALFORMED;
	rest = final;
	if (!scram_take(&rest, 'c', &bound) ||
	    !scram_take(&rest, 'r', &nonce) ||
	    final.ptr[final.len - 1] == ',' || !are_optional(rest))
		return SASL_MALFORMED;
	if (!is_bound(s, bound) || !span_equal(nonce,
	    span_make(s->server + s->nonce_at, s->nonce_len)))
		return SASL_BAD;
	n = put_signed(s, final, text);
	if (!is_proven(s, span_make(text, n), proof))
		return SASL_BAD;
	say_signature(s, span_make(text, n));
	s->step = SASL_LAST;
	return SASL_SAY;
}
