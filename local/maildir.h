/* SPDX-License-Identifier: ISC */
#ifndef LOCAL_MAILDIR_H
#define LOCAL_MAILDIR_H

#include "shared/addr.h"

/*
 * One message on its way into a Maildir.  It is written in tmp/, and has its
 * name in new/ only when all of it is on disk.  No symbolic link is followed
 * below `base`.  Whoever frees one that was not committed leaves nothing
 * behind.
 */
struct maildir;

/*
 * Opens `path`, which is below the directory `base` (borrowed); it and its
 * tmp, new and cur are made, mode 0700, when they are missing, the parent is
 * not.  `unique`: a name that no other delivery of this machine has.  NULL
 * with errno.
 */
struct maildir	*maildir_new(int base, const char *path, const char *unique);
void		 maildir_free(struct maildir *);

/* Octets as they are; octets whose line ends are CRLF, which become LF and are
 * written over.  0, or -1 with errno: then nothing can be had but free. */
int	 maildir_put(struct maildir *, struct span);
int	 maildir_put_content(struct maildir *, char *data, size_t len);

/*
 * 0: the message and its name are on disk.  -1 with errno: promise nothing; a
 * copy may stand in new/ all the same, a duplicate being better than a loss.
 */
int	 maildir_commit(struct maildir *);

#endif
