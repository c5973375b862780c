/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_NAMING_H
#define SMTPD_NAMING_H

#include "shared/ipc.h"
#include "smtpd/session.h"

/*
 * A session that waits for the name of its client: one question of resolver
 * before the greeting, never one more.  An answer, or that there will be none,
 * is said by session_named.
 */
struct naming;

/* Asks, if there is something to ask and somebody who knows; false: what the
 * client has of a name is all there will be. */
bool	 naming_ask(struct session *);

/* Waits no more; the client has no name for now.  Not waiting: harmless. */
void	 naming_give_up(struct session *);

void	 naming_on_named(struct server *, const struct msg_named *);

/* Resolver is gone, and who waits for it goes on without a name. */
void	 naming_lost(struct server *);

#endif
