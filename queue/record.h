/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_RECORD_H
#define QUEUE_RECORD_H

#include "queue/batch.h"
#include "queue/change.h"

/*
 * A change as the journal keeps it: one record, or for a notice several,
 * which stand in one batch and so count all or none.  INTERNALS.md, section 6.
 */
enum record_kind {
	RECORD_ACCEPT = 1,	/* a message with its content */
	RECORD_FILE,		/* a message whose content is a file */
	RECORD_RESULT,		/* a recipient's next row, or its end */
	RECORD_EXPAND,		/* a recipient's leaves */
	RECORD_REPORTED,	/* recipients whose sender was told */
	RECORD_SPILLED,		/* a message has file and rows */
	RECORD_ABORT,		/* a message was not promised */
	RECORD_REMOVE,		/* a message goes, whole */
	RECORD_MARKED,		/* recipients whose sender was told of delay */
	RECORD_END
};

/* What all records of a batch may take. */
enum { RECORDS_MAX = BATCH_MAX - BATCH_HEAD };

/*
 * Appends the records of a change; false, with the buf as it was, when they do
 * not fit.  For content, `place.offset` is then where it begins in the buf,
 * and `crc` its checksum.
 */
bool	 record_put(struct buf *, struct change *);

/*
 * The next record of a batch as a change that has not happened; NULL at the
 * end, and for what we cannot have written, which sets `bad`.  `place.offset`
 * is counted from where `rest` began when `from` was its length.
 */
struct change	*record_take(struct span *rest, size_t from, bool *bad);

#endif
