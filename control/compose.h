/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_COMPOSE_H
#define CONTROL_COMPOSE_H

#include "shared/addr.h"
#include "shared/buf.h"

/*
 * The header as it goes out: Return-Path dropped, and Bcc where the recipients
 * come from it; From, Date and Message-ID added where they are missing (RFC
 * 5322 section 3.6).  What stands is not rewritten.
 */
struct compose {
	struct addr	 from;
	const char	*name;		/* of the author; may be empty */
	const char	*host;		/* right side of a Message-ID */
	int64_t		 now;		/* wall microseconds */
	bool		 drops_bcc;	/* and Resent-Bcc */
};

/* False when `out` is too small. */
bool	 compose_header(const struct compose *, struct span header,
	    struct buf *out);

/* A name as a phrase: quoted, or as encoded words (RFC 2047) when it is not
 * ASCII; nothing when it is neither ASCII nor UTF-8. */
bool	 compose_phrase(const char *name, struct buf *out);

#endif
