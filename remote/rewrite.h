/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_REWRITE_H
#define REMOTE_REWRITE_H

#include "shared/ipc.h"

/*
 * What addresses become on their way out: CONF_REWRITE as a table.  The row of
 * an address itself comes first, then of all others the first that matches:
 *	joe@example.org		that address, in any letter case
 *	@example.org		all of the domain
 *	@*.example.org		all of names below it
 *	joe@*.example.org	this one of names below it
 * An address is rewritten once; what would be none stays as it is.
 */
struct rewrite;

struct rewrites {
	struct rewrite	*rows;		/* in their order */
	uint32_t	*buckets;	/* the last row, plus 1; 0: none */
	size_t		 count, size;	/* rows, and places for them */
	unsigned	 where;		/* of all rows together */
};

void	 rewrites_init(struct rewrites *);
void	 rewrites_clear(struct rewrites *);

/* False: it is no row, or there are REWRITES_MAX. */
bool	 rewrites_put(struct rewrites *, const struct msg_conf_rewrite *);

/* False: the address stays as it is, and `*to` is not touched.  `where`: one
 * of enum rewrite_where. */
bool	 rewrites_map(const struct rewrites *, unsigned where,
	    const struct addr *from, struct addr *to);

#endif
