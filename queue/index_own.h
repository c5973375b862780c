/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_INDEX_OWN_H
#define QUEUE_INDEX_OWN_H

#include <lmdb.h>

#include "queue/index_write.h"

/* What the sources of the index share, and nobody else sees. */
struct index {
	MDB_env		*env;
	MDB_dbi		 tables[TABLE_COUNT];
	uint64_t	 lineage;
	uint64_t	 last;
	uint64_t	 journal, position, clean;
	uint64_t	 delayed;
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
#define META_DELAYED	"delayed"

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

/* The first row in `wait` of the lane that `k` names, at its `due` or behind;
 * false: there is none. */
bool	 table_first_wait(struct index *, MDB_txn *, struct wait_key *k);

/* Of a write transaction: 0, or -1 with errno.  What is not there needs no
 * removal.  A copy, because what LMDB gives dies with the next change. */
int	 writing_result(int rc);	/* of an LMDB status */
int	 writing_unreadable(void);
int	 writing_put(struct writing *, enum index_table,
	    const struct pack *key, const struct pack *value, unsigned flags);
int	 writing_del(struct writing *, enum index_table,
	    const struct pack *key);
int	 writing_copy(struct writing *, enum index_table,
	    const struct pack *key, char raw[ROW_MAX], struct span *row);

/* A message's row, which borrows from `raw`, with its place in `incoming`; and
 * its place in `age`, where it is, or not. */
int	 writing_get_message(struct writing *, uint64_t id, char raw[ROW_MAX],
	    struct message_row *);
int	 writing_put_message(struct writing *, uint64_t id,
	    const struct message_row *);
int	 writing_age(struct writing *, uint64_t id, const struct addr *sender,
	    bool there);

/* All that a message's history has goes. */
int	 writing_forget_events(struct writing *, uint64_t id);

/* A recipient waits, or no longer, at its place in the lane of a sender. */
int	 writing_wait(struct writing *, struct wait_key,
	    const struct addr *sender, bool there);

/* ENOENT: nothing waits for it. */
int	 writing_get_destination(struct writing *, struct span name,
	    struct destination_row *);

#endif
