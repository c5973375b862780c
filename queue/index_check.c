/* SPDX-License-Identifier: ISC */
/*
 * The layout is that of LMDB 0.9 on a 64-bit machine: pages with an array of
 * offsets to nodes, which are sorted by key; branches point to pages, leaves
 * hold values.  Two trees stand in the newer of two meta pages: what is free,
 * and the tables' names, whose values are trees again.  The meta page of a
 * transaction is that of its number's parity.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/index_check.h"
#include "queue/index_own.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

enum {
	MAGIC		= 0xBEEFC0DE,
	VERSION		= 1,
	PAGE_HEAD	= 16,
	NODE_HEAD	= 8,
	DEPTH_MAX	= 16,
	PAGE_MIN	= 512,
	PAGE_MAX	= 65536,
	AHEAD		= 128 << 10,	/* octets, which any kernel takes */

	/* flags of pages, and of nodes in leaves */
	BRANCH		= 1,
	LEAF		= 2,
	OVERFLOW	= 4,
	META		= 8,
	BIG_VALUE	= 1,
	IS_TREE		= 2,

	/* flags of trees: the keys are numbers */
	NUMBERS		= 8
};

struct page {
	uint64_t	 number;
	uint16_t	 pad, flags, lower, upper;
	char		 rest[];
};

struct node {
	uint16_t	 low, high, flags, key_size;
	char		 data[];
};

struct tree {
	uint32_t	 pad;		/* page size, in the first tree */
	uint16_t	 flags, depth;
	uint64_t	 branches, leaves, overflows, entries, root;
};

struct meta {
	uint32_t	 magic, version;
	uint64_t	 address, map_size;
	struct tree	 trees[2];
	uint64_t	 last, txn;
};

enum { FREE_TREE, MAIN_TREE };
static const uint64_t	 NOWHERE = UINT64_MAX;	/* a tree without pages */
enum kind { OF_FREE, OF_NAMES, OF_ROWS };

struct check {
	int		 fd;
	size_t		 size;		/* of a page */
	struct meta	 meta;
	uint64_t	 before;	/* root in the other one */
	bool		 let_go;	/* by the transaction of `meta` */
	uint64_t	 highest;	/* page that was marked */
	unsigned char	*used;		/* a bit per page */
	const char	*why;
};

/* One tree as it is walked, in order of its keys. */
struct walk {
	struct check	*check;
	enum kind	 kind;
	enum index_table table;
	uint64_t	 branches, leaves, overflows, entries;
	struct span	 least;		/* of the keys that come */
	char		 last[KEY_MAX + 1];
	size_t		 last_len;
	bool		 begun;
};

static bool
wrong(struct check *c, const char *why)
{
	if (c->why == NULL)
		c->why = why;
	return false;
}

/* ---- pages --------------------------------------------------------------- */

static bool
mark(struct check *c, uint64_t number)
{
	unsigned char	 bit = (unsigned char)(1u << number % 8);

	if (number < 2 || number > c->meta.last)
		return wrong(c, "a page that cannot be");
	if (c->used[number / 8] & bit)
		return wrong(c, "a page that is used twice");
	c->used[number / 8] |= bit;
	if (number > c->highest)
		c->highest = number;
	return true;
}

static bool
read_page(struct check *c, uint64_t number, struct page *p)
{
	ssize_t	 n = fd_pread_all(c->fd, p, c->size,
		    (off_t)(number * c->size));

	if (n == -1)
		return wrong(c, strerror(errno));
	if ((size_t)n != c->size || p->number != number)
		return wrong(c, "a page that is none");
	return true;
}

static unsigned
count_nodes(const struct page *p)
{
	return (p->lower - PAGE_HEAD) / 2u;
}

/* NULL when it does not lie within its page. */
static const struct node *
node_at(const struct check *c, const struct page *p, unsigned i)
{
	const char		*start = (const char *)p;
	const struct node	*n;
	uint16_t		 at;

	memcpy(&at, start + PAGE_HEAD + 2 * i, sizeof at);
	if (at < p->upper || at % 2 != 0 || (size_t)at + NODE_HEAD > c->size)
		return NULL;
	n = (const struct node *)(const void *)(start + at);
	return (size_t)at + NODE_HEAD + n->key_size > c->size ? NULL : n;
}

static bool
is_page(struct check *c, const struct page *p, unsigned flags)
{
	if (p->flags != flags || p->lower < PAGE_HEAD ||
	    p->lower % 2 != 0 || p->lower > p->upper ||
	    p->upper > c->size || count_nodes(p) == 0)
		return wrong(c, "a page with a damaged head");
	return true;
}

