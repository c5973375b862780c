/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_CONTENT_H
#define SMTPD_CONTENT_H

#include "shared/delivered.h"

/*
 * The content behind DATA, un-dotted as it comes (RFC 5321 sections 2.3.8,
 * 4.1.1.4, 4.5.2), or that of BDAT's chunks, in which a dot means nothing (RFC
 * 3030).  Only CRLF ends a line, and behind DATA only CRLF.CRLF ends the
 * content, also when it is refused: what is wrong with it is told at its true
 * end.  It is pure: it knows octets, a size and nothing of sessions.
 */
enum content_framing {
	CONTENT_DOTTED,		/* DATA: the end is in the octets */
	CONTENT_CHUNKED		/* BDAT: the caller knows the end */
};

enum content_verdict {
	CONTENT_GOOD,
	CONTENT_BARE,		/* a CR or LF ends no line: 550 5.5.2 */
	CONTENT_TOO_BIG,	/* 552 5.3.4 */
	CONTENT_LOOPS,		/* RECEIVED_MAX hops: 554 5.4.6 */
	CONTENT_RETURNS,	/* its recipients have had it: likewise */
	CONTENT_UNWANTED	/* by content_discard */
};

enum content_status {
	CONTENT_MORE,		/* all input is used up */
	CONTENT_FULL,		/* the sink takes no more for now */
	CONTENT_END		/* what is left of the input is commands */
};

enum content_place {
	AT_START, IN_LINE, AFTER_CR, AFTER_DOT, AFTER_DOT_CR, AT_END,
	PLACE_COUNT
};

struct content {
	enum content_framing	 framing;
	enum content_place	 place;
	enum content_verdict	 verdict;	/* the first that is not good */
	uint64_t		 size;		/* octets kept */
	uint64_t		 size_max;	/* 0: any */
	unsigned		 hops;		/* Received lines in it */
	unsigned		 matched;	/* of "received:", or NO */
	bool			 in_header;
	struct delivered	 delivered;	/* `found` is the owner's */
	bool			 ending;	/* of chunks: it was the last */
};

/* Where octets go: `room` of them at `at`; both are moved on.  `more` finds
 * room when there is none, or is false and nothing is lost. */
struct content_sink {
	char	*at;
	size_t	 room;
	bool	(*more)(struct content_sink *);
	void	*arg;
};

/* As many octets of `s` as there is room for; how many, 0 only when `more` is
 * false. */
size_t	 content_sink_put(struct content_sink *, struct span s);

void	 content_init(struct content *, enum content_framing,
	    uint64_t size_max);

/* `n` octets will come: they are refused at once when they are too many. */
void	 content_expect(struct content *, uint64_t n);

/*
 * Takes what it can off the head of `*in`.  When the verdict is not good
 * nothing is kept any more, and what the sink has is void.
 */
enum content_status	 content_feed(struct content *, struct span *in,
			    struct content_sink *);

/*
 * The last chunk was fed.  A line without its CRLF gets one, for no message
 * can leave here otherwise, and none that follows could begin in its midst.
 * CONTENT_FULL: once more when there is room.
 */
enum content_status	 content_end(struct content *, struct content_sink *);

/* All its recipients are found among those who have had it. */
void	 content_returns(struct content *);

/* Reads on to the end, but keeps nothing more. */
void	 content_discard(struct content *);

#endif
