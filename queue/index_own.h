/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_INDEX_OWN_H
#define QUEUE_INDEX_OWN_H

#include <lmdb.h>

#include "queue/index.h"

/* What the sources of the index share, and nobody else sees. */
struct index {
	MDB_env		*env;
	MDB_dbi		 tables[TABLE_COUNT];
	uint64_t	 last;
	uint64_t	 journal, position, clean;
	bool		 is_new, wants_rebuild;
};

/* Names in the table "meta". */
#define META_VERSION	"version"
#define META_LINEAGE	"lineage"
#define META_LAST	"last"
#define META_REBUILD	"rebuild"
#define META_JOURNAL	"journal"
#define META_POSITION	"position"
#define META_CLEAN	"clean"

MDB_val		 val_of(struct span);
struct span	 val_span(const MDB_val *);

/* The first row of a table whose key is not below `key`; an LMDB status. */
int	 table_seek(MDB_txn *, MDB_dbi, struct span key, MDB_val *k,
	    MDB_val *v);

/* The first row of a destination in `wait`; false: there is none. */
bool	 table_first_wait(MDB_txn *, MDB_dbi, struct span name, uint64_t due,
	    struct wait_key *);

#endif
