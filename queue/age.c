/* SPDX-License-Identifier: ISC */
#include "queue/queue.h"
#include "queue/result.h"

enum { MICROSECONDS = 1000000, MILLISECONDS = 1000 };

static bool
has_lived(struct queue *q, const struct age *a, struct span destination)
{
	const struct settings	*s;

	if (a->is_only)
		return true;
	s = settings_of(q, destination);
	return settings_life(s, a->class == AGE_NOTICE) *
	    (uint64_t)MICROSECONDS <= a->life;
}

static bool
is_here(struct queue *q, uint64_t id, uint32_t number)
{
	struct message	*m = message_find(q, id);

	return m != NULL && recipient_find(m, number) != NULL;
}

static void
expire_one(struct queue *q, struct message *m, uint32_t number,
    const struct recipient_row *row)
{
	struct recipient	*r = recipient_new(q, m, number, row);

	r->parked = true;
	if (destination_by(row->destination) != -1) {
		r->destination = destination_get(q, row->destination);
		r->destination->users++;
	}
	if (recipient_is_too_old(q, r, queue_now()))
		result_expire(q, r, &row->reply);
	else
		recipient_free(q, r);
}

static bool
has_room(const struct queue *q)
{
	return q->messages.recipients < ACTIVE_RECIPIENTS_MAX +
	    q->hots.recipients;
}

/* False: not all are looked at, for there is no room. */
static bool
expire(struct queue *q, struct view *v, const struct age *a, uint64_t id)
{
	struct recipient_row	 row;
	struct message		*m = NULL;
	int64_t			 number = -1;
	bool			 full = false;

	while (!full && view_next_recipient(v, id, &number, &row)) {
		if (row.state != ROW_WAITING ||
		    is_here(q, id, (uint32_t)number) ||
		    !has_lived(q, a, row.destination))
			continue;
		if (m == NULL)
			m = message_load(q, v, id);
		if (m == NULL)
			return true;
		expire_one(q, m, (uint32_t)number, &row);
		full = !has_room(q);
	}
	if (m != NULL)
		message_settle(q, m);
	return !full;
}

/*
 * When there is something to do again.  The longest walk begins anew, because
 * what it leaves behind is not much: what was being worked on.
 */
static uint64_t
walk(struct queue *q, struct view *v, struct age *a, uint64_t now)
{
	uint64_t	 id = a->at, ends = UINT64_MAX;
	unsigned	 n = 0;

	while (view_next_age(v, a->class, &id)) {
		ends = id + a->life;
		if (ends > now)
			break;
		ends = UINT64_MAX;
		if (n++ >= EXPIRE_MAX || !messages_have_room(q))
			return now + EXPIRE_GAP * MILLISECONDS;
		if (!expire(q, v, a, id))
			return now + EXPIRE_GAP * MILLISECONDS;
		a->at = id;
	}
	if (!a->is_longest)
		return ends;
	a->at = 0;
	now += EXPIRE_AGAIN * MILLISECONDS;
	return n > 0 && now < ends ? now : ends;
}

static void
on_time(void *arg)
{
	struct queue	*q = arg;
	uint64_t	 now = queue_now(), next = UINT64_MAX, ends;
	struct view	 v;
	unsigned	 i;
	int64_t		 ms;

	if (q->stopping)
		return;
	view_open(&v, q->index);
	for (i = 0; i < q->ages.count; i++) {
		ends = walk(q, &v, &q->ages.list[i], now);
		if (ends < next)
			next = ends;
	}
	view_close(&v);
	ms = schedule_wait(next, now);
	timer_in(&q->ages.timer, ms < EXPIRE_GAP ? EXPIRE_GAP : ms);
}

void
ages_start(struct queue *q)
{
	struct ages	*all = &q->ages;
	uint32_t	 lives[LIVES_MAX];
	unsigned	 class, i, n;

	all->count = 0;
	for (class = 0; class < AGE_COUNT; class++) {
		n = settings_lives(q, class == AGE_NOTICE, lives);
		for (i = 0; i < n; i++)
			all->list[all->count++] = (struct age){ class,
			    lives[i] * (uint64_t)MICROSECONDS, i + 1 == n,
			    n == 1, 0 };
	}
	timer_init(&all->timer, q->loop, on_time, q);
	timer_in(&all->timer, STALL_TIME);
}
