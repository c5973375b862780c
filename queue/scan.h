/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_SCAN_H
#define QUEUE_SCAN_H

#include "queue/record.h"
#include "queue/segments.h"

/*
 * Reads a journal from its tail to its end, at start.
 *
 * The end is where no batch follows that is whole: a batch that was being
 * written when all ended was never acknowledged.  But it may have been whole
 * once: what can be told from former lives of the segment is copied to
 * quarantine/, with a warning.  What is damaged with good batches behind it was
 * on disk for sure.  It is copied and told as an error, and the reading goes on
 * behind it.
 */
struct scan {
	/* Each record, in order; the change is the callee's. */
	void		(*record)(struct change *, void *arg);
	void		*arg;
	uint64_t	 batches, records, octets;
	unsigned	 damaged;	/* places */
	unsigned	 torn;		/* at the end */
	const struct segment *last;	/* that had a good batch */
};

/*
 * `lineage`: the journal that the index belongs to, 0: whichever there is.
 * Files of another one that have something in them go to quarantine/.  Leaves
 * the segments ready for the next batch; fatal when the disk cannot be read.
 */
void	 scan_journal(struct segments *, uint64_t lineage, struct scan *);

#endif
