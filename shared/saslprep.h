/* SPDX-License-Identifier: ISC */
#ifndef SHARED_SASLPREP_H
#define SHARED_SASLPREP_H

#include "shared/span.h"

/*
 * Names and passwords as all clients write them: SASLprep, RFC 4013.  Into
 * `into`, with a NUL behind it; false when it is not UTF-8, has characters
 * that SASLprep forbids, is too long, or when nothing is left; `into` is empty
 * then.
 *
 * What is kept may have no characters that are not assigned yet; what is only
 * compared may (RFC 3454 section 7).
 */
enum saslprep_use { SASLPREP_KEPT, SASLPREP_COMPARED };

bool	 saslprep(struct span text, enum saslprep_use, char *into,
	    size_t size);

#endif
