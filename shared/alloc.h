/* SPDX-License-Identifier: ISC */
#ifndef SHARED_ALLOC_H
#define SHARED_ALLOC_H

#include <stddef.h>

/*
 * Memory that is there or ends the process: none of these returns NULL.  A
 * size that came from outside is compared with its ceiling in limits.h before
 * memory is asked for.  free(3) gives it back.
 */
void	*xcalloc(size_t count, size_t size);
void	*xreallocarray(void *, size_t count, size_t size);
char	*xstrdup(const char *);

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

#endif
