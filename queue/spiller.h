/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_SPILLER_H
#define QUEUE_SPILLER_H

#include "queue/index.h"
#include "queue/jobs.h"

/* The thread that writes files and the index: its jobs are all changes. */
struct spiller {
	struct spool	*spool;
	struct index	*index;
	bool		 dirty[DIRECTORIES];	/* names went from there */
};

struct jobs	*spiller_new(struct loop *, struct spiller *);

/* Makes a batch durable, or fails it, as the thread does; for tests. */
void		 spiller_batch(struct spiller *, struct job_list *);

#endif
