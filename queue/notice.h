/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_NOTICE_H
#define QUEUE_NOTICE_H

#include "shared/buf.h"
#include "shared/ipc.h"

/*
 * The text of a notice: a multipart/report (RFC 6522) of words for a person, a
 * message/delivery-status (RFC 3464), and what is returned of the message, its
 * header or all of it.  It is made of values alone: nothing is read, looked up
 * or remembered here.
 *
 * All that others said is cleaned, folded or encoded, so that no octet of
 * theirs ends a line, a field or a part; no line is longer than RFC 5322
 * allows; only the content of a message is ever more than ASCII, unless the
 * notice may go as UTF-8 (RFC 6533).
 */
enum notice_kind {
	NOTICE_PLAIN,		/* of one message, to its sender */
	NOTICE_DIGEST,		/* of many, whose notices would be alike */
	NOTICE_DOUBLE		/* of a notice, to a postmaster */
};

/* A recipient whose mail has come to something.  `action` decides what is said
 * of it; of one that waits `until` when. */
struct notice_recipient {
	enum notice_action action;
	uint32_t	 message;	/* which of the notice's messages */
	struct span	 address;
	struct span	 original;	/* as it came; empty: the same */
	struct span	 orcpt;		/* "type;xtext", as ORCPT; or empty */
	struct span	 relay;		/* "host[address]:port", or other */
	struct reply	 reply;		/* the last; code 0: nobody said any */
	uint32_t	 attempts;	/* 0: unknown */
	uint64_t	 tried;		/* wall microseconds; 0: unknown */
	uint64_t	 until;		/* likewise: no longer than that */
	bool		 expired;	/* failed for its age alone */
};

struct notice_message {
	uint64_t	 id;
	uint64_t	 arrived;	/* wall microseconds */
	struct span	 envid;		/* xtext, as ENVID; or empty */
	struct span	 client;	/* as in OPEN; or empty */
	struct span	 header;	/* CRLF; empty: not at hand */
};

struct notice {
	enum notice_kind kind;
	uint64_t	 id;		/* its own */
	uint64_t	 now;		/* wall microseconds */
	uint32_t	 life;		/* seconds a message is tried */
	const char	*hostname;
	const struct addr *to;		/* who gets it */
	struct span	 contact;	/* who helps; empty: our postmaster */
	enum notice_language language;	/* unless the message names one */
	bool		 utf8;		/* it may be sent with SMTPUTF8 */

	/* RET=FULL: header and body, of the only message, which is returned
	 * when somebody failed and it is no longer; empty: the header is. */
	struct span	 content;
	size_t		 content_max;

	const struct notice_message *messages;		/* at least one */
	size_t		 message_count;
	const struct notice_recipient *recipients;	/* likewise */
	size_t		 count;
};

enum { NOTICE_MAX = 8 << 20 };

/* False when it would be longer than the buf may be. */
bool	 notice_write(const struct notice *, struct buf *);

/* What its envelope must declare: MESSAGE_8BIT, MESSAGE_UTF8. */
uint32_t notice_flags(const struct notice *);

#endif
