/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_PROXY_H
#define SMTPD_PROXY_H

#include "shared/span.h"

/*
 * What a proxy says in front of a connection that it passes on: the header of
 * HAProxy's PROXY protocol, versions 1 (a line) and 2 (octets).  It is pure.
 */
enum proxy_status {
	PROXY_MORE,		/* it is not whole yet */
	PROXY_BAD,		/* and nothing behind it may be believed */
	PROXY_CLIENT,		/* it says who the client is */
	PROXY_NOBODY		/* it does not, or speaks for itself */
};

struct proxy_client {
	int		 family;	/* AF_INET, AF_INET6 */
	uint8_t		 address[16];
	uint16_t	 port;
};

/* Off the head of `*in`, which is moved behind it unless it is PROXY_MORE or
 * PROXY_BAD.  It is bad as soon as it cannot become good any more. */
enum proxy_status	 proxy_parse(struct span *in, struct proxy_client *);

#endif
