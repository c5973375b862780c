/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_JOBS_H
#define QUEUE_JOBS_H

#include <sys/queue.h>

#include <stddef.h>

#include "shared/loop.h"

/*
 * A thread, and all that it shares with the loop: a queue of jobs towards it
 * and one back.  A job belongs to the thread between jobs_flush and its `done`,
 * which the loop calls.
 */
struct job {
	STAILQ_ENTRY(job) entry;
	void		(*work)(struct job *);	/* in the thread; may be NULL */
	void		(*done)(struct job *);	/* in the loop */
};
STAILQ_HEAD(job_list, job);

struct jobs;

/* `batch` gets all that waits, in order, and gives every job back. */
struct jobs	*jobs_new(struct loop *, void (*batch)(struct jobs *,
		    struct job_list *, void *arg), void *arg);

/* Ends the thread when all it has is done; what was not collected is lost. */
void		 jobs_free(struct jobs *);

/* In the loop.  What is put gathers, and leaves with jobs_flush. */
void		 jobs_put(struct jobs *, struct job *);
void		 jobs_flush(struct jobs *);
size_t		 jobs_outstanding(const struct jobs *);

/* In the thread. */
void		 jobs_give_back(struct jobs *, struct job_list *);

#endif
