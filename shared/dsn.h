/* SPDX-License-Identifier: ISC */
#ifndef SHARED_DSN_H
#define SHARED_DSN_H

#include "shared/limits.h"
#include "shared/span.h"

/*
 * The parameters of RFC 3461: RET and ENVID of MAIL, NOTIFY and ORCPT of RCPT.
 * What is taken here as a value may stand in a command, in words of ipc.def,
 * and on disk as it is.
 */

/* NOTIFY, as bits; none of them: nothing was said. */
enum dsn_notify {
	DSN_NEVER	= 1,
	DSN_SUCCESS	= 2,
	DSN_FAILURE	= 4,
	DSN_DELAY	= 8
};

/* Section 4.1: NEVER, or a list without it, each of them once. */
bool	 dsn_parse_notify(struct span, unsigned *notify);

enum dsn_ret { DSN_RET_NONE, DSN_RET_FULL, DSN_RET_HDRS };

/* Section 4.3. */
bool	 dsn_parse_ret(struct span, enum dsn_ret *);

/* Section 4.4: at most 100 characters of xtext, printable ones in it. */
bool	 dsn_is_envid(struct span);

/*
 * Section 4.2: "TYPE;XTEXT", at most 500 characters, printable ones in it; of
 * the type utf-8 the ASCII form of RFC 6533 section 3, \x{263A}.
 */
bool	 dsn_is_orcpt(struct span);

/* The words of a message, and of a recipient, in the order in which they are
 * kept; an empty span: not said. */
struct span	 dsn_mail_words(enum dsn_ret, struct span envid,
		    char into[DSN_MAIL_MAX + 1]);
struct span	 dsn_rcpt_words(unsigned notify, struct span orcpt,
		    char into[RCPT_PARAMETERS_MAX + 1]);

#endif
