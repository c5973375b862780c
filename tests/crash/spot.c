/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/span.h"
#include "tests/crash/spot.h"

enum { BLOCK = 4096, OLD = 1 };

/* What we put somewhere. */
struct thing {
	char		*name;
	int		 fd;		/* a directory; -1: a file */
	ino_t		 inode;
	bool		 wanted;
	char		*data;		/* of a file */
	size_t		 size, room;
	struct thing	**list;		/* in a directory */
	size_t		 count;
};

struct spot {
	const struct disk *disk;
	const struct state *state;
	char		*path;
	struct thing	*top;
	uint32_t	*first;		/* entries of a directory, by number */
	uint32_t	*next;		/* by entry; 0 ends, others are + 1 */
	size_t		 room;
};

static const struct timespec	 old[2] = { { OLD, OLD }, { OLD, OLD } };

static void
must(bool good, const char *what)
{
	if (!good)
		err(1, "%s", what);
}

/* ---- things -------------------------------------------------------------- */

static struct thing *
thing_new(const char *name, int fd)
{
	struct thing	*t = xcalloc(1, sizeof *t);

	t->name = span_dup(span_of(name));
	t->fd = fd;
	return t;
}

static void
thing_free(struct thing *t)
{
	size_t	 i;

	for (i = 0; i < t->count; i++)
		thing_free(t->list[i]);
	fd_close(&t->fd);
	free(t->list);
	free(t->data);
	free(t->name);
	free(t);
}

static void
forget(struct thing *dir, size_t i)
{
	thing_free(dir->list[i]);
	dir->count--;
	memmove(dir->list + i, dir->list + i + 1,
	    (dir->count - i) * sizeof *dir->list);
}

/* Most often they are asked for in their order. */
static size_t
find(const struct thing *dir, const char *name, size_t hint)
{
	size_t	 i;

	if (hint < dir->count && strcmp(dir->list[hint]->name, name) == 0)
		return hint;
	for (i = 0; i < dir->count; i++)
		if (strcmp(dir->list[i]->name, name) == 0)
			break;
	return i;
}

static void	remove_all(int at, const char *name);

static void
empty(int fd)
{
	DIR		*d = fdopendir(fd);
	struct dirent	*e;

	must(d != NULL, "fdopendir");
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			remove_all(dirfd(d), e->d_name);
	(void)closedir(d);
}

static void
remove_all(int at, const char *name)
{
	int	 fd;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd != -1, name);
	empty(fd);
	must(unlinkat(at, name, AT_REMOVEDIR) == 0, name);
}

/* ---- what somebody changed ----------------------------------------------- */

static bool
is_old(const struct stat *st)
{
	return st->st_mtim.tv_sec == OLD && st->st_mtim.tv_nsec == OLD;
}

/* What is not ours goes, and what is not there any more is forgotten. */
static void
look_through(struct thing *dir)
{
	int		 fd = openat(dir->fd, ".", O_RDONLY | O_CLOEXEC);
	DIR		*d = fdopendir(fd);
	struct dirent	*e;
	size_t		 i;

	must(d != NULL, dir->name);
	for (i = 0; i < dir->count; i++)
		dir->list[i]->wanted = false;
	while ((e = readdir(d)) != NULL) {
		i = find(dir, e->d_name, 0);
		if (i < dir->count && dir->list[i]->inode == e->d_ino)
			dir->list[i]->wanted = true;
		else if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			remove_all(dir->fd, e->d_name);
	}
	(void)closedir(d);
	for (i = dir->count; i > 0; i--)
		if (!dir->list[i - 1]->wanted)
			forget(dir, i - 1);
}

