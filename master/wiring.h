/* SPDX-License-Identifier: ISC */
#ifndef MASTER_WIRING_H
#define MASTER_WIRING_H

#include <stdbool.h>

#include "shared/ipc.h"

/*
 * Pairs and rings between children.  Two roles have a pair when one of them
 * may ask the other; nothing here is a choice.
 */
struct suite;
struct child;

/* New pairs from `c` to all neighbours that have a process; its lines go to
 * the logger.  Or, when all are new: each pair once.  False: no pair could be
 * made, and why was told. */
bool	 wiring_connect(struct child *c);
bool	 wiring_connect_all(struct suite *);

/* A pair for lines; 0, or -1 with errno. */
int	 wiring_log_pair(int *writer, int *logger_end);

/* Master's own lines go to the logger from now on. */
void	 wiring_log_self(struct suite *);

/* The logger died, or is about to end: all get new pairs, whose other ends
 * wait for the next. */
void	 wiring_lost_logger(struct suite *);

#endif
