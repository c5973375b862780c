/* SPDX-License-Identifier: ISC */
#include "queue/lesson.h"
#include "queue/queue.h"

enum { MICROSECONDS = 1000000 };

static bool
has_answered_lately(const struct destination *d)
{
	return d->answered != 0 && queue_now() <
	    d->answered + (uint64_t)PROVEN_TIME * MICROSECONDS;
}

enum standing
share_standing(const struct destination *d)
{
	if (d->failures > 0 || (d->by == BY_REMOTE && d->inherited &&
	    d->answered == 0))
		return STANDING_FAILED;
	return d->by == BY_LOCAL || has_answered_lately(d) ?
	    STANDING_PROVEN : STANDING_NEW;
}

bool
share_is_mute(const struct destination *d)
{
	return d->jobs > 0 && d->silent == d->jobs;
}

bool
share_is_stuck(const struct destination *d)
{
	return share_is_mute(d) || rates_sleep(d->rates);
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Of all jobs that a deliverer may have. */
static unsigned
part_of_jobs(const struct destination *d)
{
	unsigned	 all = d->by == BY_REMOTE ? JOBS_REMOTE_MAX :
			    JOBS_LOCAL_MAX;
	unsigned	 part = all * d->settings->share / 100;

	return part > 0 ? part : 1;
}

unsigned
share_jobs(const struct destination *d)
{
	unsigned	 most = least(d->window, part_of_jobs(d));

	if (share_standing(d) != STANDING_PROVEN)
		return 1;
	return share_is_mute(d) ? least(most, d->settings->window_first) :
	    most;
}

static unsigned
cold_messages(const struct queue *q)
{
	return q->messages.count - q->hots.count;
}

/* A part of what is free, so that there is always some left for one more. */
static unsigned
part_of_free(const struct queue *q)
{
	unsigned	 used = cold_messages(q), part;

	part = used < ACTIVE_MESSAGES_MAX ?
	    (ACTIVE_MESSAGES_MAX - used) / READY_PART : 0;
	if (part < READY_FEW)
		return READY_FEW;
	return part < READY_MAX ? part : READY_MAX;
}

/* What waits for its rate waits in the index, but for what goes soon. */
static unsigned
ready_of_proven(const struct queue *q, const struct destination *d)
{
	if (share_is_mute(d))
		return READY_FEW;
	return rates_sleep(d->rates) ?
	    least(part_of_free(q), rates_minute(d->rates)) : part_of_free(q);
}

unsigned
share_ready(const struct queue *q, const struct destination *d)
{
	switch (share_standing(d)) {
	case STANDING_PROVEN:
		return ready_of_proven(q, d);
	case STANDING_NEW:
		return share_is_mute(d) ? 1 : READY_FEW;
	default:
		return 1;
	}
}

static unsigned
less_a_part(unsigned all)
{
	return all - all / STRANGERS_PART;
}

bool
share_has_memory(const struct queue *q, const struct destination *d)
{
	if (share_standing(d) == STANDING_PROVEN)
		return messages_have_room(q);
	return cold_messages(q) < less_a_part(ACTIVE_MESSAGES_MAX) &&
	    q->messages.recipients < less_a_part(ACTIVE_RECIPIENTS_MAX) +
	    q->hots.recipients;
}

/* Those of which nothing was ever good leave a part also to new ones. */
bool
share_has_slot(const struct queue *q, const struct deliverer *dl,
    enum standing standing)
{
	unsigned	 all = peer_credit(dl->peer) + dl->jobs;

	switch (standing) {
	case STANDING_PROVEN:
		return true;
	case STANDING_NEW:
		return dl->doubtful < less_a_part(all);
	default:
		return dl->doubtful < all - all / 2 &&
		    (q->probes == 0 || q->probing < q->probes);
	}
}

/* ---- turns --------------------------------------------------------------- */

static bool
has_one_more(struct destination *d, int turns)
{
	if (turns <= 0)
		return false;
	if (d->in_a_row < (unsigned)turns) {
		d->in_a_row++;
		return true;
	}
	d->in_a_row = 0;
	return false;
}

bool
share_passes(struct destination *d)
{
	return has_one_more(d, PRIORITY_MAX - (int)d->settings->priority);
}

bool
share_goes_on(struct destination *d)
{
	return has_one_more(d, (int)d->settings->priority - PRIORITY_MAX);
}
