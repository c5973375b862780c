/* SPDX-License-Identifier: ISC */
/*
 * What waits for a destination, in lanes by sender; and `due`, which has the
 * first row of each lane, or the time until which the destination is closed.
 */
#include <errno.h>

#include "queue/index_own.h"
#include "queue/index_write.h"
#include "queue/sender.h"

int
writing_get_destination(struct writing *w, struct span name,
    struct destination_row *r)
{
	char		 key[KEY_MAX], raw[ROW_MAX];
	struct pack	 k;
	struct span	 row;

	pack_init(&k, key, sizeof key);
	name_key_encode(name, &k);
	if (writing_copy(w, TABLE_DESTINATION, &k, raw, &row) == -1)
		return -1;
	return destination_row_decode(row, r) ? 0 : writing_unreadable();
}

static int
put_destination(struct writing *w, struct span name,
    const struct destination_row *r)
{
	char		 key[KEY_MAX], value[ROW_MAX];
	struct pack	 k, v;

	pack_init(&k, key, sizeof key);
	name_key_encode(name, &k);
	if (destination_row_due(r) == 0)
		return writing_del(w, TABLE_DESTINATION, &k);
	pack_init(&v, value, sizeof value);
	destination_row_encode(r, &v);
	return writing_put(w, TABLE_DESTINATION, &k, &v, 0);
}

static int
change_due(struct writing *w, const struct due_key *key, bool there)
{
	char		 raw[KEY_MAX];
	struct pack	 k;

	if (key->due == 0)
		return 0;
	pack_init(&k, raw, sizeof raw);
	due_key_encode(key, &k);
	return there ? writing_put(w, TABLE_DUE, &k, NULL, 0) :
	    writing_del(w, TABLE_DUE, &k);
}

/* Brings a lane's place in `due` up to what waits in it.  -1, 0: it was there,
 * 1: it has moved. */
static int
settle_lane(struct writing *w, struct span name, unsigned lane,
    struct destination_row *r)
{
	struct wait_key	 first = { .name = name, .lane = lane };
	struct due_key	 from = { r->dues[lane], name, lane };
	struct due_key	 to = { 0, name, lane };

	if (table_first_wait(w->index, w->txn, &first))
		to.due = first.due > r->closed ? first.due : r->closed;
	if (to.due == from.due)
		return 0;
	r->dues[lane] = to.due;
	return change_due(w, &from, false) == -1 ||
	    change_due(w, &to, true) == -1 ? -1 : 1;
}

/* Of those for whom nothing waits nothing is known. */
static int
get_state(struct writing *w, struct span name, struct destination_row *r)
{
	*r = (struct destination_row){ .due = 0 };
	return writing_get_destination(w, name, r) == -1 && errno != ENOENT ?
	    -1 : 0;
}

static int
settle(struct writing *w, struct span name, unsigned lane)
{
	struct destination_row	 r;
	int			 moved;

	if (get_state(w, name, &r) == -1)
		return -1;
	moved = settle_lane(w, name, lane, &r);
	return moved == 1 ? put_destination(w, name, &r) : moved;
}

int
writing_destination(struct writing *w, struct span name, uint64_t closed,
    uint32_t failures)
{
	struct destination_row	 r;
	unsigned		 lane;

	if (get_state(w, name, &r) == -1)
		return -1;
	r.closed = closed;
	r.failures = failures;
	for (lane = 0; lane < LANES; lane++)
		if (settle_lane(w, name, lane, &r) == -1)
			return -1;
	return put_destination(w, name, &r);
}

static void
wait_key(struct pack *p, char raw[KEY_MAX], const struct wait_key *k)
{
	pack_init(p, raw, KEY_MAX);
	wait_key_encode(k, p);
}

static int
add_wait(struct writing *w, const struct wait_key *k)
{
	char		 raw[KEY_MAX];
	struct pack	 p;

	wait_key(&p, raw, k);
	if (writing_put(w, TABLE_WAIT, &p, NULL, 0) == -1)
		return -1;
	return settle(w, k->name, k->lane);
}

/* What was there before there were lanes stands in lane 0. */
static int
remove_wait(struct writing *w, struct wait_key k)
{
	char		 raw[KEY_MAX];
	struct pack	 p;
	MDB_val		 key;
	int		 rc;

	wait_key(&p, raw, &k);
	key = val_of(pack_span(&p));
	rc = mdb_del(w->txn, w->index->tables[TABLE_WAIT], &key, NULL);
	if (rc == MDB_NOTFOUND && k.lane > 0) {
		k.lane = 0;
		wait_key(&p, raw, &k);
		rc = 0;
		if (writing_del(w, TABLE_WAIT, &p) == -1)
			return -1;
	}
	if (rc != 0 && rc != MDB_NOTFOUND)
		return writing_result(rc);
	return settle(w, k.name, k.lane);
}

int
writing_wait(struct writing *w, struct wait_key k, const struct addr *sender,
    bool there)
{
	k.lane = sender_lane(sender, w->index->lineage);
	return there ? add_wait(w, &k) : remove_wait(w, k);
}
