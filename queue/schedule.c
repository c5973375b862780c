/* SPDX-License-Identifier: ISC */
#include "queue/queue.h"
#include "queue/report.h"

enum { MILLISECONDS = 1000 };

/* ---- timers -------------------------------------------------------------- */

int64_t
schedule_wait(uint64_t due, uint64_t now)
{
	uint64_t	 ms = due > now ? (due - now) / MILLISECONDS + 1 : 0;

	return ms < LOOK_MAX ? (int64_t)ms : LOOK_MAX;
}

static void
look_in(struct queue *q, int64_t ms)
{
	struct timer	*t = &q->schedule.scan;
	struct instant	 due = clock_after(loop_now(q->loop), ms);

	if (!timer_is_set(t) || clock_before(due, t->due))
		timer_set(t, due);
}

void
schedule_due(struct queue *q, uint64_t due)
{
	int64_t	 ms = schedule_wait(due, queue_now());

	look_in(q, ms < SCAN_GAP ? SCAN_GAP : ms);
}

void
schedule_told(struct queue *q)
{
	if (q->schedule.untold)
		schedule_due(q, 0);
	q->schedule.untold = false;
}

void
schedule_stall(struct queue *q)
{
	q->schedule.stalled = true;
	look_in(q, STALL_TIME);
}

/* ---- what is due --------------------------------------------------------- */

/* Recipients whose lookup failed for a while. */
static bool
fill_lookups(struct queue *q, struct view *v, unsigned lane, uint64_t now)
{
	struct wait_key		 k = { .name = span_of(""), .lane = lane };
	struct recipient_row	 row;
	struct recipient	*r;
	struct message		*m;
	bool			 ahead;

	while ((ahead = view_next_in_lane(v, &k)) && k.due <= now) {
		m = message_find(q, k.id);
		if (m != NULL && recipient_find(m, k.number) != NULL)
			continue;
		if (!messages_have_room(q))
			return false;
		if (!view_recipient(v, k.id, k.number, &row) ||
		    row.state != ROW_WAITING ||
		    (m = message_load(q, v, k.id)) == NULL)
			continue;
		r = recipient_new(q, m, k.number, &row);
		r->parked = true;
		expand_add(q, r);
	}
	if (ahead)
		schedule_due(q, k.due);
	return true;
}

static bool
fill_destination(struct queue *q, struct view *v, struct span name)
{
	struct destination	*d;

	if (!messages_have_room(q))
		return false;
	if (destination_by(name) == -1)
		return true;
	d = destination_get(q, name);
	d->users++;
	destination_fill(q, v, d);
	destination_leave(q, d);
	return true;
}

/* Notices whose time has come. */
static bool
fill_notices(struct queue *q, struct view *v, unsigned lane, uint64_t now)
{
	struct wait_key	 k = { .name = span_of(NOTICE_NAME), .lane = lane };
	unsigned	 n = 0;
	bool		 ahead;

	while ((ahead = view_next_in_lane(v, &k)) && k.due <= now) {
		if (!messages_have_room(q))
			return false;
		if (n++ >= SCAN_MAX || !report_due(q, v, &k))
			break;
	}
	if (ahead && k.due > now)
		schedule_due(q, k.due);
	if (n > 0)
		q->schedule.untold = true;
	if (n > 0 && q->reports == 0)
		look_in(q, STALL_TIME);
	return true;
}

static bool
fill(struct queue *q, struct view *v, const struct due_key *k, uint64_t now)
{
	if (k->name.len == 0)
		return fill_lookups(q, v, k->lane, now);
	if (span_is(k->name, NOTICE_NAME))
		return fill_notices(q, v, k->lane, now);
	return fill_destination(q, v, k->name);
}

/* All that is due may be more than memory has room for, or than a look takes:
 * the next look goes on where this one ended, so that what stands behind has
 * its turn. */
static void
scan_pause(struct queue *q, const struct due_key *k)
{
	q->schedule.seen.due = k->due;
	q->schedule.seen.lane = k->lane;
	(void)span_copy(k->name, q->schedule.seen.name,
	    sizeof q->schedule.seen.name);
}

static struct due_key
scan_resume(struct queue *q)
{
	struct schedule	*s = &q->schedule;

	if (s->seen.due == 0)
		return (struct due_key){ .name = span_of("") };
	return (struct due_key){ s->seen.due, span_of(s->seen.name),
	    s->seen.lane };
}

