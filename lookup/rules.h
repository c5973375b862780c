/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_RULES_H
#define LOOKUP_RULES_H

#include "lookup/alias.h"
#include "lookup/route.h"
#include "shared/addr.h"

/*
 * What the configuration says about addresses: which domains are local and
 * with which aliases, and where the others go.
 */
struct domain {
	char			*name;		/* lower case */
	const struct alias_table *aliases;	/* NULL: none */
	bool			 broken;	/* its aliases were not read */
};

struct alias_file {
	char			*path;
	struct alias_table	*table;		/* NULL: was not read */
};

struct rules {
	char			*hostname;
	struct addr		 postmaster;	/* null: nobody */
	const struct domain	*first;		/* that was configured */
	struct domain		**domains;	/* sorted by name */
	size_t			 ndomains, domains_cap;
	struct alias_file	*files;		/* each is read once */
	size_t			 nfiles;
	struct route_table	 routes;
};

void	 rules_clear(struct rules *);

/* A postmaster without a domain is one of `hostname`. */
void	 rules_set_host(struct rules *, struct span hostname,
	    struct span postmaster);

/* `fd` is read at once unless a file of that path was; -1: no aliases. */
void	 rules_add_domain(struct rules *, struct span name, struct span path,
	    int fd);

/* In any letter case; NULL when mail for it is not kept here. */
const struct domain	*rules_find_domain(const struct rules *, struct span);

/* Where <postmaster> without a domain lives: the hostname if it is local, else
 * the first local domain; NULL without any. */
const struct domain	*rules_own_domain(const struct rules *);

/* The destination, as in JOB of ipc.def, of a domain that is not local when no
 * route says otherwise. */
void	 rules_destination(struct span domain,
	    char into[DESTINATION_TEXT_MAX + 1]);

#endif
