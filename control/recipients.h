/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_RECIPIENTS_H
#define CONTROL_RECIPIENTS_H

#include "shared/addr.h"

/* To whom a message goes: each mailbox once, at most RECIPIENTS_MAX. */
struct recipients {
	struct addr	*list;
	size_t		 count;
	const char	*origin;	/* domain of addresses without one */
};

enum recipients_status {
	RECIPIENTS_OK,
	RECIPIENTS_BAD,			/* not an address */
	RECIPIENTS_TOO_MANY
};

void	 recipients_init(struct recipients *, const char *origin);
void	 recipients_clear(struct recipients *);

/* All of a list as RFC 5322 writes it, "a@b, Name <c@d>"; RECIPIENTS_BAD
 * leaves those before the bad one. */
enum recipients_status	 recipients_add(struct recipients *, struct span list);

/*
 * Those of To, Cc and Bcc; of Resent-To, Resent-Cc and Resent-Bcc alone when
 * there is one of these.  `*field` is the one that is bad.
 */
enum recipients_status	 recipients_from_header(struct recipients *,
			    struct span header, struct span *field);

/* One address, or the null path for "" and "<>". */
bool	 recipients_one(struct span text, const char *origin, struct addr *);

#endif
