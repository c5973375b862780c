/* SPDX-License-Identifier: ISC */
#ifndef MASTER_PLACES_H
#define MASTER_PLACES_H

#include <sys/types.h>

#include "master/config.h"

/* Who each program becomes and which directory is its root. */
struct place {
	uid_t	 uid;
	gid_t	 gid;
	char	 root[PATH_TEXT_MAX + 1];
};

struct places {
	bool		 unprivileged;
	struct place	 of[ROLE_COUNT];
};

/* Accounts and paths; each account that is missing is told. */
bool	 places_find(struct places *, const struct config *);

/* The directories, where they are not there yet; what is there must be as it
 * would have been made. */
bool	 places_make(const struct places *, const struct config *);

#endif
