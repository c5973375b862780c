/* SPDX-License-Identifier: ISC */
#ifndef SHARED_STREAM_LAYER_H
#define SHARED_STREAM_LAYER_H

#include <sys/types.h>

#include "shared/span.h"

struct stream;

/*
 * What may stand between the socket of a stream and its two bufs, as TLS does.
 * It is the first member of the object that does the work.  Until it is `open`
 * nothing passes, and `want` says what it waits for at the socket; then `want`
 * is what a read that would block waits for besides input.
 */
struct stream_layer {
	const struct stream_layer_calls *calls;
	bool		 open;
	bool		 more;		/* a read would give something now */
	unsigned	 want;		/* LOOP_READ, LOOP_WRITE */
};

struct stream_layer_calls {
	/* Its turn has come, with the socket; what it wanted is there. */
	void	(*begin)(struct stream_layer *, int fd);
	void	(*go_on)(struct stream_layer *);

	/* As read(2) and write(2); each calls the like of it at most once. */
	ssize_t	(*read)(struct stream_layer *, void *, size_t);
	ssize_t	(*write)(struct stream_layer *, struct span);

	/* Nothing more will be written; says so to the other side. */
	void	(*finish)(struct stream_layer *);
	void	(*free)(struct stream_layer *);
};

/*
 * Takes the layer.  What waits in the output leaves first, past it; meanwhile
 * and from then on nothing is read past it.  At most one in a stream's life.
 */
void	 stream_put_layer(struct stream *, struct stream_layer *);
struct stream_layer	*stream_layer(const struct stream *);	/* or NULL */

/* The layer's state has changed by itself; error: its errno, or 0. */
void	 stream_layer_moved(struct stream *, int error);

#endif
