/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_PASSAGE_H
#define REMOTE_PASSAGE_H

#include "shared/buf.h"
#include "remote/rewrite.h"

/*
 * Content at the border, in pieces of any size: the addresses in the fields
 * From, Sender, Reply-To, To, Cc, Bcc and their Resent- forms become what the
 * table says.  Only the addresses: names, comments, folding and all other
 * octets stay.  A line that would become longer than PASSAGE_LINE is folded
 * beside the address.
 *
 * A field that is longer than PASSAGE_FIELD, has a bare CR or LF in it, is no
 * list of addresses, or with which the header would grow by more than
 * PASSAGE_GROWTH in all, goes through as it is; and so does what is behind it.
 */
enum {
	PASSAGE_FIELD	= 65536,
	PASSAGE_GROWTH	= 32768,
	PASSAGE_FIRST	= 4096,		/* in front of it */
	PASSAGE_LINE	= 998,		/* less its CRLF: RFC 5322 2.1.1 */
	PASSAGE_NAME	= 256		/* no name of a field is longer */
};

struct passage {
	const struct rewrites *table;
	enum passage_place {
		PASSAGE_IDLE,		/* nothing is changed: zeroed */
		PASSAGE_START,		/* a line begins */
		PASSAGE_UNKNOWN,	/* its name is not known yet */
		PASSAGE_KEPT,		/* inside of a field that is held */
		PASSAGE_OTHER,		/* inside of another */
		PASSAGE_BODY
	} place;
	size_t		 grown;
	struct buf	 held;		/* a line, or a field */
	struct buf	 out;		/* what is to leave, for its owner */
};

/* `first`, of at most PASSAGE_FIRST octets, leaves before anything else. */
void	 passage_begin(struct passage *, const struct rewrites *,
	    struct span first);
void	 passage_clear(struct passage *);	/* idle again */

/* At most RING_SLOT octets go through to `out`, which must be empty but for
 * what leaves first.  At the end nothing is held any more. */
void	 passage_put(struct passage *, struct span);
void	 passage_end(struct passage *);

/* Does whatever comes leave as it is, and nothing wait? */
bool	 passage_is_over(const struct passage *);

#endif
