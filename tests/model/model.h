/* SPDX-License-Identifier: ISC */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What RFC 5321 permits a server to say, as a machine of its own: it shares
 * nothing with smtpd but the words that both hear.
 */

enum verb {
	VERB_EHLO, VERB_HELO, VERB_MAIL, VERB_RCPT, VERB_DATA, VERB_BDAT,
	VERB_RSET, VERB_NOOP, VERB_QUIT, VERB_VRFY, VERB_EXPN, VERB_HELP,
	VERB_SEND, VERB_AUTH, VERB_OTHER, VERB_COUNT
};

/* What the neighbours of smtpd do about a word. */
enum mood { MOOD_GOOD, MOOD_NOT_OPENED, MOOD_NOT_STORED };

/* One way to say a verb; the first of each verb is the good one. */
struct word {
	enum verb	 verb;
	unsigned	 code;		/* where the verb is welcome */
	const char	*text;		/* less its CRLF */
	const char	*content;	/* what follows 354, 334 or all of it */
	enum mood	 mood;
};

const struct word	*words_all(size_t *count);

/* A session, as the model sees it. */
struct world {
	bool	 greeted, mail, chunks, closed;
	bool	 auth_first, login;	/* RFC 4954 */
	unsigned accepted, refused;
};

/* The codes that may come: `code` or, if not 0, `other`; then, behind a 354,
 * `final`. */
struct expected {
	unsigned code, other, final;
};

struct expected	 model_hear(struct world *, const struct word *);

#endif
