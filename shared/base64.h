/* SPDX-License-Identifier: ISC */
#ifndef SHARED_BASE64_H
#define SHARED_BASE64_H

#include "shared/buf.h"

/*
 * RFC 4648 section 4, and nothing beside it: no white space, all padding, no
 * bits behind the last octet.  What has two spellings could be told apart.
 */

/* Octets that `n` octets take with base64; at most so many without. */
size_t	 base64_length(size_t n);
size_t	 base64_octets(size_t n);

/* Appends; false, and nothing is appended, when the buf refuses. */
bool	 base64_put(struct buf *, struct span octets);

/* Into `into`, which has room for `size` octets; false when `text` is not
 * base64, or too long. */
bool	 base64_take(struct span text, void *into, size_t size, size_t *len);

#endif
