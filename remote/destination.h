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
 *	lmtp:NAME:PORT		as host:, by LMTP (RFC 2033)
 *	unix:PATH, lmtp:PATH	a Unix socket, by SMTP and by LMTP
 *	discard:		nowhere
 * An ADDRESS is "192.0.2.1", "2001:db8::1" or "IPv6:2001:db8::1"; a PATH
 * begins with "/".  Behind all but the last may stand ";HOP".
 */
enum destination_kind {
	DESTINATION_MX, DESTINATION_HOST, DESTINATION_SOCKET,
	DESTINATION_DISCARD
};

struct destination {
	enum destination_kind kind;
	bool		 lmtp;
	char		 name[HOST_TEXT_MAX + 1];	/* less its brackets;
							 * of a socket: PATH */
	uint16_t	 port;		/* of a socket: 0 */
	int		 family;	/* AF_UNSPEC: the name is to be asked */
	uint8_t		 address[16];
	char		 hop[HOP_NAME_MAX + 1];	/* or "" */
};

/* All of `s`; false, and nothing is promised of the result, when it is not as
 * above. */
bool	 destination_parse(struct span s, struct destination *);

#endif