static bool
was_touched(const struct thing *dir, const struct thing *file)
{
	struct stat	 st;

	return fstatat(dir->fd, file->name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    st.st_ino != file->inode || !is_old(&st) ||
	    (size_t)st.st_size != file->size;
}

/* ---- putting ------------------------------------------------------------- */

static struct thing *
make(struct thing *dir, const char *name, bool is_dir)
{
	struct stat	 st;
	struct thing	*t;
	int		 fd;

	if (is_dir)
		must(mkdirat(dir->fd, name, 0700) == 0, name);
	fd = openat(dir->fd, name, is_dir ? O_RDONLY | O_DIRECTORY | O_CLOEXEC :
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd != -1 && fstat(fd, &st) == 0, name);
	t = thing_new(name, is_dir ? fd : -1);
	t->inode = st.st_ino;
	if (!is_dir) {
		must(futimens(fd, old) == 0, name);
		fd_close(&fd);
	}
	dir->list = xreallocarray(dir->list, dir->count + 1,
	    sizeof *dir->list);
	dir->list[dir->count++] = t;
	return t;
}

static bool
is_same(const struct thing *t, const struct content *c, size_t at, size_t n)
{
	return at + n <= t->size && memcmp(t->data + at, c->data + at, n) == 0;
}

static void
write_differing(int fd, struct thing *t, const struct content *c)
{
	size_t	 at, n;

	for (at = 0; at < c->size; at += n) {
		n = c->size - at < BLOCK ? c->size - at : BLOCK;
		if (!is_same(t, c, at, n))
			must(pwrite(fd, c->data + at, n, (off_t)at) ==
			    (ssize_t)n, t->name);
	}
}

static void
put_file(struct thing *dir, struct thing *t, const struct content *c)
{
	int	 fd;

	if (t->size == c->size && is_same(t, c, 0, c->size))
		return;
	fd = openat(dir->fd, t->name, O_WRONLY | O_CLOEXEC);
	must(fd != -1, t->name);
	if (t->size > c->size)
		must(ftruncate(fd, (off_t)c->size) == 0, t->name);
	write_differing(fd, t, c);
	must(futimens(fd, old) == 0, t->name);
	fd_close(&fd);
	if (c->size > t->room) {
		t->room = c->size * 2;
		t->data = xreallocarray(t->data, t->room, 1);
	}
	if (c->size > 0)
		memcpy(t->data, c->data, c->size);
	t->size = c->size;
}

/* The thing for an entry, made anew when it is not what it was. */
static size_t
obtain(struct spot *p, struct thing *dir, const struct entry *e, size_t hint)
{
	bool		 is_dir = disk_is_dir(p->disk, e->file);
	size_t		 i = find(dir, e->name, hint);
	struct thing	*t = i < dir->count ? dir->list[i] : NULL;

	if (t != NULL && (t->fd != -1) == is_dir &&
	    (is_dir || !was_touched(dir, t)))
		return i;
	remove_all(dir->fd, e->name);
	if (t != NULL)
		forget(dir, i);
	(void)make(dir, e->name, is_dir);
	return dir->count - 1;
}

static void
drop_unwanted(struct thing *dir)
{
	size_t	 i;

	for (i = dir->count; i > 0; i--)
		if (!dir->list[i - 1]->wanted) {
			remove_all(dir->fd, dir->list[i - 1]->name);
			forget(dir, i - 1);
		}
}

static void
put_dir(struct spot *p, struct thing *dir, uint32_t number)
{
	const struct entry	*e;
	struct stat		 st;
	size_t			 i, hint = 0;
	uint32_t		 at;
	bool			 touched;

	must(fstat(dir->fd, &st) == 0, dir->name);
	touched = !is_old(&st);
	if (touched)
		look_through(dir);
	else if (dir->count == 0 && p->first[number] == 0)
		return;
	for (i = 0; i < dir->count; i++)
		dir->list[i]->wanted = false;
	for (at = p->first[number]; at != 0; at = p->next[at - 1]) {
		e = &p->state->names.list[at - 1];
		i = obtain(p, dir, e, hint);
		hint = i + 1;
		dir->list[i]->wanted = true;
		if (dir->list[i]->fd != -1)
			put_dir(p, dir->list[i], e->file);
		else
			put_file(dir, dir->list[i], &p->state->files[e->file]);
	}
	drop_unwanted(dir);
	must(fstat(dir->fd, &st) == 0, dir->name);
	if (!is_old(&st))
		must(futimens(dir->fd, old) == 0, dir->name);
}

/* ---- all ----------------------------------------------------------------- */

struct spot *
spot_new(const char *path, const struct disk *d)
{
	struct spot	*p = xcalloc(1, sizeof *p);
	int		 fd;

	remove_all(AT_FDCWD, path);
	must(mkdir(path, 0700) == 0, path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd != -1, path);
	p->path = span_dup(span_of(path));
	p->top = thing_new(path, fd);
	p->disk = d;
	p->first = xcalloc(d->log->files, sizeof *p->first);
	return p;
}

void
spot_free(struct spot *p)
{
	thing_free(p->top);
	remove_all(AT_FDCWD, p->path);
	free(p->path);
	free(p->first);
	free(p->next);
	free(p);
}

void
spot_put(struct spot *p, const struct state *s)
{
	size_t	 i;

	p->state = s;
	memset(p->first, 0, p->disk->log->files * sizeof *p->first);
	if (s->names.count > p->room) {
		p->room = s->names.count + 256;
		p->next = xreallocarray(p->next, p->room, sizeof *p->next);
	}
	for (i = s->names.count; i > 0; i--) {
		p->next[i - 1] = p->first[s->names.list[i - 1].dir];
		p->first[s->names.list[i - 1].dir] = (uint32_t)i;
	}
	put_dir(p, p->top, 0);
}
