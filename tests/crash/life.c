/* SPDX-License-Identifier: ISC */
/*
 * What main.c is to queue, and what its threads are: they do their work with
 * the real functions, one after another, when there is some.
 */
#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include "queue/queue.h"
#include "queue/reader.h"
#include "queue/sweep.h"
#include "shared/alloc.h"
#include "tests/crash/life.h"

enum {
	THREADS_MAX	= 8,
	BATCH_LIMIT	= 64,
	SEGMENT		= 256 << 10,
	LIMIT		= 4 * SEGMENT,
	SMALL		= 16 << 10	/* content that it takes */
};

struct jobs {
	void		(*batch)(struct jobs *, struct job_list *, void *);
	void		*arg;
	struct job_list	 list, done;
};

static struct {
	struct queue	 queue;
	struct jobs	 threads[THREADS_MAX];
	unsigned	 count;
	bool		 has_journal;
	unsigned	 waiting;	/* changes that have not come back */
} life;

/* ---- in the place of main.c ---------------------------------------------- */

struct queue *
queue_state(void)
{
	return &life.queue;
}

uint64_t
queue_now(void)
{
	return (uint64_t)clock_wall();
}

uint64_t
queue_next_id(struct queue *q)
{
	uint64_t	 now = queue_now();

	q->last = now > q->last ? now : q->last + 1;
	return q->last;
}

void
queue_check_ready(struct queue *q)
{
	(void)q;
}

void
queue_check_end(struct queue *q)
{
	(void)q;
}

/* ---- in the place of jobs.c ---------------------------------------------- */

struct jobs *
jobs_new(struct loop *loop, void (*batch)(struct jobs *, struct job_list *,
    void *), void *arg)
{
	struct jobs	*j = &life.threads[life.count++];

	(void)loop;
	if (life.count > THREADS_MAX)
		errx(1, "queue has more threads than ever");
	j->batch = batch;
	j->arg = arg;
	STAILQ_INIT(&j->list);
	STAILQ_INIT(&j->done);
	return j;
}

void
jobs_free(struct jobs *j)
{
	(void)j;
}

void
jobs_put(struct jobs *j, struct job *job)
{
	STAILQ_INSERT_TAIL(&j->list, job, entry);
}

void
jobs_flush(struct jobs *j)
{
	(void)j;
}

size_t
jobs_outstanding(const struct jobs *j)
{
	return !STAILQ_EMPTY(&j->list) || !STAILQ_EMPTY(&j->done);
}

void
jobs_give_back(struct jobs *j, struct job_list *batch)
{
	STAILQ_CONCAT(&j->done, batch);
}

static bool
work(struct jobs *j)
{
	struct job_list	 now = STAILQ_HEAD_INITIALIZER(now);
	struct job	*job;
	bool		 any = !STAILQ_EMPTY(&j->list);

	STAILQ_CONCAT(&now, &j->list);
	if (any)
		j->batch(j, &now, j->arg);
	while ((job = STAILQ_FIRST(&j->done)) != NULL) {
		STAILQ_REMOVE_HEAD(&j->done, entry);
		job->done(job);
	}
	return any;
}

/* Turn by turn, until there is nothing to do. */
static void
work_all(void)
{
	unsigned	 i;
	bool		 any;

	do {
		hots_spill(&life.queue);
		journal_pump(&life.queue);
		for (any = false, i = 0; i < life.count; i++)
			any = work(&life.threads[i]) || any;
	} while (any);
}

/* ---- in the place of what decides ---------------------------------------- */

static void
on_kept(struct change *c)
{
	if (c->hot)
		(void)hot_new(&life.queue, c);
}

static void
end_all(struct message *m)
{
	struct recipient	*r, *next;

	RB_FOREACH_SAFE(r, recipient_tree, &m->recipients, next)
		recipient_free(&life.queue, r);
}

/* As result_finished and its like, without deliverers; the caller frees. */
static void
on_finished(struct change *c)
{
	struct queue		*q = &life.queue;
	struct message		*m = message_find(q, c->id);
	struct recipient	*r;

	life.waiting--;
	if (c->error == 0 && c->kind == CHANGE_STORE)
		on_kept(c);
	if (c->error != 0 || m == NULL || c->kind == CHANGE_STORE)
		return;
	m->tally = c->tally;
	r = recipient_find(m, c->number);
	if (r != NULL && (c->kind == CHANGE_UPDATE ||
	    c->kind == CHANGE_DELETE || c->kind == CHANGE_REPLACE))
		recipient_free(q, r);
	if (c->kind == CHANGE_REMOVE)
		m->going = false;
	message_settle(q, m);
}

