/* SPDX-License-Identifier: ISC */
/*
 * Code that the program did not bring along, and memory without end.  What is
 * mapped here is not touched: the limits count what could be.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "shared/limits.h"
#include "shared/ring.h"
#include "tests/walls/attack.h"

enum { PAGE = 4096, READ_WRITE = PROT_READ | PROT_WRITE };

static const size_t	 piece = 64 << 20;
static const size_t	 vast = (size_t)1 << 40;

static long
is_mapped(void *p)
{
	return p == MAP_FAILED ? -1 : 0;
}

static void *
anonymous(size_t size, int protection, int flags)
{
	return mmap(NULL, size, protection, flags | MAP_ANONYMOUS |
	    MAP_NORESERVE, -1, 0);
}

/* ---- code ---------------------------------------------------------------- */

static long
attack_code(void)
{
	return is_mapped(anonymous(PAGE, READ_WRITE | PROT_EXEC,
	    MAP_PRIVATE));
}

static long
attack_code_later(void)
{
	static char	 page[PAGE] __attribute__((__aligned__(PAGE)));

	return mprotect(page, PAGE, PROT_READ | PROT_EXEC);
}

static long
attack_code_key(void)
{
	static char	 page[PAGE] __attribute__((__aligned__(PAGE)));

	return syscall(SYS_pkey_mprotect, page, (size_t)PAGE,
	    PROT_READ | PROT_EXEC, -1);
}

static long
attack_code_file(void)
{
	return is_mapped(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE,
	    FD_PROGRAM, 0));
}

static long
attack_memfd(void)
{
	return memfd_create("attack", MFD_CLOEXEC);
}

static long
attack_memfd_secret(void)
{
	return syscall(SYS_memfd_secret, 0);
}

/* ---- another's ring ------------------------------------------------------ */

static long
attack_ring_map(void)
{
	return is_mapped(mmap(NULL, RING_SLOT, READ_WRITE, MAP_SHARED,
	    ring_descriptor(), 0));
}

static long
attack_ring_protect(void)
{
	void	*map = mmap(NULL, RING_SLOT, PROT_READ, MAP_SHARED,
		    ring_descriptor(), 0);

	if (map == MAP_FAILED)
		_exit(102);
	return mprotect(map, RING_SLOT, READ_WRITE);
}

static long
attack_ring_write(void)
{
	return write(ring_descriptor(), "x", 1);
}

/* ---- without end --------------------------------------------------------- */

#ifdef SANITIZED
/* Shadow memory wants what these limits forbid: they do not stand. */
static long
no_limit(void)
{
	errno = ENOSYS;
	return -1;
}

static const struct attack	 endless[] = {
	{ "memory-private",	no_limit },
	{ "memory-shared",	no_limit },
	{ "memory-stack",	no_limit },
	{ "memory-break",	no_limit },
	{ "memory-remap",	no_limit },
	{ "memory-protect",	no_limit },
	{ "address-space",	no_limit },
	{ NULL,			NULL }
};
#else
static long
fill(int protection, int flags)
{
	size_t	 had = 0;

	for (; had <= (size_t)MEMORY_MAX * 2; had += piece)
		if (anonymous(piece, protection, flags) == MAP_FAILED)
			return -1;
	return 0;
}

static long
attack_private(void)
{
	return fill(READ_WRITE, MAP_PRIVATE);
}

/* Not private, so no data to RLIMIT_DATA. */
static long
attack_shared(void)
{
	return fill(READ_WRITE, MAP_SHARED);
}

/* A stack, so no data either. */
static long
attack_stack(void)
{
	return fill(READ_WRITE, MAP_PRIVATE | MAP_GROWSDOWN);
}

static long
attack_break(void)
{
	size_t	 had = 0;

	for (; had <= (size_t)MEMORY_MAX * 2; had += piece)
		if (sbrk(piece) == (void *)-1)
			return -1;
	return 0;
}

static long
attack_remap(void)
{
	void	*p = anonymous(PAGE, READ_WRITE, MAP_PRIVATE);

	return is_mapped(mremap(p, PAGE, (size_t)MEMORY_MAX * 2,
	    MREMAP_MAYMOVE));
}

static long
attack_protect(void)
{
	size_t	 size = (size_t)MEMORY_MAX * 2;
	void	*p = anonymous(size, PROT_READ, MAP_PRIVATE);

	return p == MAP_FAILED ? -1 : mprotect(p, size, READ_WRITE);
}

/* Reading it fills page tables, which no limit counts. */
static long
attack_space(void)
{
	return is_mapped(anonymous(vast, PROT_READ, MAP_PRIVATE));
}

static const struct attack	 endless[] = {
	{ "memory-private",	attack_private },
	{ "memory-shared",	attack_shared },
	{ "memory-stack",	attack_stack },
	{ "memory-break",	attack_break },
	{ "memory-remap",	attack_remap },
	{ "memory-protect",	attack_protect },
	{ "address-space",	attack_space },
	{ NULL,			NULL }
};
#endif

static long
attack_lock(void)
{
	return mlockall(MCL_FUTURE);
}

const struct attack *
attacks_on_memory(void)
{
	static const struct attack	 list[] = {
		{ "code-map",		attack_code },
		{ "code-protect",	attack_code_later },
		{ "code-pkey",		attack_code_key },
		{ "code-memfd",		attack_code_file },
		{ "memfd-create",	attack_memfd },
		{ "memfd-secret",	attack_memfd_secret },
		{ "ring-map",		attack_ring_map },
		{ "ring-protect",	attack_ring_protect },
		{ "ring-write",		attack_ring_write },
		{ "mlock",		attack_lock },
		{ NULL,			NULL }
	};

	return list;
}

const struct attack *
attacks_without_end(void)
{
	return endless;
}
