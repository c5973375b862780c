/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_ADMISSION_H
#define SMTPD_ADMISSION_H

#include "shared/peer.h"
#include "smtpd/session.h"

/*
 * Lookup counts the clients of all workers, and says which may come in.  One
 * whom it does not answer in time comes in: the limits are for bad days, and
 * mail is for all.  It hears of him as soon as it is back.
 */
struct admission;

/* session_admit follows, now or later. */
void	 admission_ask(struct session *);

/* The question is not waited for any more; the client has gone. */
void	 admission_drop(struct session *);
void	 admission_end(struct session *);

/* Its limits are others now. */
void	 admission_renew(struct session *);

void	 admission_on_admitted(struct server *, const struct msg_admitted *);

/* Lookup is there, and hears who is; it is gone; it stays away. */
void	 admission_found(struct server *, struct peer *);
void	 admission_lost(struct server *);
void	 admission_give_up(struct server *);

#endif
