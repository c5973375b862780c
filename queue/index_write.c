/* SPDX-License-Identifier: ISC */
/*
 * The spans that LMDB gives die with the next change, so rows are copied
 * before they are looked at.
 */
#include <errno.h>
#include <string.h>

#include "queue/index_own.h"
#include "queue/index_read.h"

/* LMDB's own statuses are negative, the system's are errnos. */
int
writing_result(int rc)
{
	if (rc == 0)
		return 0;
	if (rc == MDB_KEYEXIST)
		errno = EEXIST;
	else if (rc == MDB_NOTFOUND)
		errno = ENOENT;
	else if (rc == MDB_MAP_FULL)
		errno = ENOSPC;
	else
		errno = rc > 0 ? rc : EIO;
	return -1;
}

int
writing_begin(struct writing *w, struct index *x)
{
	MDB_txn	*txn;
	int	 rc = mdb_txn_begin(x->env, NULL, 0, &txn);

	w->index = x;
	w->txn = rc == 0 ? txn : NULL;
	return writing_result(rc);
}

int
writing_commit(struct writing *w)
{
	MDB_txn	*txn = w->txn;

	w->txn = NULL;
	return writing_result(mdb_txn_commit(txn));
}

void
writing_abort(struct writing *w)
{
	if (w->txn != NULL)
		mdb_txn_abort(w->txn);
	w->txn = NULL;
}

/* LMDB refuses all transactions once it could not write its meta page. */
bool
index_is_sane(struct index *x)
{
	MDB_txn	*txn;

	if (mdb_txn_begin(x->env, NULL, 0, &txn) != 0)
		return false;
	mdb_txn_abort(txn);
	return true;
}

/* ---- rows ---------------------------------------------------------------- */

int
writing_put(struct writing *w, enum index_table table, const struct pack *key,
    const struct pack *value, unsigned flags)
{
	char		 raw[ROW_MAX + SEAL_SIZE];
	struct pack	 row;
	MDB_val		 k = val_of(pack_span(key)), v;

	pack_init(&row, raw, sizeof raw);
	if (value != NULL)
		pack_octets(&row, pack_span(value));
	row_seal(table, pack_span(key), &row);
	if (key->failed || row.failed || (value != NULL && value->failed)) {
		errno = EINVAL;
		return -1;
	}
	v = val_of(pack_span(&row));
	return writing_result(mdb_put(w->txn, w->index->tables[table], &k, &v,
	    flags));
}

int
writing_del(struct writing *w, enum index_table table, const struct pack *key)
{
	MDB_val	 k = val_of(pack_span(key));
	int	 rc = mdb_del(w->txn, w->index->tables[table], &k, NULL);

	return rc == MDB_NOTFOUND ? 0 : writing_result(rc);
}

int
writing_unreadable(void)
{
	errno = EIO;
	return -1;
}

int
writing_copy(struct writing *w, enum index_table table, const struct pack *key,
    char raw[ROW_MAX], struct span *row)
{
	MDB_val		 k = val_of(pack_span(key)), v;
	int		 rc = mdb_get(w->txn, w->index->tables[table], &k, &v);
	struct span	 whole;

	if (rc != 0)
		return writing_result(rc);
	if (!row_is_whole(table, pack_span(key), val_span(&v), &whole) ||
	    whole.len > ROW_MAX)
		return writing_unreadable();
	memcpy(raw, whole.ptr, whole.len);
	*row = span_make(raw, whole.len);
	return 0;
}

static void
id_key(struct pack *p, char raw[8], uint64_t id)
{
	pack_init(p, raw, 8);
	pack_u64(p, id);
}

static void
age_key(struct pack *p, char raw[9], const struct addr *sender, uint64_t id)
{
	pack_init(p, raw, 9);
	pack_u8(p, addr_is_null(sender) ? AGE_NOTICE : AGE_MAIL);
	pack_u64(p, id);
}

static void
recipient_key(struct pack *p, char raw[12], uint64_t id, uint32_t number)
{
	pack_init(p, raw, 12);
	pack_u64(p, id);
	pack_u32(p, number);
}

static int
put_recipient(struct writing *w, uint64_t id, uint32_t number,
    const struct recipient_row *r)
{
	char		 key[12], value[ROW_MAX];
	struct pack	 k, v;

	recipient_key(&k, key, id, number);
	pack_init(&v, value, sizeof value);
	recipient_row_encode(r, &v);
	return writing_put(w, TABLE_RECIPIENT, &k, &v, 0);
}

/* ---- messages ------------------------------------------------------------ */

int
writing_get_message(struct writing *w, uint64_t id, char raw[ROW_MAX],
    struct message_row *r)
{
	char		 key[8];
	struct pack	 k;
	struct span	 row;

	id_key(&k, key, id);
	if (writing_copy(w, TABLE_MESSAGE, &k, raw, &row) == -1)
		return -1;
	return message_row_decode(row, r) ? 0 : writing_unreadable();
}

