/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/limits.h"
#include "shared/ring.h"

/* Newer than the C library; kernels before 6.3 refuse it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U
#endif

/* With these nobody can cut the file short under the other's map. */
enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

struct ring {
	char		*map;
	size_t		 size;
	unsigned	 slots;

	/* of the writer: a stack, so that warm slots go out first */
	unsigned	 nfree;
	unsigned short	*free;
	bool		*out;		/* per slot: the reader may have it */
};

static bool
slots_are_valid(unsigned slots)
{
	if (slots > 0 && slots <= RING_SLOTS_MAX)
		return true;
	errno = EINVAL;
	return false;
}

/*
 * Does the descriptor hold what master promised?  Only a file of memory has
 * seals; its size is asked of lseek because fstat is not among the calls that
 * a program keeps.
 */
static bool
is_as_promised(int fd, size_t size)
{
	int	 seals = fcntl(fd, F_GET_SEALS);
	off_t	 end = lseek(fd, 0, SEEK_END);

	if (seals == -1 || end == -1)
		return false;
	if ((seals & SEALS) == SEALS && end == (off_t)size)
		return true;
	errno = EINVAL;
	return false;
}

static struct ring *
open_ring(int fd, unsigned slots, int protection)
{
	struct ring	*r = NULL;
	size_t		 size = (size_t)slots * RING_SLOT;
	void		*map;

	if (!slots_are_valid(slots) || !is_as_promised(fd, size))
		goto out;
	map = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		goto out;
	r = xcalloc(1, sizeof(*r));
	r->map = map;
	r->size = size;
	r->slots = slots;
out:
	fd_close(&fd);
	return r;
}

struct ring *
ring_open_writer(int fd, unsigned slots)
{
	struct ring	*r = open_ring(fd, slots, PROT_READ | PROT_WRITE);

	if (r == NULL)
		return NULL;
	r->free = xcalloc(slots, sizeof(*r->free));
	r->out = xcalloc(slots, sizeof(*r->out));
	for (r->nfree = 0; r->nfree < slots; r->nfree++)
		r->free[r->nfree] = slots - 1 - r->nfree;
	return r;
}

struct ring *
ring_open_reader(int fd, unsigned slots)
{
	return open_ring(fd, slots, PROT_READ);
}

void
ring_close(struct ring *r)
{
	if (r == NULL)
		return;
	(void)munmap(r->map, r->size);
	free(r->free);
	free(r->out);
	free(r);
}

int
ring_take(struct ring *r)
{
	unsigned	 slot;

	if (r->nfree == 0)
		return -1;
	slot = r->free[--r->nfree];
	r->out[slot] = true;
	return slot;
}

static char *
place_of(const struct ring *r, unsigned slot)
{
	return r->map + (size_t)slot * RING_SLOT;
}

char *
ring_slot(struct ring *r, unsigned slot)
{
	return slot < r->slots ? place_of(r, slot) : NULL;
}

bool
ring_give_back(struct ring *r, unsigned slot)
{
	if (slot >= r->slots || r->out == NULL || !r->out[slot])
		return false;
	r->out[slot] = false;
	r->free[r->nfree++] = slot;
	return true;
}

unsigned
ring_free_slots(const struct ring *r)
{
	return r->nfree;
}

bool
ring_copy(const struct ring *r, unsigned slot, size_t length, void *into)
{
	if (slot >= r->slots || length > RING_SLOT)
		return false;
	memcpy(into, place_of(r, slot), length);
	return true;
}

static int
create_file(void)
{
	unsigned	 flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int		 fd = memfd_create("ring", flags | MFD_NOEXEC_SEAL);

	if (fd == -1 && errno == EINVAL)
		fd = memfd_create("ring", flags);
	return fd;
}

/*
 * The mode lets nobody but the owner open it again through /proc, and him for
 * reading only.
 */
static int
prepare(int fd, size_t size)
{
	if (ftruncate(fd, size) == -1 || fchmod(fd, S_IRUSR) == -1)
		return -1;
	return fcntl(fd, F_ADD_SEALS, SEALS);
}

int
ring_create(unsigned slots, int *writer, int *reader)
{
	char	 path[32];

	*writer = *reader = -1;
	if (!slots_are_valid(slots))
		return -1;
	*writer = create_file();
	if (*writer == -1)
		return -1;
	if (prepare(*writer, (size_t)slots * RING_SLOT) == -1)
		goto out;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", *writer);
	*reader = open(path, O_RDONLY | O_CLOEXEC);
out:
	if (*reader == -1)
		fd_close(writer);
	return *reader == -1 ? -1 : 0;
}