/* What is due up to now, or a part of it; `next` is where it ended. */
static bool
scan_part(struct queue *q, struct view *v, uint64_t now, struct due_key *next)
{
	struct schedule	*s = &q->schedule;
	struct due_key	 k = scan_resume(q), before = k;
	unsigned	 n = 0;
	bool		 more;

	while ((more = view_next_due(v, &k)) && k.due <= now) {
		if (!fill(q, v, &k, now))
			s->stalled = true;
		else
			before = k;
		if (!s->stalled && ++n < SCAN_MAX)
			continue;
		scan_pause(q, &before);
		break;
	}
	*next = k;
	return more;
}

/* Sets the timer for what comes next. */
static void
scan(struct queue *q)
{
	struct schedule	*s = &q->schedule;
	bool		 goes_on = s->seen.due != 0, more;
	uint64_t	 now = queue_now();
	struct due_key	 next;
	struct view	 v;

	s->stalled = false;
	view_open(&v, q->index);
	more = scan_part(q, &v, now, &next);
	if (s->stalled)
		schedule_stall(q);
	else if (more && next.due <= now)
		look_in(q, SCAN_GAP);
	else {
		s->seen.due = 0;
		if (goes_on)
			schedule_stall(q);
		else if (more)
			look_in(q, schedule_wait(next.due, now));
	}
	view_close(&v);
}

static void
on_scan(void *arg)
{
	struct queue	*q = arg;

	if (q->working && !q->stopping)
		scan(q);
}

/* ---- new mail ------------------------------------------------------------ */

void
schedule_backlog(struct queue *q, uint64_t id)
{
	struct schedule	*s = &q->schedule;

	if (!s->backlog || id <= s->backlog_after)
		s->backlog_after = id - 1;
	s->backlog = true;
}

/* The index shows a message a moment before its change comes back: what was
 * found there meanwhile is here already, and what an order has made of it the
 * index alone knows. */
void
schedule_stored(struct queue *q, const struct letter *l)
{
	struct recipient_row	 row = { .state = ROW_NEW };
	struct origin		 origin = letter_origin(l);
	struct span		 rest = letter_recipients(l);
	struct addressee	 one;
	struct message		*m;
	uint32_t		 i;

	if (message_find(q, l->id) != NULL)
		return;
	if (q->schedule.backlog || q->stopping ||
	    l->id <= q->errands.highest || !messages_have_room(q)) {
		schedule_backlog(q, l->id);
		return;
	}
	m = message_from_letter(q, l);
	message_keep_origin(m, &origin);
	message_tell(m);
	row.original = span_of("");
	for (i = 0; i < l->count; i++) {
		one = letter_take(&rest);
		row.address = one.address;
		row.parameters = one.parameters;
		expand_add(q, recipient_new(q, m, i, &row));
	}
}

/* All recipients of a message that are new; those of one that has none but
 * failed ones lead to a notice. */
static void
take_up(struct queue *q, struct view *v, uint64_t id)
{
	bool			 known = message_find(q, id) != NULL;
	struct message		*m = message_load(q, v, id);
	struct recipient_row	 row;
	int64_t			 number = -1;

	if (m == NULL)
		return;
	if (!known)
		message_tell(m);
	m->untold = m->tally.failed > 0;
	while (m->tally.fresh > 0 && view_next_recipient(v, id, &number,
	    &row)) {
		if (row.state != ROW_NEW ||
		    recipient_find(m, (uint32_t)number) != NULL)
			continue;
		expand_add(q, recipient_new(q, m, (uint32_t)number, &row));
	}
	message_settle(q, m);
}

void
schedule_pump(struct queue *q)
{
	struct schedule	*s = &q->schedule;
	struct view	 v;
	unsigned	 n = 0;

	if (!s->backlog || q->stopping ||
	    !messages_have_room(q))
		return;
	view_open(&v, q->index);
	while (s->backlog && messages_have_room(q) &&
	    n++ < SCAN_MAX) {
		s->backlog = view_next_incoming(&v, &s->backlog_after);
		if (s->backlog)
			take_up(q, &v, s->backlog_after);
	}
	view_close(&v);
}

/* ---- the beginning ------------------------------------------------------- */

static void
on_sweep(void *arg)
{
	struct queue	*q = arg;

	index_sweep_readers(q->index);
	walltime_draw(&q->walltime, clock_wall(), clock_now());
	timer_in(&q->schedule.sweep, LOOK_MAX);
}

void
schedule_init(struct queue *q)
{
	struct schedule	*s = &q->schedule;

	timer_init(&s->scan, q->loop, on_scan, q);
	timer_init(&s->sweep, q->loop, on_sweep, q);
}

void
schedule_start(struct queue *q)
{
	schedule_backlog(q, 1);
	look_in(q, SCAN_GAP);
	timer_in(&q->schedule.sweep, LOOK_MAX);
}
