/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_HEADING_H
#define SMTPD_HEADING_H

#include "shared/buf.h"

/*
 * The header of a message while it comes (RFC 5322 section 2.2): where it
 * ends, which fields are in it, and what stands in those that name its
 * senders.  It holds nothing else, however long the header is, and is pure.
 *
 * A header ends at an empty line, or before the first line that cannot be a
 * part of it.  An mbox "From " line in front is none of its lines.  All lines
 * end with CRLF, which is seen to before.
 */
enum heading_field {
	HEADING_FROM, HEADING_SENDER,		/* these are kept */
	HEADING_DATE, HEADING_MESSAGE_ID,
	HEADING_OTHER,
	HEADING_KEPT = HEADING_DATE,
	HEADING_KNOWN = HEADING_OTHER
};

enum heading_place {
	HEADING_AT_START,		/* of a line */
	HEADING_IN_FIELD, HEADING_IN_MBOX_LINE, HEADING_AT_END
};

struct heading {
	enum heading_place	 place;
	enum heading_field	 field;		/* of the line at hand */
	size_t			 name;		/* what is to come of it */
	bool			 begun;		/* a line has been */
	bool			 has_field;
	bool			 parted;	/* an empty line ended it */
	bool			 too_long;	/* a body to be kept is */
	unsigned		 count[HEADING_KNOWN];
	struct buf		 body[HEADING_KEPT];	/* of the first such */
};

void	 heading_init(struct heading *);
void	 heading_clear(struct heading *);

/* What the octets at the head of `s`, which is not empty, are: `*n` of them at
 * least.  HEADING_UNCLEAR: wait for more; HEADING_NAME_MAX are enough. */
enum heading_part {
	HEADING_PASSES,		/* header */
	HEADING_DROPS,		/* none of the message */
	HEADING_UNCLEAR,
	HEADING_OVER		/* the header is, and was before they came */
};

enum { HEADING_NAME_MAX = 256 };

enum heading_part	 heading_look(struct heading *, struct span s,
			    size_t *n);

/* These, at most those of the last look, are through. */
void	 heading_take(struct heading *, struct span);

#endif
