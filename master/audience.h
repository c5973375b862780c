/* SPDX-License-Identifier: ISC */
#ifndef MASTER_AUDIENCE_H
#define MASTER_AUDIENCE_H

#include "master/suite.h"

/* Who hears the values: a child and its picture, or the picture alone. */
struct audience {
	struct suite	*suite;
	enum role	 role;
	struct child	*child;		/* or NULL */
	struct buf	*picture;
};

/* A value, and the files that go with it, to both. */
void	 audience_say(struct audience *, const struct msg *);

/* Octets of what a child hears otherwise. */
void	 picture_put(struct buf *picture, const void *what, size_t len);

/* confer_route.c: where mail goes, and how others are spoken to.  False: a
 * value cannot be had, which was told. */
void	 confer_routes(struct audience *);
bool	 confer_remote(struct audience *);
bool	 confer_sockets(struct audience *);

/* confer_queue.c */
bool	 confer_queue(struct audience *);

/* The secrets of logins once more, to who runs; whom it believes. */
void	 confer_secrets(struct audience *);
bool	 confer_anchors(struct audience *);

#endif
