/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "queue/orders.h"
#include "queue/queue.h"
#include "shared/alloc.h"

static void
unlist(struct errands *l, struct errand *e)
{
	if (e->list == ERRAND_STIRRED)
		TAILQ_REMOVE(&l->stirred, e, entry);
	else if (e->list == ERRAND_TIMED)
		TAILQ_REMOVE(&l->timed, e, entry);
	e->list = ERRAND_IDLE;
}

static void
stir(struct errands *l, struct errand *e)
{
	if (e->under_way || e->list == ERRAND_STIRRED)
		return;
	unlist(l, e);
	e->list = ERRAND_STIRRED;
	TAILQ_INSERT_TAIL(&l->stirred, e, entry);
}

/* In the order in which they were made, and so of their ends. */
static void
set_timer(struct queue *q)
{
	struct errands	*l = &q->errands;
	struct errand	*first = TAILQ_FIRST(&l->timed);

	if (first != NULL)
		timer_set(&l->timer, first->until);
	else
		timer_unset(&l->timer);
}

static void
insert_timed(struct errands *l, struct errand *e)
{
	struct errand	*before = TAILQ_LAST(&l->timed, errand_list);

	while (before != NULL && clock_before(e->until, before->until))
		before = TAILQ_PREV(before, errand_list, entry);
	if (before != NULL)
		TAILQ_INSERT_AFTER(&l->timed, before, e, entry);
	else
		TAILQ_INSERT_HEAD(&l->timed, e, entry);
	e->list = ERRAND_TIMED;
}

static void
on_timer(void *arg)
{
	struct queue	*q = arg;
	struct errand	*e;

	while ((e = TAILQ_FIRST(&q->errands.timed)) != NULL &&
	    !clock_before(loop_now(q->loop), e->until))
		errand_end(q, e, ERRAND_BUSY);
	set_timer(q);
}

void
errands_init(struct queue *q)
{
	TAILQ_INIT(&q->errands.stirred);
	TAILQ_INIT(&q->errands.timed);
	timer_init(&q->errands.timer, q->loop, on_timer, q);
}

struct errand *
errand_new(struct queue *q, struct message *m, struct order *o)
{
	struct errand	*e = xcalloc(1, sizeof *e);

	e->message = m;
	e->order = o;
	e->number = -1;
	e->until = clock_after(loop_now(q->loop), ERRAND_TIME);
	TAILQ_INSERT_TAIL(&m->errands, e, next);
	q->errands.count++;
	stir(&q->errands, e);
	return e;
}

void
errand_stir(struct queue *q, struct message *m)
{
	stir(&q->errands, TAILQ_FIRST(&m->errands));
}

/* Their rows have what the next attempt begins from. */
static void
rest(struct queue *q, struct message *m)
{
	struct recipient	*r, *next;

	RB_FOREACH_SAFE(r, recipient_tree, &m->recipients, next)
		if (!recipient_is_busy(r))
			recipient_rest(q, r);
}

/* A message that was delivered meanwhile has nothing left. */
static void
attempt(struct queue *q, struct errand *e)
{
	struct message	*m = e->message;

	if (m->tally.left == 0 && m->count == 0 && !m->spilling) {
		errand_end(q, e, ERRAND_NOTHING);
		return;
	}
	if (m->hot && order_wants_rows(e->order)) {
		hot_spill(q, m);
		return;
	}
	if (!m->hot && !m->going)
		rest(q, m);
	if (!m->going && !m->reporting && !m->spilling)
		order_try(q, e);
}

void
errands_pump(struct queue *q)
{
	struct errands	*l = &q->errands;
	struct errand	*e;

	if (TAILQ_EMPTY(&l->stirred) || q->stopping)
		return;
	while ((e = TAILQ_FIRST(&l->stirred)) != NULL) {
		unlist(l, e);
		if (!e->patient)
			insert_timed(l, e);
		if (e == TAILQ_FIRST(&e->message->errands))
			attempt(q, e);
	}
	set_timer(q);
}

void
errand_begin(struct queue *q, struct errand *e)
{
	unlist(&q->errands, e);
	e->under_way = true;
}

/* What the index has of it may be due. */
static void
wake(struct queue *q, const struct message *m)
{
	if (message_rests(m) || m->hot)
		return;
	if (m->tally.fresh + m->tally.failed > 0)
		schedule_backlog(q, m->id);
	if (m->tally.left > 0)
		schedule_due(q, queue_now());
}

void
errand_end(struct queue *q, struct errand *e, enum errand_outcome outcome)
{
	struct message	*m = e->message;

	unlist(&q->errands, e);
	TAILQ_REMOVE(&m->errands, e, next);
	q->errands.count--;
	if (m->id > q->errands.highest)
		q->errands.highest = m->id;
	order_ended(q, e, outcome);
	free(e);
	wake(q, m);
	message_settle(q, m);
}
