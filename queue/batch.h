/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_BATCH_H
#define QUEUE_BATCH_H

#include "shared/span.h"

/*
 * The head of a batch, the unit in which the journal is written: all of it
 * counts, or nothing.  A position is an offset in the endless journal of which
 * the segments are windows, and never comes again: so what a recycled segment
 * still holds of its former life cannot be taken for a batch of this one.  The
 * lineage is random and known to nobody outside, so no content of a message
 * can be.  Format: INTERNALS.md, section 6.
 */
enum {
	BATCH_BLOCK	= 4096,		/* what a disk tears at most */
	BATCH_HEAD	= 64,
	BATCH_MAX	= 8 << 20	/* head and records */
};

struct batch_head {
	uint64_t	 lineage;	/* of this journal */
	uint64_t	 position;	/* of this batch */
	uint64_t	 previous;	/* where the one before it ended */
	uint64_t	 tail;		/* what is before it, nobody needs */
	uint64_t	 clock;		/* the highest id given so far */
	uint32_t	 length;	/* of the records, octets */
	uint32_t	 sum;		/* CRC-32C of the records */
};

void	 batch_head_encode(const struct batch_head *, char raw[BATCH_HEAD]);

/* False: no head, or a damaged one. */
bool	 batch_head_decode(const char raw[BATCH_HEAD], struct batch_head *);

/* Octets that a batch takes: whole blocks, so that no later write touches one
 * that holds what was promised. */
uint64_t batch_size(uint32_t length);

#endif
