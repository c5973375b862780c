/* SPDX-License-Identifier: ISC */
#ifndef MASTER_STATUS_H
#define MASTER_STATUS_H

#include "shared/peer.h"

struct suite;

/* A PROCESS for master and for each child, and STATUS_END. */
void	 status_answer(struct suite *, struct peer *monitor, uint64_t token);

#endif
