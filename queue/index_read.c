/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "queue/index_own.h"
#include "queue/index_read.h"
#include "shared/log.h"

void
view_open(struct view *v, struct index *x)
{
	MDB_txn	*txn;
	int	 rc = mdb_txn_begin(x->env, NULL, MDB_RDONLY, &txn);

	if (rc != 0)
		fatal("index: %s", mdb_strerror(rc));
	v->index = x;
	v->txn = txn;
}

void
view_close(struct view *v)
{
	mdb_txn_abort(v->txn);
	v->txn = NULL;
}

static void
tell(const char *table, uint64_t id)
{
	char	 name[ID_SIZE];

	id_format(name, id);
	log_error("%s: its row in the index, %s, cannot be read", name, table);
}

static bool
get(struct view *v, enum index_table table, struct span key, struct span *row)
{
	MDB_val	 k = val_of(key), value;

	return mdb_get(v->txn, v->index->tables[table], &k, &value) == 0 &&
	    row_is_whole(table, key, val_span(&value), row);
}

/* The row after `key`: keys that begin with it and a NUL are the next. */
static bool
next(struct view *v, enum index_table table, struct pack *key,
    struct found *f)
{
	pack_u8(key, 0);
	return table_seek(v->index, v->txn, table, pack_span(key), f) == 0;
}

static struct span
id_key(char raw[8], uint64_t id)
{
	struct pack	 p;

	pack_init(&p, raw, 8);
	pack_u64(&p, id);
	return pack_span(&p);
}

bool
view_message(struct view *v, uint64_t id, struct message_row *r)
{
	char		 raw[8];
	struct span	 row;

	if (!get(v, TABLE_MESSAGE, id_key(raw, id), &row))
		return false;
	if (message_row_decode(row, r))
		return true;
	tell("message", id);
	return false;
}

bool
view_has_message(struct view *v, uint64_t id)
{
	char		 raw[8];
	struct span	 row;

	return get(v, TABLE_MESSAGE, id_key(raw, id), &row);
}

bool
view_recipient(struct view *v, uint64_t id, uint32_t number,
    struct recipient_row *r)
{
	char		 raw[12];
	struct span	 row;
	struct pack	 p;

	pack_init(&p, raw, sizeof raw);
	pack_u64(&p, id);
	pack_u32(&p, number);
	if (!get(v, TABLE_RECIPIENT, pack_span(&p), &row))
		return false;
	if (recipient_row_decode(row, r))
		return true;
	tell("recipient", id);
	return false;
}

bool
view_destination(struct view *v, struct span name, struct destination_row *r)
{
	char		 raw[KEY_MAX];
	struct span	 row;
	struct pack	 p;

	pack_init(&p, raw, sizeof raw);
	name_key_encode(name, &p);
	return get(v, TABLE_DESTINATION, pack_span(&p), &row) &&
	    destination_row_decode(row, r);
}

uint64_t
view_messages(struct view *v)
{
	MDB_stat	 st;

	if (mdb_stat(v->txn, v->index->tables[TABLE_MESSAGE], &st) != 0)
		return 0;
	return st.ms_entries;
}

/* The next id of a table whose keys are ids. */
static bool
next_id(struct view *v, enum index_table table, uint64_t *id,
    struct span *row)
{
	struct found	 f;
	char		 raw[16];
	struct pack	 p;
	struct unpack	 u;

	pack_init(&p, raw, sizeof raw);
	pack_u64(&p, *id);
	if (!next(v, table, &p, &f))
		return false;
	*row = f.row;
	unpack_init(&u, val_span(&f.key));
	*id = unpack_u64(&u);
	return unpack_ended(&u);
}

bool
view_next_message(struct view *v, uint64_t *id, struct message_row *r)
{
	struct span	 row;

	while (next_id(v, TABLE_MESSAGE, id, &row)) {
		if (message_row_decode(row, r))
			return true;
		tell("message", *id);
	}
	return false;
}

