/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_CHANGE_H
#define QUEUE_CHANGE_H

#include "queue/file.h"
#include "queue/index_write.h"
#include "queue/jobs.h"

struct queue;

/*
 * A change of what is on disk: the loop decides it, the spiller makes it
 * durable, in one batch with all others that wait.  INTERNALS.md, section 3,
 * has what each means.  Spiller and loop never look at one at the same time.
 */
enum change_kind {
	CHANGE_STREAM,		/* pieces to a file that is not whole yet */
	CHANGE_DISCARD,		/* of that file */
	CHANGE_STORE,
	CHANGE_UPDATE,		/* a recipient's row */
	CHANGE_DELETE,
	CHANGE_REPLACE,		/* a recipient by its leaves */
	CHANGE_NOTICE,		/* STORE, and DROP of `about` */
	CHANGE_DROP,
	CHANGE_MARK,		/* what the journal has of such a NOTICE */
	CHANGE_DESTINATION,
	CHANGE_REMOVE,		/* a message, whole */
	CHANGE_RETRY,
	CHANGE_ORDER,		/* what an admin wants of a message */
	CHANGE_ADOPT,		/* STORE of a file that is there */
	CHANGE_REBUILT,
	CHANGE_SPILL,		/* a hot message gets file and rows */
	CHANGE_SPILLED,		/* that is so: for the journal */
	CHANGE_ABORT,		/* a STORE that was not answered */
	CHANGE_UNLINK,		/* the file of a hot message that is done */
	CHANGE_SETTLE,		/* names that went are off the disk */
	CHANGE_RECYCLE,		/* the oldest segment is needed no more */
	CHANGE_CLEAN		/* the journal holds nothing that counts */
};

/* Those of one message, of a change that is about several. */
struct lot {
	uint64_t	 id;
	size_t		 count;		/* of its numbers */
	struct tally	 tally;		/* afterwards */
};

/* Where content stands in the journal, while its segment is held. */
struct place {
	int		 fd;		/* of the segment; -1: not there */
	unsigned	 slot;		/* which segment */
	uint64_t	 offset;	/* octets, in the file */
};

struct change {
	struct job	 job;
	enum change_kind kind;
	int		 error;		/* errno; 0: it is durable */

	/* the message, and the recipient; for NOTICE and DROP the old one */
	uint64_t	 id;
	uint32_t	 number;
	struct tally	 tally;		/* of the message, afterwards */
	bool		 aside;		/* removed: to quarantine/ */
	bool		 vanished;	/* ADOPT: there is no file any more */

	/* STREAM to STORE, NOTICE, ADOPT, SPILL */
	struct letter	*letter;
	struct file	*file;		/* NULL: not begun */
	struct pieces	 content;
	uint64_t	 last;		/* highest id given so far */
	uint64_t	 delayed;	/* `done` of queue/delay.h */

	/* in the journal */
	bool		 hot;		/* its message gets, or has, no rows */
	bool		 held;		/* its segment is */
	bool		 filed;		/* SPILL: the file is there */
	bool		 along;		/* UPDATE: a SPILL has its row */
	bool		 replayed;	/* it comes from the replay */
	uint64_t	 position;	/* of its batch; 0: in none */
	uint64_t	 base;		/* of its segment; RECYCLE: of which */
	struct place	 place;		/* of it, or of the content */
	uint32_t	 crc;		/* of the content */

	/* UPDATE: one row; REPLACE: the leaves' rows; SPILL: one for each of
	 * `numbers`; encoded */
	struct pieces	 rows;
	struct pieces	 parent;	/* REPLACE: the row of the recipient,
					 * if its sender is told of it */
	bool		 keeps_reply;	/* the old row's verdict stays */

	uint32_t	*numbers;	/* NOTICE, DROP: recipients to go;
					 * SPILL, ORDER: whose rows */
	uint32_t	 marks;		/* NOTICE, MARK: they stay, and get
					 * these */
	struct lot	*lots;		/* NOTICE: recipients of several, as
					 * they follow each other in numbers */
	size_t		 nlots;
	uint32_t	 next;		/* SPILL: the next one's */
	size_t		 count;

	char		*name;		/* DESTINATION, ORDER */
	uint64_t	 closed;
	uint32_t	 failures;

	struct retry	 retry, retried;	/* before and after */

	/* ORDER: rows of `numbers`, or none: they are due now; and flags of
	 * the message.  Its event is in the history; `name`: what it says */
	struct hold	 hold;
	uint64_t	 time;		/* of the event; 0: now */
	uint32_t	 uid;
	uint8_t		 event;		/* enum event */

	/* the loop's own */
	void		(*finished)(struct change *);
	void		(*kept)(struct change *); /* the journal has it */
	void		*owner;
	size_t		 cost;		/* of the content in memory */
	uint64_t	 token;
	uint64_t	 due;
	bool		 tells;		/* then, its sender is told */
	unsigned	 epoch;		/* of who is to be told */
	int		 by;		/* which one; -1: none */
	struct timer	 again;
	void		(*again_at)(struct queue *, struct change *);
	int64_t		 patience;
};

struct change	*change_new(enum change_kind,
		    void (*finished)(struct change *));
void		 change_free(struct change *);	/* with all it holds */
void		 change_add_row(struct change *, const struct recipient_row *);
void		 change_keep_parent(struct change *,
		    const struct recipient_row *);

/* The row of an UPDATE, with what follows from it. */
void		 change_set_row(struct change *, const struct recipient_row *);

/*
 * Gives it away: what it must pass (journal, spiller, or both) it passes in
 * order.  `finished` is called in the loop and frees it or keeps it.  A change
 * that failed is tried again and again, but STREAM, STORE and SPILL, whose
 * `finished` looks at `error`.
 */
void		 change_put(struct queue *, struct change *);

/* Straight to the spiller: the journal has it, or need not. */
void		 change_spill(struct queue *, struct change *);

/* Its segment stays until it has been applied. */
void		 change_hold(struct queue *, struct change *);

#endif
