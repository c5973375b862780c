/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_TRUST_H
#define SMTPD_TRUST_H

#include "smtpd/client.h"
#include "smtpd/network.h"

/* Networks whose clients are trusted in one regard; nobody, to begin with. */
struct trust {
	struct network	*networks;
	size_t		 count;
};

/* 16 octets and at most 128 bits; false when it is not, or past `most`. */
bool	 trust_add(struct trust *, struct span address, unsigned prefix,
	    size_t most);
void	 trust_clear(struct trust *);

/* A user of this machine has no address, and is none of them. */
bool	 trust_has(const struct trust *, const struct client *);

#endif
