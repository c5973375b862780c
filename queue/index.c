/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <bsd/stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/index_check.h"
#include "queue/index_own.h"
#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/crc.h"
#include "shared/fd.h"
#include "shared/log.h"

enum {
	FORMAT		= 2,
	READERS		= 16,
	MODE_FILE	= 0600,
	MODE_DIR	= 0700,
	ASIDE_SIZE	= 40,
	CHECK_MAX	= 512 << 20	/* octets looked through at the start */
};

static const char	 place[] = "index", fresh[] = "index.new";
static const char	 data[] = "index/data.mdb";

static const char *const names[TABLE_COUNT] = {
	[TABLE_META]		= "meta",
	[TABLE_MESSAGE]		= "message",
	[TABLE_RECIPIENT]	= "recipient",
	[TABLE_INCOMING]	= "incoming",
	[TABLE_AGE]		= "age",
	[TABLE_WAIT]		= "wait",
	[TABLE_DESTINATION]	= "destination",
	[TABLE_DUE]		= "due",
	[TABLE_HISTORY]		= "history",
};

MDB_val
val_of(struct span s)
{
	return (MDB_val){ .mv_size = s.len, .mv_data = (void *)s.ptr };
}

struct span
val_span(const MDB_val *v)
{
	return v->mv_size == 0 ? span_of("") :
	    span_make(v->mv_data, v->mv_size);
}

int
table_by_name(struct span name)
{
	int	 i;

	for (i = 0; i < TABLE_COUNT; i++)
		if (span_is(name, names[i]))
			return i;
	return -1;
}

static uint32_t
seal_of(enum index_table table, struct span key, struct span row)
{
	char	 number = (char)table;

	return crc32c(crc32c(crc32c(0, span_make(&number, 1)), key), row);
}

void
row_seal(enum index_table table, struct span key, struct pack *row)
{
	pack_u32(row, seal_of(table, key, pack_span(row)));
}

bool
row_is_whole(enum index_table table, struct span key, struct span sealed,
    struct span *row)
{
	struct unpack	 u;
	uint32_t	 seal;

	if (sealed.len < sizeof seal)
		return false;
	*row = span_head(sealed, sealed.len - sizeof seal);
	unpack_init(&u, span_skip(sealed, row->len));
	return unpack_u32(&u) == seal_of(table, key, *row);
}

static int
next_whole(MDB_cursor *c, enum index_table table, struct found *f)
{
	MDB_val	 v;
	int	 rc = mdb_cursor_get(c, &f->key, &v, MDB_SET_RANGE);

	while (rc == 0 && !row_is_whole(table, val_span(&f->key),
	    val_span(&v), &f->row)) {
		log_error("index: a damaged row in %s is passed over",
		    names[table]);
		rc = mdb_cursor_get(c, &f->key, &v, MDB_NEXT);
	}
	return rc;
}

int
table_seek(struct index *x, MDB_txn *txn, enum index_table table,
    struct span key, struct found *f)
{
	MDB_cursor	*c;
	int		 rc = mdb_cursor_open(txn, x->tables[table], &c);

	if (rc != 0)
		return rc;
	f->key = val_of(key);
	rc = next_whole(c, table, f);
	mdb_cursor_close(c);
	return rc;
}

bool
table_first_wait(struct index *x, MDB_txn *txn, struct wait_key *k)
{
	struct wait_key	 found;
	char		 raw[KEY_MAX];
	struct pack	 p;
	struct found	 f;

	k->id = k->number = 0;
	pack_init(&p, raw, sizeof raw);
	wait_key_encode(k, &p);
	if (table_seek(x, txn, TABLE_WAIT, pack_span(&p), &f) != 0 ||
	    !wait_key_decode(val_span(&f.key), &found) ||
	    found.lane != k->lane || !span_equal(found.name, k->name))
		return false;
	found.name = k->name;
	*k = found;
	return true;
}

/* ---- opening ------------------------------------------------------------- */

static void
refuse(const char *what, int rc)
{
	fatal("%s: %s; moved away, it is made again from the message files",
	    what, mdb_strerror(rc));
}

/* A new environment with room for `gib` GiB of address space. */
static int
try_open(struct index *x, const char *path, size_t gib)
{
	int	 rc = mdb_env_create(&x->env);

	if (rc != 0)
		return rc;
	if ((rc = mdb_env_set_mapsize(x->env, gib << 30)) == 0 &&
	    (rc = mdb_env_set_maxdbs(x->env, TABLE_COUNT)) == 0 &&
	    (rc = mdb_env_set_maxreaders(x->env, READERS)) == 0)
		rc = mdb_env_open(x->env, path, MDB_NOTLS, MODE_FILE);
	if (rc != 0)
		mdb_env_close(x->env);
	return rc;
}

