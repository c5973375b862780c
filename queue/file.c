/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "queue/file.h"
#include "queue/trailer.h"
#include "shared/alloc.h"
#include "shared/crc.h"
#include "shared/fd.h"

enum { MODE_FILE = 0600 };

struct piece *
piece_new(size_t len)
{
	struct piece	*p = xreallocarray(NULL, sizeof *p + len, 1);

	p->len = len;
	return p;
}

struct span
piece_span(const struct piece *p)
{
	return span_make(p->data, p->len);
}

void
pieces_clear(struct pieces *list)
{
	struct piece	*p;

	while ((p = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, entry);
		free(p);
	}
}

struct file *
file_new(uint64_t id)
{
	struct file	*f = xcalloc(1, sizeof *f);

	f->id = id;
	f->fd = -1;
	return f;
}

void
file_free(struct file *f)
{
	if (f == NULL)
		return;
	fd_close(&f->fd);
	free(f);
}

static int
fail(struct file *f)
{
	f->error = errno;
	return -1;
}

static void
remove_leftovers(const struct file *f, const struct spool *s)
{
	char	 part[SPOOL_NAME_SIZE], name[ID_SIZE];

	spool_part_name(part, f->id);
	id_format(name, f->id);
	fd_unlink(spool_dir(s, f->id), part);
	fd_unlink(spool_dir(s, f->id), name);
}

int
file_create(struct file *f, const struct spool *s)
{
	char	 name[SPOOL_NAME_SIZE];

	if (f->replaces)
		remove_leftovers(f, s);
	spool_part_name(name, f->id);
	f->fd = openat(spool_dir(s, f->id), name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE_FILE);
	if (f->fd == -1)
		return fail(f);
	f->is_part = true;
	return 0;
}

int
file_append(struct file *f, const struct pieces *content)
{
	struct piece	*p;

	STAILQ_FOREACH(p, content, entry) {
		if (fd_write_all(f->fd, p->data, p->len) == -1)
			return fail(f);
		f->crc = crc32c(f->crc, piece_span(p));
		f->size += p->len;
	}
	return 0;
}

static int
append_trailer(struct file *f, const struct spool *s, const struct letter *l)
{
	struct trailer	 t = { (struct letter *)l, s->lineage, f->crc };
	struct buf	 b;
	struct span	 all;
	int		 result;

	buf_init(&b, TRAILER_BODY_MAX);
	trailer_encode(&t, &b);
	all = buf_span(&b);
	result = fd_write_all(f->fd, all.ptr, all.len);
	buf_clear(&b);
	return result;
}

/* RENAME_NOREPLACE: an id is never used twice, and no file is overwritten. */
int
file_finish(struct file *f, const struct spool *s, const struct letter *l)
{
	char	 part[SPOOL_NAME_SIZE], name[ID_SIZE];
	int	 dir = spool_dir(s, f->id);

	if (f->size != l->size) {
		errno = EINVAL;
		return fail(f);
	}
	if (append_trailer(f, s, l) == -1)
		return fail(f);
	spool_part_name(part, f->id);
	id_format(name, f->id);
	if (renameat2(dir, part, dir, name, RENAME_NOREPLACE) == -1)
		return fail(f);
	f->is_part = false;
	f->is_named = true;
	return 0;
}

void
file_hurry(const struct file *f)
{
	(void)sync_file_range(f->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* A failed fsync is never tried again: the kernel has forgotten the pages. */
int
file_sync(struct file *f)
{
	int	 fd = f->fd;

	if (fsync(fd) == -1)
		return fail(f);
	f->fd = -1;
	if (close(fd) == -1)
		return fail(f);
	return 0;
}

void
file_discard(struct file *f, const struct spool *s)
{
	char	 part[SPOOL_NAME_SIZE], name[ID_SIZE];

	fd_close(&f->fd);
	spool_part_name(part, f->id);
	id_format(name, f->id);
	if (f->is_part)
		fd_unlink(spool_dir(s, f->id), part);
	if (f->is_named)
		fd_unlink(spool_dir(s, f->id), name);
	f->is_part = f->is_named = false;
}
