/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_TRACE_H
#define SMTPD_TRACE_H

#include "shared/addr.h"
#include "shared/buf.h"
#include "smtpd/client.h"

/* What our Received line says (RFC 5321 section 4.4). */
struct trace {
	const struct client	*client;
	const char		*helo;
	const char		*host;
	const char		*with;		/* RFC 3848 */
	uint64_t		 message;
	const struct addr	*recipient;	/* the only one, or NULL */
	int64_t			 wall;
	const char *const	*tags;		/* of the policy */
	unsigned		 tag_count;	/* at most TAGS_MAX */
	const char		*tls;		/* of it; or empty, or NULL */
};

enum { TRACE_MAX = 2048 };

/*
 * Appends a field "X-Relais-Tag: TAG" for each tag, then the line, folded, with
 * CRLF at its end: at most TRACE_MAX octets in all.  Of a client that its
 * listener hides (LISTENER_HIDES_CLIENT) it names nothing.
 * No control character leaves here, whatever the parts hold.  False when the
 * buf refuses.
 */
bool	 trace_put(struct buf *, const struct trace *);

#endif
