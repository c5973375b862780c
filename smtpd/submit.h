/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_SUBMIT_H
#define SMTPD_SUBMIT_H

#include "smtpd/transaction.h"

/*
 * The hand-over to queue: OPEN and RECIPIENTs at DATA, CONTENT in slots of the
 * ring, END or ABORT; and what queue says to it.
 */

/* DATA: the envelope goes to queue.  The answer is said when it comes. */
void	 submit_open(struct transaction *);

/*
 * What came of the content, off the head of `in`.  False when nothing could
 * be taken.  The transaction may be over behind it.
 */
bool	 submit_take(struct transaction *, struct buf *in);

/* The transaction ends: an envelope that is not whole is taken back. */
void	 submit_abandon(struct transaction *);

/* Messages of queue, and its coming and going. */
void	 submit_on_opened(struct server *, const struct msg_opened *);
void	 submit_on_stored(struct server *, const struct msg_stored *);
void	 submit_found(struct server *, struct peer *);
void	 submit_lost(struct server *);
void	 submit_give_up(void *server);	/* queue_away's timer */

#endif
