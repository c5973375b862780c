/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_LETTER_H
#define CONTROL_LETTER_H

#include <stdio.h>

#include "shared/buf.h"

/*
 * A message as a user's program hands it to sendmail: lines that end as they
 * please, with a header or without.  Here it has CRLF at each end of line; a
 * bare CR ends a line too, because a server refuses it inside one.
 *
 * The header is kept apart.  It ends at an empty line, or before the first
 * line that cannot be a field; an mbox "From " line in front is dropped.
 */
enum {
	LETTER_HEADER_MAX = 1 << 20,
	LETTER_MEMORY_MAX = 64 << 20	/* a larger body goes to a file */
};

struct letter {
	struct buf	 header;	/* whole fields */
	struct buf	 body;		/* the body, while it fits */
	FILE		*file;		/* else all of it is here */
	uint64_t	 body_size;
	bool		 has_8bit;

	/* letter.c's own */
	char		*chunk;		/* one read */
	size_t		 offset;	/* of the next piece in body */
	struct buf	 line;		/* what may be a field, unfinished */
	bool		 in_body;
	bool		 dot_ends, ended;
	bool		 after_cr;	/* its end of line is written */
	bool		 at_start;	/* of a line */
	bool		 held_dot;
};

enum letter_status {
	LETTER_OK,
	LETTER_HEADER_TOO_LARGE,
	LETTER_READ_FAILED,		/* errno says why */
	LETTER_SPOOL_FAILED		/* likewise */
};

void			 letter_init(struct letter *);
void			 letter_clear(struct letter *);

/* Reads up to the end of `fd`; with `dot_ends`, up to a line that holds a dot
 * and nothing else. */
enum letter_status	 letter_read(struct letter *, int fd, bool dot_ends);

/*
 * The body in pieces, from its begin: `*piece` dies with the next call.  An
 * empty piece is the end.  -1 with errno when the file cannot be read.
 */
int			 letter_rewind(struct letter *);
int			 letter_next(struct letter *, struct span *piece);

#endif
