/* SPDX-License-Identifier: ISC */
#include <openssl/crypto.h>

#include <string.h>

#include "shared/alloc.h"
#include "shared/base64.h"
#include "shared/log.h"
#include "shared/saslprep.h"
#include "remote/login.h"

/* Octets of what we say, before base64. */
enum { SAID_MAX = HOP_SECRET_MAX + ACCOUNT_TEXT_MAX + 64 };

static unsigned
wanted(const struct hop *h)
{
	unsigned	 bits = mechanism_bits(span_of(h->mechanisms));

	if (h->mechanisms[0] == '\0')
		return ~(1u << MECHANISM_XOAUTH2);
	if (bits & 1u << MECHANISM_SCRAM)
		bits |= 1u << MECHANISM_SCRAM_PLUS;
	return bits;
}

void
login_init(struct login *l, const struct hop *hop, unsigned offered,
    const uint8_t nonce[LOGIN_NONCE], const struct binding *binding)
{
	struct buf	 b;

	memset(l, 0, sizeof *l);
	l->hop = hop;
	l->offered = offered;
	l->mechanism = MECHANISM_NONE;
	if (binding != NULL)
		l->binding = *binding;
	buf_init(&b, LOGIN_NONCE_TEXT);
	if (!base64_put(&b, span_make(nonce, LOGIN_NONCE)) ||
	    !span_copy(buf_span(&b), l->nonce, sizeof l->nonce))
		fatal("login: a nonce has no room");
	buf_clear(&b);
}

void
login_clear(struct login *l)
{
	explicit_bzero(l, sizeof *l);
}

const char *
login_next(struct login *l)
{
	unsigned	 may = l->offered & wanted(l->hop) & ~l->tried;
	unsigned	 i = 0;

	if (l->binding.len == 0)
		may &= ~(1u << MECHANISM_SCRAM_PLUS);
	while (i < MECHANISM_COUNT && !(may & 1u << i))
		i++;
	if (i == MECHANISM_COUNT)
		return NULL;
	l->mechanism = i;
	l->tried |= 1u << i;
	l->answers = 0;
	l->complete = i != MECHANISM_SCRAM && i != MECHANISM_SCRAM_PLUS;
	return mechanism_name(i);
}

/* ---- words --------------------------------------------------------------- */

/* As all clients write it; octets that SASLprep does not know stay. */
static bool
put_prepared(struct buf *b, struct span text)
{
	char	 prepared[HOP_SECRET_MAX + 1];
	bool	 good;

	if (saslprep(text, SASLPREP_COMPARED, prepared, sizeof prepared))
		good = buf_put(b, span_of(prepared));
	else
		good = buf_put(b, text);
	explicit_bzero(prepared, sizeof prepared);
	return good;
}

static bool
put_user(const struct login *l, struct buf *b)
{
	return put_prepared(b, span_of(l->hop->user));
}

static struct span
secret(const struct login *l)
{
	return span_make(l->hop->secret, l->hop->secret_len);
}

static bool
put_octet(struct buf *b, char c)
{
	return buf_put(b, span_make(&c, 1));
}

/* ---- PLAIN, LOGIN, XOAUTH2 ----------------------------------------------- */

static bool
say_plain(const struct login *l, struct buf *b)
{
	return put_octet(b, '\0') && put_user(l, b) && put_octet(b, '\0') &&
	    put_prepared(b, secret(l));
}

/* No standard says what is asked: first comes the name. */
static bool
say_login(const struct login *l, struct buf *b)
{
	if (l->answers == 0)
		return put_user(l, b);
	return l->answers == 1 && put_prepared(b, secret(l));
}

static bool
say_xoauth2(const struct login *l, struct buf *b)
{
	return buf_printf(b, "user=%s\001auth=Bearer ", l->hop->user) &&
	    buf_put(b, secret(l)) && buf_put(b, span_of("\001\001"));
}

/* ---- SCRAM: RFC 5802 section 7 ------------------------------------------- */

/*
 * A server that could bind and did not say so to us was made to look so by
 * somebody in between: "y" lets it find out (section 6).
 */
static bool
put_header(const struct login *l, struct buf *b)
{
	if (l->mechanism == MECHANISM_SCRAM_PLUS)
		return buf_printf(b, "p=%s,,", l->binding.type);
	if (l->binding.len > 0 && !(l->offered & 1u << MECHANISM_SCRAM_PLUS))
		return buf_put(b, span_of("y,,"));
	return buf_put(b, span_of("n,,"));
}

/* saslname, where "," is "=2C" and "=" is "=3D". */
static bool
put_name(const struct login *l, struct buf *b)
{
	struct buf	 plain;
	struct span	 rest;
	bool		 good;

	buf_init(&plain, ACCOUNT_TEXT_MAX);
	good = put_user(l, &plain);
	for (rest = buf_span(&plain); good && rest.len > 0;
	    rest = span_skip(rest, 1)) {
		if (rest.ptr[0] == ',')
			good = buf_put(b, span_of("=2C"));
		else if (rest.ptr[0] == '=')
			good = buf_put(b, span_of("=3D"));
		else
			good = put_octet(b, rest.ptr[0]);
	}
	buf_clear(&plain);
	return good;
}

static bool
say_first(struct login *l, struct buf *b)
{
	struct buf	 bare;
	bool		 good;

	buf_init(&bare, sizeof l->first);
	good = buf_put(&bare, span_of("n=")) && put_name(l, &bare) &&
	    buf_printf(&bare, ",r=%s", l->nonce);
	l->first_len = buf_len(&bare);
	memcpy(l->first, buf_span(&bare).ptr, l->first_len);
	good = good && put_header(l, b) && buf_put(b, buf_span(&bare));
	buf_clear(&bare);
	return good;
}

