/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_WALK_H
#define QUEUE_WALK_H

#include "queue/filter.h"
#include "queue/queue.h"

/*
 * A part of a walk over all messages, those of the index and those that the
 * journal alone has, in order of their ids.  It looks at a bounded number of
 * them, so it may end with nothing found and not be the last.  Begin, take,
 * end in one function: it holds a view of the index, in which spans live.
 */
struct walk {
	struct queue	*queue;
	const struct filter *filter;
	struct view	 view;
	struct message	*hot;		/* the next one that has no rows */
	unsigned	 looks, rows;	/* at messages, at recipients */
	bool		 over;		/* there is nothing behind `id` */

	/* the message that was taken last */
	uint64_t	 id;
	struct message_row row;
	enum message_state state;
	struct message	*active;	/* in memory; or NULL */
	uint32_t	 recipients;	/* of it, that are meant */
};

void	 walk_begin(struct walk *, struct queue *, const struct filter *,
	    uint64_t after);
void	 walk_end(struct walk *);

/* The next message that is meant; false: this part ends here. */
bool	 walk_next(struct walk *);

/* Where the next part begins; 0: there is none. */
uint64_t walk_rest(const struct walk *);

/* The recipients of a message, as on disk, or as in memory for what has no
 * rows. */
struct roll {
	struct queue	*queue;
	struct view	*view;
	uint64_t	 id;
	int64_t		 number;	/* of the one that was taken last */
	struct recipient_row row;
	struct recipient *here;		/* it is worked on; or NULL */
};

struct roll	 roll_of(struct queue *, struct view *, uint64_t id);
bool	 roll_next(struct roll *);

#endif
