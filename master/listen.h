/* SPDX-License-Identifier: ISC */
#ifndef MASTER_LISTEN_H
#define MASTER_LISTEN_H

#include <sys/socket.h>

#include "master/config.h"

/* All sockets on which somebody may call; they stay open here, so that a
 * child that is started again finds them, with the calls that wait. */
struct listener {
	int		 fd;
	bool		 kept;		/* in both, while one list takes the
					 * place of another */
	struct sockaddr_storage at;	/* inet */
	enum role	 role;		/* who accepts */
	unsigned	 flags;		/* enum listener_flags */
	char		 name[HOST_TEXT_MAX + 1];
	char		 path[PATH_TEXT_MAX + 1];	/* Unix, else "" */
};

struct listeners {
	const struct listeners *before;	/* whose sockets may be kept, or NULL */
	char		 why[REASON_TEXT_MAX + 1];	/* one was not had */
	unsigned	 n;
	struct listener	 item[LISTENERS_MAX + 2];
};

/* Those of the configuration, and submit, control, monitor in the runtime
 * directory.  False: one cannot be had, which was told. */
bool	 listeners_open(struct listeners *, const struct config *);

/* Closes all and takes the paths away. */
void	 listeners_close(struct listeners *);

/*
 * Those that another configuration wants: what is in `now` as well is kept,
 * the rest is bound.  False: all is as it was, and `why` tells.  Then either
 * all that are only in `before` are closed, or all that are only in `next`.
 */
bool	 listeners_prepare(struct listeners *next, struct listeners *now,
	    const struct config *);
void	 listeners_commit(struct listeners *next, struct listeners *before);
void	 listeners_cancel(struct listeners *next);

#endif
