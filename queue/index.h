/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_INDEX_H
#define QUEUE_INDEX_H

#include "queue/letter.h"
#include "queue/row.h"
#include "queue/spool.h"

/*
 * The index of the spool, in LMDB; its tables are in INTERNALS.md, section 5.
 * One thread writes (index_write.h), every thread may read (index_read.h).
 */
struct index;

enum index_table {
	TABLE_META, TABLE_MESSAGE, TABLE_RECIPIENT, TABLE_INCOMING, TABLE_AGE,
	TABLE_WAIT, TABLE_DESTINATION, TABLE_DUE, TABLE_HISTORY, TABLE_COUNT
};

/* Opens index/ below the root, or makes a new one; fatal when it cannot.  Sets
 * the spool's lineage. */
struct index	*index_open(struct spool *);
void		 index_close(struct index *);

/* As it was at the opening. */
uint64_t	 index_last(const struct index *);	/* highest id given */
bool		 index_is_new(const struct index *);

/* What it is to be completed from, until that is done: the files of an index,
 * or of a journal, that is gone. */
enum rebuild { REBUILD_NOTHING, REBUILD_INDEX, REBUILD_JOURNAL };
enum rebuild	 index_rebuild(const struct index *);

/* The journal in front of it: its lineage, or 0; the highest position that has
 * been applied; the position from which on it may hold what is not here. */
uint64_t	 index_journal(const struct index *);
uint64_t	 index_position(const struct index *);
uint64_t	 index_clean(const struct index *);

/* Delays until this time have been told; 0: by no queue so far. */
uint64_t	 index_delayed(const struct index *);

/* Frees what dead readers hold. */
void		 index_sweep_readers(struct index *);

#endif
