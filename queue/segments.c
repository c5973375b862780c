/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/segments.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

enum { NAME_SIZE = 3, MODE_FILE = 0600, ZEROS = 1 << 20 };

static const char	 fresh[] = "new";

static void
name_of(char into[NAME_SIZE], unsigned slot)
{
	(void)snprintf(into, NAME_SIZE, "%02x", slot & 0xff);
}

/* ---- opening ------------------------------------------------------------- */

static void
open_one(struct segments *s, unsigned i)
{
	struct segment	*g = &s->slot[i];
	char		 name[NAME_SIZE];
	struct stat	 st;

	name_of(name, i);
	g->state = SEGMENT_NONE;
	g->fd = openat(s->dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (g->fd == -1 && errno == ENOENT)
		return;
	if (g->fd == -1 || fstat(g->fd, &st) == -1)
		fatal("journal/%s: %s", name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		fatal("journal/%s is no file", name);
	g->size = (uint64_t)st.st_size / BATCH_BLOCK * BATCH_BLOCK;
	g->state = SEGMENT_FREE;
}

void
segments_open(struct segments *s, const struct spool *spool)
{
	unsigned	 i;

	s->spool = spool;
	s->dir = spool->journal;
	s->current = -1;
	if (unlinkat(s->dir, fresh, 0) == -1 && errno != ENOENT)
		fatal("journal/%s: %s", fresh, strerror(errno));
	for (i = 0; i < SEGMENTS_MAX; i++)
		open_one(s, i);
}

void
segments_close(struct segments *s)
{
	unsigned	 i;

	for (i = 0; i < SEGMENTS_MAX; i++)
		if (s->slot[i].state != SEGMENT_NONE)
			fd_close(&s->slot[i].fd);
}

/* ---- a new one ----------------------------------------------------------- */

static int
write_zeros(int fd, uint64_t size)
{
	char		*zeros = xcalloc(1, ZEROS);
	uint64_t	 at;
	size_t		 n;
	int		 result = 0;

	for (at = 0; result == 0 && at < size; at += n) {
		n = size - at < ZEROS ? (size_t)(size - at) : ZEROS;
		result = fd_pwrite_all(fd, zeros, n, (off_t)at);
	}
	free(zeros);
	return result == -1 || fsync(fd) == -1 ? -1 : 0;
}

/* Under its name only when it is whole. */
static int
create(struct segments *s, const char *name)
{
	int	 fd = openat(s->dir, fresh, O_RDWR | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, MODE_FILE);

	if (fd == -1)
		return -1;
	if (write_zeros(fd, s->size) == -1 ||
	    renameat(s->dir, fresh, s->dir, name) == -1 ||
	    fsync(s->dir) == -1) {
		fd_unlink(s->dir, fresh);
		fd_close(&fd);
	}
	return fd;
}

int
segments_add(struct segments *s)
{
	char		 name[NAME_SIZE];
	struct segment	*g;
	unsigned	 i = 0;

	while (i < SEGMENTS_MAX && s->slot[i].state != SEGMENT_NONE)
		i++;
	if (i == SEGMENTS_MAX || segments_files(s) >= s->max) {
		errno = ENOSPC;
		return -1;
	}
	g = &s->slot[i];
	name_of(name, i);
	g->fd = create(s, name);
	if (g->fd == -1)
		return -1;
	g->size = s->size;
	g->state = SEGMENT_FREE;
	return (int)i;
}

/* ---- which is which ------------------------------------------------------ */

unsigned
segments_count(const struct segments *s, enum segment_state state)
{
	unsigned	 i, n = 0;

	for (i = 0; i < SEGMENTS_MAX; i++)
		n += s->slot[i].state == state;
	return n;
}

unsigned
segments_files(const struct segments *s)
{
	return SEGMENTS_MAX - segments_count(s, SEGMENT_NONE);
}

static int
find(const struct segments *s, enum segment_state state)
{
	int	 i;

	for (i = 0; i < SEGMENTS_MAX; i++)
		if (s->slot[i].state == state)
			return i;
	return -1;
}

int
segments_oldest(const struct segments *s)
{
	int	 i, best = -1;

	for (i = 0; i < SEGMENTS_MAX; i++)
		if ((s->slot[i].state == SEGMENT_USED ||
		    s->slot[i].state == SEGMENT_BAD) && (best == -1 ||
		    s->slot[i].base < s->slot[best].base))
			best = i;
	return best;
}

/* The last block stays for a batch that says which segments go. */
bool
segments_have_room(const struct segments *s, uint64_t size)
{
	const struct segment	*g;

	if (s->current == -1)
		return false;
	g = &s->slot[s->current];
	return g->state == SEGMENT_USED &&
	    s->position - g->base + size + BATCH_BLOCK <= g->size;
}

int
segments_switch(struct segments *s)
{
	int	 i = find(s, SEGMENT_FREE);

	if (i == -1)
		i = segments_add(s);
	if (i == -1)
		return -1;
	s->slot[i].state = SEGMENT_USED;
	s->slot[i].base = s->position;
	s->current = i;
	return 0;
}

/* A bad one is not written again: its file goes. */
static void
drop(struct segments *s, unsigned i)
{
	char	 name[NAME_SIZE];

	name_of(name, i);
	fd_unlink(s->dir, name);
	fd_close(&s->slot[i].fd);
	s->slot[i].state = SEGMENT_NONE;
}

/* In a bad one that is older than the oldest in use nothing was ever good. */
static void
let_go_bad(struct segments *s, uint64_t base)
{
	int	 i;

	while ((i = segments_oldest(s)) != -1 && i != s->current &&
	    s->slot[i].state == SEGMENT_BAD && s->slot[i].base < base)
		s->slot[i].state = SEGMENT_LEAVING;
}

void
segments_let_go(struct segments *s, uint64_t base)
{
	int	 i, next;

	let_go_bad(s, base);
	i = segments_oldest(s);
	if (i == -1 || i == s->current || s->slot[i].base != base)
		return;
	s->slot[i].state = s->slot[i].state == SEGMENT_BAD ?
	    SEGMENT_LEAVING : SEGMENT_GOING;
	next = segments_oldest(s);
	s->tail = next == -1 ? s->position : s->slot[next].base;
}

void
segments_gone(struct segments *s)
{
	unsigned	 i;

	for (i = 0; i < SEGMENTS_MAX; i++) {
		if (s->slot[i].state == SEGMENT_GOING)
			s->slot[i].state = SEGMENT_FREE;
		if (s->slot[i].state == SEGMENT_LEAVING)
			drop(s, i);
	}
}

int
segments_remove(struct segments *s)
{
	char		 name[NAME_SIZE];
	unsigned	 i;

	for (i = 0; i < SEGMENTS_MAX; i++) {
		if (s->slot[i].state == SEGMENT_NONE)
			continue;
		name_of(name, i);
		if (unlinkat(s->dir, name, 0) == -1 && errno != ENOENT)
			return -1;
		fd_close(&s->slot[i].fd);
		s->slot[i].state = SEGMENT_NONE;
	}
	s->current = -1;
	return fsync(s->dir);
}
