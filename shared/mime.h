/* SPDX-License-Identifier: ISC */
#ifndef SHARED_MIME_H
#define SHARED_MIME_H

#include "shared/buf.h"

/*
 * Text that is not ASCII, or has long lines, as what every relay takes.
 */

/* Text of UTF-8 as encoded words (RFC 2047), folded; the caller knows that it
 * is UTF-8, and has no control characters. */
bool	 mime_put_words(struct span, struct buf *);

/*
 * The other way: text of a field, unfolded, its encoded words read, as UTF-8
 * without control characters.  False when it is in no charset that we know
 * (UTF-8, ISO 8859-1, ASCII), or is broken; what is longer than `size` less a
 * NUL is cut.
 */
bool	 mime_read_words(struct span, char *into, size_t size);

/* Lines that end with CRLF or LF, as quoted-printable (RFC 2045 section
 * 6.7); the last one gets an end. */
bool	 mime_put_quoted(struct span, struct buf *);

#endif
