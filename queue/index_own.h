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
	bool		 is_new;
	enum rebuild	 rebuild;
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

/* -1: there is no such table. */
int	 table_by_name(struct span);

/*
 * Each value ends with a checksum over table, key and value, because LMDB has
 * none: row_seal appends it, row_is_whole compares it, and gives the row
 * without it.
 */
void	 row_seal(enum index_table, struct span key, struct pack *row);
bool	 row_is_whole(enum index_table, struct span key, struct span sealed,
	    struct span *row);

/* The first whole row of a table whose key is not below `key`; those that are
 * damaged are told and passed over.  An LMDB status. */
struct found {
	MDB_val		 key;
	struct span	 row;
};

int	 table_seek(struct index *, MDB_txn *, enum index_table,
	    struct span key, struct found *);

/* Of a write transaction; value NULL: an empty one.  0, or -1 with errno; a row
 * that is not there needs no removal. */
struct writing;
int	 table_put(struct writing *, enum index_table, const struct pack *key,
	    const struct pack *value, unsigned flags);
int	 table_del(struct writing *, enum index_table, const struct pack *key);

/* A message's row, which borrows from `raw`, with its place in `incoming`; and
 * its place in `age`, a recipient's in `wait`, that are there, or not. */
int	 table_get_message(struct writing *, uint64_t id, char raw[ROW_MAX],
	    struct message_row *);
int	 table_put_message(struct writing *, uint64_t id,
	    const struct message_row *);
int	 table_put_age(struct writing *, uint64_t id, const struct addr *sender,
	    bool there);
int	 table_put_wait(struct writing *, uint64_t id, uint32_t number,
	    const struct recipient_row *, bool there);

/* All that a message's history has. */
int	 table_forget_events(struct writing *, uint64_t id);

/* The first row of a destination in `wait`; false: there is none. */
bool	 table_first_wait(struct index *, MDB_txn *, struct span name,
	    uint64_t due, struct wait_key *);

#endif
