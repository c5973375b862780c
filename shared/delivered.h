/* SPDX-License-Identifier: ISC */
#ifndef SHARED_DELIVERED_H
#define SHARED_DELIVERED_H

#include "shared/addr.h"

/*
 * Who has had a message before: the addresses in its Delivered-To fields (RFC
 * 9228), found while it comes, in pieces of any size.  Lines end with LF, with
 * or without a CR; fields may be folded.  Only the header is looked at, and of
 * it the first DELIVERED_MAX such fields, lest a stranger have us compare
 * without end.  A value, zeroed to begin, and pure.
 */
enum { DELIVERED_MAX = 100, DELIVERED_SIZE = ADDR_TEXT_MAX + 16 };

struct delivered {
	enum {
		DELIVERED_LINE,		/* a line begins */
		DELIVERED_NAME,		/* what came of it fits the name */
		DELIVERED_VALUE,
		DELIVERED_OTHER,	/* inside of another field */
		DELIVERED_OVER		/* the header has ended */
	} at;
	bool		 inside;	/* of such a field, which may go on */
	unsigned	 matched;	/* octets of the name */
	unsigned	 fields;
	size_t		 len;		/* DELIVERED_SIZE: it is too long */
	char		 value[DELIVERED_SIZE];

	void		(*found)(void *arg, const struct addr *);
	void		*arg;
};

/* `found` is called for each address once its field has ended. */
void	 delivered_feed(struct delivered *, struct span);
void	 delivered_end(struct delivered *);

#endif
