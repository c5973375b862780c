/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_PARAMETERS_H
#define SMTPD_PARAMETERS_H

#include "smtpd/transaction.h"

/*
 * What goes along with a message besides its envelope, as words of OPEN: a
 * "tag=WORD" for each tag of the policy, "priority=N" if it gives one,
 * "proto=ESMTP" as in our Received line,
 * "ret=" and "envid=" if MAIL had them, "helo=NAME" in xtext.  A name that does
 * not fit is left out.
 */
struct span	 parameters_of(const struct transaction *,
		    char into[PARAMETERS_MAX + 1]);

/* The tags alone, with that of the recipient at hand: all that decides where it
 * goes. */
struct span	 parameters_of_recipient(const struct transaction *,
		    char into[PARAMETERS_MAX + 1]);

#endif
