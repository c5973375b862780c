/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_ROUTE_H
#define LOOKUP_ROUTE_H

#include "shared/ipc.h"

/*
 * Where mail for domains of others goes, and mail for addresses that are named
 * one by one.  A pattern is an address, a domain, "*.domain" (all below it, not
 * itself) or "*"; the address comes first, then the longest that matches.  Of
 * several routes with one pattern the first whose conditions hold is taken;
 * when none holds, the next shorter pattern is asked for.
 */
struct route_value {
	enum route_condition	 kind;
	bool			 except;
	char			*pattern;	/* lower case */
};

struct route_row {
	char			*pattern;	/* lower case */
	char			*destination;	/* "": it is refused */
	struct reply		 reply;
	struct route_value	*values;
	size_t			 nvalues;
};

/* Sorted by pattern; of one pattern in the order of the configuration. */
struct route_table {
	struct route_row	**rows;
	size_t			 count, cap;
	size_t			 addresses;	/* rows of an address */
	size_t			 nvalues;	/* of all rows */
	struct route_row	*last;		/* that was added */
};

/* What a route looks at; parameters: as in OPEN. */
struct route_question {
	const struct addr	*recipient, *sender;
	struct span		 parameters;
};

void	 route_clear(struct route_table *);

/* A row, and the conditions of the row that was added last.  False: it is
 * nonsense. */
bool	 route_add(struct route_table *, const struct msg_conf_route *);
bool	 route_add_value(struct route_table *,
	    const struct msg_conf_route_if *);

/* The route of a recipient, in any letter case; NULL: none.  The second looks
 * only at those of addresses, which hold in local domains, too. */
const struct route_row	*route_find(const struct route_table *,
			    const struct route_question *);
const struct route_row	*route_find_address(const struct route_table *,
			    const struct route_question *);

#endif