/* ---- keys and values ----------------------------------------------------- */

/* Numbers of transactions in the tree of what is free, else octets. */
static int
compare(enum kind kind, struct span a, struct span b)
{
	uint64_t	 m, n;
	int		 rc;

	if (kind == OF_FREE) {
		memcpy(&m, a.ptr, sizeof m);
		memcpy(&n, b.ptr, sizeof n);
		return (m > n) - (m < n);
	}
	rc = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
	return rc != 0 ? rc : (a.len > b.len) - (a.len < b.len);
}

static bool
is_key(const struct walk *w, struct span key)
{
	return key.len > 0 && key.len <= KEY_MAX &&
	    (w->kind != OF_FREE || key.len == sizeof(uint64_t));
}

static bool
is_above(const struct walk *w, struct span key)
{
	return !w->begun ||
	    compare(w->kind, key, span_make(w->last, w->last_len)) > 0;
}

static bool
take_key(struct walk *w, struct span key)
{
	if (!is_key(w, key) || !is_above(w, key) ||
	    (w->least.len > 0 && compare(w->kind, key, w->least) < 0))
		return wrong(w->check, "keys out of order");
	w->least.len = 0;
	memcpy(w->last, key.ptr, key.len);
	w->last_len = key.len;
	w->begun = true;
	w->entries++;
	return true;
}

/* What stands in a branch is above all before it, and above nothing behind
 * it; but for the first key of a page, which nobody looks at. */
static bool
take_branch_key(struct walk *w, struct span key)
{
	if (!is_key(w, key) || !is_above(w, key))
		return wrong(w->check, "a damaged key in a branch");
	w->least = key;
	return true;
}

/* Of what is free no page may be in use, nor free twice. */
static bool
take_free(const struct walk *w, const char *value, size_t len)
{
	struct check	*c = w->check;
	uint64_t	 n, number, by;
	size_t		 i;

	if (len < sizeof n)
		return wrong(c, "a damaged list of free pages");
	memcpy(&by, w->last, sizeof by);
	memcpy(&n, value, sizeof n);
	if (n != len / sizeof n - 1 || len % sizeof n != 0)
		return wrong(c, "a damaged list of free pages");
	for (i = 1; i <= n; i++) {
		memcpy(&number, value + i * sizeof n, sizeof number);
		if (!mark(c, number))
			return false;
		if (number == c->before && by == c->meta.txn)
			c->let_go = true;
	}
	return true;
}

/* Such lists alone are larger than a page takes. */
static bool
take_big(struct walk *w, const struct node *n, uint32_t len)
{
	struct check	*c = w->check;
	uint64_t	 number, i, pages;
	struct page	*p;
	bool		 good;

	memcpy(&number, n->data + n->key_size, sizeof number);
	pages = (PAGE_HEAD + (uint64_t)len + c->size - 1) / c->size;
	w->overflows += pages;
	for (i = 0; i < pages; i++)
		if (!mark(c, number + i))
			return false;
	p = xcalloc(pages, c->size);
	good = fd_pread_all(c->fd, p, pages * c->size,
	    (off_t)(number * c->size)) == (ssize_t)(pages * c->size) &&
	    p->number == number && p->flags == OVERFLOW &&
	    (p->lower | (uint32_t)p->upper << 16) == pages;
	if (!good)
		(void)wrong(c, "a damaged large value");
	else if (w->kind == OF_FREE)
		good = take_free(w, (const char *)p + PAGE_HEAD, len);
	else
		good = wrong(c, "a row that is too large");
	free(p);
	return good;
}

static bool	 walk_tree(struct check *, const struct tree *, enum kind,
		    enum index_table);

static bool
take_name(struct check *c, const struct node *n, uint32_t len)
{
	struct tree	 t;
	struct span	 name = span_make(n->data, n->key_size);
	int		 table = table_by_name(name);

	if (len != sizeof t || n->flags != IS_TREE || table == -1)
		return wrong(c, "a table that is none");
	memcpy(&t, n->data + n->key_size, sizeof t);
	return walk_tree(c, &t, OF_ROWS, (enum index_table)table);
}

