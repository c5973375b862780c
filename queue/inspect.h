/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_INSPECT_H
#define QUEUE_INSPECT_H

#include "shared/peer.h"

struct queue;

/* What admins see and ask for. */
void	 admin_found(struct queue *, struct peer *);
void	 on_list(struct peer *, struct msg *);
void	 on_tally(struct peer *, struct msg *);
void	 on_destinations(struct peer *, struct msg *);
void	 on_retry(struct peer *, struct msg *);
void	 on_delete(struct peer *, struct msg *);

#endif