static bool
put_bound(const struct login *l, struct buf *b)
{
	struct buf	 c;
	bool		 good;

	buf_init(&c, BINDING_NAME_MAX + BINDING_MAX + 8);
	good = put_header(l, &c);
	if (l->mechanism == MECHANISM_SCRAM_PLUS)
		good = good && buf_put(&c, span_make(l->binding.data,
		    l->binding.len));
	good = good && base64_put(b, buf_span(&c));
	buf_clear(&c);
	return good;
}

/* A server that asks for much work would have the loop wait for it. */
static bool
parse_first(const struct login *l, struct span message, struct scram_key *k,
    struct span *nonce)
{
	struct span	 rest = message, salt, count;
	uint64_t	 n;

	if (!scram_take(&rest, 'r', nonce) || !scram_is_nonce(*nonce) ||
	    !span_starts(*nonce, l->nonce) ||
	    nonce->len == strlen(l->nonce) ||
	    !scram_take(&rest, 's', &salt) || !scram_take(&rest, 'i', &count))
		return false;
	if (!span_parse_u64(count, LOGIN_ITERATIONS_MAX, &n) || n == 0)
		return false;
	k->iterations = n;
	return base64_take(salt, k->salt, sizeof k->salt, &k->salt_len) &&
	    k->salt_len > 0;
}

static bool
prove(struct login *l, struct scram_key *k, struct span text,
    struct buf *out)
{
	uint8_t		 proof[SCRAM_HASH];
	struct buf	 password;
	bool		 good;

	buf_init(&password, HOP_SECRET_MAX);
	good = buf_reserve(&password, HOP_SECRET_MAX) &&
	    put_prepared(&password, secret(l));
	scram_prove(k, buf_span(&password), text, proof);
	scram_sign(k, text, l->signature);
	buf_wipe(&password);
	return good && buf_put(out, span_of(",p=")) &&
	    base64_put(out, span_make(proof, sizeof proof));
}

/* What both sign: client-first-bare "," server-first ","
 * client-final-without-proof. */
static bool
say_final(struct login *l, struct span message, struct buf *out)
{
	struct scram_key	 k = { 0 };
	struct span		 nonce;
	struct buf		 text;
	bool			 good;

	if (!parse_first(l, message, &k, &nonce))
		return false;
	buf_init(&text, 4 * SASL_MESSAGE_MAX);
	good = buf_put(out, span_of("c=")) && put_bound(l, out) &&
	    buf_put(out, span_of(",r=")) && buf_put(out, nonce) &&
	    buf_put(&text, span_make(l->first, l->first_len)) &&
	    put_octet(&text, ',') && buf_put(&text, message) &&
	    put_octet(&text, ',') && buf_put(&text, buf_span(out)) &&
	    prove(l, &k, buf_span(&text), out);
	buf_clear(&text);
	explicit_bzero(&k, sizeof k);
	return good;
}

static bool
is_signed(struct login *l, struct span message)
{
	uint8_t		 signature[SCRAM_HASH];
	struct span	 value;
	size_t		 n;

	l->complete = scram_take(&message, 'v', &value) &&
	    base64_take(value, signature, sizeof signature, &n) &&
	    n == sizeof signature &&
	    CRYPTO_memcmp(signature, l->signature, n) == 0;
	return l->complete;
}

static bool
say_scram(struct login *l, struct span message, struct buf *out)
{
	if (l->answers == 0)
		return say_first(l, out);
	if (l->answers == 1)
		return say_final(l, message, out);
	return l->answers == 2 && is_signed(l, message);
}

/* ---- all of them --------------------------------------------------------- */

/* What comes behind the token says what is wrong with it; who has read that
 * says nothing, and is refused. */
static bool
say(struct login *l, struct span message, struct buf *out)
{
	switch (l->mechanism) {
	case MECHANISM_SCRAM_PLUS:
	case MECHANISM_SCRAM:
		return say_scram(l, message, out);
	case MECHANISM_PLAIN:
		return l->answers == 0 && say_plain(l, out);
	case MECHANISM_LOGIN:
		return say_login(l, out);
	case MECHANISM_XOAUTH2:
		return l->answers > 0 ? l->answers == 1 :
		    say_xoauth2(l, out);
	default:
		return false;
	}
}

static bool
answer(struct login *l, struct span message, struct buf *out)
{
	struct buf	 b;
	bool		 good;

	buf_init(&b, SAID_MAX);
	good = buf_reserve(&b, SAID_MAX) && say(l, message, &b) &&
	    buf_reserve(out, base64_length(buf_len(&b))) &&
	    base64_put(out, buf_span(&b));
	buf_wipe(&b);
	l->answers++;
	return good;
}

bool
login_begin(struct login *l, struct buf *out)
{
	if (l->mechanism == MECHANISM_LOGIN)
		return false;
	if (answer(l, span_of(""), out))
		return true;
	l->answers = 0;
	return false;
}

bool
login_hear(struct login *l, struct span challenge, struct buf *out)
{
	char	 octets[SASL_MESSAGE_MAX];
	size_t	 n = 0;

	if ((l->mechanism == MECHANISM_SCRAM ||
	    l->mechanism == MECHANISM_SCRAM_PLUS) &&
	    !base64_take(span_trim(challenge), octets, sizeof octets, &n))
		return false;
	return answer(l, span_make(octets, n), out);
}