bool
view_next_incoming(struct view *v, uint64_t *id)
{
	struct span	 row;

	return next_id(v, TABLE_INCOMING, id, &row);
}

bool
view_next_age(struct view *v, unsigned class, uint64_t *id)
{
	char		 raw[16];
	struct pack	 p;
	struct unpack	 u;
	struct found	 f;

	pack_init(&p, raw, sizeof raw);
	pack_u8(&p, (uint8_t)class);
	pack_u64(&p, *id);
	if (!next(v, TABLE_AGE, &p, &f))
		return false;
	unpack_init(&u, val_span(&f.key));
	if (unpack_u8(&u) != class)
		return false;
	*id = unpack_u64(&u);
	return unpack_ended(&u);
}

/* The next of a table whose keys are ids with numbers, of the same id; with
 * number -1 the first of all: its key is below every number's. */
static bool
next_of(struct view *v, enum index_table table, uint64_t id, int64_t *number,
    struct span *row)
{
	char		 raw[16];
	struct pack	 p;
	struct unpack	 u;
	struct found	 f;

	pack_init(&p, raw, sizeof raw);
	pack_u64(&p, id);
	if (*number >= 0)
		pack_u32(&p, (uint32_t)*number);
	if (!next(v, table, &p, &f))
		return false;
	*row = f.row;
	unpack_init(&u, val_span(&f.key));
	if (unpack_u64(&u) != id)
		return false;
	*number = unpack_u32(&u);
	return unpack_ended(&u);
}

bool
view_next_recipient(struct view *v, uint64_t id, int64_t *number,
    struct recipient_row *r)
{
	struct span	 row;

	while (next_of(v, TABLE_RECIPIENT, id, number, &row)) {
		if (recipient_row_decode(row, r))
			return true;
		tell("recipient", id);
	}
	return false;
}

bool
view_next_event(struct view *v, uint64_t id, int64_t *number,
    struct event_row *r)
{
	struct span	 row;

	while (next_of(v, TABLE_HISTORY, id, number, &row)) {
		if (event_row_decode(row, r))
			return true;
		tell("history", id);
	}
	return false;
}

bool
view_next_wait(struct view *v, struct wait_key *key)
{
	char		 raw[KEY_MAX];
	struct pack	 p;
	struct wait_key	 found;
	struct found	 f;

	pack_init(&p, raw, sizeof raw);
	wait_key_encode(key, &p);
	if (!next(v, TABLE_WAIT, &p, &f) ||
	    !wait_key_decode(val_span(&f.key), &found) ||
	    !span_equal(found.name, key->name))
		return false;
	found.name = key->name;
	*key = found;
	return true;
}

/* Lanes stand one behind the other. */
bool
view_next_in_lane(struct view *v, struct wait_key *key)
{
	struct wait_key	 found = *key;

	if (!view_next_wait(v, &found) || found.lane != key->lane)
		return false;
	*key = found;
	return true;
}

bool
view_next_due(struct view *v, struct due_key *key)
{
	char		 raw[KEY_MAX];
	struct pack	 p;
	struct found	 f;

	pack_init(&p, raw, sizeof raw);
	due_key_encode(key, &p);
	return next(v, TABLE_DUE, &p, &f) &&
	    due_key_decode(val_span(&f.key), key);
}

/* The destination of those that are to be looked up, which has no name, is
 * none; nor is that of notices. */
bool
view_next_destination(struct view *v, struct span *name,
    struct destination_row *r)
{
	char		 raw[KEY_MAX + 1];
	struct pack	 p;
	struct found	 f;

	pack_init(&p, raw, sizeof raw);
	name_key_encode(*name, &p);
	while (next(v, TABLE_DESTINATION, &p, &f) && f.key.mv_size > 1) {
		*name = span_make(f.key.mv_data, f.key.mv_size - 1);
		if (!span_is(*name, NOTICE_NAME) &&
		    destination_row_decode(f.row, r))
			return true;
		pack_init(&p, raw, sizeof raw);
		name_key_encode(*name, &p);
	}
	return false;
}
