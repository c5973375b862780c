/* SPDX-License-Identifier: ISC */
#ifndef MASTER_DAEMON_H
#define MASTER_DAEMON_H

/*
 * Goes into the background, in a session of its own.  Comes back there alone,
 * with the descriptor on which daemon_tell says how the start went; until
 * then, what is written to standard error reaches the one who started us.
 * -1 with errno.
 */
int	 daemon_detach(void);
void	 daemon_tell(int *fd, int status);	/* -1: was told already */

/*
 * Writes RUNTIME/master.pid and keeps it locked, so that a second master on
 * the same directory finds out.  -1 when that is so, or else with errno; both
 * were told.
 */
int	 pidfile_take(const char *runtime);
void	 pidfile_drop(int *fd, const char *runtime);

#endif
