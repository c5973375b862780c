/* SPDX-License-Identifier: ISC */
#ifndef MASTER_REBUILD_H
#define MASTER_REBUILD_H

/*
 * Puts the index of a spool aside, so that queue makes it again from the
 * message files and the journal at its next start.  Nothing is deleted.  An
 * exit status of sysexits.h; why not is logged.
 */
int	 rebuild(const char *spool);

#endif
