/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_OFFER_H
#define REMOTE_OFFER_H

#include "shared/span.h"

/*
 * What a server says behind EHLO or LHLO that it can do, and within which
 * limits.  Pure: fed with the lines of the reply.  Zeroed: nothing, no limit.
 */
enum {
	OFFER_PIPELINING	= 1,	/* RFC 2920 */
	OFFER_SIZE		= 2,	/* RFC 1870 */
	OFFER_8BITMIME		= 4,	/* RFC 6152 */
	OFFER_CHUNKING		= 8,	/* RFC 3030 */
	OFFER_STARTTLS		= 16,	/* RFC 3207 */
	OFFER_DSN		= 32	/* RFC 3461 */
};

struct offer {
	unsigned	 extensions;
	unsigned	 mechanisms;	/* RFC 4954: bits of ours */
	uint64_t	 size;		/* octets of a message */
	unsigned	 mails;		/* RFC 9422: MAILMAX, of a session, */
	unsigned	 recipients;	/* RCPTMAX, of a mail, */
	unsigned	 domains;	/* RCPTDOMAINMAX, of a session */
	unsigned	 xforward;	/* its attributes, as bits */
};

/* A line behind the first, less its code. */
void	 offer_line(struct offer *, struct span line);

#endif
