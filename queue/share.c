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
	if (d->failures > 0)
		return STANDING_FAILED;
	return d->by == BY_LOCAL || has_answered_lately(d) ?
	    STANDING_PROVEN : STANDING_NEW;
}

bool
share_is_mute(const struct destination *d)
{
	return d->jobs > 0 && d->silent == d->jobs;
}

unsigned
share_jobs(const struct destination *d)
{
	if (share_standing(d) != STANDING_PROVEN)
		return 1;
	if (share_is_mute(d) && d->window > WINDOW_START)
		return WINDOW_START;
	return d->window;
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

unsigned
share_ready(const struct queue *q, const struct destination *d)
{
	switch (share_standing(d)) {
	case STANDING_PROVEN:
		return share_is_mute(d) ? READY_FEW : part_of_free(q);
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
share_has_slot(const struct deliverer *dl, enum standing standing)
{
	unsigned	 all = peer_credit(dl->peer) + dl->jobs;

	switch (standing) {
	case STANDING_PROVEN:
		return true;
	case STANDING_NEW:
		return dl->doubtful < less_a_part(all);
	default:
		return dl->doubtful < all - all / 2;
	}
}
