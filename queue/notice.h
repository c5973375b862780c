/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_NOTICE_H
#define QUEUE_NOTICE_H

#include "queue/row.h"
#include "shared/buf.h"

/*
 * The text of a failure notice: a multipart/report (RFC 3462) of words for a
 * person, a message/delivery-status (RFC 3464), and the header of the message.
 * All that others said is printable ASCII here, and no line is longer than
 * RFC 5322 allows.
 */
struct failure {
	struct span	 address;
	struct span	 original;	/* empty: the same */
	struct span	 relay;		/* "host[address]:port", or other */
	struct reply	 reply;		/* code 0: nobody said anything */
	bool		 expired;
};

struct notice {
	uint64_t	 id;		/* its own */
	uint64_t	 about;		/* the message's */
	uint64_t	 arrived, now;	/* wall microseconds */
	uint32_t	 life;		/* seconds a message is tried */
	const char	*hostname;
	const struct addr *sender;	/* of the message: who gets this */
	struct span	 header;	/* of the message; empty: not at hand */
	const struct failure *failures;
	size_t		 count;
};

enum { NOTICE_MAX = 8 << 20 };

/* False when it would be longer than the buf may be. */
bool	 notice_write(const struct notice *, struct buf *);

/* Does it hold octets that are not ASCII? */
bool	 notice_is_8bit(const struct notice *);

#endif
