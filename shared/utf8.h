/* SPDX-License-Identifier: ISC */
#ifndef SHARED_UTF8_H
#define SHARED_UTF8_H

#include "shared/span.h"

/*
 * RFC 3629: no shorter spellings, no halves of pairs, nothing beyond Unicode.
 */

/* Octets of the character at the head; 0 when there is none, or all of it is
 * not there.  Control characters are characters. */
size_t	 utf8_length(struct span);

bool	 utf8_is_valid(struct span);

/* The number of the character at the head, of so many octets. */
uint32_t utf8_number(struct span, size_t length);

/* No octet is above 127. */
bool	 utf8_is_ascii(struct span);

#endif
