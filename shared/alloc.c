/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/log.h"

/* Nothing asked for is still something to point at: never NULL. */
static size_t
at_least_one(size_t size)
{
	return size > 0 ? size : 1;
}

void *
xcalloc(size_t count, size_t size)
{
	void	*p = calloc(at_least_one(count), at_least_one(size));

	if (p == NULL)
		fatal("out of memory: %zu of %zu octets", count, size);
	return p;
}

void *
xreallocarray(void *old, size_t count, size_t size)
{
	void	*p = reallocarray(old, at_least_one(count), at_least_one(size));

	if (p == NULL)
		fatal("out of memory: %zu of %zu octets", count, size);
	return p;
}

char *
xstrdup(const char *s)
{
	size_t	 size = strlen(s) + 1;
	char	*copy = xcalloc(size, 1);

	memcpy(copy, s, size);
	return copy;
}
