/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_DELIVERY_H
#define REMOTE_DELIVERY_H

#include "remote/remote.h"

/*
 * One JOB, from its first message to DONE.  It takes an open connection of the
 * pool, or finds addresses and tries one after the other, until one host has
 * taken MAIL or refused the message; what that host says then holds.
 */
struct delivery;

void	 delivery_new(struct remote *, const struct msg_job *);

/* The job of the present queue with this token, or NULL. */
struct delivery	*delivery_find(struct remote *, uint64_t token);

/* False: not in its place. */
bool	 delivery_recipient(struct delivery *, const struct msg_job_rcpt *);
bool	 delivery_chunk(struct delivery *, const struct msg_chunk *);

/* queue died: goes on alone with all content at hand, or gives up unheard. */
void	 delivery_lose_queue(struct delivery *);

/* Says RUNNING for each recipient without result; how many there were. */
unsigned delivery_tell_running(struct delivery *, struct peer *queue);

/* For walking over all jobs. */
struct delivery	*delivery_next(struct delivery *);

#endif
