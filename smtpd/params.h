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
 * All of `s`.  False when a parameter is unknown, wrong or told twice, or the
 * size is over `size_max` (0: any): `*why` is then the answer.
 */
bool	 params_parse(struct span s, uint64_t size_max, struct mail_params *,
	    struct reply *why);

#endif