int
writing_age(struct writing *w, uint64_t id, const struct addr *sender,
    bool there)
{
	char		 age[9];
	struct pack	 a;

	age_key(&a, age, sender, id);
	return there ? writing_put(w, TABLE_AGE, &a, NULL, 0) :
	    writing_del(w, TABLE_AGE, &a);
}

static int
remove_message(struct writing *w, uint64_t id, const struct addr *sender)
{
	char		 key[8];
	struct pack	 k;

	id_key(&k, key, id);
	if (writing_del(w, TABLE_MESSAGE, &k) == -1 ||
	    writing_age(w, id, sender, false) == -1 ||
	    writing_forget_events(w, id) == -1)
		return -1;
	return writing_del(w, TABLE_INCOMING, &k);
}

/* With `incoming` as its counts demand. */
int
writing_put_message(struct writing *w, uint64_t id, const struct message_row *r)
{
	char		 key[8], value[ROW_MAX];
	struct pack	 k, v;

	if (r->left == 0)
		return remove_message(w, id, &r->sender);
	id_key(&k, key, id);
	pack_init(&v, value, sizeof value);
	message_row_encode(r, &v);
	if (writing_put(w, TABLE_MESSAGE, &k, &v, 0) == -1)
		return -1;
	if ((r->fresh > 0 || r->failed == r->left) && !message_row_rests(r))
		return writing_put(w, TABLE_INCOMING, &k, NULL, 0);
	return writing_del(w, TABLE_INCOMING, &k);
}

static int
store_recipients(struct writing *w, const struct letter *l)
{
	struct recipient_row	 r = { .state = ROW_NEW };
	struct span		 rest = letter_recipients(l);
	struct addressee	 one;
	uint32_t		 number;

	r.original = r.destination = r.relay = span_of("");
	for (number = 0; number < l->count; number++) {
		one = letter_take(&rest);
		r.address = one.address;
		r.parameters = one.parameters;
		if (put_recipient(w, l->id, number, &r) == -1)
			return -1;
	}
	return 0;
}

/* Only when there is none of that id. */
static int
put_new(struct writing *w, uint64_t id, const struct message_row *r)
{
	char		 key[8], value[ROW_MAX];
	struct pack	 k, v;

	id_key(&k, key, id);
	pack_init(&v, value, sizeof value);
	message_row_encode(r, &v);
	if (writing_put(w, TABLE_MESSAGE, &k, &v, MDB_NOOVERWRITE) == -1)
		return -1;
	return writing_age(w, id, &r->sender, true);
}

static struct message_row
row_of(const struct letter *l)
{
	struct message_row	 r = { .arrived = l->arrived, .size = l->size,
				    .flags = l->flags, .sender = l->sender };

	r.origin = letter_origin(l);
	return r;
}

int
writing_store(struct writing *w, const struct letter *l)
{
	struct message_row	 r = row_of(l);

	r.next = r.left = r.fresh = l->count;
	if (put_new(w, l->id, &r) == -1 ||
	    writing_put_message(w, l->id, &r) == -1)
		return -1;
	return store_recipients(w, l);
}

/* ---- recipients ---------------------------------------------------------- */

int
writing_get(struct writing *w, uint64_t id, uint32_t number,
    char raw[ROW_MAX], struct recipient_row *r)
{
	char		 key[12];
	struct pack	 k;
	struct span	 row;

	recipient_key(&k, key, id, number);
	if (writing_copy(w, TABLE_RECIPIENT, &k, raw, &row) == -1)
		return -1;
	return recipient_row_decode(row, r) ? 0 : writing_unreadable();
}

static int
leave(struct writing *w, uint64_t id, uint32_t number,
    const struct recipient_row *r, struct message_row *m)
{
	struct wait_key	 key = { .due = r->due, .id = id, .number = number };

	m->left--;
	if (r->state == ROW_NEW)
		m->fresh--;
	if (r->state == ROW_FAILED)
		m->failed--;
	if (message_row_rests(m) || !row_waits(r, &key.name))
		return 0;
	return writing_wait(w, key, &m->sender, false);
}

static int
enter(struct writing *w, uint64_t id, uint32_t number,
    const struct recipient_row *r, struct message_row *m)
{
	struct wait_key	 key = { .due = r->due, .id = id, .number = number };

	m->left++;
	if (r->state == ROW_NEW)
		m->fresh++;
	if (r->state == ROW_FAILED)
		m->failed++;
	if (put_recipient(w, id, number, r) == -1)
		return -1;
	if (message_row_rests(m) || !row_waits(r, &key.name))
		return 0;
	return writing_wait(w, key, &m->sender, true);
}

static int
remove_recipient(struct writing *w, uint64_t id, uint32_t number)
{
	char		 key[12];
	struct pack	 k;

	recipient_key(&k, key, id, number);
	return writing_del(w, TABLE_RECIPIENT, &k);
}