static bool
take_leaf(struct walk *w, const struct page *p, const struct node *n)
{
	struct check	*c = w->check;
	uint32_t	 len = n->low | (uint32_t)n->high << 16;
	size_t		 at = (size_t)((const char *)n - (const char *)p) +
			    NODE_HEAD + n->key_size;
	size_t		 kept = n->flags & BIG_VALUE ? sizeof(uint64_t) : len;
	struct span	 value, row;

	if (!take_key(w, span_make(n->data, n->key_size)))
		return false;
	if (kept > c->size - at)
		return wrong(c, "a value outside its page");
	if (n->flags & BIG_VALUE)
		return take_big(w, n, len);
	value = span_make(n->data + n->key_size, len);
	if (w->kind == OF_NAMES)
		return take_name(c, n, len);
	if (n->flags != 0)
		return wrong(c, "a value of an unknown kind");
	if (w->kind == OF_FREE)
		return take_free(w, value.ptr, value.len);
	return row_is_whole(w->table, span_make(n->data, n->key_size), value,
	    &row) || wrong(c, "a damaged row");
}

/* ---- trees --------------------------------------------------------------- */

static bool	 walk_page(struct walk *, uint64_t number, unsigned depth);

static bool
take_child(struct walk *w, const struct node *n, bool is_first,
    unsigned depth)
{
	uint64_t	 child = n->low | (uint64_t)n->high << 16 |
			    (uint64_t)n->flags << 32;

	return (is_first ||
	    take_branch_key(w, span_make(n->data, n->key_size))) &&
	    walk_page(w, child, depth - 1);
}

static bool
take_nodes(struct walk *w, const struct page *p, unsigned depth)
{
	const struct node	*n;
	unsigned		 i;

	for (i = 0; i < count_nodes(p); i++) {
		n = node_at(w->check, p, i);
		if (n == NULL)
			return wrong(w->check, "a node outside its page");
		if (!(depth == 1 ? take_leaf(w, p, n) :
		    take_child(w, n, i == 0, depth)))
			return false;
	}
	return true;
}

/* They fill their page from its end, without a gap. */
static bool
is_full_of_nodes(struct check *c, const struct page *p, unsigned depth)
{
	const struct node	*n;
	size_t			 sum = 0, len;
	unsigned		 i;

	for (i = 0; i < count_nodes(p); i++) {
		n = node_at(c, p, i);
		if (n == NULL)
			break;
		len = depth > 1 ? 0 : n->flags & BIG_VALUE ?
		    sizeof(uint64_t) : n->low | (uint32_t)n->high << 16;
		sum += (NODE_HEAD + n->key_size + len + 1) / 2 * 2;
	}
	return sum == c->size - p->upper ||
	    wrong(c, "nodes that do not fill their page");
}

/* depth 1: a leaf. */
static bool
walk_page(struct walk *w, uint64_t number, unsigned depth)
{
	struct check	*c = w->check;
	struct page	*p;
	bool		 good;

	if (!mark(c, number))
		return false;
	p = xcalloc(1, c->size);
	good = read_page(c, number, p) &&
	    is_page(c, p, depth == 1 ? LEAF : BRANCH) &&
	    is_full_of_nodes(c, p, depth) && take_nodes(w, p, depth);
	if (depth == 1)
		w->leaves++;
	else
		w->branches++;
	free(p);
	return good;
}

static bool
walk_tree(struct check *c, const struct tree *t, enum kind kind,
    enum index_table table)
{
	struct walk	 w = { .check = c, .kind = kind, .table = table };

	if (t->flags != (kind == OF_FREE ? NUMBERS : 0))
		return wrong(c, "a tree of an unknown kind");
	if (t->root != NOWHERE && (t->depth == 0 || t->depth > DEPTH_MAX))
		return wrong(c, "a tree that is too deep");
	if (t->root != NOWHERE && !walk_page(&w, t->root, t->depth))
		return false;
	return (w.branches == t->branches && w.leaves == t->leaves &&
	    w.overflows == t->overflows && w.entries == t->entries) ||
	    wrong(c, "rows are missing");
}

/* ---- the whole ----------------------------------------------------------- */

static bool
read_meta(const struct check *c, uint64_t number, struct meta *m)
{
	char	 raw[PAGE_HEAD + sizeof *m];

	if (fd_pread_all(c->fd, raw, sizeof raw, (off_t)(number * c->size)) !=
	    (ssize_t)sizeof raw)
		return false;
	memcpy(m, raw + PAGE_HEAD, sizeof *m);
	return m->magic == MAGIC && m->version == VERSION;
}

/* A new index has number 0 in both. */
static bool
are_neighbours(uint64_t even, uint64_t odd)
{
	return (even == 0 && odd == 0) || (even % 2 == 0 && odd % 2 == 1 &&
	    (even + 1 == odd || odd + 1 == even));
}

