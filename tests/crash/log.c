/* SPDX-License-Identifier: ISC */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/span.h"
#include "tests/crash/log.h"

enum { NOBODY = UINT32_MAX };

/* Inodes are used again, so the latest file of that inode is meant. */
struct names {
	uint64_t	*inodes;
	uint32_t	 count;
};

static uint64_t
find(const struct names *n, uint64_t inode)
{
	uint32_t	 i;

	for (i = n->count; i > 0; i--)
		if (n->inodes[i - 1] == inode)
			return i - 1;
	return NOBODY;
}

static uint64_t
add(struct names *n, uint64_t inode)
{
	n->inodes = xreallocarray(n->inodes, n->count + 1,
	    sizeof *n->inodes);
	n->inodes[n->count] = inode;
	return n->count++;
}

/* False: it is of a file that is not ours. */
static bool
number(struct names *n, struct log_head *h)
{
	if (h->op == LOG_ROOT && n->count == 0)
		(void)add(n, h->file);
	if (h->op == LOG_ROOT || h->op == LOG_MARK)
		return h->op == LOG_MARK;
	h->file = find(n, h->file);
	if (h->file == NOBODY)
		return false;
	if (h->op == LOG_CREATE || h->op == LOG_MKDIR)
		h->other = add(n, h->other);
	else if (h->op == LOG_RENAME) {
		h->other = find(n, h->other);
		h->length = find(n, h->length);
	}
	return h->other != NOBODY && h->length != NOBODY;
}

static void
note_directory(struct log *l, const struct log_head *h, uint32_t files)
{
	l->directories = xreallocarray(l->directories, files,
	    sizeof *l->directories);
	if (h->op == LOG_CREATE || h->op == LOG_MKDIR)
		l->directories[h->other] = h->op == LOG_MKDIR;
}

/* Names are used as strings. */
static void
end_names(struct record *r)
{
	if (r->head.op != LOG_CREATE && r->head.op != LOG_MKDIR &&
	    r->head.op != LOG_UNLINK && r->head.op != LOG_RENAME)
		return;
	r->a = span_dup(span_make(r->a, r->head.a));
	r->b = span_dup(span_make(r->b, r->head.b));
}

static size_t
load(struct log *l, const char *path)
{
	struct stat	 st;
	int		 fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t		 n;

	if (fd == -1 || fstat(fd, &st) == -1)
		err(1, "%s", path);
	l->data = xcalloc(1, (size_t)st.st_size + 1);
	n = fd_pread_all(fd, l->data, (size_t)st.st_size, 0);
	if (n != st.st_size)
		err(1, "%s", path);
	fd_close(&fd);
	return (size_t)n;
}

static void
put(struct log *l, const struct record *r)
{
	if (l->count % 1024 == 0)
		l->records = xreallocarray(l->records, l->count + 1024,
		    sizeof *l->records);
	l->records[l->count++] = *r;
}

void
log_read(struct log *l, const char *path)
{
	struct names	 names = { NULL, 0 };
	struct record	 r;
	size_t		 at = 0, size;

	*l = (struct log){ .count = 0 };
	size = load(l, path);
	l->directories = xcalloc(1, sizeof *l->directories);
	l->directories[0] = true;
	while (size - at >= sizeof r.head) {
		memcpy(&r.head, l->data + at, sizeof r.head);
		at += sizeof r.head;
		r.a = l->data + at;
		r.b = r.a + r.head.a;
		if (r.head.a > size - at || r.head.b > size - at - r.head.a)
			errx(1, "%s: cut short", path);
		at += r.head.a + r.head.b;
		if (!number(&names, &r.head))
			continue;
		end_names(&r);
		note_directory(l, &r.head, names.count);
		put(l, &r);
	}
	l->files = names.count;
	free(names.inodes);
}