static void
take_tally(const struct message_row *m, struct tally *t)
{
	t->left = m->left;
	t->fresh = m->fresh;
	t->failed = m->failed;
}

static bool
waits_on(const struct recipient_row *old, const struct recipient_row *r)
{
	return r != NULL && old->state == ROW_WAITING &&
	    r->state == ROW_WAITING &&
	    span_equal(old->destination, r->destination);
}

/* From one place in `wait` to another.  If it is alone there, its destination
 * is gone between, and is to be as closed behind it as it was before. */
static int
move(struct writing *w, uint64_t id, uint32_t number,
    const struct recipient_row *rows[2], struct message_row *m)
{
	const struct recipient_row *old = rows[0], *r = rows[1];
	struct destination_row	 place = { .due = 0 };

	if (writing_get_destination(w, old->destination, &place) == -1 &&
	    errno != ENOENT)
		return -1;
	if (leave(w, id, number, old, m) == -1 ||
	    enter(w, id, number, r, m) == -1)
		return -1;
	return place.failures == 0 && place.closed == 0 ? 0 :
	    writing_destination(w, r->destination, place.closed,
	    place.failures);
}

int
writing_set(struct writing *w, uint64_t id, uint32_t number,
    const struct recipient_row *r, struct tally *t)
{
	char			 raw[ROW_MAX], message_raw[ROW_MAX];
	struct recipient_row	 old;
	const struct recipient_row *rows[2] = { &old, r };
	struct message_row	 m;

	*t = (struct tally){ 0, 0, 0, false };
	if (writing_get_message(w, id, message_raw, &m) == -1)
		return errno == ENOENT ? 0 : -1;
	take_tally(&m, t);
	if (writing_get(w, id, number, raw, &old) == -1)
		return errno == ENOENT ? 0 : -1;
	if (waits_on(&old, r) ? move(w, id, number, rows, &m) == -1 :
	    leave(w, id, number, &old, &m) == -1 || (r == NULL ?
	    remove_recipient(w, id, number) :
	    enter(w, id, number, r, &m)) == -1)
		return -1;
	take_tally(&m, t);
	t->removed = m.left == 0;
	return writing_put_message(w, id, &m);
}

int
writing_remove(struct writing *w, uint64_t id, struct tally *t)
{
	struct view		 v = { w->index, w->txn };
	struct recipient_row	 r;
	int64_t			 number = -1;

	*t = (struct tally){ 0, 0, 0, false };
	while (!t->removed && view_next_recipient(&v, id, &number, &r))
		if (writing_set(w, id, (uint32_t)number, NULL, t) == -1)
			return -1;
	return 0;
}

int
writing_add(struct writing *w, uint64_t id, const struct recipient_row *r)
{
	char			 raw[ROW_MAX];
	struct message_row	 m;

	if (writing_get_message(w, id, raw, &m) == -1)
		return -1;
	if (enter(w, id, m.next, r, &m) == -1)
		return -1;
	m.next++;
	return writing_put_message(w, id, &m);
}

/* ---- what comes from the journal ----------------------------------------- */

/* `enter` counts them, so the message begins with nobody. */
int
writing_spill(struct writing *w, const struct letter *l, uint32_t next,
    const struct spill_row *rows, size_t count)
{
	struct message_row	 r = row_of(l);
	size_t			 i;

	r.next = next;
	if (put_new(w, l->id, &r) == -1)
		return -1;
	for (i = 0; i < count; i++)
		if (enter(w, l->id, rows[i].number, &rows[i].row, &r) == -1)
			return -1;
	return writing_put_message(w, l->id, &r);
}

/* ---- meta ---------------------------------------------------------------- */

static int
put_meta(struct writing *w, const char *name, const struct pack *value)
{
	char		 raw[16];
	struct pack	 k;

	pack_init(&k, raw, sizeof raw);
	pack_octets(&k, span_of(name));
	return writing_put(w, TABLE_META, &k, value, 0);
}

static int
put_number(struct writing *w, const char *name, uint64_t n)
{
	char		 raw[8];
	struct pack	 v;

	id_key(&v, raw, n);
	return put_meta(w, name, &v);
}

int
writing_last(struct writing *w, uint64_t id)
{
	return put_number(w, META_LAST, id);
}

int
writing_journal(struct writing *w, uint64_t lineage)
{
	return put_number(w, META_JOURNAL, lineage);
}

int
writing_position(struct writing *w, uint64_t position)
{
	return put_number(w, META_POSITION, position);
}

int
writing_clean(struct writing *w, uint64_t position)
{
	return put_number(w, META_CLEAN, position);
}

int
writing_delayed(struct writing *w, uint64_t time)
{
	return put_number(w, META_DELAYED, time);
}

int
writing_rebuild(struct writing *w, enum rebuild rebuild)
{
	return put_number(w, META_REBUILD, rebuild);
}
