/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_SUBMIT_H
#define CONTROL_SUBMIT_H

#include "control/letter.h"
#include "control/recipients.h"
#include "control/server.h"
#include "shared/dsn.h"

/* One message on its way to the server. */
struct submission {
	struct addr		 sender;
	const struct recipients	*recipients;
	struct span		 header;	/* as it goes out */
	struct letter		*letter;	/* NULL: only verify */
	bool			 is_8bit;

	/* parameters of MAIL and of each RCPT, for who announces DSN; or
	 * empty */
	char			 mail_words[DSN_MAIL_MAX + 1];
	char			 rcpt_words[RCPT_PARAMETERS_MAX + 1];
};

/*
 * Hands it over; what is wrong is said on standard error.  Exit status of
 * sysexits.h:
 *	EX_OK		the server has taken it for all recipients
 *	EX_TEMPFAIL	not now, and nobody gets it
 *	EX_NOUSER	some recipient is refused as unknown; the others, if
 *			there are any, get it
 *	EX_UNAVAILABLE	likewise, for other reasons; or the sender is refused
 *	EX_DATAERR	the content, or the sender's form, is refused
 */
int	 submit(struct server *, const struct submission *);

#endif
