/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_INDEX_WRITE_H
#define QUEUE_INDEX_WRITE_H

#include "queue/index.h"

/*
 * One write transaction, begun, used and ended by the spiller.  Everything
 * returns 0, or -1 with errno: EEXIST when the row is there already, ENOSPC
 * for a full disk or map, EIO for what else is wrong with the index.  After a
 * failure the transaction can only be aborted.
 *
 * The tables agree with each other after every one of these calls.
 */
struct writing {
	struct index	*index;
	void		*txn;
};

/* What is left of a message.  Unknown messages have nothing left. */
struct tally {
	uint32_t	 left, fresh, failed;
	bool		 removed;	/* its rows went in this call */
};

int	 writing_begin(struct writing *, struct index *);
int	 writing_commit(struct writing *);
void	 writing_abort(struct writing *);

/* After a failed commit: is the index as it was before? */
bool	 index_is_sane(struct index *);

/* A new message; all its recipients are ROW_NEW. */
int	 writing_store(struct writing *, const struct letter *);

/*
 * Another state of a recipient; NULL: it is gone, and the last one takes the
 * message along.  No recipient of that number: nothing happens.
 */
int	 writing_set(struct writing *, uint64_t id, uint32_t number,
	    const struct recipient_row *, struct tally *);

/* All of a message; `removed` tells whether there was one. */
int	 writing_remove(struct writing *, uint64_t id, struct tally *);

/* As it is on disk; `raw` is what it borrows from.  0, or -1 with errno,
 * ENOENT when there is none. */
int	 writing_get(struct writing *, uint64_t id, uint32_t number,
	    char raw[ROW_MAX], struct recipient_row *);

/* A new recipient of a message; its number is the message's next. */
int	 writing_add(struct writing *, uint64_t id,
	    const struct recipient_row *);

/* Closes a destination, or opens it with `closed` 0. */
int	 writing_destination(struct writing *, struct span name,
	    uint64_t closed, uint32_t failures);

/*
 * Flags of a message go on and off.  One that rests from now on is in no table
 * that leads to work; one that no longer does is due at `now`, and is not in
 * `age` if it `is_old` already, so that it is tried once more.
 */
struct hold {
	uint32_t	 on, off;	/* enum message_flags */
	uint64_t	 now;
	bool		 is_old;
};

int	 writing_hold(struct writing *, uint64_t id, const struct hold *,
	    struct tally *);

/* Writes into a message's history, of which the last EVENTS_MAX stay. */
int	 writing_event(struct writing *, uint64_t id,
	    const struct event_row *);

/* One recipient that waits is due at `now`, and so is its destination.  -1, 0:
 * it was, 1: it is now. */
int	 writing_due(struct writing *, uint64_t id, uint32_t number,
	    uint64_t now, struct tally *);

/*
 * Makes what waits due at `now`, for one message or, with id 0, for all.  At
 * most RETRY_MAX rows are changed; then `more` is set, and the same call goes
 * on.  `count`: messages that were there.
 */
struct retry {
	uint64_t	 id, now;
	uint64_t	 count;
	bool		 more;
	bool		 begun;			/* of its own: where it is */
	char		 name[DESTINATION_TEXT_MAX];
	size_t		 len;
};

int	 writing_retry(struct writing *, struct retry *);

/*
 * A message that has been in the journal alone, as it is now: `rows` are its
 * recipients, `next` the number of the next one.
 */
struct spill_row {
	uint32_t	 number;
	struct recipient_row row;
};

int	 writing_spill(struct writing *, const struct letter *, uint32_t next,
	    const struct spill_row *rows, size_t count);

/* The highest id given; the beginning and end of a rebuild. */
int	 writing_last(struct writing *, uint64_t id);
int	 writing_rebuild(struct writing *, enum rebuild);

/*
 * The recipients of these numbers go, or get marks and stay.  Numbers that have
 * no row are passed over.  `removed` tells whether the message went.
 */
int	 writing_drop(struct writing *, uint64_t id, const uint32_t *numbers,
	    size_t count, struct tally *);
int	 writing_mark(struct writing *, uint64_t id, const uint32_t *numbers,
	    size_t count, uint32_t marks);

/* What index_delayed is from now on. */
int	 writing_delayed(struct writing *, uint64_t time);

/* What index_journal, index_position and index_clean are from now on. */
int	 writing_journal(struct writing *, uint64_t lineage);
int	 writing_position(struct writing *, uint64_t position);
int	 writing_clean(struct writing *, uint64_t position);

#endif
