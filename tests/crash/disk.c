/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "tests/crash/disk.h"

/* ---- names --------------------------------------------------------------- */

static struct entry *
find(struct names *n, uint32_t dir, const char *name)
{
	size_t	 i;

	for (i = 0; i < n->count; i++)
		if (n->list[i].dir == dir &&
		    strcmp(n->list[i].name, name) == 0)
			return &n->list[i];
	return NULL;
}

static void
reserve(struct names *n, size_t count)
{
	if (count <= n->room)
		return;
	n->room = count + 64;
	n->list = xreallocarray(n->list, n->room, sizeof *n->list);
}

static void
set(struct names *n, uint64_t dir, const char *name, uint64_t file)
{
	struct entry	*e = find(n, (uint32_t)dir, name);

	if (e == NULL) {
		reserve(n, n->count + 1);
		e = &n->list[n->count++];
	}
	*e = (struct entry){ (uint32_t)dir, (uint32_t)file, name };
}

/* The order stays, for spot.c. */
static void
drop(struct names *n, uint64_t dir, const char *name)
{
	struct entry	*e = find(n, (uint32_t)dir, name);

	if (e == NULL)
		return;
	n->count--;
	memmove(e, e + 1, (size_t)(n->list + n->count - e) * sizeof *e);
}

/* A rename whose old name was never written brings the new one all the same. */
void
names_apply(struct names *n, const struct record *r, bool half)
{
	switch (r->head.op) {
	case LOG_CREATE:
	case LOG_MKDIR:
		set(n, r->head.file, r->a, r->head.other);
		return;
	case LOG_UNLINK:
		drop(n, r->head.file, r->a);
		return;
	case LOG_RENAME:
		drop(n, r->head.file, r->a);
		if (!half)
			set(n, r->head.other, r->b, r->head.length);
		return;
	}
}

void
names_copy(struct names *into, const struct names *n)
{
	reserve(into, n->count);
	memcpy(into->list, n->list, n->count * sizeof *n->list);
	into->count = n->count;
}

/* ---- what a sync makes sure ---------------------------------------------- */

static void
resize(struct disk_file *f, size_t size)
{
	if (size > f->room) {
		f->room = size * 2;
		f->data = xreallocarray(f->data, f->room, 1);
	}
	if (size > f->size)
		memset(f->data + f->size, 0, size - f->size);
	f->size = size;
}

static void
apply(struct disk_file *f, const struct record *r)
{
	uint64_t	 end = r->head.offset + r->head.a;

	if (r->head.op == LOG_SIZE) {
		resize(f, r->head.offset);
		return;
	}
	if (end > f->size)
		resize(f, end);
	memcpy(f->data + r->head.offset, r->a, r->head.a);
}

/* Where sync `number` began. */
static size_t
beginning(const struct disk *d, uint32_t number)
{
	size_t	 i = d->at;

	while (i > 0 && (d->log->records[i].head.op != LOG_BEGIN ||
	    d->log->records[i].head.number != number))
		i--;
	return i;
}

/* A range was synced with the write of it; what it overlaps is older. */
static bool
is_covered(const struct record *sync, const struct record *r, bool old)
{
	if (sync->head.number != 0)
		return old;
	return r->head.op == LOG_WRITE && r->head.offset <
	    sync->head.offset + sync->head.length &&
	    sync->head.offset < r->head.offset + r->head.a;
}

static void
sync_file(struct disk *d, const struct record *sync, size_t began)
{
	struct disk_file	*f = &d->files[sync->head.file];
	const struct record *r;
	size_t		 i, kept = 0;

	for (i = 0; i < f->count; i++) {
		r = &d->log->records[f->pending[i]];
		if (is_covered(sync, r, f->pending[i] < began))
			apply(f, r);
		else
			f->pending[kept++] = f->pending[i];
	}
	f->count = kept;
	f->version++;
}

/* Of a rename between two directories, the new name's alone brings that; the
 * old one's takes both along, since none may be lost. */
static void
sync_names(struct disk *d, uint64_t dir, size_t began)
{
	struct renaming	*p;
	const struct record *r;
	size_t		 i, kept = 0;

	for (i = 0; i < d->count; i++) {
		p = &d->renamings[i];
		r = &d->log->records[p->record];
		if (p->record < began && r->head.file == dir)
			names_apply(&d->names, r, p->half);
		else if (p->record < began && !p->half &&
		    r->head.op == LOG_RENAME && r->head.other == dir) {
			set(&d->names, r->head.other, r->b, r->head.length);
			p->half = true;
			d->renamings[kept++] = *p;
		} else
			d->renamings[kept++] = *p;
	}
	d->count = kept;
}

/* ---- the walk ------------------------------------------------------------ */

void
disk_init(struct disk *d, const struct log *l)
{
	*d = (struct disk){ .log = l };
	d->files = xcalloc(l->files, sizeof *d->files);
}

void
disk_clear(struct disk *d)
{
	uint32_t	 i;

	for (i = 0; i < d->log->files; i++) {
		free(d->files[i].data);
		free(d->files[i].pending);
	}
	free(d->files);
	free(d->names.list);
	free(d->renamings);
}

bool
disk_is_dir(const struct disk *d, uint32_t file)
{
	return d->log->directories[file];
}

static void
add_renaming(struct disk *d)
{
	if (d->count == d->room) {
		d->room += 64;
		d->renamings = xreallocarray(d->renamings, d->room,
		    sizeof *d->renamings);
	}
	d->renamings[d->count++] = (struct renaming){ d->at, false };
}

static void
add_pending(struct disk *d, struct disk_file *f)
{
	if (f->count % 64 == 0)
		f->pending = xreallocarray(f->pending, f->count + 64,
		    sizeof *f->pending);
	f->pending[f->count++] = d->at;
}

bool
disk_step(struct disk *d)
{
	const struct record	*r = &d->log->records[d->at];
	size_t			 began;

	if (d->at == d->log->count)
		return false;
	switch (r->head.op) {
	case LOG_CREATE:
	case LOG_MKDIR:
	case LOG_UNLINK:
	case LOG_RENAME:
		add_renaming(d);
		break;
	case LOG_WRITE:
	case LOG_SIZE:
		add_pending(d, &d->files[r->head.file]);
		break;
	case LOG_SYNC:
		began = beginning(d, r->head.number);
		if (disk_is_dir(d, (uint32_t)r->head.file))
			sync_names(d, r->head.file, began);
		else
			sync_file(d, r, began);
		break;
	}
	d->at++;
	return true;
}
