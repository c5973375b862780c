/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_DIGEST_H
#define QUEUE_DIGEST_H

#include <bsd/sys/tree.h>
#include <sys/queue.h>

#include "queue/index_read.h"

/*
 * Failures that are alike: of one sender, at one destination, with the same
 * words but for addresses and digits.  When more messages than `digest-after`
 * fail so within `digest-time`, the rest waits for the end of that time and is
 * told in one notice.
 *
 * What belongs together waits in `wait` for the same microsecond, which no
 * other digest has: so disk alone knows what is told with what.  How many there
 * were is counted in memory, of the latest ALIKE_MAX kinds.
 */
struct queue;
struct message;
struct telling;

struct alike {
	RB_ENTRY(alike)	 by_key;
	TAILQ_ENTRY(alike) entry;	/* as they were seen last */
	uint64_t	 key;		/* a hash of what is alike */
	uint64_t	 ends;		/* wall microseconds */
	uint64_t	 message;	/* the last one that was counted */
	uint32_t	 count;
};
RB_HEAD(alike_tree, alike);
TAILQ_HEAD(alike_list, alike);
LIST_HEAD(telling_list, telling);

struct digests {
	struct alike_tree tree;
	struct alike_list list;
	unsigned	 count;
	uint64_t	 last;		/* end that was given */
	struct telling_list made;	/* those that are being made */
};

void	 digests_init(struct digests *);
void	 digests_forget(struct digests *);	/* what was counted */

/* Counts a failure; when it is to be told with others, 0: by itself. */
uint64_t digest_plan(struct queue *, const struct message *,
	    const struct recipient_row *);

/* The time of a digest has come, of which this is a recipient; false: no more
 * now. */
bool	 digest_start(struct queue *, struct view *, const struct wait_key *);

#endif
