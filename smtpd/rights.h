/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_RIGHTS_H
#define SMTPD_RIGHTS_H

#include "smtpd/transaction.h"

/*
 * Submission rights (RFC 6409 section 6): who has logged in on a listener for
 * submission sends as himself only, or as lookup says.  That is asked of MAIL's
 * sender, and of each mailbox of the fields From and Sender.  The null path is
 * everybody's (section 3.2).
 *
 * Users of this machine are not looked at: who they are is in the Received
 * line, where they cannot change it.
 */
struct rights;

/* MAIL is answered, now or later. */
void	 rights_ask(struct transaction *);

/* The header is over.  It is completed or refused; or the transaction waits,
 * for an answer after which its session goes on. */
void	 rights_judge(struct transaction *);

/* The transaction ends. */
void	 rights_forget(struct transaction *);

/* What lookup says, if it was asked for here; its coming and going. */
bool	 rights_on_verdict(struct server *, const struct msg_verdict *);
void	 rights_found(struct server *);
void	 rights_lost(struct server *);
void	 rights_give_up(struct server *);

#endif
