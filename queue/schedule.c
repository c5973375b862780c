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

/* While a pass is on its way, at its end. */
void
schedule_due(struct queue *q, uint64_t due)
{
	struct schedule	*s = &q->schedule;
	int64_t		 ms = schedule_wait(due, queue_now());

	if (!s->passing)
		look_in(q, ms < SCAN_GAP ? SCAN_GAP : ms);
	else if (s->wanted == 0 || due < s->wanted)
		s->wanted = due > 0 ? due : 1;
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
	if (!q->schedule.passing)
		look_in(q, STALL_TIME);
}

/* ---- what is due --------------------------------------------------------- */

/* Recipients whose lookup failed for a while.  False: not all are looked at,
 * and it goes on behind the last one. */
static bool
fill_lookups(struct queue *q, struct view *v, unsigned lane, unsigned *looks)
{
	struct wait_key		*at = &q->schedule.lookup, k;
	uint64_t		 now = queue_now();
	struct recipient	*r;

	if (at->lane != lane)
		*at = (struct wait_key){ .lane = lane };
	at->name = span_of("");
	for (;;) {
		k = *at;
		if (!view_next_in_lane(v, &k) || k.due > now)
			break;
		if (++*looks > SCAN_ROWS || !messages_have_room(q))
			return false;
		r = recipient_take_up(q, v, &k);
		if (r != NULL)
			expand_add(q, r);
		*at = k;
	}
	if (k.due > now)
		schedule_due(q, k.due);
	*at = (struct wait_key){ .lane = lane };
	return true;
}

/* What comes to memory counts as well. */
static bool
fill_destination(struct queue *q, struct view *v, struct span name,
    unsigned *looks)
{
	struct destination	*d;
	unsigned		 before = q->messages.recipients;

	if (++*looks > SCAN_ROWS || !messages_have_room(q))
		return false;
	if (destination_by(name) == -1)
		return true;
	d = destination_get(q, name);
	d->users++;
	destination_fill(q, v, d);
	destination_leave(q, d);
	*looks += q->messages.recipients - before;
	return true;
}

/* Notices whose time has come. */
static bool
fill_notices(struct queue *q, struct view *v, unsigned lane, unsigned *looks)
{
	struct wait_key	 k = { .name = span_of(NOTICE_NAME), .lane = lane };
	uint64_t	 now = queue_now();
	unsigned	 n = 0;
	bool		 ahead;

	while ((ahead = view_next_in_lane(v, &k)) && k.due <= now) {
		if (!messages_have_room(q))
			return false;
		if (n++ >= SCAN_MAX || !report_due(q, v, &k))
			break;
	}
	*looks += n;
	if (ahead && k.due > now)
		schedule_due(q, k.due);
	if (n > 0)
		q->schedule.untold = true;
	if (n > 0 && q->reports == 0)
		look_in(q, STALL_TIME);
	return true;
}

static bool
fill(struct queue *q, struct view *v, const struct due_key *k,
    unsigned *looks)
{
	if (k->name.len == 0)
		return fill_lookups(q, v, k->lane, looks);
	if (span_is(k->name, NOTICE_NAME))
		return fill_notices(q, v, k->lane, looks);
	return fill_destination(q, v, k->name, looks);
}

/* ---- passes over it ------------------------------------------------------ */

static struct due_key
where(const struct schedule *s)
{
	return (struct due_key){ s->pass_due, span_of(s->pass_name),
	    s->pass_lane };
}

static void
stay_at(struct schedule *s, const struct due_key *k)
{
	s->pass_due = k->due;
	s->pass_lane = k->lane;
	if (k->name.ptr != s->pass_name)
		(void)span_copy(k->name, s->pass_name,
		    sizeof s->pass_name);
}

/* `next`: due of what comes behind; 0: nothing. */
static void
end_pass(struct queue *q, uint64_t next)
{
	struct schedule	*s = &q->schedule;
	uint64_t	 wanted = s->wanted;

	stay_at(s, &(struct due_key){ .name = span_of("") });
	s->passing = false;
	s->wanted = 0;
	if (s->stalled)
		schedule_stall(q);
	s->stalled = false;
	if (next != 0)
		look_in(q, schedule_wait(next, queue_now()));
	if (wanted != 0)
		schedule_due(q, wanted);
}

/* False at the end of the pass; then it is `next` that comes. */
static bool
look_on(struct queue *q, struct view *v, struct due_key *next)
{
	struct due_key	 k = where(&q->schedule);
	unsigned	 looks = 0;
	bool		 done = true;

	*next = k;
	while (view_next_due(v, next)) {
		if (next->due > queue_now())
			return false;
		done = fill(q, v, next, &looks);
		if (!done)
			break;
		k = *next;
	}
	if (!done)
		stay_at(&q->schedule, &k);
	else
		next->due = 0;
	return !done;
}

/*
 * A pass takes up all that is due, in short steps, and goes on where it
 * stopped, also when memory was full there: however many rows are of those who
 * have no room now, one behind them has its turn.
 */
static void
scan(struct queue *q)
{
	struct schedule	*s = &q->schedule;
	struct due_key	 next;
	struct view	 v;

	s->passing = true;
	view_open(&v, q->index);
	if (!look_on(q, &v, &next))
		end_pass(q, next.due);
	else
		look_in(q, messages_have_room(q) ? SCAN_STEP : STALL_TIME);
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
