/* SPDX-License-Identifier: ISC */
/* What a hostile smtpd would like to have of keys. */
#include <string.h>

#include "shared/alloc.h"
#include "tests/wires/rig.h"

enum { ECDSA_SHA256 = 0x0403, FEW = 10, TRIES = 200 };

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
	static char	 text[SIGN_CONTENT_MAX];
	struct msg_sign	 m;
	unsigned	 bit;

	signing_ask(r, 0, &m);
	memcpy(text, m.content.ptr, m.content.len);
	m.content.ptr = text;
	rig_check(r, try(r, &m) > 0, "what is right is not signed");
	for (bit = 0; bit < 8 * (m.content.len - 32); bit += 3) {
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
