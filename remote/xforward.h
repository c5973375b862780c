/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_XFORWARD_H
#define REMOTE_XFORWARD_H

#include "shared/buf.h"

/*
 * Whose message it is, as Postfix's command XFORWARD tells it to a server that
 * stands behind us, for its log and its policy.  Values are xtext (RFC 3461
 * section 4); what is not known is "[UNAVAILABLE]".  Pure.
 */
struct xforward {
	const char	*client;	/* "name[address]:port", or "uid 33" */
	const char	*parameters;	/* of the message; helo=, proto= */
	uint64_t	 message;
	bool		 local;		/* it was handed in on this machine */
};

/* Of all attributes; each of them belongs to one of two commands. */
enum { XFORWARD_COMMANDS = 2 };

/* The attributes named in what is offered behind XFORWARD, as bits. */
unsigned xforward_offered(struct span words);

/* Is there anything to say by this command? */
bool	 xforward_has(unsigned offered, unsigned command);

/* Puts it; false when the buf refuses. */
bool	 xforward_put(const struct xforward *, unsigned offered,
	    unsigned command, struct buf *);

#endif
