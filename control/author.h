/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_AUTHOR_H
#define CONTROL_AUTHOR_H

#include "shared/limits.h"

/* Who runs sendmail, and where mail of this machine comes from. */
enum { AUTHOR_NAME_SIZE = 128 };

struct author {
	char	login[USER_TEXT_MAX + 1];
	char	name[AUTHOR_NAME_SIZE];		/* full name, may be empty */
	char	origin[HOST_TEXT_MAX + 1];	/* empty: ask the server */
};

/* `full_name` (-F), or NULL: NAME of the environment, or the passwd entry. */
void	 author_find(struct author *, const char *full_name);

#endif
