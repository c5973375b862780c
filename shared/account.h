/* SPDX-License-Identifier: ISC */
#ifndef SHARED_ACCOUNT_H
#define SHARED_ACCOUNT_H

#include <sys/types.h>

#include "shared/ipc.h"

/*
 * A user of this machine who may have mail, as `users` and every agent look
 * him up, each for itself: in NSS, or in a file in the form of passwd(5).
 */
struct account {
	uid_t	 uid;
	gid_t	 gid;
	char	 name[USER_TEXT_MAX + 1];	/* the system's spelling */
	char	 home[PATH_TEXT_MAX + 1];
	bool	 from_file;
};

/*
 * May this be asked for as a name?  Letters, digits and "._+-", beginning with
 * a letter, a digit or "_": what a path and passwd(5) take for a name only.
 */
bool	 account_is_name(struct span);

/* `file`: NULL for NSS; read afresh at each call.  USER_LATER: the file or NSS
 * is out of order. */
enum user_outcome	 account_find(const char *file, const char *name,
			    struct account *);

/*
 * Never root; none below `minimum`; not the account "nobody".  Without root's
 * rights the present user is fine as well, and whoever is in the file.
 */
bool	 account_is_allowed(const struct account *, uid_t minimum,
	    bool unprivileged);

#endif
