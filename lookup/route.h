/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_ROUTE_H
#define LOOKUP_ROUTE_H

#include "shared/span.h"

/*
 * Where mail for domains of others goes.  A pattern is a domain, "*.domain"
 * (all below it, not itself) or "*"; the longest that matches wins.  The table
 * is sorted by pattern, and a domain asks for itself, then for each of its
 * parents, then for "*".
 */
struct route_row {
	char	*pattern;		/* lower case */
	char	*destination;
};

struct route_table {
	struct route_row	*rows;
	size_t			 count, cap;
};

void	 route_clear(struct route_table *);

/* False when the pattern is there already: the first stands. */
bool	 route_add(struct route_table *, struct span pattern,
	    struct span destination);

/* The destination for `domain`, in any letter case; NULL when no pattern
 * matches. */
const char	*route_find(const struct route_table *, struct span domain);

#endif
