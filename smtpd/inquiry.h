/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_INQUIRY_H
#define SMTPD_INQUIRY_H

#include "shared/peer.h"
#include "smtpd/session.h"

/*
 * VRFY and EXPN, where the listener allows them (RFC 5321 sections 3.5, 7.3):
 * a question to lookup, outside of any transaction.  While it is open no line
 * of the client is read.  What cannot be said now is 252, and so is all that
 * is not allowed.
 */
struct inquiry;

/* Asks, or answers at once, about what stands behind the verb. */
void	 inquiry_begin(struct session *, struct span arg, bool expands);
void	 inquiry_free(struct inquiry *);	/* NULL is harmless */

/* False when the verdict is not about an inquiry. */
bool	 inquiry_on_verdict(struct server *, const struct msg_verdict *);
void	 inquiry_on_member(struct server *, const struct msg_member *);
void	 inquiry_lost(struct server *);		/* lookup is gone */

#endif
