/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_PARAMS_H
#define SMTPD_PARAMS_H

#include "shared/reply.h"

/* The parameters behind MAIL's path: SIZE (RFC 1870), BODY (RFC 6152). */
struct mail_params {
	uint64_t	size;		/* declared octets; 0: not told */
	bool		eight_bit;	/* BODY=8BITMIME */
};

/*
 * All of `s`.  False, and `*why` is the answer: 555 when a parameter or its
 * value is not known, 501 when it is wrong or told twice, 552 when the size is
 * over `size_max` (0: any).
 */
bool	 params_parse(struct span s, uint64_t size_max, struct mail_params *,
	    struct reply *why);

/* The same where there are none to know, behind RCPT's path. */
bool	 params_none(struct span s, struct reply *why);

#endif
