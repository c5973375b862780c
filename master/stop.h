/* SPDX-License-Identifier: ISC */
#ifndef MASTER_STOP_H
#define MASTER_STOP_H

#include <stdbool.h>

#include "shared/ipc.h"

/*
 * The orderly end in stages: who takes mail in, who hands it on, the queue,
 * whom they asked, the logger.  A stage begins when nobody of the one before
 * is left.
 */
struct suite;

void	 stop_begin(struct suite *);

/* Somebody ended: goes on to the next stage, or ends the loop. */
void	 stop_go_on(struct suite *);

/* Has this role been told to end? */
bool	 stop_has_reached(const struct suite *, enum role);

#endif
