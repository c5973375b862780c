/* SPDX-License-Identifier: ISC */
#ifndef SHARED_XTEXT_H
#define SHARED_XTEXT_H

#include "shared/span.h"

/*
 * Takes xtext (RFC 3461 section 4) apart, with a NUL behind it.  False when it
 * is none, holds more than printable ASCII, or has no room in `size` octets.
 */
bool	 xtext_decode(struct span, char *into, size_t size);

/* The same of text in any language: all octets but control characters. */
bool	 xtext_decode_text(struct span, char *into, size_t size);

/* Makes it of any octets; false, and `into` is empty, when there is no room. */
bool	 xtext_encode(struct span, char *into, size_t size);

/* What a hexadecimal digit, in upper case, stands for; -1: it is none. */
int	 xtext_digit(char);

#endif
