/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_DOTS_H
#define REMOTE_DOTS_H

#include "shared/buf.h"

/*
 * Content on its way out (RFC 5321 section 4.5.2): a dot at the begin of a
 * line is doubled, the end is CRLF "." CRLF, with a CRLF before it when the
 * content has none.  What leaves holds no CR and no LF but in pairs, whatever
 * the content holds, because a receiver may take either for a line's end.
 *
 * A value; pieces may be cut anywhere.
 */
struct dots {
	enum { DOTS_LINE, DOTS_TEXT, DOTS_CR } at;	/* zeroed: a new line */
	bool	 plain;			/* in chunks: no dot is doubled */
};

enum dots_status {
	DOTS_OK,
	DOTS_BARE,		/* a bare CR or LF: nothing more may be sent */
	DOTS_FULL		/* the buf refused, likewise */
};

/* Octets that a piece of `n` may become. */
size_t	 dots_room(size_t n);

enum dots_status	 dots_put(struct dots *, struct span, struct buf *out);
enum dots_status	 dots_end(struct dots *, struct buf *out);

/*
 * The same as a chunk (RFC 3030): "BDAT", its size, the octets; `last`: with
 * LAST, and a CRLF behind the content when it has none.  Nothing is put for a
 * piece of which nothing can leave yet, and that is not the last.
 */
enum dots_status	 dots_put_chunk(struct dots *, struct span, bool last,
			    struct buf *out);

#endif