/* The map is address space only; where there is little, less will do. */
static void
open_env(struct index *x, const char *path)
{
	size_t	 gib = sizeof(size_t) > 4 ? 64 : 1;
	int	 rc = try_open(x, path, gib);

	while (rc == ENOMEM && gib > 1) {
		gib /= 2;
		rc = try_open(x, path, gib);
	}
	if (rc != 0)
		refuse(path, rc);
}

static MDB_txn *
begin(struct index *x, unsigned flags)
{
	MDB_txn	*txn;
	int	 rc = mdb_txn_begin(x->env, NULL, flags, &txn);

	if (rc != 0)
		refuse(place, rc);
	return txn;
}

/* Those of before had no history. */
static void
open_tables(struct index *x, MDB_txn *txn, unsigned flags)
{
	int	 i, rc;

	for (i = 0; i < TABLE_COUNT; i++) {
		rc = mdb_dbi_open(txn, names[i], i == TABLE_HISTORY ?
		    MDB_CREATE : flags, &x->tables[i]);
		if (rc != 0)
			refuse(names[i], rc);
	}
}

static void
put_meta(struct index *x, MDB_txn *txn, const char *name, struct pack *value)
{
	MDB_val	 k = val_of(span_of(name)), v;
	int	 rc;

	row_seal(TABLE_META, span_of(name), value);
	v = val_of(pack_span(value));
	rc = mdb_put(txn, x->tables[TABLE_META], &k, &v, 0);
	if (rc != 0)
		refuse(name, rc);
}

static void
put_number(struct index *x, MDB_txn *txn, const char *name, uint64_t n)
{
	char		 raw[16];
	struct pack	 p;

	pack_init(&p, raw, sizeof raw);
	pack_u64(&p, n);
	put_meta(x, txn, name, &p);
}

static void
put_first_rows(struct index *x, MDB_txn *txn, bool rebuild)
{
	uint64_t	 lineage;

	arc4random_buf(&lineage, sizeof lineage);
	put_number(x, txn, META_VERSION, FORMAT);
	put_number(x, txn, META_LINEAGE, lineage);
	put_number(x, txn, META_LAST, 0);
	put_number(x, txn, META_REBUILD,
	    rebuild ? REBUILD_INDEX : REBUILD_NOTHING);
	put_number(x, txn, META_JOURNAL, 0);
	put_number(x, txn, META_POSITION, 0);
	put_number(x, txn, META_CLEAN, 0);
}

static int
clear_fresh(int root)
{
	if (unlinkat(root, "index.new/data.mdb", 0) == -1 && errno != ENOENT)
		return -1;
	if (unlinkat(root, "index.new/lock.mdb", 0) == -1 && errno != ENOENT)
		return -1;
	if (unlinkat(root, fresh, AT_REMOVEDIR) == -1 && errno != ENOENT)
		return -1;
	return 0;
}

/* Aside, synced, renamed: an index that is called so is a whole one. */
static void
create(struct index *x, struct spool *s)
{
	bool	 rebuild = spool_has_messages(s);
	MDB_txn	*txn;
	int	 rc;

	if (clear_fresh(s->root) == -1 ||
	    mkdirat(s->root, fresh, MODE_DIR) == -1)
		fatal("%s: %s", fresh, strerror(errno));
	open_env(x, fresh);
	txn = begin(x, 0);
	open_tables(x, txn, MDB_CREATE);
	put_first_rows(x, txn, rebuild);
	rc = mdb_txn_commit(txn);
	if (rc != 0)
		refuse(fresh, rc);
	mdb_env_close(x->env);
	if (fd_sync_dir(s->root, fresh) == -1 ||
	    renameat(s->root, fresh, s->root, place) == -1 ||
	    fsync(s->root) == -1)
		fatal("%s: %s", fresh, strerror(errno));
	x->is_new = true;
}