static bool
is_small(const struct change *c)
{
	return c->letter->size <= life.queue.journal.message;
}

static void
put(struct queue *q, struct change *c)
{
	struct message	*m = message_find(q, c->id);

	c->finished = on_finished;
	life.waiting++;
	if (c->kind == CHANGE_STORE || c->kind == CHANGE_NOTICE) {
		c->hot = c->kind == CHANGE_NOTICE ||
		    journal_room(q) == JOURNAL_FREE;
		if (c->kind == CHANGE_NOTICE)
			c->kept = on_kept;
		if (c->hot && c->file == NULL && !is_small(c))
			c->file = file_new(c->letter->id);
		q->last = c->letter->id;
	}
	if (c->kind == CHANGE_REMOVE && m != NULL)
		m->going = true;
	if ((c->kind == CHANGE_REMOVE || c->kind == CHANGE_ORDER) && m != NULL)
		end_all(m);
	change_put(q, c);
}

/* ---- a life -------------------------------------------------------------- */

static void
init(struct queue *q)
{
	*q = (struct queue){ .stopping = false };
	life.count = 0;
	q->loop = loop_new();
	envelopes_init(q);
	messages_init(&q->messages);
	hots_init(&q->hots);
	expand_init(&q->expansions);
	destinations_init(&q->destinations);
	deliverers_init(q);
	content_init(&q->content);
	schedule_init(q);
}

void
life_use_journal(void)
{
	life.has_journal = true;
}

/* As main.c does it; without a journal its limit is 0, the conservative mode.
 * Nobody is told of failures, since it is about to stop. */
void
life_begin(const char *dir)
{
	struct queue	*q = &life.queue;

	if (chdir(dir) == -1)
		err(1, "%s", dir);
	init(q);
	spool_open(&q->spool);
	q->index = index_open(&q->spool);
	q->last = index_last(q->index);
	q->writer.spool = &q->spool;
	q->writer.index = q->index;
	q->spiller = spiller_new(q->loop, &q->writer);
	q->reader = reader_new(q->loop);
	journal_open(q);
	q->known = q->last;
	q->first = queue_next_id(q);
	q->started = q->stopping = true;
	if (life.has_journal) {
		q->journal.limit = LIMIT;
		q->journal.segment = SEGMENT;
		q->journal.message = SMALL;
	}
	journal_begin(q);
	work_all();
}

void
life_end(void)
{
	struct queue	*q = &life.queue;

	work_all();
	journal_close(q);
	index_close(q->index);
	spool_close(&q->spool);
	loop_free(q->loop);
}

/* Through the journal all of them come back, one by one, and well. */
static void
put_all(struct job_list *batch)
{
	struct change	*all[BATCH_LIMIT];
	unsigned	 i, count = 0;

	while (!STAILQ_EMPTY(batch)) {
		if (count == BATCH_LIMIT)
			errx(1, "a batch of more changes than ever");
		all[count++] = (struct change *)STAILQ_FIRST(batch);
		STAILQ_REMOVE_HEAD(batch, entry);
	}
	for (i = 0; i < count; i++)
		put(&life.queue, all[i]);
	work_all();
	if (life.waiting > 0)
		errx(1, "%u changes did not come back", life.waiting);
	for (i = 0; i < count; i++)
		STAILQ_INSERT_TAIL(batch, &all[i]->job, entry);
}

/* Without one, it is a batch of the spiller, which may fail. */
void
life_batch(struct job_list *batch)
{
	if (journal_is_on(&life.queue))
		put_all(batch);
	else if (!STAILQ_EMPTY(batch))
		spiller_batch(&life.queue.writer, batch);
}

void
life_spill(uint64_t id)
{
	struct message	*m = message_find(&life.queue, id);

	if (m == NULL || !m->hot)
		return;
	hot_spill(&life.queue, m);
	work_all();
}

void
life_sweep(void)
{
	life.queue.stopping = false;
	sweep_start(&life.queue);
	work_all();
	life.queue.stopping = true;
}

struct spool *
life_spool(void)
{
	return &life.queue.spool;
}

struct index *
life_index(void)
{
	return life.queue.index;
}
