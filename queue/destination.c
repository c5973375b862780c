/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "queue/backoff.h"
#include "queue/lesson.h"
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
	TAILQ_INIT(&l->idle);
	l->nidle = 0;
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
destination_behind(struct queue *q, struct span name)
{
	char			 text[DESTINATION_TEXT_MAX + 1];
	struct destination	 key = { .name = text }, *d;

	if (!span_copy(name, text, sizeof text))
		return NULL;
	d = RB_NFIND(destination_tree, &q->destinations.tree, &key);
	if (d != NULL && strcmp(d->name, text) == 0)
		d = RB_NEXT(destination_tree, &q->destinations.tree, d);
	return d;
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
	d->hash = span_hash(name);
	d->by = destination_by(name);
	d->settings = settings_of(q, name);
	d->window = d->settings->window_first;
	d->rates = rates_new(q, d);
	d->lane = queue_now() % LANES;
	lines_init(&d->ready);
	RB_INSERT(destination_tree, &q->destinations.tree, d);
	view_open(&v, q->index);
	if (view_destination(&v, name, &row)) {
		d->failures = row.failures;
		d->closed = row.closed;
	}
	view_close(&v);
	return d;
}

bool
destination_is_closed(const struct destination *d)
{
	return d->closed > queue_now();
}

void
destination_wait_to_open(struct queue *q, const struct destination *d)
{
	schedule_due(q, d->closed);
}

/* ---- those that nobody has to do with ------------------------------------ */

static void
leave_idle(struct queue *q, struct destination *d)
{
	if (!d->idle)
		return;
	d->idle = false;
	q->destinations.nidle--;
	TAILQ_REMOVE(&q->destinations.idle, d, idling);
}

static void
forget(struct queue *q, struct destination *d)
{
	leave_idle(q, d);
	destination_drop_turn(d);
	silence_forget(q, d);
	RB_REMOVE(destination_tree, &q->destinations.tree, d);
	rates_free(d->rates);
	free(d->lesson);
	free(d->name);
	free(d);
}

static bool
is_used(const struct destination *d)
{
	return d->users > 0 || d->jobs > 0 || d->hungry;
}

static void
forget_oldest(struct queue *q)
{
	struct destination	*d = TAILQ_FIRST(&q->destinations.idle);

	if (is_used(d))
		leave_idle(q, d);
	else
		forget(q, d);
}

void
destinations_forget(struct queue *q)
{
	while (!TAILQ_EMPTY(&q->destinations.idle))
		forget_oldest(q);
}

/* Of mailboxes of our own there is nothing to learn. */
static bool
has_learned(const struct destination *d)
{
	return rates_sleep(d->rates) || (d->by == BY_REMOTE &&
	    (d->answered != 0 || d->lesson != NULL));
}

/* Kept for the next one who has to do with it, if something was learned.  That
 * there is more becomes a time to look. */
static void
settle(struct queue *q, struct destination *d)
{
	if (is_used(d))
		return;
	if (d->more && destination_is_closed(d))
		destination_wait_to_open(q, d);
	else if (d->more)
		schedule_stall(q);
	if (!has_learned(d)) {
		forget(q, d);
		return;
	}
	leave_idle(q, d);
	d->idle = true;
	TAILQ_INSERT_TAIL(&q->destinations.idle, d, idling);
	if (++q->destinations.nidle > IDLE_DESTINATIONS_MAX)
		forget_oldest(q);
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
	return d->nready > 0 && !destination_is_closed(d) &&
	    d->jobs < share_jobs(d) && !rates_sleep(d->rates);
}

void
destination_drop_turn(struct destination *d)
{
	if (d->turns != NULL)
		TAILQ_REMOVE(d->turns, d, turn);
	d->turns = NULL;
}

/* Also when it has one already: it may have to stand elsewhere now. */
void
destination_take_turn(struct queue *q, struct destination *d)
{
	struct destination_list	*turns = dispatch_turns(q, d);

	if (d->nready == 0 || d->turns == turns || rates_sleep(d->rates))
		return;
	destination_drop_turn(d);
	d->turns = turns;
	TAILQ_INSERT_TAIL(turns, d, turn);
}

/* One message goes in whole: its recipients share jobs.  Hot ones are in
 * memory anyway. */
static bool
is_full(const struct queue *q, struct destination *d,
    const struct recipient *r)
{
	const struct recipient	*last = lines_last(&d->ready, r->message);

	if (last != NULL && last->message == r->message)
		return false;
	if (r->message->hot)
		return share_is_stuck(d) && d->nready >= share_ready(q, d);
	return d->nready >= share_ready(q, d) || !share_has_memory(q, d);
}

void
destination_take(struct queue *q, struct destination *d, struct recipient *r)
{
	d->inherited |= r->message->id <= q->first;
	r->stage = STAGE_READY;
	lines_put(&d->ready, r);
	d->nready++;
	destination_take_turn(q, d);
}

void
destination_add(struct queue *q, struct destination *d, struct recipient *r)
{
	if (destination_is_closed(d) || is_full(q, d, r)) {
		d->more = true;
		result_park(q, r);
		return;
	}
	destination_take(q, d, r);
}

