/* SPDX-License-Identifier: ISC */
#ifndef TESTS_FUZZ_JUDGE_H
#define TESTS_FUZZ_JUDGE_H

#include "shared/buf.h"

/*
 * Who sees all that a client of SMTP sends and hears, in its order, and knows
 * nothing of how it is made: what may leave when, and what a message has come
 * to.
 */
enum { JUDGE_REPLIES_MAX = 8192, JUDGE_RCPTS_MAX = 8, JUDGE_LINE_MAX = 1024 };

struct judge {
	bool		 lmtp, must_tls;	/* as it is told to be */

	/* replies: their codes, in order */
	uint16_t	 codes[JUDGE_REPLIES_MAX];
	unsigned	 heard;
	char		 reply[8];		/* of the line being heard */
	size_t		 reply_len;
	bool		 chunking;		/* somebody said that word */
	size_t		 chunking_len;

	/* what left */
	unsigned	 sent;			/* what has one reply each */
	enum judge_mode {
		JUDGE_COMMAND, JUDGE_ASKED, JUDGE_TEXT, JUDGE_CHUNK
	}		 mode;
	char		 line[JUDGE_LINE_MAX];
	size_t		 line_len;
	bool		 secured;
	size_t		 chunk;			/* octets of it to come */
	bool		 last;			/* it is the last */

	/* the mail */
	unsigned	 mail;			/* the number of its reply */
	unsigned	 rcpts[JUDGE_RCPTS_MAX];
	unsigned	 rcpt_count;
	struct buf	 text;			/* of the message, undotted */
	bool		 ended;			/* all of it has left */
	unsigned	 last_chunk;		/* the number of its reply */
	bool		 knows_chunks;		/* one was taken: the next mail
						 * may leave as a whole */
};

void	 judge_init(struct judge *, bool lmtp, bool must_tls);
void	 judge_clear(struct judge *);

void	 judge_hears(struct judge *, struct span);	/* the client did */
void	 judge_sees(struct judge *, struct span);	/* it left */
void	 judge_secured(struct judge *);			/* TLS stands */
void	 judge_begins(struct judge *);			/* another mail */

/* Recipients of this mail that have been accepted so far. */
unsigned	 judge_accepted(const struct judge *);

/* The client says that the message, this content, was taken. */
void	 judge_success(struct judge *, struct span content);

#endif
