/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "queue/backoff.h"
#include "queue/queue.h"
#include "queue/result.h"
#include "shared/alloc.h"

enum { MICROSECONDS = 1000000 };

static int
destination_cmp(const struct destination *a, const struct destination *b)
{
	return strcmp(a->name, b->name);
}

RB_PROTOTYPE(destination_tree, destination, by_name, destination_cmp);
RB_GENERATE(destination_tree, destination, by_name, destination_cmp)

void
destinations_init(struct destinations *l)
{
	RB_INIT(&l->tree);
	TAILQ_INIT(&l->hungry);
}

int
destination_by(struct span name)
{
	static const char *const remotes[] = { "mx:", "host:", "lmtp:",
				    "unix:" };
	size_t	 i;

	if (span_starts(name, "local:") && name.len > 6)
		return BY_LOCAL;
	for (i = 0; i < sizeof remotes / sizeof remotes[0]; i++)
		if (span_starts(name, remotes[i]) &&
		    name.len > strlen(remotes[i]))
			return BY_REMOTE;
	return span_is(name, "discard:") ? BY_REMOTE : -1;
}

struct destination *
destination_find(struct queue *q, struct span name)
{
	char			 text[DESTINATION_TEXT_MAX + 1];
	struct destination	 key = { .name = text };

	if (!span_copy(name, text, sizeof text))
		return NULL;
	return RB_FIND(destination_tree, &q->destinations.tree, &key);
}

struct destination *
destination_get(struct queue *q, struct span name)
{
	struct destination	*d = destination_find(q, name);
	struct destination_row	 row;
	struct view		 v;

	if (d != NULL)
		return d;
	d = xcalloc(1, sizeof *d);
	d->name = span_dup(name);
	d->by = destination_by(name);
	d->window = WINDOW_START;
	TAILQ_INIT(&d->ready);
	RB_INSERT(destination_tree, &q->destinations.tree, d);
	view_open(&v, q->index);
	if (view_destination(&v, name, &row)) {
		d->failures = row.failures;
		d->closed = row.closed;
	}
	view_close(&v);
	return d;
}

static bool
is_closed(const struct destination *d, uint64_t now)
{
	return d->failures > 0 && d->closed > now;
}

/* What the index has for it is looked for when it opens, if that was set for
 * another time meanwhile. */
static void
wait_to_open(struct queue *q, const struct destination *d)
{
	schedule_due(q, d->closed);
}

/* Kept while anybody has to do with it.  What it knows goes with it: that there
 * is more becomes a time to look. */
static void
settle(struct queue *q, struct destination *d)
{
	if (d->users > 0 || d->jobs > 0 || d->hungry)
		return;
	if (d->more && is_closed(d, queue_now()))
		wait_to_open(q, d);
	else if (d->more)
		schedule_stall(q);
	if (d->in_turn)
		TAILQ_REMOVE(&q->turns[d->by], d, turn);
	RB_REMOVE(destination_tree, &q->destinations.tree, d);
	free(d->name);
	free(d);
}

void
destination_leave(struct queue *q, struct destination *d)
{
	d->users--;
	settle(q, d);
}

/* ---- sending ------------------------------------------------------------- */

bool
destination_can_send(const struct destination *d)
{
	if (d->nready == 0 || is_closed(d, queue_now()))
		return false;
	return d->failures > 0 ? d->jobs == 0 : d->jobs < d->window;
}

void
destination_take_turn(struct queue *q, struct destination *d)
{
	if (d->in_turn || d->nready == 0)
		return;
	d->in_turn = true;
	TAILQ_INSERT_TAIL(&q->turns[d->by], d, turn);
}

/* One message goes in whole: its recipients share jobs.  Hot ones are in
 * memory anyway. */
static bool
is_full(const struct destination *d, const struct recipient *r)
{
	return !r->message->hot && d->nready >= READY_MAX &&
	    TAILQ_LAST(&d->ready, recipient_list)->message != r->message;
}

void
destination_add(struct queue *q, struct destination *d, struct recipient *r)
{
	if (is_closed(d, queue_now()) || is_full(d, r)) {
		d->more = true;
		result_park(q, r);
		return;
	}
	r->stage = STAGE_READY;
	TAILQ_INSERT_TAIL(&d->ready, r, entry);
	d->nready++;
	destination_take_turn(q, d);
}

void
destination_unlist(struct queue *q, struct recipient *r)
{
	struct destination	*d = r->destination;

	(void)q;
	TAILQ_REMOVE(&d->ready, r, entry);
	d->nready--;
}

/* What was READY goes back to the index, untried. */
static void
send_home(struct queue *q, struct destination *d)
{
	struct recipient	*r;
	struct message		*m;

	d->more = true;
	while ((r = TAILQ_FIRST(&d->ready)) != NULL) {
		m = r->message;
		recipient_unlist(q, r);
		result_park(q, r);
		message_settle(q, m);
	}
}

static void
record(struct queue *q, const struct destination *d)
{
	struct change	*c = change_new(CHANGE_DESTINATION, change_free);

