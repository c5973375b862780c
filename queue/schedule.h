/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include "queue/message.h"
#include "shared/loop.h"

/*
 * What comes into memory, and when: new mail in the order it came, waiting
 * recipients when they are due.
 */
struct schedule {
	struct timer	 scan;		/* for what is due */
	struct timer	 sweep;		/* of stale readers */
	bool		 backlog;	/* `incoming` has what is not here */
	uint64_t	 backlog_after;	/* up to this id all is here */
	bool		 stalled;	/* memory was full for some */

	/* a pass over what is due: where it is, and when another is wanted */
	bool		 passing;
	uint64_t	 pass_due, wanted;	/* wanted: 0, not at all */
	char		 pass_name[DESTINATION_TEXT_MAX + 1];
	unsigned	 pass_lane;
	struct wait_key	 lookup;	/* within what has no destination */
	bool		 untold;	/* notices that are due were left */
};

void	 schedule_init(struct queue *);
void	 schedule_start(struct queue *);

/* A message has been stored. */
void	 schedule_stored(struct queue *, const struct letter *);

/* `incoming` has something at this id that memory has not. */
void	 schedule_backlog(struct queue *, uint64_t id);

/* Something in the index is due then. */
void	 schedule_due(struct queue *, uint64_t due);

/* A notice is made: those that were left are looked for again. */
void	 schedule_told(struct queue *);

/* How long until then, in milliseconds.  No timer is longer than LOOK_MAX, so
 * that a clock that is set is noticed. */
int64_t	 schedule_wait(uint64_t due, uint64_t now);

/* Memory is full: looks again when that may have changed. */
void	 schedule_stall(struct queue *);

/* Takes up what there is room for; at the end of a turn. */
void	 schedule_pump(struct queue *);

#endif
