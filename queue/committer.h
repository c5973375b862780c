/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_COMMITTER_H
#define QUEUE_COMMITTER_H

#include "queue/jobs.h"
#include "queue/segments.h"
#include "shared/buf.h"
#include "shared/clock.h"

/*
 * The thread that writes the journal: all changes that wait go into one batch,
 * with one write and one fdatasync.  Nothing waits for more to come: what
 * arrives during a sync is the next batch.
 *
 * After a failed write or sync nobody knows what of that batch is on disk, and
 * the same segment is not trusted again: a batch in a fresh one takes back what
 * was not promised, and records the rest once more.  The second failure is the
 * last one: from then on everything fails.
 */
struct committer {
	struct segments	*segments;
	struct buf	 batch;
	bool		 has_failed, is_dead;
	struct instant	 patience;	/* then it may grow again */
};

void		 committer_init(struct committer *, struct segments *);
void		 committer_clear(struct committer *);
struct jobs	*committer_new(struct loop *, struct committer *);

/* An empty batch, so that the journal is there.  -1 with errno. */
int		 committer_begin(struct committer *);

/* Makes a list of changes durable, or fails them, as the thread does; those
 * that are done move to `done`, in order.  For tests; the thread gives each
 * batch back when it is durable. */
void		 committer_batch(struct committer *, struct job_list *,
		    struct job_list *done);

#endif