void
destination_unlist(struct queue *q, struct recipient *r)
{
	struct destination	*d = r->destination;

	(void)q;
	lines_take(&d->ready, r);
	d->nready--;
}

/* The last `n` of a line, which is no more when these are all. */
static void
send_line_home(struct queue *q, struct line *line, unsigned n)
{
	struct recipient	*r;
	struct message		*m;

	while (n-- > 0) {
		r = TAILQ_LAST(&line->list, recipient_list);
		m = r->message;
		recipient_unlist(q, r);
		result_park(q, r);
		message_settle(q, m);
	}
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The last to come are the first to go, of those who have more than others. */
void
destination_send_home(struct queue *q, struct destination *d, unsigned keep,
    unsigned most)
{
	unsigned	 fair = d->ready.count > 0 ? keep / d->ready.count : 0;
	unsigned	 n;
	struct line	*line, *before;

	if (d->nready > keep)
		d->more = true;
	line = lines_before(&d->ready, NULL);
	for (; d->nready > keep && most > 0; line = before) {
		before = lines_before(&d->ready, line);
		n = line->count > fair ? line->count - fair : 0;
		n = least(n, least(most, d->nready - keep));
		most -= n;
		send_line_home(q, line, n);
	}
}

static void
record(struct queue *q, const struct destination *d)
{
	struct change	*c = change_new(CHANGE_DESTINATION, change_free);

	c->name = xstrdup(d->name);
	c->closed = d->closed;
	c->failures = d->failures;
	change_put(q, c);
	if (d->closed > 0)
		schedule_due(q, d->closed);
}

/* A message that was hot comes there behind what was recorded. */
void
destination_save(struct queue *q, struct destination *d)
{
	if (!d->unsaved || !destination_is_closed(d))
		return;
	d->unsaved = false;
	record(q, d);
}

static void
narrow(struct destination *d)
{
	d->window = d->window > 1 ? d->window / 2 : 1;
	d->good = 0;
}

static void
close_until(struct queue *q, struct destination *d, uint64_t until)
{
	d->closed = until;
	d->unsaved = true;
	destination_send_home(q, d, 0, UINT_MAX);
	record(q, d);		/* behind what waits for it */
}

/* Jobs that ran beside the one that closed it say nothing new. */
static void
close_destination(struct queue *q, struct destination *d)
{
	narrow(d);
	d->answered = 0;
	if (destination_is_closed(d))
		return;
	d->failures++;
	close_until(q, d, queue_now() + MICROSECONDS * backoff_seconds(
	    d->failures, d->settings->retry_first, d->settings->retry_max));
}

/* It said until when.  What it says of a longer time holds. */
static void
pause_destination(struct queue *q, struct destination *d)
{
	d->window = 1;
	d->good = 0;
	d->failures = 0;
	if (d->lesson->until > d->closed)
		close_until(q, d, d->lesson->until);
}

static void
widen(struct destination *d)
{
	if (lesson_holds(d, ADVICE_SLOW) || ++d->good < d->window)
		return;
	d->good = 0;
	if (d->window < d->settings->window)
		d->window++;
}

static void
open_destination(struct queue *q, struct destination *d)
{
	if (d->failures == 0)
		return;
	d->failures = 0;
	d->closed = 0;
	d->more = true;
	record(q, d);
}

static void
learn(struct queue *q, struct destination *d, const struct msg_done *m)
{
	switch (lesson_take(d, m)) {
	case REACHED:
		widen(d);
		open_destination(q, d);
		d->answered = queue_now();
		break;
	case REACHED_LATER:
		narrow(d);
		open_destination(q, d);
		break;
	case UNREACHED:
		close_destination(q, d);
		break;
	case PAUSED:
		pause_destination(q, d);
		break;
	}
	if (lesson_holds(d, ADVICE_SLOW))
		d->window = 1;
}

void
destination_job_done(struct queue *q, struct destination *d,
    const struct msg_done *m)
{
	d->users++;		/* it stays until we are through */
	d->jobs--;
	if (m != NULL)
		learn(q, d, m);
	destination_take_turn(q, d);
	destination_hungers(q, d);
	destination_leave(q, d);
}

/* ---- from the index ------------------------------------------------------ */

void
destination_hungers(struct queue *q, struct destination *d)
{
	if (d->hungry || !d->more || d->nready > share_ready(q, d) / 2)
		return;
	if (destination_is_closed(d)) {
		destination_wait_to_open(q, d);
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

static void
retry(struct queue *q, struct destination *d, uint64_t now)
{
	if (d->closed > now)
		d->closed = now;
	lesson_end_pause(d);
	d->more = true;
	destination_take_turn(q, d);
	destination_hungers(q, d);
}

void
destination_retry(struct queue *q, struct span name, uint64_t now)
{
	struct destination	*d = destination_find(q, name);

	if (d != NULL)
		retry(q, d, now);
}

void
destinations_retry(struct queue *q, uint64_t now)
{
	struct destination	*d, *next;

	RB_FOREACH_SAFE(d, destination_tree, &q->destinations.tree, next)
		retry(q, d, now);
}
