/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/pattern.h"
#include "remote/rewrite.h"

enum { FIRST_SIZE = 16, NONE = UINT32_MAX, KEY_MAX = 2 * ADDR_TEXT_MAX };

struct rewrite {
	char		*from, *to;
	unsigned	 where;
	uint32_t	 next;		/* of its bucket, plus 1 */
};

void
rewrites_init(struct rewrites *r)
{
	*r = (struct rewrites){ .rows = NULL };
}

void
rewrites_clear(struct rewrites *r)
{
	size_t	 i;

	for (i = 0; i < r->count; i++) {
		free(r->rows[i].from);
		free(r->rows[i].to);
	}
	free(r->rows);
	free(r->buckets);
	rewrites_init(r);
}

/* ---- the table ----------------------------------------------------------- */

static void
link_row(struct rewrites *r, uint32_t i)
{
	uint32_t	*bucket;

	bucket = &r->buckets[span_hash(span_of(r->rows[i].from)) &
	    (r->size - 1)];
	r->rows[i].next = *bucket;
	*bucket = i + 1;
}

static void
grow(struct rewrites *r)
{
	uint32_t	 i;

	r->size = r->size > 0 ? 2 * r->size : FIRST_SIZE;
	r->rows = xreallocarray(r->rows, r->size, sizeof *r->rows);
	free(r->buckets);
	r->buckets = xcalloc(r->size, sizeof *r->buckets);
	for (i = 0; i < r->count; i++)
		link_row(r, i);
}

/* "@example.org" or an address; empty: what matches stays as it is. */
static bool
is_target(struct span to)
{
	struct addr	 a;

	if (to.len == 0)
		return true;
	if (span_starts(to, "@"))
		return domain_is_valid(span_skip(to, 1));
	return addr_parse(to, &a) == ADDR_OK && addr_domain(&a).len > 0;
}

bool
rewrites_put(struct rewrites *r, const struct msg_conf_rewrite *m)
{
	struct rewrite	*row;
	char		 from[ADDR_TEXT_MAX + 1];

	if (r->count == REWRITES_MAX || !is_target(m->to) ||
	    !pattern_lower(m->from, from) || strchr(from, '@') == NULL)
		return false;
	if (r->count == r->size)
		grow(r);
	row = &r->rows[r->count];
	row->from = xstrdup(from);
	row->to = span_dup(m->to);
	row->where = m->where;
	link_row(r, r->count++);
	r->where |= m->where;
	return true;
}

/* ---- looking up ---------------------------------------------------------- */

/* The first row of this key, if it comes before `best`; else `best`. */
static uint32_t
first_of(const struct rewrites *r, unsigned where, struct span key,
    uint32_t best)
{
	uint32_t	 i;

	for (i = r->buckets[span_hash(key) & (r->size - 1)]; i > 0;
	    i = r->rows[i - 1].next)
		if (i - 1 < best && (r->rows[i - 1].where & where) &&
		    span_is(key, r->rows[i - 1].from))
			best = i - 1;
	return best;
}

static uint32_t
below(const struct rewrites *r, unsigned where, struct span local,
    struct span domain, uint32_t best)
{
	char	 key[KEY_MAX];
	int	 n;

	n = snprintf(key, sizeof key, "%.*s@*.%.*s", (int)local.len,
	    local.ptr, (int)domain.len, domain.ptr);
	return first_of(r, where, span_make(key, n), best);
}

static uint32_t
find(const struct rewrites *r, unsigned where, struct span address)
{
	struct span	 domain = pattern_domain(address), parent = domain;
	struct span	 local, label;
	uint32_t	 best = first_of(r, where, address, NONE);

	if (best != NONE)
		return best;
	local = span_head(address, address.len - domain.len - 1);
	best = first_of(r, where, span_skip(address, local.len), NONE);
	while ((parent = span_cut(parent, '.', &label)).len > 0) {
		best = below(r, where, local, parent, best);
		best = below(r, where, span_of(""), parent, best);
	}
	return best;
}

bool
rewrites_map(const struct rewrites *r, unsigned where,
    const struct addr *from, struct addr *to)
{
	char		 text[KEY_MAX];
	struct addr	 a;
	struct span	 local;
	const char	*target;
	uint32_t	 row;

	if (!(r->where & where) || addr_domain(from).len == 0 ||
	    !pattern_lower(addr_span(from), text))
		return false;
	row = find(r, where, span_of(text));
	if (row == NONE || r->rows[row].to[0] == '\0')
		return false;
	target = r->rows[row].to;
	local = span_head(addr_span(from), target[0] == '@' ? from->at : 0);
	(void)snprintf(text, sizeof text, "%.*s%s", (int)local.len, local.ptr,
	    target);
	if (addr_parse(span_of(text), &a) != ADDR_OK)
		return false;
	*to = a;
	return true;
}
