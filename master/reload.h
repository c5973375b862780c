/* SPDX-License-Identifier: ISC */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

#include "shared/buf.h"
#include "shared/ipc.h"

/*
 * The configuration is read again while all runs.  With an error in it, or a
 * listener that cannot be had, the one before stays in force, whole.
 */
struct suite;

struct reload {
	int		 status;	/* EX_OK, EX_CONFIG, or 1: refused */
	unsigned	 roles;		/* that have to begin anew, a mask */
	struct buf	 lines;		/* errors or warnings, a line each */
	char		 why[REASON_TEXT_MAX + 1];
};

/* Fills in all of it; its `lines` are the caller's to clear. */
void	 reload(struct suite *, struct reload *);

#endif
