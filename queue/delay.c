/* SPDX-License-Identifier: ISC */
#include "queue/delay.h"
#include "queue/notify.h"
#include "queue/queue.h"
#include "queue/telling.h"

enum { MICROSECONDS = 1000000, MILLISECONDS = 1000 };

/* What the next life need not look at again. */
static void
note_done(struct delays *d)
{
	uint64_t	 done = UINT64_MAX;
	unsigned	 i;

	for (i = 0; i < d->count; i++)
		if (d->list[i].at + d->list[i].length < done)
			done = d->list[i].at + d->list[i].length;
	if (d->made == 0 && d->count > 0)
		d->done = done;
}

/* ---- one message --------------------------------------------------------- */

/* The walk that looks after a delay: its own, unless there are too many. */
static const struct delay *
walk_of(const struct delays *d, uint64_t length)
{
	unsigned	 i = 0;

	while (i + 1 < d->count && d->list[i].length < length)
		i++;
	return &d->list[i];
}

static bool
is_to_be_told(struct queue *q, const struct delay *w,
    const struct recipient_row *r)
{
	uint32_t	 delay;

	if (r->state == ROW_FAILED || (r->marks & MARK_DELAY_TOLD) ||
	    !recipient_wants(r->parameters, ACTION_DELAYED))
		return false;
	delay = settings_delay(q, r->destination);
	if (delay == 0)
		delay = q->notices.delay;
	return delay != 0 && delay != UINT32_MAX &&
	    walk_of(&q->delays, (uint64_t)delay * MICROSECONDS) == w;
}

static void
end(struct queue *q, struct telling *t)
{
	telling_free(t);
	q->delays.made--;
	note_done(&q->delays);
}

static void
on_told(struct queue *q, struct telling *t, struct change *c)
{
	(void)c;
	end(q, t);
}

/* Nobody is late of whose end has been told meanwhile. */
static void
drop_ended(struct queue *q, struct telling *t)
{
	struct recipient_row	 row;
	struct view		 v;
	size_t			 i, kept = 0;

	view_open(&v, q->index);
	for (i = 0; i < t->count; i++) {
		if (!view_recipient(&v, t->lots[0].id, t->numbers[i], &row) ||
		    row.state == ROW_FAILED)
			continue;
		t->numbers[kept] = t->numbers[i];
		t->list[kept++] = t->list[i];
	}
	view_close(&v);
	t->count = kept;
}

static void
on_made(struct queue *q, struct telling *t)
{
	size_t	 before = t->count;

	drop_ended(q, t);
	if (t->count == 0)
		end(q, t);
	else if (t->count < before)
		telling_make(q, t);
	else
		telling_put(q, t);
}

static void
tell(struct queue *q, struct telling *t, const struct message_row *m)
{
	t->to = m->sender;
	t->words = "sender delay notification";
	t->made = on_made;
	t->told = on_told;
	q->delays.made++;
	telling_return(t, m->origin.parameters);
	telling_make(q, t);
}

static struct telling *
begin(const struct delay *w, const struct message_row *m, unsigned room)
{
	struct telling	*t = telling_new(room < m->left ? room : m->left);

	t->marks = MARK_DELAY_TOLD;
	telling_about(t, w->next, m);
	return t;
}

/* Its recipients behind w->number, as far as `room` goes; true at the end. */
static bool
look_at(struct queue *q, struct view *v, struct delay *w, unsigned *room)
{
	struct recipient_row	 row;
	struct message_row	 m;
	struct telling		*t = NULL;
	bool			 more = true;

	if (!view_message(v, w->next, &m) || message_row_rests(&m))
		return true;
	while (*room > 0 &&
	    (more = view_next_recipient(v, w->next, &w->number, &row))) {
		if (is_to_be_told(q, w, &row)) {
			if (t == NULL)
				t = begin(w, &m, *room);
			(void)telling_add(t, (uint32_t)w->number, &row);
		}
		(*room)--;
	}
	if (t != NULL)
		tell(q, t, &m);
	return !more;
}

/* ---- all of them --------------------------------------------------------- */

/* What is hot is not in the index yet: only who came before it is. */
static uint64_t
last_of(const struct queue *q, const struct delay *w, uint64_t now)
{
	const struct message	*hot = TAILQ_FIRST(&q->hots.all);
	uint64_t		 last = now - w->length;

	return hot != NULL && hot->id <= last ? hot->id - 1 : last;
}

/* Takes up the next message that is old enough; false: there is none, `again`
 * is when there may be. */
static bool
find_next(struct queue *q, struct view *v, struct delay *w, uint64_t *again)
{
	uint64_t	 now = queue_now(), last = last_of(q, w, now);
	uint64_t	 id = w->at, next = now + w->length;
	bool		 found;

	if (w->number >= 0)
		return true;
	found = view_next_age(v, AGE_MAIL, &id);
	if (found && id <= last) {
		w->next = id;
		return true;
	}
	if (last > w->at)
		w->at = last;
	if (found && id + w->length > now)
		next = id + w->length;
	if (last < now - w->length &&
	    next > now + DELAY_AGAIN * MILLISECONDS)
		next = now + DELAY_AGAIN * MILLISECONDS;
	if (next < *again)
		*again = next;
	return false;
}

static void
walk(struct queue *q, struct view *v, struct delay *w, uint64_t *again)
{
	unsigned	 room = NOTICE_RECIPIENTS_MAX;

	while (find_next(q, v, w, again)) {
		if (room-- == 0 || q->delays.made >= DELAYS_MAX) {
			*again = 0;
			return;
		}
		if (!look_at(q, v, w, &room))
			continue;
		w->at = w->next;
		w->number = -1;
	}
}

static void
on_time(void *arg)
{
	struct queue	*q = arg;
	struct delays	*d = &q->delays;
	uint64_t	 again = UINT64_MAX;
	struct view	 v;
	unsigned	 i;
	int64_t		 ms;

	if (q->stopping)
		return;
	view_open(&v, q->index);
	for (i = 0; i < d->count; i++)
		walk(q, &v, &d->list[i], &again);
	view_close(&v);
	note_done(d);
	ms = schedule_wait(again, queue_now());
	timer_in(&d->timer, ms < EXPIRE_GAP ? EXPIRE_GAP : ms);
}

/* ---- the beginning ------------------------------------------------------- */

void
delays_init(struct queue *q)
{
	timer_init(&q->delays.timer, q->loop, on_time, q);
}

/* What an older queue has let wait was not told, and is not. */
void
delays_start(struct queue *q)
{
	struct delays	*d = &q->delays;
	uint32_t	 delays[LIVES_MAX];
	unsigned	 i;

	d->done = index_delayed(q->index);
	if (d->done == 0)
		d->done = q->first;
	d->count = settings_delays(q, delays);
	for (i = 0; i < d->count; i++) {
		d->list[i].length = (uint64_t)delays[i] * MICROSECONDS;
		d->list[i].at = d->done - d->list[i].length;
		d->list[i].number = -1;
	}
	if (d->count > 0)
		timer_in(&d->timer, EXPIRE_GAP);
}
