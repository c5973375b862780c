/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_BEHALF_H
#define SMTPD_BEHALF_H

#include "shared/buf.h"

struct session;

/*
 * XCLIENT and XFORWARD: clients that were listed speak on behalf of others.
 * By XCLIENT the session becomes that of the other, and begins anew; what
 * XFORWARD says is for the log, for one piece of mail.  What the client may is
 * decided by its own address, and stays.
 */
void	 behalf_begin(struct session *);

void	 behalf_xclient(struct session *, struct span arg);
void	 behalf_xforward(struct session *, struct span arg);

/* What EHLO says of it: lines with LF, or "". */
const char	*behalf_keywords(const struct session *);

/* ", key=value" for the log, of all that was said. */
enum { BEHALF_MAX = 2048 };
void	 behalf_put(const struct session *, struct buf *);

/* Of the mail that follows nothing is known. */
void	 behalf_forget(struct session *);

#endif
