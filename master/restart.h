/* SPDX-License-Identifier: ISC */
#ifndef MASTER_RESTART_H
#define MASTER_RESTART_H

#include <stdbool.h>

#include "shared/ipc.h"

/*
 * How a role begins anew.  Of smtpd and remote, who hold connections, a
 * successor is started beside each process, and that one is drained when its
 * successor serves.  Every other ends in order and is started again at once;
 * its neighbours keep meanwhile what they have.  Some are there only when the
 * configuration wants them.
 */
struct suite;
struct child;

/* How many processes begin; 0: none can. */
unsigned	 restart_role(struct suite *, enum role);

/* All processes of the role serve, but those that are drained. */
bool		 restart_is_over(const struct suite *, enum role);

/* How many there are, without those; how many there should be. */
unsigned	 restart_present(const struct suite *, enum role);
unsigned	 restart_wanted(const struct suite *, enum role);

/* Who is to take the place of this one, or NULL. */
struct child	*restart_successor(const struct child *);

#endif
