/* SPDX-License-Identifier: ISC */
/* Optimal string alignment, with the three rows of the table it looks at. */
#include <limits.h>
#include <string.h>

#include "master/distance.h"

enum { LOOKED_AT = 32 };

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

unsigned
distance(struct span a, struct span b)
{
	unsigned	 rows[3][LOOKED_AT + 1];
	unsigned	*before = rows[0], *above = rows[1], *row = rows[2];
	unsigned	*spare;
	size_t		 i, j;

	a = a.len > LOOKED_AT ? span_head(a, LOOKED_AT) : a;
	b = b.len > LOOKED_AT ? span_head(b, LOOKED_AT) : b;
	for (j = 0; j <= b.len; j++)
		row[j] = j;
	for (i = 1; i <= a.len; i++) {
		spare = before;
		before = above;
		above = row;
		row = spare;
		row[0] = i;
		for (j = 1; j <= b.len; j++) {
			row[j] = least(above[j] + 1, row[j - 1] + 1,
			    above[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]));
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
			    a.ptr[i - 2] == b.ptr[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
	}
	return row[b.len];
}

void
nearest_init(struct nearest *n, struct span wrote)
{
	n->wrote = wrote;
	n->word = NULL;
	n->distance = UINT_MAX;
}

void
nearest_try(struct nearest *n, const char *word)
{
	unsigned	 d = distance(n->wrote, span_of(word));

	if (d >= n->distance)
		return;
	n->distance = d;
	n->word = word;
}
