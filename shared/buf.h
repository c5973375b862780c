/* SPDX-License-Identifier: ISC */
#ifndef SHARED_BUF_H
#define SHARED_BUF_H

#include <sys/types.h>

#include "shared/span.h"

/*
 * A byte queue with a ceiling: octets enter at the tail, leave at the head.
 * Memory doubles up to `max`; past that buf_put refuses, and the refusal is
 * where back-pressure begins.  An empty buf holds no memory after buf_trim.
 *
 * Units: sizes are octets.  Ownership: the buf owns its memory; a span taken
 * from it is borrowed and dies with the next call on the same buf.
 */
struct buf {
	char	*data;
	size_t	 head;		/* first octet still held */
	size_t	 tail;		/* one past the last octet held */
	size_t	 cap;
	size_t	 max;
};

void	 buf_init(struct buf *, size_t max);
void	 buf_clear(struct buf *);		/* twice is harmless */
void	 buf_wipe(struct buf *);		/* likewise; of a secret */
size_t	 buf_len(const struct buf *);
size_t	 buf_space(const struct buf *);		/* until the ceiling */
struct span	 buf_span(const struct buf *);	/* all that is held */

/* Room for `n` more octets, so that what is put into it is never moved, and no
 * copies of a secret stay behind; false when it would pass the ceiling. */
bool	 buf_reserve(struct buf *, size_t n);

/* Appends all of `s`, or nothing; false when it would pass the ceiling. */
bool	 buf_put(struct buf *, struct span s);
bool	 buf_printf(struct buf *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));

/* Drops `n` octets, at most all, off the head. */
void	 buf_drop(struct buf *, size_t n);

/* Gives memory back when nothing is held. */
void	 buf_trim(struct buf *);

/*
 * Takes a line, less its CRLF, off the head; false while none is complete.
 * A lone CR or LF is content, never an ending (RFC 5321 section 2.3.8).
 */
bool	 buf_take_line(struct buf *, struct span *line);

/*
 * One read(2) of at most `want` octets into the tail: what read(2) returns;
 * -1 with ENOBUFS at the ceiling.  One write(2) from the head: likewise.
 */
ssize_t	 buf_read(struct buf *, int fd, size_t want);
ssize_t	 buf_write(struct buf *, int fd);

#endif
