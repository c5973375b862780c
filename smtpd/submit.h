/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_SUBMIT_H
#define SMTPD_SUBMIT_H

#include "smtpd/transaction.h"

/*
 * The hand-over to queue: OPEN and RECIPIENTs at DATA, CONTENT in slots of the
 * ring, END or ABORT; and what queue says to it.
 */

/* The envelope goes to queue, its content being expected.  DATA's answer is
 * said when it comes; to BDAT a failure is a verdict on the content. */
void	 submit_open(struct transaction *);

/*
 * Behind DATA, what came of the content, off the head of `in`.  False when
 * nothing could be taken.  The transaction may be over behind it.
 */
bool	 submit_take(struct transaction *, struct buf *in);

/*
 * Behind BDAT, what came of a chunk, off the head of `*in`; the end of the
 * last one, after which queue's answer is said unless the verdict is not good.
 * CONTENT_FULL: once more when the transaction does not wait any more.
 */
enum content_status	 submit_feed(struct transaction *, struct span *in);
enum content_status	 submit_end(struct transaction *);

/* Why the content is refused. */
struct reply	 submit_refusal(const struct transaction *);

/* The transaction ends: an envelope that is not whole is taken back. */
void	 submit_abandon(struct transaction *);

/* Messages of queue, and its coming and going. */
void	 submit_on_opened(struct server *, const struct msg_opened *);
void	 submit_on_stored(struct server *, const struct msg_stored *);
void	 submit_found(struct server *, struct peer *);
void	 submit_lost(struct server *);
void	 submit_give_up(void *server);	/* queue_away's timer */

#endif
