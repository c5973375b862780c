/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_RESOLVE_H
#define LOOKUP_RESOLVE_H

#include "lookup/rules.h"
#include "shared/ipc.h"

/*
 * What one address means, by the same rules for smtpd's RCPT and for queue's
 * EXPAND.  It neither waits nor sends: when it must know about a user it says
 * whom to ask for, and goes on with the answer.
 *
 * The closure of an alias is walked depth first, a value at a time, so that a
 * verdict, which ends at the first good leaf, never unfolds a long list.
 * What was met before is left out: that ends loops and doubles.
 */
struct resolve;

enum resolve_purpose {
	RESOLVE_VERDICT,	/* is there any leaf? */
	RESOLVE_TARGETS		/* all of them, or none when some must wait */
};

/* `relay`: domains of others are allowed.  `rules` is borrowed until free. */
struct resolve	*resolve_new(const struct rules *,
		    const struct route_question *, enum resolve_purpose,
		    bool relay);
void		 resolve_free(struct resolve *);

/* True: ask for the user `*name`, tell resolve_user, come again.  False: it is
 * over. */
bool		 resolve_next(struct resolve *, const char **name);

/* `spelling`: what the system calls him. */
void		 resolve_user(struct resolve *, enum user_outcome,
		    struct span spelling);

/* The address asked for, with its domain; what stands behind it is one address
 * of another host, and nothing else. */
const struct addr	*resolve_root(const struct resolve *);
bool		 resolve_is_forward(const struct resolve *);

/* When it is over: 2xx, or why there is no leaf. */
const struct reply	*resolve_reply(const struct resolve *);
size_t		 resolve_count(const struct resolve *);

/* An empty destination: a member of which nothing is known, to be asked for
 * by itself so that its failure is its own. */
void		 resolve_target(const struct resolve *, size_t i,
		    struct addr *recipient,
		    char destination[DESTINATION_TEXT_MAX + 1]);

#endif
