/* SPDX-License-Identifier: ISC */
/*
 * Whatever the queue's code allocates is in one list, so that a crash can drop
 * it, and a leak shows.
 */
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

struct block {
	TAILQ_ENTRY(block) entry;
	size_t		 size, spare;
};
TAILQ_HEAD(blocks, block);

static struct {
	struct blocks	 list;
	size_t		 count;
} all = { TAILQ_HEAD_INITIALIZER(all.list), 0 };

void	*__real_calloc(size_t, size_t);
void	*__real_reallocarray(void *, size_t, size_t);
void	 __real_free(void *);
void	*__wrap_calloc(size_t, size_t);
void	*__wrap_reallocarray(void *, size_t, size_t);
void	 __wrap_free(void *);

void *
__wrap_calloc(size_t count, size_t size)
{
	struct block	*b = __real_calloc(1, sizeof *b + count * size);

	if (b == NULL)
		abort();
	b->size = count * size;
	TAILQ_INSERT_TAIL(&all.list, b, entry);
	all.count++;
	return b + 1;
}

void *
__wrap_reallocarray(void *old, size_t count, size_t size)
{
	struct block	*b = old == NULL ? NULL : (struct block *)old - 1;
	void		*new = __wrap_calloc(count, size);

	if (b != NULL)
		memcpy(new, old, b->size < count * size ? b->size :
		    count * size);
	__wrap_free(old);
	return new;
}

void
__wrap_free(void *p)
{
	struct block	*b = p;

	if (p == NULL)
		return;
	b--;
	TAILQ_REMOVE(&all.list, b, entry);
	all.count--;
	__real_free(b);
}

void *
own_new(size_t size)
{
	void	*p = __real_calloc(1, size > 0 ? size : 1);

	if (p == NULL)
		abort();
	return p;
}

void
own_free(void *p)
{
	__real_free(p);
}

size_t
memory_blocks(void)
{
	return all.count;
}

void
memory_drop(void)
{
	struct block	*b;

	while ((b = TAILQ_FIRST(&all.list)) != NULL)
		__wrap_free(b + 1);
}

void
memory_tell(void)
{
	struct block	*b;

	TAILQ_FOREACH(b, &all.list, entry)
		if (b->size < 60000)
			printf("\tleft: %zu octets\n", b->size);
}
