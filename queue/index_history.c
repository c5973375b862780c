/* SPDX-License-Identifier: ISC */
/*
 * What became of a message so far.  Mail that is delivered at once never comes
 * here; what is told for longer than anybody wants to read is forgotten.
 */
#include "queue/index_own.h"
#include "queue/index_read.h"
#include "queue/index_write.h"
#include "queue/queue_limits.h"

static void
event_key(struct pack *p, char raw[12], uint64_t id, uint32_t number)
{
	pack_init(p, raw, 12);
	pack_u64(p, id);
	pack_u32(p, number);
}

/* Of the last event; -1: there is none. */
static int64_t
last_number(struct writing *w, uint64_t id)
{
	char		 raw[12];
	struct pack	 p;
	struct unpack	 u;
	MDB_cursor	*c;
	MDB_val		 k, v;
	int64_t		 number = -1;
	int		 rc;

	event_key(&p, raw, id, UINT32_MAX);
	k = val_of(pack_span(&p));
	if (mdb_cursor_open(w->txn, w->index->tables[TABLE_HISTORY], &c) != 0)
		return -1;
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE) == 0 ?
	    mdb_cursor_get(c, &k, &v, MDB_PREV) :
	    mdb_cursor_get(c, &k, &v, MDB_LAST);
	if (rc == 0) {
		unpack_init(&u, val_span(&k));
		if (unpack_u64(&u) == id)
			number = unpack_u32(&u);
	}
	mdb_cursor_close(c);
	return number;
}

int
writing_event(struct writing *w, uint64_t id, const struct event_row *r)
{
	struct view	 v = { w->index, w->txn };
	uint32_t	 number;
	char		 raw[12], value[ROW_MAX];
	struct pack	 k, p;

	if (!view_has_message(&v, id))
		return 0;
	number = (uint32_t)(last_number(w, id) + 1);
	event_key(&k, raw, id, number);
	pack_init(&p, value, sizeof value);
	event_row_encode(r, &p);
	if (writing_put(w, TABLE_HISTORY, &k, &p, 0) == -1)
		return -1;
	if (number < EVENTS_MAX)
		return 0;
	event_key(&k, raw, id, number - EVENTS_MAX);
	return writing_del(w, TABLE_HISTORY, &k);
}

int
writing_forget_events(struct writing *w, uint64_t id)
{
	struct unpack	 u;
	struct found	 f;
	char		 raw[12];
	struct pack	 k;
	uint32_t	 number = 0;

	for (;;) {
		event_key(&k, raw, id, number);
		if (table_seek(w->index, w->txn, TABLE_HISTORY, pack_span(&k),
		    &f) != 0)
			return 0;
		unpack_init(&u, val_span(&f.key));
		if (unpack_u64(&u) != id)
			return 0;
		number = unpack_u32(&u);
		event_key(&k, raw, id, number);
		if (writing_del(w, TABLE_HISTORY, &k) == -1)
			return -1;
	}
}
