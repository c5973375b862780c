/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/jobs.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

struct jobs {
	void		(*batch)(struct jobs *, struct job_list *, void *);
	void		*arg;

	/* the loop's */
	struct watch	 watch;
	struct job_list	 gathered;
	size_t		 outstanding;

	/* of both, under the lock */
	pthread_mutex_t	 lock;
	pthread_cond_t	 arrived;
	struct job_list	 there, back;
	bool		 ending;

	int		 wake;		/* eventfd: `back` is not empty */
	pthread_t	 thread;
};

/* False when the thread is to end. */
static bool
take(struct jobs *j, struct job_list *batch)
{
	bool	 some;

	STAILQ_INIT(batch);
	(void)pthread_mutex_lock(&j->lock);
	while (STAILQ_EMPTY(&j->there) && !j->ending)
		(void)pthread_cond_wait(&j->arrived, &j->lock);
	some = !STAILQ_EMPTY(&j->there);
	STAILQ_CONCAT(batch, &j->there);
	(void)pthread_mutex_unlock(&j->lock);
	return some;
}

static void *
run(void *arg)
{
	struct jobs	*j = arg;
	struct job_list	 batch;

	while (take(j, &batch))
		j->batch(j, &batch, j->arg);
	return NULL;
}

void
jobs_give_back(struct jobs *j, struct job_list *list)
{
	uint64_t	 one = 1;
	bool		 first;

	if (STAILQ_EMPTY(list))
		return;
	(void)pthread_mutex_lock(&j->lock);
	first = STAILQ_EMPTY(&j->back);
	STAILQ_CONCAT(&j->back, list);
	(void)pthread_mutex_unlock(&j->lock);
	if (first && write(j->wake, &one, sizeof one) == -1 &&
	    errno != EAGAIN)
		fatal("eventfd: %s", strerror(errno));
}

/* The number is read before the list is taken, so no wake-up is lost. */
static void
on_ready(void *arg, unsigned events)
{
	struct jobs	*j = arg;
	struct job_list	 list = STAILQ_HEAD_INITIALIZER(list);
	struct job	*job;
	uint64_t	 count;

	(void)events;
	(void)!read(j->wake, &count, sizeof count);
	(void)pthread_mutex_lock(&j->lock);
	STAILQ_CONCAT(&list, &j->back);
	(void)pthread_mutex_unlock(&j->lock);
	while ((job = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, entry);
		j->outstanding--;
		job->done(job);
	}
}

struct jobs *
jobs_new(struct loop *loop, void (*batch)(struct jobs *, struct job_list *,
    void *), void *arg)
{
	struct jobs	*j = xcalloc(1, sizeof *j);
	int		 rc;

	j->batch = batch;
	j->arg = arg;
	STAILQ_INIT(&j->gathered);
	STAILQ_INIT(&j->there);
	STAILQ_INIT(&j->back);
	j->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (j->wake == -1)
		fatal("eventfd: %s", strerror(errno));
	if (pthread_mutex_init(&j->lock, NULL) != 0 ||
	    pthread_cond_init(&j->arrived, NULL) != 0)
		fatal("no lock for a thread");
	watch_init(&j->watch, loop, j->wake, on_ready, j);
	watch_want(&j->watch, LOOP_READ);
	rc = pthread_create(&j->thread, NULL, run, j);
	if (rc != 0)
		fatal("no thread: %s", strerror(rc));
	return j;
}

void
jobs_free(struct jobs *j)
{
	if (j == NULL)
		return;
	(void)pthread_mutex_lock(&j->lock);
	j->ending = true;
	(void)pthread_cond_signal(&j->arrived);
	(void)pthread_mutex_unlock(&j->lock);
	(void)pthread_join(j->thread, NULL);
	watch_clear(&j->watch);
	fd_close(&j->wake);
	(void)pthread_cond_destroy(&j->arrived);
	(void)pthread_mutex_destroy(&j->lock);
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
	if (STAILQ_EMPTY(&j->gathered))
		return;
	(void)pthread_mutex_lock(&j->lock);
	STAILQ_CONCAT(&j->there, &j->gathered);
	(void)pthread_cond_signal(&j->arrived);
	(void)pthread_mutex_unlock(&j->lock);
}

size_t
jobs_outstanding(const struct jobs *j)
{
	return j->outstanding;
}
