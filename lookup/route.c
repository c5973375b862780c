/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "lookup/name.h"
#include "lookup/route.h"
#include "shared/alloc.h"
#include "shared/limits.h"

void
route_clear(struct route_table *t)
{
	size_t	 i;

	for (i = 0; i < t->count; i++) {
		free(t->rows[i].pattern);
		free(t->rows[i].destination);
	}
	free(t->rows);
	*t = (struct route_table){ NULL, 0, 0 };
}

/* The first row whose pattern is not before `pattern`. */
static size_t
place_of(const struct route_table *t, const char *pattern)
{
	size_t	 low = 0, high = t->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(t->rows[middle].pattern, pattern) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct route_row *
find_exactly(const struct route_table *t, const char *pattern)
{
	size_t	 at = place_of(t, pattern);

	if (at == t->count || strcmp(t->rows[at].pattern, pattern) != 0)
		return NULL;
	return &t->rows[at];
}

static void
grow(struct route_table *t)
{
	if (t->count < t->cap)
		return;
	t->cap = t->cap > 0 ? t->cap * 2 : 16;
	t->rows = xreallocarray(t->rows, t->cap, sizeof *t->rows);
}

bool
route_add(struct route_table *t, struct span pattern, struct span destination)
{
	char	*lower = xcalloc(pattern.len + 1, 1);
	size_t	 at;

	name_lower(pattern, lower);
	if (find_exactly(t, lower) != NULL) {
		free(lower);
		return false;
	}
	grow(t);
	at = place_of(t, lower);
	memmove(&t->rows[at + 1], &t->rows[at],
	    (t->count - at) * sizeof *t->rows);
	t->rows[at].pattern = lower;
	t->rows[at].destination = span_dup(destination);
	t->count++;
	return true;
}

/*
 * "*.b.c" for a.b.c is made in place: the octet before a dot becomes the star,
 * since what stands there was asked for already.
 */
static const struct route_row *
find_parent(const struct route_table *t, char *domain)
{
	const struct route_row	*row;
	char			*dot;

	for (dot = strchr(domain, '.'); dot != NULL;
	    dot = strchr(dot + 1, '.')) {
		if (dot == domain)
			continue;
		dot[-1] = '*';
		row = find_exactly(t, dot - 1);
		if (row != NULL)
			return row;
	}
	return NULL;
}

const char *
route_find(const struct route_table *t, struct span domain)
{
	char			 lower[HOST_TEXT_MAX + 1];
	const struct route_row	*row;

	if (t->count == 0 || domain.len > HOST_TEXT_MAX)
		return NULL;
	name_lower(domain, lower);
	row = find_exactly(t, lower);
	if (row == NULL && lower[0] != '[')
		row = find_parent(t, lower);
	if (row == NULL)
		row = find_exactly(t, "*");
	return row != NULL ? row->destination : NULL;
}
