/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_COMMAND_H
#define SMTPD_COMMAND_H

#include "smtpd/session.h"

/* A row of the protocol table, as far as the session needs it. */
struct command {
	const char	*verb;
	unsigned	 from;		/* states it is welcome in */
	enum session_state next;	/* after a 2xx or 3xx, or STATE_STAY */
	enum { NONE, OPTIONAL, REQUIRED } arg;
	enum tally	 tally;
	void		(*run)(struct session *, struct span arg);
};

/*
 * Takes one line from the client, less its CRLF; it is borrowed.  The reply
 * may come later, from elsewhere.
 */
void	 command_take(struct session *, struct span line);

/* 503, and which command would come first. */
void	 command_out_of_order(struct session *);

/* Why there is nobody for DATA or BDAT to write to. */
struct reply	 command_no_recipients(const struct session *);

/* Does content follow this line unasked (RFC 3030)?  Then nobody can go on when
 * it is not understood. */
bool	 command_has_content(struct span line);

/* The line was longer than COMMAND_LINE_MAX; `head`: what there is of it. */
void	 command_too_long(struct session *, struct span head);

#endif
