/* SPDX-License-Identifier: ISC */
#ifndef TESTS_FUZZ_STREAM_H
#define TESTS_FUZZ_STREAM_H

#include "shared/stream.h"

/*
 * In place of shared/stream: one connection, without a socket, whose other end
 * is the target's.
 */
struct stream {
	struct buf		 in, out;
	struct stream_calls	 calls;
	void			*arg;
	bool			 held, finishing;
};

/* The one that lives, or NULL. */
struct stream	*fuzz_stream(void);

/* As much of `*s` as there is room for, off its head, comes in. */
void		 fuzz_stream_send(struct span *s);

#endif
