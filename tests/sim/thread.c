/* SPDX-License-Identifier: ISC */
/*
 * In place of queue/jobs.c: a thread works when an event says so, on as much
 * of what waits as chance says it had seen, and the loop hears of it later.
 */
#include <stdlib.h>

#include "shared/alloc.h"
#include "tests/sim/sim.h"

enum { OCTETS_MAX = SEGMENT / 3 };	/* in one batch of the journal */

struct jobs {
	void		(*batch)(struct jobs *, struct job_list *, void *);
	void		*arg;
	enum who	 who;
	struct job_list	 gathered, there, back;
	size_t		 outstanding;
	bool		 busy;
};

static struct jobs	*threads[WHO_COUNT];

static enum who
who_has(const void *arg)
{
	const struct queue	*q = sim()->queue;

	if (arg == NULL)
		return READER;
	return arg == &q->writer ? SPILLER : COMMITTER;
}

struct jobs *
jobs_new(struct loop *loop, void (*batch)(struct jobs *, struct job_list *,
    void *), void *arg)
{
	struct jobs	*j = xcalloc(1, sizeof *j);

	(void)loop;
	j->batch = batch;
	j->arg = arg;
	j->who = who_has(arg);
	STAILQ_INIT(&j->gathered);
	STAILQ_INIT(&j->there);
	STAILQ_INIT(&j->back);
	threads[j->who] = j;
	return j;
}

void
jobs_free(struct jobs *j)
{
	if (j == NULL)
		return;
	while (!STAILQ_EMPTY(&j->there))
		(void)thread_run(j->who);
	threads[j->who] = NULL;
	free(j);
}

void
jobs_put(struct jobs *j, struct job *job)
{
	STAILQ_INSERT_TAIL(&j->gathered, job, entry);
	j->outstanding++;
}

void
jobs_flush(struct jobs *j)
{
	STAILQ_CONCAT(&j->there, &j->gathered);
}

size_t
jobs_outstanding(const struct jobs *j)
{
	return j->outstanding;
}

void
jobs_give_back(struct jobs *j, struct job_list *list)
{
	STAILQ_CONCAT(&j->back, list);
}

static size_t
octets_of(const struct jobs *j, const struct job *job)
{
	const struct piece	*p;
	size_t			 n = 200;

	if (j->who != COMMITTER)
		return 0;
	STAILQ_FOREACH(p, &((const struct change *)job)->content, entry)
		n += p->len;
	STAILQ_FOREACH(p, &((const struct change *)job)->rows, entry)
		n += p->len + 16;
	return n;
}

static void
take_some(struct jobs *j, struct job_list *list)
{
	static const unsigned	 most[] = { 1, 2, 5, 500 };
	unsigned		 n = 1 + below(most[below(4)]);
	size_t			 octets = 0;
	struct job		*job;

	while (n-- > 0 && octets < OCTETS_MAX &&
	    (job = STAILQ_FIRST(&j->there)) != NULL) {
		STAILQ_REMOVE_HEAD(&j->there, entry);
		STAILQ_INSERT_TAIL(list, job, entry);
		octets += octets_of(j, job);
	}
}

bool
thread_run(enum who who)
{
	struct sim	*s = sim();
	struct jobs	*j = threads[who];
	struct job_list	 list = STAILQ_HEAD_INITIALIZER(list);
	enum who	 before = s->running;

	if (j == NULL || j->busy || STAILQ_EMPTY(&j->there))
		return false;
	take_some(j, &list);
	j->busy = true;
	s->running = who;
	j->batch(j, &list, j->arg);
	s->running = before;
	j->busy = false;
	return true;
}

bool
thread_collect(enum who who)
{
	struct jobs	*j = threads[who];
	struct job_list	 list = STAILQ_HEAD_INITIALIZER(list);
	struct job	*job;

	if (j == NULL || STAILQ_EMPTY(&j->back))
		return false;
	STAILQ_CONCAT(&list, &j->back);
	while ((job = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, entry);
		j->outstanding--;
		job->done(job);
	}
	return true;
}

void
threads_forget(void)
{
	int	 i;

	for (i = 0; i < WHO_COUNT; i++)
		threads[i] = NULL;
}
