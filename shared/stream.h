/* SPDX-License-Identifier: ISC */
#ifndef SHARED_STREAM_H
#define SHARED_STREAM_H

#include "shared/buf.h"
#include "shared/loop.h"

/*
 * A connected socket as two byte queues.  What is put goes out in one write at
 * the end of the turn.  Reading stops by itself while the output is over half
 * its ceiling, or the input at its ceiling, or stream_hold asks for it.
 *
 * `readable` is called when the input grew; it takes what it wants of
 * stream_in().  `drained` (may be NULL): the output has just become empty.
 * `closed`: end of file (error 0), or errno; it is called once, nothing comes
 * after it, and its receiver calls stream_free.  End of file is told when the
 * input before it was told and is not held, and the output has left.  All get
 * the arg of stream_new.  Memory is held only for octets that wait.
 */
struct stream;

struct stream_calls {
	void	(*readable)(void *arg);
	void	(*drained)(void *arg);
	void	(*closed)(void *arg, int error);
};

struct stream_limits {
	size_t	in, out;		/* ceilings, octets */
};

/* Takes the descriptor, which is made non-blocking. */
struct stream	*stream_new(struct loop *, int fd,
		    const struct stream_limits *, const struct stream_calls *,
		    void *arg);

/* Frees at the end of the turn and closes the descriptor; no callback comes
 * after the call.  NULL is harmless. */
void		 stream_free(struct stream *);

/* From now on another is called. */
void		 stream_give(struct stream *, const struct stream_calls *,
		    void *arg);

struct buf	*stream_in(struct stream *);
size_t		 stream_waiting(const struct stream *);	/* output octets */

/* All or nothing; false at the ceiling. */
bool		 stream_put(struct stream *, struct span);

/* The same, and what waits is overwritten once it has left. */
bool		 stream_put_secret(struct stream *, struct span);
struct buf	*stream_out(struct stream *);	/* for buf_printf, reply_put */

/*
 * While held nothing is read from the socket, and `readable` is not called;
 * on release it is called at once in the next turn if input waits.
 */
void		 stream_hold(struct stream *, bool);

/* Calls `readable` in the next turn although nothing new arrived: for whoever
 * stopped amid buffered input. */
void		 stream_again(struct stream *);

/* Nothing more is read; `closed` is called once all output is gone. */
void		 stream_finish(struct stream *);

#endif
