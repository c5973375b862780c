/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_VERIFY_H
#define LOOKUP_VERIFY_H

#include "lookup/resolve.h"

/*
 * What VRFY and EXPN hear of an address (RFC 5321 section 3.5).  The resolve of
 * VRFY is one for a verdict, that of EXPN one for targets.
 */

/* The address that is meant; false: there is none. */
bool		 verify_address(const struct rules *,
		    const struct msg_verify *, struct addr *);

/* When it is over. */
struct reply	 verify_reply(const struct rules *, const struct resolve *,
		    bool expand);

#endif
