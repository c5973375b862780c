/* SPDX-License-Identifier: ISC */
#include "queue/delay.h"
#include "queue/notify.h"
#include "queue/queue.h"
#include "queue/telling.h"

enum { MICROSECONDS = 1000000, MILLISECONDS = 1000 };

static uint64_t
delay_of(const struct queue *q)
{
	return (uint64_t)q->notices.delay * MICROSECONDS;
}

/* ---- one message --------------------------------------------------------- */

static bool
is_to_be_told(const struct recipient_row *r)
{
	return r->state != ROW_FAILED && !(r->marks & MARK_DELAY_TOLD) &&
	    recipient_wants(r->parameters, ACTION_DELAYED);
}

/* What the next life need not look at again. */
static void
note_done(struct delays *d)
{
	if (d->made == 0)
		d->done = d->at;
}

static void
on_told(struct queue *q, struct telling *t, struct change *c)
{
	(void)c;
	telling_free(t);
	q->delays.made--;
	note_done(&q->delays);
}

static void
on_read(struct queue *q, struct telling *t)
{
	telling_put(q, t);
}

static void
tell(struct queue *q, struct telling *t, const struct message_row *m)
{
	t->to = m->sender;
	t->words = "sender delay notification";
	t->read = on_read;
	t->told = on_told;
	q->delays.made++;
	telling_return(t, m->origin.parameters);
	telling_read(q, t);
}

/* Its recipients behind d->number, as far as `room` goes; true at the end. */
static bool
look_at(struct queue *q, struct view *v, struct message_row *m,
    unsigned *room)
{
	struct delays		*d = &q->delays;
	struct recipient_row	 row;
	struct telling		*t = NULL;
	bool			 more = true;

	while (*room > 0 &&
	    (more = view_next_recipient(v, d->next, &d->number, &row))) {
		(*room)--;
		if (!is_to_be_told(&row))
			continue;
		if (t == NULL) {
			t = telling_new(*room < m->left ? *room + 1 : m->left);
			t->marks = MARK_DELAY_TOLD;
			telling_about(t, d->next, m);
		}
		(void)telling_add(t, (uint32_t)d->number, &row);
	}
	if (t != NULL)
		tell(q, t, m);
	return !more;
}

/* ---- all of them --------------------------------------------------------- */

/* What is hot is not in the index yet; who comes before it is. */
static bool
is_hot_before(const struct queue *q, uint64_t id)
{
	const struct message	*m = TAILQ_FIRST(&q->hots.all);

	return m != NULL && m->id <= id;
}

static void
look_again(struct queue *q, uint64_t when)
{
	uint64_t	 now = queue_now(), ms;

	ms = when > now ? (when - now) / MILLISECONDS + 1 : 0;
	if (ms > LOOK_MAX)
		ms = LOOK_MAX;
	timer_in(&q->delays.timer, ms < EXPIRE_GAP ? EXPIRE_GAP :
	    (int64_t)ms);
}

/* Takes up the next message that is old enough; else when to look again. */
static uint64_t
find_next(struct queue *q, struct view *v, uint64_t now)
{
	struct delays	*d = &q->delays;
	uint64_t	 id = d->at;

	if (d->number >= 0)
		return 0;
	if (!view_next_age(v, AGE_MAIL, &id))
		return now + delay_of(q);
	if (id + delay_of(q) > now)
		return id + delay_of(q);
	if (is_hot_before(q, id))
		return now + (delay_of(q) < DELAY_AGAIN * MILLISECONDS ?
		    delay_of(q) : DELAY_AGAIN * MILLISECONDS);
	d->next = id;
	return 0;
}

static bool
is_held(const struct message_row *m)
{
	return m->flags & (MESSAGE_HELD | MESSAGE_QUARANTINED);
}

static uint64_t
look(struct queue *q, struct view *v, uint64_t now)
{
	struct delays		*d = &q->delays;
	unsigned		 room = NOTICE_RECIPIENTS_MAX;
	struct message_row	 m;
	uint64_t		 again = 0;

	while (room > 0 && d->made < DELAYS_MAX &&
	    (again = find_next(q, v, now)) == 0) {
		room--;
		if (view_message(v, d->next, &m) && !is_held(&m) &&
		    !look_at(q, v, &m, &room))
			continue;
		d->at = d->next;
		d->number = -1;
	}
	note_done(d);
	return again;
}

static void
on_time(void *arg)
{
	struct queue	*q = arg;
	uint64_t	 now = queue_now(), again;
	struct view	 v;

	if (q->stopping)
		return;
	again = now + LOOK_MAX * MILLISECONDS;
	if (q->notices.delay > 0) {
		view_open(&v, q->index);
		again = look(q, &v, now);
		view_close(&v);
	}
	look_again(q, again);
}

/* ---- the beginning ------------------------------------------------------- */

void
delays_init(struct queue *q)
{
	timer_init(&q->delays.timer, q->loop, on_time, q);
	q->delays.number = -1;
}

/* What an older queue has let wait was not told, and is not. */
void
delays_start(struct queue *q)
{
	struct delays	*d = &q->delays;
	uint64_t	 now = queue_now();

	d->at = index_delayed(q->index);
	if (d->at == 0)
		d->at = index_is_new(q->index) ? q->first - 1 :
		    now - delay_of(q);
	d->done = d->at;
	timer_in(&d->timer, EXPIRE_GAP);
}
