/* SPDX-License-Identifier: ISC */
/*
 * A job is doubtful while nothing says that its slot is well spent: from the
 * beginning, when its destination is not proven; later, when it is silent.
 */
#include "queue/queue.h"

static void
set_doubt(struct queue *q, struct delivery *job, bool doubtful)
{
	struct deliverer	*dl = &q->deliverers[job->by];

	if (job->doubtful && !doubtful)
		dl->doubtful--;
	else if (!job->doubtful && doubtful)
		dl->doubtful++;
	job->doubtful = doubtful;
}

/* ---- too much in memory -------------------------------------------------- */

void
silence_trim(struct queue *q, struct destination *d)
{
	if (d->swollen || !share_is_stuck(d) ||
	    d->nready <= share_ready(q, d))
		return;
	d->swollen = true;
	TAILQ_INSERT_TAIL(&q->silence.swollen, d, swelling);
	if (!timer_is_set(&q->silence.trimming))
		timer_in(&q->silence.trimming, TRIM_GAP);
}

void
silence_forget(struct queue *q, struct destination *d)
{
	if (d->swollen)
		TAILQ_REMOVE(&q->silence.swollen, d, swelling);
	d->swollen = false;
}

/* Not all at once: each of them may be written to a file, and others wait for
 * the disk as well. */
static void
on_trim(void *arg)
{
	struct queue		*q = arg;
	struct destination	*d = TAILQ_FIRST(&q->silence.swollen);

	if (d == NULL || q->stopping)
		return;
	silence_forget(q, d);
	d->users++;
	if (share_is_stuck(d))
		destination_send_home(q, d, share_ready(q, d), TRIM_MAX);
	silence_trim(q, d);
	destination_leave(q, d);
	if (!TAILQ_EMPTY(&q->silence.swollen))
		timer_in(&q->silence.trimming, TRIM_GAP);
}

/* ---- jobs ---------------------------------------------------------------- */

static struct instant
silent_at(const struct delivery *job)
{
	return clock_after(job->heard, SILENT_TIME);
}

static void
fall_silent(struct queue *q, struct delivery *job)
{
	struct destination	*d = job->destination;

	TAILQ_REMOVE(&q->silence.young, job, aging);
	job->silent = true;
	d->silent++;
	set_doubt(q, job, true);
	silence_trim(q, d);
}

static void
on_time(void *arg)
{
	struct queue	*q = arg;
	struct delivery	*job;

	while ((job = TAILQ_FIRST(&q->silence.young)) != NULL) {
		if (clock_before(loop_now(q->loop), silent_at(job))) {
			timer_set(&q->silence.timer, silent_at(job));
			return;
		}
		fall_silent(q, job);
	}
}

static void
listen(struct queue *q, struct delivery *job)
{
	job->heard = loop_now(q->loop);
	TAILQ_INSERT_TAIL(&q->silence.young, job, aging);
	if (!timer_is_set(&q->silence.timer))
		timer_set(&q->silence.timer, silent_at(job));
}

void
silence_init(struct queue *q)
{
	TAILQ_INIT(&q->silence.young);
	TAILQ_INIT(&q->silence.swollen);
	timer_init(&q->silence.timer, q->loop, on_time, q);
	timer_init(&q->silence.trimming, q->loop, on_trim, q);
}

/* Agents are ours: what they do is not doubted. */
static bool
is_watched(const struct queue *q, const struct delivery *job)
{
	return q->deliverers[job->by].by == BY_REMOTE;
}

void
silence_begin(struct queue *q, struct delivery *job)
{
	enum standing	 standing;

	if (!is_watched(q, job))
		return;
	standing = share_standing(job->destination);
	set_doubt(q, job, standing != STANDING_PROVEN);
	job->is_probe = standing == STANDING_FAILED;
	q->probing += job->is_probe;
	listen(q, job);
}

static void
stop_listening(struct queue *q, struct delivery *job)
{
	if (!job->silent)
		TAILQ_REMOVE(&q->silence.young, job, aging);
	else
		job->destination->silent--;
	job->silent = false;
	set_doubt(q, job, false);
}

void
silence_heard(struct queue *q, struct delivery *job)
{
	struct destination	*d = job->destination;
	bool			 was_mute;

	if (!is_watched(q, job) || job->over)
		return;
	was_mute = share_is_mute(d);
	stop_listening(q, job);
	listen(q, job);
	if (!was_mute)
		return;
	destination_take_turn(q, d);
	destination_hungers(q, d);
}

void
silence_end(struct queue *q, struct delivery *job)
{
	if (!is_watched(q, job))
		return;
	stop_listening(q, job);
	q->probing -= job->is_probe;
	job->is_probe = false;
}
