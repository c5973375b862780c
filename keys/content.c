/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "keys/content.h"
#include "shared/alloc.h"

/* ---- TLS 1.3 ------------------------------------------------------------- */

#define CONTEXT		"TLS 1.3, server CertificateVerify"

enum { BLANKS = 64, SHA256_SIZE = 32, SHA384_SIZE = 48 };

/* With the zero behind it. */
static bool
is_verify(struct span s)
{
	size_t	 i, head = BLANKS + sizeof CONTEXT;

	if (s.len != head + SHA256_SIZE && s.len != head + SHA384_SIZE)
		return false;
	for (i = 0; i < BLANKS; i++)
		if (s.ptr[i] != ' ')
			return false;
	return memcmp(s.ptr + BLANKS, CONTEXT, sizeof CONTEXT) == 0;
}

/* ---- TLS 1.2 ------------------------------------------------------------- */

enum {
	RANDOMS		= 64,	/* the client's and the server's */
	NAMED_CURVE	= 3,
	UNCOMPRESSED	= 4,	/* RFC 8422 section 5.4.1 */
	PARAMS_HEAD	= 4	/* curve type, curve, length of the point */
};

static const struct {
	unsigned	 group;
	unsigned	 size;		/* of its points */
	bool		 marked;	/* by UNCOMPRESSED */
} groups[] = {
	{ 23, 65, true },		/* secp256r1 */
	{ 24, 97, true },		/* secp384r1 */
	{ 25, 133, true },		/* secp521r1 */
	{ 29, 32, false },		/* x25519 */
	{ 30, 56, false },		/* x448 */
};

static bool
is_exchange(struct span s)
{
	const uint8_t	*p = (const uint8_t *)s.ptr + RANDOMS;
	size_t		 i;

	if (s.len <= RANDOMS + PARAMS_HEAD || p[0] != NAMED_CURVE)
		return false;
	for (i = 0; i < COUNT(groups); i++)
		if ((p[1] << 8 | p[2]) == (int)groups[i].group)
			return p[3] == groups[i].size && s.len ==
			    RANDOMS + PARAMS_HEAD + groups[i].size &&
			    (!groups[i].marked || p[4] == UNCOMPRESSED);
	return false;
}

enum content
content_kind(struct span s)
{
	if (is_verify(s))
		return CONTENT_VERIFY;
	return is_exchange(s) ? CONTENT_EXCHANGE : CONTENT_NONE;
}

/* ---- schemes ------------------------------------------------------------- */

static const struct scheme	 schemes[] = {
	{ 0x0401, "SHA256", NULL, false },
	{ 0x0501, "SHA384", NULL, false },
	{ 0x0601, "SHA512", NULL, false },
	{ 0x0804, "SHA256", NULL, true },
	{ 0x0805, "SHA384", NULL, true },
	{ 0x0806, "SHA512", NULL, true },
	{ 0x0403, "SHA256", "prime256v1", false },
	{ 0x0503, "SHA384", "secp384r1", false },
	{ 0x0603, "SHA512", "secp521r1", false },
};

const struct scheme *
scheme_find(unsigned number)
{
	size_t	 i;

	for (i = 0; i < COUNT(schemes); i++)
		if (schemes[i].number == number)
			return &schemes[i];
	return NULL;
}

bool
scheme_suits(const struct scheme *s, enum content kind)
{
	if (kind == CONTENT_VERIFY)
		return s->curve != NULL || s->pss;
	return kind == CONTENT_EXCHANGE;
}
