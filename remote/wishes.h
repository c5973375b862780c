/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_WISHES_H
#define REMOTE_WISHES_H

#include "shared/addr.h"
#include "shared/limits.h"

/*
 * What senders want to hear, as parameters of MAIL and RCPT for a server that
 * announces DSN (RFC 3461 section 5.2.1): as they were said to us, and nothing
 * that could not have been.  Each has a blank in front; empty: nothing is to
 * be said.  Pure.
 */
enum { WISHES_SIZE = RCPT_PARAMETERS_MAX + 32 };

/* RET and ENVID, of the words of a JOB. */
struct span	 wishes_of_mail(struct span words, char into[WISHES_SIZE]);

/*
 * NOTIFY and ORCPT, of the words of a JOB_RCPT.  Without ORCPT it is the
 * address that was said to us, when it is another now or when anything else is
 * said.  Of our own notices nobody is to tell (section 6.1).
 */
struct wisher {
	struct span	 words;
	const struct addr *address, *original;	/* null: the same */
	bool		 is_asked;	/* MAIL says something */
	bool		 is_notice;
};

struct span	 wishes_of_rcpt(const struct wisher *, char into[WISHES_SIZE]);

#endif
