/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_RECIPIENT_H
#define SMTPD_RECIPIENT_H

#include "smtpd/transaction.h"

/* RCPT: asks lookup about t->recipient.  The answer is said when it comes. */
void	 recipient_ask(struct transaction *);

void	 recipient_on_verdict(struct server *, const struct msg_verdict *);

/* Lookup is gone: what was asked is asked again when it is back (asking twice
 * changes nothing), and is unknown when it stays away. */
void	 recipient_lost(struct server *);
void	 recipient_found(struct server *, struct peer *);
void	 recipient_give_up(struct server *);

#endif
