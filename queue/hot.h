/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_HOT_H
#define QUEUE_HOT_H

#include "queue/change.h"
#include "queue/message.h"

/*
 * Messages that the journal alone has: no rows, and no file if they are small.
 * All of them are in memory, whole but for content, until they are delivered,
 * which is the end of most, or spilled: to a file and to rows in the index.
 *
 * What is spilled: whoever outlives the first attempt (any verdict but
 * success, a destination that is closed), stands in an old segment, or is
 * there when the suite stops.
 */
struct hots {
	struct message_list all;	/* as they came */
	struct message_list cached;	/* have content in memory, likewise */
	struct message_list leaving;	/* are spilled at the turn's end */
	unsigned	 count, recipients;
	size_t		 octets;	/* of content in memory */
};

void	 hots_init(struct hots *);

/* May one with so many recipients more be hot? */
bool	 hots_have_room(const struct queue *, uint32_t recipients);

/* From what the journal has accepted; takes letter and content.  Its
 * recipients have no stage yet: hot_begin gives them one. */
struct message	*hot_new(struct queue *, struct change *);
void		 hot_begin(struct queue *, struct message *);
void		 hots_begin(struct queue *);	/* all that wait for it */

/* A change of it that is in the journal: done in memory, and true; or false
 * when it must wait behind the spilling. */
bool		 hot_apply(struct queue *, struct message *, struct change *);

/* The same for what a former life did; takes the change. */
void		 hot_replay(struct queue *, struct message *, struct change *);

/* It gets file and rows, at the end of the turn. */
void		 hot_spill(struct queue *, struct message *);
void		 hots_spill(struct queue *);

/* The older ones, up to the first in a segment of this base or above. */
void		 hots_spill_below(struct queue *, uint64_t base);

/* It is done: what it holds goes. */
void		 hot_end(struct queue *, struct message *);

/* The first one with an id above; NULL: none. */
struct message	*hot_next(struct queue *, uint64_t id);

/* Content out of memory; false when it is not there. */
bool		 hot_copy(const struct message *, uint64_t offset,
		    size_t length, char *into);

#endif
