/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_CHUNK_H
#define SMTPD_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/buf.h"

struct session;

/*
 * BDAT (RFC 3030): octets that are counted.  They are read to their end before
 * anything is said, also when they are not wanted.  After a chunk that failed
 * all others of its message fail, up to the last one or RSET; else a message
 * could stand without its middle.
 */
struct chunk {
	uint64_t	 size;		/* as it was told */
	uint64_t	 left;		/* octets of it that are to come */
	bool		 open;		/* its answer is to be said */
	bool		 last;
	bool		 malformed;	/* its line was, but for the size */
};

/* The command; `arg` is what stands behind it. */
void	 chunk_begin(struct session *, struct span arg);

/* A line of BDAT that tells no size: 501, and the session is over. */
void	 chunk_unframed(struct session *);

/* Octets of the open chunk off the head of `in`; false when nothing could be
 * done.  The transaction may be over behind it. */
bool	 chunk_take(struct session *, struct buf *in);

#endif
