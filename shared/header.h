/* SPDX-License-Identifier: ISC */
#ifndef SHARED_HEADER_H
#define SHARED_HEADER_H

#include "shared/limits.h"
#include "shared/span.h"

/*
 * What must be understood of a message that somebody hands in (RFC 5322):
 * where its fields are, and the addresses in some of them.  One pass, no
 * recursion; all spans borrow from the text that was given.
 */
struct field {
	struct span	all;		/* with folding and the last CRLF */
	struct span	name;
	struct span	body;		/* what stands behind the colon */
};

/* Does a field begin with these octets of a line, of which more may come?
 * Blanks before the colon are an old habit (section 4.5) and allowed. */
enum header_begin {
	HEADER_UNCLEAR,			/* the next octets will tell */
	HEADER_FIELD,			/* and `*name` is its name */
	HEADER_NO_FIELD
};

enum header_begin	 header_begin(struct span, struct span *name);

/* The same of a whole line. */
bool	 header_is_field(struct span line);

/* Takes a field and its continuation lines off the head of `*text`, whose
 * lines end with CRLF; false when it holds no more. */
bool	 header_take(struct span *text, struct field *);

bool	 header_has(struct span text, const char *name);

/*
 * The mailboxes of a list (sections 3.4 and 4.4), group members included:
 * comments, folding and display names are gone, source routes too; what is
 * left is "local@domain", or "local" alone, as it was written.  It still
 * wants addr_parse.  "<>" gives an empty text.
 *
 * MAILBOX_BAD: neither an address nor a group, or longer than any address;
 * the list is then of no more use.
 */
enum mailbox_status { MAILBOX_FOUND, MAILBOX_END, MAILBOX_BAD };

enum { MAILBOX_SIZE = ADDR_TEXT_MAX + 1 };

struct mailboxes {
	struct span	 rest;
	bool		 in_group;
	bool		 has_domain;		/* the last found */
	bool		 ambiguous;		/* likewise: an "@" stands in
						 * its name, without quotes */
	char		 text[MAILBOX_SIZE];	/* likewise; NUL at end */
	size_t		 len;
	struct span	 where;			/* likewise: where it stands in
						 * the list */
};

void			 mailboxes_init(struct mailboxes *, struct span list);
enum mailbox_status	 mailboxes_next(struct mailboxes *);

#endif
