/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_LINES_H
#define QUEUE_LINES_H

#include "queue/message.h"

/*
 * The READY recipients of a destination: each sender's in a line of their own,
 * as they came.  Lines of the same priority have turns, a job each.  A higher
 * priority goes first; but of so many jobs of the highest one that there is,
 * one turn is for a lower one, and for each of those in turn: so nobody
 * starves.
 *
 * One line needs no memory of its own, which is all that most destinations
 * ever have.  A line is never empty.
 */
struct line {
	RB_ENTRY(line)	 by_turn, by_sender;
	int		 priority;
	uint64_t	 sender;	/* its number: queue/sender.h */
	uint64_t	 turn;		/* the lower, the sooner */
	struct recipient_list list;
	unsigned	 count;
};
RB_HEAD(line_turns, line);
RB_HEAD(line_senders, line);

struct lines {
	struct line_turns turns;
	struct line_senders senders;
	struct line	 own;		/* used when nobody is in it */
	unsigned	 count;		/* of lines */
	uint64_t	 given;		/* turns */
	unsigned	 overtaken;	/* jobs of the highest one in a row */
	int		 low;		/* the lower one that was last */
};

void	 lines_init(struct lines *);
void	 lines_put(struct lines *, struct recipient *);
void	 lines_take(struct lines *, struct recipient *);

/* Whose turn it is; NULL: nobody is there.  It stays so until that turn is
 * over. */
struct recipient	*lines_next(struct lines *);
void	 lines_turn_over(struct lines *, const struct recipient *);

/* The last one in the line where a message's recipients are; may be NULL. */
struct recipient	*lines_last(struct lines *, const struct message *);

/* From the line that comes last to the one whose turn it is; begins with
 * NULL. */
struct line	*lines_before(struct lines *, struct line *);

#endif
