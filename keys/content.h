/* SPDX-License-Identifier: ISC */
#ifndef KEYS_CONTENT_H
#define KEYS_CONTENT_H

#include <stdbool.h>

#include "shared/span.h"

/*
 * What a TLS server signs in a handshake, and nothing else.  Pure.  The two
 * kinds cannot be taken for each other, nor for what a client or another
 * protocol signs: one has 64 blanks and its name, the other parameters of a
 * key exchange, in full, behind two random numbers.
 */
enum content {
	CONTENT_NONE,		/* anything else */
	CONTENT_VERIFY,		/* RFC 8446 section 4.4.3, of a server */
	CONTENT_EXCHANGE	/* RFC 8422 section 5.4, on a named curve */
};

enum content	 content_kind(struct span);

/* A SignatureScheme that is used here (RFC 8446 section 4.2.3), as far as it
 * concerns keys; NULL for all others, those with SHA-1 among them. */
struct scheme {
	unsigned	 number;
	const char	*digest;
	const char	*curve;		/* of TLS 1.3; NULL: RSA */
	bool		 pss;
};

const struct scheme	*scheme_find(unsigned number);

/* May a signature by this scheme be over such content?  RFC 8446 section
 * 4.2.3: PKCS #1 is for certificates and TLS 1.2 alone. */
bool	 scheme_suits(const struct scheme *, enum content);

#endif