	c->name = xstrdup(d->name);
	c->closed = d->failures > 0 ? d->closed : 0;
	c->failures = d->failures;
	change_put(q, c);
	if (d->failures > 0)
		schedule_due(q, d->closed);
}

/* Jobs that ran beside the one that closed it say nothing new. */
static void
close_destination(struct queue *q, struct destination *d)
{
	uint64_t	 now = queue_now();

	d->window = d->window > 1 ? d->window / 2 : 1;
	d->good = 0;
	if (is_closed(d, now))
		return;
	d->failures++;
	d->closed = now + MICROSECONDS * backoff_seconds(d->failures,
	    q->retry_first, q->retry_max);
	send_home(q, d);
	record(q, d);		/* behind what waits for it */
}

static void
open_destination(struct queue *q, struct destination *d)
{
	if (++d->good >= d->window) {
		d->good = 0;
		if (d->window < WINDOW_MAX)
			d->window++;
	}
	if (d->failures == 0)
		return;
	d->failures = 0;
	d->closed = 0;
	d->more = true;
	record(q, d);
}

void
destination_job_done(struct queue *q, struct destination *d,
    enum reach reach)
{
	d->users++;		/* it stays until we are through */
	d->jobs--;
	if (reach == REACHED)
		open_destination(q, d);
	else if (reach == UNREACHED)
		close_destination(q, d);
	destination_take_turn(q, d);
	destination_hungers(q, d);
	destination_leave(q, d);
}

/* ---- from the index ------------------------------------------------------ */

void
destination_hungers(struct queue *q, struct destination *d)
{
	if (d->hungry || !d->more || d->nready > READY_LOW)
		return;
	if (is_closed(d, queue_now())) {
		wait_to_open(q, d);
		return;
	}
	d->hungry = true;
	TAILQ_INSERT_TAIL(&q->destinations.hungry, d, hunger);
}

/* Without a destination a recipient waits to be looked up. */
void
destination_wake(struct queue *q, struct span name)
{
	struct destination	*d;

	if (destination_by(name) == -1) {
		schedule_due(q, queue_now());
		return;
	}
	d = destination_get(q, name);
	d->users++;
	d->more = true;
	destination_hungers(q, d);
	destination_leave(q, d);
}

void
destinations_feed(struct queue *q)
{
	struct destination	*d;
	struct view		 v;

	if (TAILQ_EMPTY(&q->destinations.hungry) || q->stopping)
		return;
	view_open(&v, q->index);
	while ((d = TAILQ_FIRST(&q->destinations.hungry)) != NULL) {
		TAILQ_REMOVE(&q->destinations.hungry, d, hunger);
		d->hungry = false;
		d->users++;
		destination_fill(q, &v, d);
		destination_leave(q, d);
	}
	view_close(&v);
}

/* The recipient of a row in `wait`; NULL when it is here already or the row
 * is of no use. */
static struct recipient *
take_up(struct queue *q, struct view *v, const struct wait_key *k)
{
	struct message		*m = message_find(q, k->id);
	bool			 known = m != NULL;
	struct recipient_row	 row;
	struct recipient	*r;

	if (known && recipient_find(m, k->number) != NULL)
		return NULL;
	if (!view_recipient(v, k->id, k->number, &row) ||
	    row.state != ROW_WAITING)
		return NULL;
	m = message_load(q, v, k->id);
	if (m == NULL)
		return NULL;
	if (!known)
		message_tell(m);
	r = recipient_new(q, m, k->number, &row);
	r->parked = true;
	return r;
}

/* A closed one gets a probe: one message. */
static bool
is_enough(const struct queue *q, const struct destination *d,
    const struct recipient *last, uint64_t next)
{
	if (!messages_have_room(q) || d->nready >= READY_MAX)
		return true;
	return d->failures > 0 && last != NULL && last->message->id != next;
}

void
destination_fill(struct queue *q, struct view *v, struct destination *d)
{
	struct wait_key		 k = { .name = span_of(d->name) };
	uint64_t		 now = queue_now();
	struct recipient	*r, *last = TAILQ_FIRST(&d->ready);
	bool			 ahead;

	d->more = true;		/* for the next job that ends */
	if (is_closed(d, now)) {
		wait_to_open(q, d);
		return;
	}
	if (d->nready > READY_LOW || (d->failures > 0 && d->jobs > 0))
		return;
	d->more = false;
	while ((ahead = view_next_wait(v, &k)) && k.due <= now) {
		if (is_enough(q, d, last, k.id)) {
			d->more = true;
			break;
		}
		r = take_up(q, v, &k);
		if (r == NULL)
			continue;
		r->destination = d;
		d->users++;
		destination_add(q, d, r);
		last = r;
	}
	if (!d->more && ahead)
		schedule_due(q, k.due);
}

void
destinations_retry(struct queue *q, uint64_t now)
{
	struct destination	*d, *next;

	RB_FOREACH_SAFE(d, destination_tree, &q->destinations.tree, next) {
		if (d->failures > 0 && d->closed > now)
			d->closed = now;
		d->more = true;
		destination_take_turn(q, d);
		destination_hungers(q, d);
	}
}
