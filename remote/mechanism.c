/* SPDX-License-Identifier: ISC */
#include "remote/mechanism.h"

static const char *const	 names[MECHANISM_COUNT] = {
	[MECHANISM_SCRAM_PLUS]	= "SCRAM-SHA-256-PLUS",
	[MECHANISM_SCRAM]	= "SCRAM-SHA-256",
	[MECHANISM_PLAIN]	= "PLAIN",
	[MECHANISM_LOGIN]	= "LOGIN",
	[MECHANISM_XOAUTH2]	= "XOAUTH2",
};

const char *
mechanism_name(enum mechanism m)
{
	return names[m];
}

unsigned
mechanism_bits(struct span all)
{
	struct span	 word;
	unsigned	 i, bits = 0;

	while ((word = span_word(&all)).len > 0)
		for (i = 0; i < MECHANISM_COUNT; i++)
			if (span_is_word(word, names[i]))
				bits |= 1u << i;
	return bits;
}
