/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_ANSWER_H
#define REMOTE_ANSWER_H

#include "shared/limits.h"
#include "shared/reply.h"

/*
 * Reads one reply of the other side (RFC 5321 section 4.2), octet by octet as
 * it comes.  Every octet is a stranger's: lines, octets and what is kept of
 * them are bounded, and what is not a reply breaks it for good: a line without
 * a code, different codes in one reply, a lone CR or LF, too much of it.
 */
struct answer {
	unsigned	 code;		/* 0: no line is complete */
	unsigned	 lines;
	size_t		 octets;
	bool		 broken, more;	/* more: the last line was "250-" */
	bool		 cr;		/* held: its LF must come next */

	/* The line being read, or just read: as much of it as is kept. */
	size_t		 len;
	char		 line[REPLY_LINE_MAX];

	/* What is kept of the texts, joined by spaces. */
	size_t		 text_len;
	char		 text[REPLY_TEXT_MAX];
	struct reply	 enhanced;	/* its enhanced code alone */
};

enum answer_status {
	ANSWER_MORE,		/* all was taken; feed on */
	ANSWER_LINE,		/* a line that is not the last; feed on */
	ANSWER_WHOLE,		/* the last line */
	ANSWER_BROKEN
};

void	 answer_init(struct answer *);

/* Takes from the head of `*in` as much as it needs, and moves it behind. */
enum answer_status	 answer_feed(struct answer *, struct span *in);

/* After ANSWER_LINE or ANSWER_WHOLE: the line's text, less its code. */
struct span	 answer_text(const struct answer *);

/*
 * After ANSWER_WHOLE: the verdict.  An enhanced code is taken when its class
 * is that of the code (RFC 2034 section 4), else X.0.0 is made up.
 */
void	 answer_reply(const struct answer *, struct reply *);

#endif
