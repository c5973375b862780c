/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_DESTINATION_H
#define REMOTE_DESTINATION_H

#include "shared/limits.h"
#include "shared/span.h"

/*
 * Where a job goes, as a JOB names it:
 *	mx:NAME:PORT		the mail exchangers of NAME
 *	host:NAME:PORT		NAME itself
 *	host:[ADDRESS]:PORT	that address; mx:[ADDRESS]:PORT likewise
 * An ADDRESS is "192.0.2.1", "2001:db8::1" or "IPv6:2001:db8::1".
 */
enum destination_kind { DESTINATION_MX, DESTINATION_HOST };

struct destination {
	enum destination_kind kind;
	char		 name[HOST_TEXT_MAX + 1];	/* less its brackets */
	uint16_t	 port;
	int		 family;	/* AF_UNSPEC: the name is to be asked */
	uint8_t		 address[16];
};

/* All of `s`; false, and nothing is promised of the result, when it is not as
 * above. */
bool	 destination_parse(struct span s, struct destination *);

#endif