/* A page has the size that the first one says. */
static bool
check_metas(struct check *c, struct meta metas[2])
{
	int	 i;

	c->size = metas[0].trees[FREE_TREE].pad;
	if (c->size < PAGE_MIN || c->size > PAGE_MAX ||
	    (c->size & (c->size - 1)) != 0 || !read_meta(c, 1, &metas[1]))
		return wrong(c, "a damaged meta page");
	for (i = 0; i < 2; i++)
		if (metas[i].trees[FREE_TREE].pad != c->size ||
		    metas[i].trees[FREE_TREE].flags != NUMBERS ||
		    metas[i].trees[MAIN_TREE].flags != 0)
			return wrong(c, "a damaged meta page");
	if (!are_neighbours(metas[0].txn, metas[1].txn))
		return wrong(c, "meta pages that do not belong together");
	i = metas[1].txn > metas[0].txn;
	c->meta = metas[i];
	c->before = metas[!i].trees[MAIN_TREE].root;
	return true;
}

/* Both trees, as the meta page has them. */
static bool
check_trees(struct check *c)
{
	c->used = xcalloc(c->meta.last / 8 + 1, 1);
	return walk_tree(c, &c->meta.trees[MAIN_TREE], OF_NAMES,
	    TABLE_COUNT) &&
	    walk_tree(c, &c->meta.trees[FREE_TREE], OF_FREE, TABLE_COUNT);
}

/* Every transaction lets go of the root that it finds: hence the older of two
 * meta pages cannot pass for the newer one. */
static bool
check_all(struct check *c, off_t size)
{
	if (c->meta.last > (uint64_t)size / c->size)
		return wrong(c, "more pages than there are");
	return check_trees(c) && (c->let_go || c->before == NOWHERE ||
	    wrong(c, "an older meta page in place of the newer one"));
}

/* All of it is on its way from the disk before the first page is waited for:
 * in the order of their keys pages would come one by one. */
static void
fetch(const struct check *c, off_t size)
{
	off_t	 at;

	for (at = 0; at < size; at += AHEAD)
		(void)posix_fadvise(c->fd, at, AHEAD, POSIX_FADV_WILLNEED);
}

/* What is no index of ours, LMDB itself refuses. */
static bool
open_index(struct check *c, int root, const char *path, int flags)
{
	*c = (struct check){ .fd = openat(root, path,
	    flags | O_NOFOLLOW | O_CLOEXEC) };
	return sizeof(size_t) == 8 && c->fd != -1;
}

bool
index_is_sound(int root, const char *path, const char **why)
{
	struct meta	 metas[2];
	struct check	 c;
	struct stat	 st;
	bool		 sound = true;

	if (open_index(&c, root, path, O_RDONLY) &&
	    fstat(c.fd, &st) == 0 && read_meta(&c, 0, &metas[0])) {
		fetch(&c, st.st_size);
		sound = check_metas(&c, metas) && check_all(&c, st.st_size);
	}
	*why = c.why;
	free(c.used);
	fd_close(&c.fd);
	return sound;
}

/* ---- a number that was lost ---------------------------------------------- */

/* From now on it is about the other meta page, as if that were the next one:
 * how many pages it has is not known, so it may have all there are. */
static void
suppose_next(struct check *c, struct meta metas[2], off_t size)
{
	int	 newer = metas[1].txn > metas[0].txn;

	c->meta = metas[!newer];
	c->meta.txn = metas[newer].txn + 1;
	c->meta.last = (uint64_t)size / c->size;
	c->before = metas[newer].trees[MAIN_TREE].root;
}

static void
write_number(const struct check *c, const struct meta *before)
{
	uint64_t	 end[2] = { before->last, c->meta.txn };
	off_t		 at = (off_t)(c->meta.txn % 2 * c->size) + PAGE_HEAD +
			    (off_t)offsetof(struct meta, last);

	if (c->highest > end[0])
		end[0] = c->highest;
	if (fd_pwrite_all(c->fd, end, sizeof end, at) == -1 ||
	    fdatasync(c->fd) == -1)
		fatal("index: %s", strerror(errno));
}

bool
index_finish(int root, const char *path)
{
	struct meta	 metas[2];
	struct check	 c;
	struct stat	 st;
	bool		 is_next = false;

	if (open_index(&c, root, path, O_RDWR) && fstat(c.fd, &st) == 0 &&
	    read_meta(&c, 0, &metas[0]) && check_metas(&c, metas)) {
		suppose_next(&c, metas, st.st_size);
		is_next = check_trees(&c) && c.let_go;
	}
	if (is_next)
		write_number(&c, &metas[(c.meta.txn + 1) % 2]);
	free(c.used);
	fd_close(&c.fd);
	return is_next;
}
