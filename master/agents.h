/* SPDX-License-Identifier: ISC */
#ifndef MASTER_AGENTS_H
#define MASTER_AGENTS_H

#include "shared/peer.h"

/*
 * Agents: processes that local wants, one for a user.  They are not started
 * again; local sees the end of its pair.
 */
struct suite;

void	 agents_wanted(struct suite *, struct peer *local, struct span user);

/* local is gone: its agents finish. */
void	 agents_end(struct suite *);

/* Could this be a user's name?  Letters, digits and "._-+@$" only, nothing
 * that begins like an option or a hidden file. */
bool	 agents_may_be_user(struct span);

#endif
