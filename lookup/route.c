/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "lookup/name.h"
#include "lookup/route.h"
#include "shared/alloc.h"
#include "shared/pattern.h"

/* ---- the table ----------------------------------------------------------- */

static void
row_free(struct route_row *row)
{
	size_t	 i;

	for (i = 0; i < row->nvalues; i++)
		free(row->values[i].pattern);
	free(row->values);
	free(row->pattern);
	free(row->destination);
	free(row);
}

void
route_clear(struct route_table *t)
{
	size_t	 i;

	for (i = 0; i < t->count; i++)
		row_free(t->rows[i]);
	free(t->rows);
	*t = (struct route_table){ .rows = NULL };
}

/* The first row whose pattern is not before `pattern`; behind those of the
 * same pattern with `behind`. */
static size_t
place_of(const struct route_table *t, const char *pattern, bool behind)
{
	size_t	 low = 0, high = t->count, middle;
	int	 order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(t->rows[middle]->pattern, pattern);
		if (order < 0 || (behind && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
insert(struct route_table *t, struct route_row *row)
{
	size_t	 at = place_of(t, row->pattern, true);

	if (t->count == t->cap) {
		t->cap = t->cap > 0 ? t->cap * 2 : 16;
		t->rows = xreallocarray(t->rows, t->cap,
		    sizeof(struct route_row *));
	}
	memmove(&t->rows[at + 1], &t->rows[at],
	    (t->count - at) * sizeof(struct route_row *));
	t->rows[at] = row;
	t->count++;
}

bool
route_add(struct route_table *t, const struct msg_conf_route *m)
{
	struct route_row	*row;

	if (t->count == ROUTES_MAX || m->pattern.len == 0 ||
	    (m->destination.len == 0 && !reply_is_refusal(&m->reply)))
		return false;
	row = xcalloc(1, sizeof *row);
	row->pattern = xcalloc(m->pattern.len + 1, 1);
	name_lower(m->pattern, row->pattern);
	row->destination = span_dup(m->destination);
	row->reply = m->reply;
	insert(t, row);
	if (strchr(row->pattern, '@') != NULL)
		t->addresses++;
	t->last = row;
	return true;
}

bool
route_add_value(struct route_table *t, const struct msg_conf_route_if *m)
{
	struct route_row	*row = t->last;

	if (row == NULL || t->nvalues == ROUTE_VALUES_MAX ||
	    m->pattern.len == 0)
		return false;
	row->values = xreallocarray(row->values, row->nvalues + 1,
	    sizeof *row->values);
	row->values[row->nvalues++] = (struct route_value){ m->kind,
	    m->except, span_dup(m->pattern) };
	t->nvalues++;
	return true;
}

/* ---- conditions ---------------------------------------------------------- */

/* "tag=bulk" among the words; a tag needs no xtext. */
static bool
has_tag(const char *pattern, struct span words)
{
	struct span	 word;

	while ((word = span_word(&words)).len > 0)
		if (span_starts(word, "tag=") && (strcmp(pattern, "*") == 0 ||
		    span_is_word(span_skip(word, 4), pattern)))
			return true;
	return false;
}

static bool
holds(const struct route_row *row, const struct route_question *q)
{
	const struct route_value	*v;
	struct pattern_tally		 tally = { 0 };
	size_t				 i;

	for (i = 0; i < row->nvalues; i++) {
		v = &row->values[i];
		pattern_count(&tally, v->kind, v->except,
		    v->kind == ROUTE_IF_TAG ?
		    has_tag(v->pattern, q->parameters) :
		    pattern_has_address(v->pattern, q->sender));
	}
	return pattern_holds(&tally, 0);
}

/* ---- questions ----------------------------------------------------------- */

static const struct route_row *
find_exactly(const struct route_table *t, const char *pattern,
    const struct route_question *q)
{
	size_t	 at = place_of(t, pattern, false);

	for (; at < t->count; at++) {
		if (strcmp(t->rows[at]->pattern, pattern) != 0)
			break;
		if (holds(t->rows[at], q))
			return t->rows[at];
	}
	return NULL;
}

/*
 * "*.b.c" for a.b.c is made in place: the octet before a dot becomes the star,
 * since what stands there was asked for already.
 */
static const struct route_row *
find_parent(const struct route_table *t, char *domain,
    const struct route_question *q)
{
	const struct route_row	*row;
	char			*dot;

	for (dot = strchr(domain, '.'); dot != NULL;
	    dot = strchr(dot + 1, '.')) {
		if (dot == domain)
			continue;
		dot[-1] = '*';
		row = find_exactly(t, dot - 1, q);
		if (row != NULL)
			return row;
	}
	return NULL;
}

const struct route_row *
route_find_address(const struct route_table *t,
    const struct route_question *q)
{
	char	 lower[ADDR_TEXT_MAX + 1];

	if (t->addresses == 0 || !pattern_lower(addr_span(q->recipient), lower))
		return NULL;
	return find_exactly(t, lower, q);
}

const struct route_row *
route_find(const struct route_table *t, const struct route_question *q)
{
	struct span		 domain = addr_domain(q->recipient);
	char			 lower[HOST_TEXT_MAX + 1];
	const struct route_row	*row;

	if (t->count == 0 || domain.len > HOST_TEXT_MAX)
		return NULL;
	row = route_find_address(t, q);
	if (row != NULL)
		return row;
	name_lower(domain, lower);
	row = find_exactly(t, lower, q);
	if (row == NULL && lower[0] != '[')
		row = find_parent(t, lower, q);
	return row != NULL ? row : find_exactly(t, "*", q);
}