/* A number in the table "meta". */
static uint64_t
get_meta(struct index *x, MDB_txn *txn, const char *name)
{
	MDB_val		 k = val_of(span_of(name)), v;
	int		 rc = mdb_get(txn, x->tables[TABLE_META], &k, &v);
	struct span	 row;
	struct unpack	 u;
	uint64_t	 n;

	if (rc == MDB_NOTFOUND && strcmp(name, META_DELAYED) == 0)
		return 0;	/* older queues know nothing of it */
	if (rc != 0)
		refuse(name, rc);
	if (!row_is_whole(TABLE_META, span_of(name), val_span(&v), &row))
		refuse(name, MDB_CORRUPTED);
	unpack_init(&u, row);
	n = unpack_u64(&u);
	if (!unpack_ended(&u))
		refuse(name, MDB_CORRUPTED);
	return n;
}

/* Ids of files that a lost `last` would give again are in `message`. */
static uint64_t
highest_message(struct index *x, MDB_txn *txn)
{
	MDB_cursor	*c;
	MDB_val		 k, v;
	struct unpack	 u;
	int		 rc = mdb_cursor_open(txn, x->tables[TABLE_MESSAGE],
			    &c);

	if (rc != 0)
		refuse(place, rc);
	rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
	mdb_cursor_close(c);
	if (rc != 0)
		return 0;
	unpack_init(&u, val_span(&k));
	return unpack_u64(&u);
}

static void
read_meta(struct index *x, struct spool *s)
{
	MDB_txn		*txn = begin(x, 0);
	uint64_t	 highest;
	int		 rc;

	open_tables(x, txn, 0);
	if (get_meta(x, txn, META_VERSION) != FORMAT)
		fatal("%s is of another version of relais", place);
	s->lineage = x->lineage = get_meta(x, txn, META_LINEAGE);
	x->last = get_meta(x, txn, META_LAST);
	x->rebuild = (enum rebuild)get_meta(x, txn, META_REBUILD);
	x->journal = get_meta(x, txn, META_JOURNAL);
	x->position = get_meta(x, txn, META_POSITION);
	x->clean = get_meta(x, txn, META_CLEAN);
	x->delayed = get_meta(x, txn, META_DELAYED);
	highest = highest_message(x, txn);
	if (highest > x->last)
		x->last = highest;
	rc = mdb_txn_commit(txn);	/* which keeps the tables open */
	if (rc != 0)
		refuse(place, rc);
}

/* LMDB would believe it, or die of it; the messages have all that it had. */
static void
put_aside(const struct spool *s, const char *why)
{
	char	 name[ASIDE_SIZE];

	(void)snprintf(name, sizeof name, "index-%lld",
	    (long long)clock_wall());
	log_error("index: %s; it is moved to quarantine/%s and made again "
	    "from the messages", why, name);
	if (renameat(s->root, place, s->quarantine, name) == -1 ||
	    fsync(s->quarantine) == -1 || fsync(s->root) == -1)
		fatal("%s: %s", place, strerror(errno));
}

/* What is very large is left to LMDB: mail does not wait for a look at it. */
static bool
is_there(const struct spool *s)
{
	struct stat	 st;
	const char	*why;

	if (fstatat(s->root, place, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno != ENOENT)
			fatal("%s: %s", place, strerror(errno));
		return false;
	}
	if (fstatat(s->root, data, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    st.st_size > CHECK_MAX || index_is_sound(s->root, data, &why))
		return true;
	if (index_finish(s->root, data)) {
		log_warning("index: the last commit was not finished; it is "
		    "now");
		return true;
	}
	put_aside(s, why);
	return false;
}

struct index *
index_open(struct spool *s)
{
	struct index	*x = xcalloc(1, sizeof *x);

	if (!is_there(s))
		create(x, s);
	open_env(x, place);
	index_sweep_readers(x);
	read_meta(x, s);
	return x;
}

void
index_close(struct index *x)
{
	if (x == NULL)
		return;
	mdb_env_close(x->env);
	free(x);
}

uint64_t
index_last(const struct index *x)
{
	return x->last;
}

bool
index_is_new(const struct index *x)
{
	return x->is_new;
}

enum rebuild
index_rebuild(const struct index *x)
{
	return x->rebuild;
}

uint64_t
index_journal(const struct index *x)
{
	return x->journal;
}

uint64_t
index_position(const struct index *x)
{
	return x->position;
}

uint64_t
index_clean(const struct index *x)
{
	return x->clean;
}

uint64_t
index_delayed(const struct index *x)
{
	return x->delayed;
}

void
index_sweep_readers(struct index *x)
{
	int	 dead;

	(void)mdb_reader_check(x->env, &dead);
}
