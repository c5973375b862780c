/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_INSPECT_H
#define QUEUE_INSPECT_H

#include "shared/peer.h"

struct queue;

/* What admins see and ask for. */
void	 admin_found(struct queue *, struct peer *);

/* A number that control has as long as it lives.  Whoever asked may be gone:
 * then nobody is told, and it is NULL. */
unsigned	 admin_number(const struct peer *);
struct peer	*admin_find(struct queue *, unsigned number);

void	 on_list(struct peer *, struct msg *);
void	 on_tally(struct peer *, struct msg *);
void	 on_destinations(struct peer *, struct msg *);
void	 on_history(struct peer *, struct msg *);
void	 on_show(struct peer *, struct msg *);
void	 on_retry(struct peer *, struct msg *);

#endif
