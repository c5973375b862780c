/* SPDX-License-Identifier: ISC */
/* What keys is asked to sign: keys/content. */
#include <string.h>

#include "keys/content.h"
#include "tests/fuzz/fuzz.h"

#define BLANKS	"                                "	/* 32 */
#define HEAD	BLANKS BLANKS "TLS 1.3, server CertificateVerify"

/* The groups of ECDHE, and what a point of each begins with. */
static const struct {
	char	 params[5];
	size_t	 head, len;
} points[] = {
	{ { 3, 0, 23, 65, 4 }, 5, 65 },
	{ { 3, 0, 24, 97, 4 }, 5, 97 },
	{ { 3, 0, 25, (char)133, 4 }, 5, 133 },
	{ { 3, 0, 29, 32 }, 4, 32 },
	{ { 3, 0, 30, 56 }, 4, 56 },
};

static enum content
slowly(struct span s)
{
	static const char	 head[] = HEAD;
	size_t			 i;

	if ((s.len == sizeof head + 32 || s.len == sizeof head + 48) &&
	    span_equal(span_head(s, sizeof head),
	    span_make(head, sizeof head)))
		return CONTENT_VERIFY;
	for (i = 0; i < sizeof points / sizeof *points; i++)
		if (s.len == 64 + 4 + points[i].len && span_equal(
		    span_head(span_skip(s, 64), points[i].head),
		    span_make(points[i].params, points[i].head)))
			return CONTENT_EXCHANGE;
	return CONTENT_NONE;
}

void
fuzz_one(struct span input)
{
	unsigned		 number = fuzz_choice(&input) << 8;
	enum content		 kind;
	const struct scheme	*s;

	number |= fuzz_choice(&input);
	kind = content_kind(input);
	fuzz_claim(kind == slowly(input), "a slow reader says the same");
	if (kind != CONTENT_NONE)
		fuzz_claim(content_kind(span_head(input, input.len - 1)) ==
		    CONTENT_NONE, "nothing else begins so");
	s = scheme_find(number);
	if (s == NULL)
		return;
	fuzz_claim(s->number == number && !scheme_suits(s, CONTENT_NONE),
	    "no scheme is for anything else");
	fuzz_claim(scheme_suits(s, CONTENT_VERIFY) == (number >> 8 == 8 ||
	    (number & 0xff) == 3), "PKCS #1 is not for TLS 1.3");
}
