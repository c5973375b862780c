/* SPDX-License-Identifier: ISC */
#ifndef MASTER_WATCHDOG_H
#define MASTER_WATCHDOG_H

/*
 * Every child is asked now and then whether its loop turns.  One that is
 * silent for too long is killed, and started again as dead ones are.  Agents
 * are watched by local, and may have to wait for a user's slow disk.
 */
struct suite;
struct child;

void	 watchdog_init(struct suite *);
void	 watchdog_clear(struct suite *);

/* All children run; also when the time it has may have changed. */
void	 watchdog_start(struct suite *);

/* It was started, said hello or answered. */
void	 watchdog_heard(struct child *);

#endif
