/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_LISTENER_H
#define SMTPD_LISTENER_H

#include <sys/queue.h>

#include "shared/ipc.h"
#include "smtpd/trust.h"

struct limit;
struct server;

/*
 * A listening socket, shared with the other workers.  It is watched while its
 * sessions are under its ceiling; past that the kernel keeps who comes.
 */
struct listener;

LIST_HEAD(listener_list, listener);

/* Takes the descriptor.  It accepts nobody before listener_start. */
void	 listener_new(struct server *, const struct msg_conf_listener *,
	    int fd);

/* Clients of it that are believed; false: it is none, or they are too many. */
bool	 listener_add_trust(struct server *, const struct msg_conf_trust *);
const struct trust	*listener_trust(const struct listener *,
			    enum trust_kind);

/* Begins, or goes on, to accept. */
void	 listener_start(struct listener *);
void	 listeners_start(struct server *);

/* Accepts nobody any more; sessions keep what they have.  To drain: those who
 * have come are taken first, for another worker may never hear of them. */
void	 listeners_stop(struct server *);
void	 listeners_drain(struct server *);

/* What its clients are limited by. */
struct limit	*listener_limit(const struct listener *);

/* A session has ended. */
void	 listener_release(struct listener *);

#endif
