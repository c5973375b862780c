/* SPDX-License-Identifier: ISC */
#ifndef SHARED_REPLY_H
#define SHARED_REPLY_H

#include "shared/buf.h"
#include "shared/limits.h"

/*
 * A verdict about mail, as SMTP says it: code (RFC 5321 section 4.2), enhanced
 * code (RFC 3463), text.  A value that travels until someone must say it.
 * `text` is printable ASCII; lines of a multi-line reply are parted by LF.
 * An enhanced code of 0.0.0 is not written.
 */
struct reply {
	uint16_t	code;
	uint16_t	class, subject, detail;
	char		text[REPLY_TEXT_MAX + 4];
};

/* Prints the text; what is not printable becomes "?", what is too long is
 * cut.  `enhanced` is "5.1.1", or NULL. */
struct reply	 reply_make(unsigned code, const char *enhanced,
		    const char *fmt, ...)
		    __attribute__((__format__(__printf__, 3, 4)));

/* Sets the text to `s`, cut and made printable; for what a stranger said. */
void	 reply_set_text(struct reply *, struct span s);

bool	 reply_is_success(const struct reply *);	/* 2xx */
bool	 reply_is_later(const struct reply *);		/* 4xx */
bool	 reply_is_refusal(const struct reply *);	/* 5xx */
bool	 reply_is_verdict(const struct reply *);	/* one of them */

/*
 * Writes it in full, every line with its code, CRLF at each end; false, and
 * nothing is written, when the buf refuses.  The second has a text of its own,
 * printable as well, which may be longer.
 */
bool	 reply_put(const struct reply *, struct buf *);
bool	 reply_put_text(const struct reply *, struct span text, struct buf *);

/* "5.1.1" into a small array; "0.0.0" when there is none. */
enum { ENHANCED_SIZE = 20 };
void	 reply_enhanced(const struct reply *, char into[ENHANCED_SIZE]);

/* "5.1.1" at the head of `s`; what is left of `s` is returned. */
struct span	 reply_parse_enhanced(struct span s, struct reply *);

#endif
