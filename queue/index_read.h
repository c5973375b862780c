/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_INDEX_READ_H
#define QUEUE_INDEX_READ_H

#include "queue/index.h"

/*
 * A snapshot of the index.  Open it, look, close it in the same function:
 * while it is open nothing that it sees is used again on disk.  Spans in rows
 * die with it.  A row that does not decode is told once a look, and skipped.
 */
struct view {
	struct index	*index;
	void		*txn;
};

void	 view_open(struct view *, struct index *);
void	 view_close(struct view *);

bool	 view_message(struct view *, uint64_t id, struct message_row *);
bool	 view_has_message(struct view *, uint64_t id);
bool	 view_recipient(struct view *, uint64_t id, uint32_t number,
	    struct recipient_row *);
bool	 view_destination(struct view *, struct span name,
	    struct destination_row *);
uint64_t view_messages(struct view *);		/* how many there are */

/*
 * The next row behind the one that the arguments name, which then name it;
 * false at the end.  Begin with id 0, number -1, due 0 and an empty name.
 */
bool	 view_next_message(struct view *, uint64_t *id, struct message_row *);
bool	 view_next_recipient(struct view *, uint64_t id, int64_t *number,
	    struct recipient_row *);
bool	 view_next_incoming(struct view *, uint64_t *id);
bool	 view_next_age(struct view *, unsigned class, uint64_t *id);
bool	 view_next_wait(struct view *, struct wait_key *);	/* same name */
bool	 view_next_in_lane(struct view *, struct wait_key *);	/* and lane */
bool	 view_next_destination(struct view *, struct span *name,
	    struct destination_row *);
bool	 view_next_event(struct view *, uint64_t id, int64_t *number,
	    struct event_row *);	/* begin with -1 */
bool	 view_next_due(struct view *, struct due_key *);

/* Classes of age. */
enum { AGE_MAIL, AGE_NOTICE, AGE_COUNT };

#endif
