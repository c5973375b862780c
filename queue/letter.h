/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_LETTER_H
#define QUEUE_LETTER_H

#include "queue/origin.h"
#include "shared/addr.h"
#include "shared/buf.h"

/*
 * A message with the envelope that it came with: what the trailer of its file
 * holds, and what its rows in the index begin from.  Owns its memory.
 */
struct letter {
	uint64_t	 id;
	uint64_t	 arrived;	/* wall microseconds */
	uint64_t	 size;		/* octets of content */
	uint32_t	 flags;		/* enum message_flags */
	struct addr	 sender;
	char		*client, *identity, *parameters;
	uint32_t	 count;		/* recipients */
	struct buf	 recipients;	/* two texts of each, as letter_take */
};

struct addressee {
	struct span	 address, parameters;	/* as in RECIPIENT */
};

struct letter	*letter_new(uint64_t id, const struct addr *sender);
void		 letter_free(struct letter *);
void		 letter_set_origin(struct letter *, const struct origin *);
struct origin	 letter_origin(const struct letter *);

/* False when the letter has RECIPIENTS_MAX of them. */
bool		 letter_add(struct letter *, struct span address,
		    struct span parameters);

/* The recipients in turn: begin with letter_recipients, take until the span is
 * empty. */
struct span	 letter_recipients(const struct letter *);
struct addressee	 letter_take(struct span *rest);

/*
 * As it stands on disk, in trailers and in the journal.  What is unpacked must
 * have been packed by us: false for anything else.
 */
void		 letter_pack(const struct letter *, struct buf *);
bool		 letter_unpack(struct unpack *, struct letter *);

#endif
