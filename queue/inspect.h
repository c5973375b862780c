/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_INSPECT_H
#define QUEUE_INSPECT_H

#include "shared/peer.h"

/* What admins see and ask for. */
void	 on_list(struct peer *, struct msg *);
void	 on_retry(struct peer *, struct msg *);
void	 on_delete(struct peer *, struct msg *);

#endif
