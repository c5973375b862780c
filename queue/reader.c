/* SPDX-License-Identifier: ISC */
#include "queue/reader.h"

static void
work(struct jobs *j, struct job_list *batch, void *arg)
{
	struct job_list	 one = STAILQ_HEAD_INITIALIZER(one);
	struct job	*job;

	(void)arg;
	while ((job = STAILQ_FIRST(batch)) != NULL) {
		STAILQ_REMOVE_HEAD(batch, entry);
		job->work(job);
		STAILQ_INSERT_TAIL(&one, job, entry);
		jobs_give_back(j, &one);
	}
}

struct jobs *
reader_new(struct loop *loop)
{
	return jobs_new(loop, work, NULL);
}
