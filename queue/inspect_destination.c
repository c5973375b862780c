/* SPDX-License-Identifier: ISC */
/*
 * Destinations for admins: those in memory and those of the index as one
 * sequence by name.  A page ends with its number of rows, or when it has looked
 * at many that are idle, so that it delays nobody.
 */
#include <string.h>

#include "queue/inspect.h"
#include "queue/lesson.h"
#include "queue/queue.h"

/* The next one, of which memory or index may know nothing. */
struct sight {
	char		 name[DESTINATION_TEXT_MAX + 1];
	struct destination *here;
	bool		 waits;		/* and `row` is its row */
	struct destination_row row;
};

static bool
look_behind(struct queue *q, struct view *v, struct sight *s)
{
	char		 waiting[DESTINATION_TEXT_MAX + 1];
	struct span	 name = span_of(s->name);
	int		 order;

	s->here = destination_behind(q, name);
	s->waits = view_next_destination(v, &name, &s->row) &&
	    span_copy(name, waiting, sizeof waiting);
	if (s->here == NULL && !s->waits)
		return false;
	order = s->here == NULL ? 1 : !s->waits ? -1 :
	    strcmp(s->here->name, waiting);
	if (order > 0)
		s->here = NULL;
	if (order < 0)
		s->waits = false;
	return span_copy(span_of(s->waits ? waiting : s->here->name),
	    s->name, sizeof s->name);
}

static bool
is_worth_showing(const struct sight *s)
{
	const struct destination	*d = s->here;

	return s->waits || d->users > 0 || d->jobs > 0 || d->failures > 0 ||
	    destination_is_closed(d) || lesson_until(d) != 0;
}

static enum destination_state
state_of(uint32_t failures, bool is_closed)
{
	if (is_closed)
		return failures > 0 ? DESTINATION_CLOSED :
		    DESTINATION_PAUSED;
	return failures > 0 ? DESTINATION_PROBING : DESTINATION_OPEN;
}

static void
fill_here(struct msg_destination *m, const struct destination *d)
{
	m->window = share_jobs(d);
	m->jobs = d->jobs;
	m->silent = d->silent;
	m->ready = d->nready;
	if (d->lesson == NULL)
		return;
	m->why = d->lesson->why;
	m->rule_until = lesson_until(d);
	if (m->rule_until == 0)
		return;
	m->advice = d->lesson->advice;
	m->rule = span_of(d->lesson->rule);
}

static void
fill_settings(struct msg_destination *m, const struct settings *s)
{
	m->pattern = span_of(s->pattern);
	m->retry_first = s->retry_first;
	m->retry_max = s->retry_max;
	m->life = s->life;
	m->notice_life = s->notice_life;
	m->delay = s->delay;
	m->window_first = s->window_first;
	m->window_max = s->window;
	m->per_second = s->per_second;
	m->per_hour = s->per_hour;
	m->recipients = s->recipients;
	m->mails = s->mails;
	m->share = s->share;
	m->priority = s->priority;
}

static bool
waits_for_place(const struct queue *q, const struct destination *d)
{
	return d->nready > 0 && d->jobs == 0 && q->probes != 0 &&
	    q->probing >= q->probes &&
	    share_standing(d) == STANDING_FAILED;
}

/* Behind the rest: the first of what keeps it. */
static void
fill_change(struct queue *q, struct msg_destination *m,
    const struct destination *d)
{
	uint64_t	 now = queue_now();

	m->change_at = m->until;
	if (m->state == DESTINATION_CLOSED)
		m->change = DESTINATION_CHANGE_PROBE;
	else if (m->state == DESTINATION_PAUSED)
		m->change = DESTINATION_CHANGE_OPENS;
	else if (d != NULL && d->nready > 0 && rates_sleep(d->rates)) {
		m->change = DESTINATION_CHANGE_RATE;
		m->change_at = rates_wake(q, d->rates);
	} else if (d != NULL && waits_for_place(q, d))
		m->change = DESTINATION_CHANGE_PLACE;
	else if (m->due > now && m->jobs == 0 && m->ready == 0) {
		m->change = DESTINATION_CHANGE_DUE;
		m->change_at = m->due;
	}
}

/* Memory knows better when it is closed; the index, what waits. */
static void
put(struct peer *p, uint64_t token, const struct sight *s)
{
	struct queue		*q = queue_state();
	struct msg		 m = { .type = MSG_DESTINATION };
	struct msg_destination	*d = &m.destination;
	uint64_t		 until = s->here ? s->here->closed :
				    s->row.closed;
	bool			 is_closed = until > queue_now();

	d->token = token;
	d->name = span_of(s->name);
	d->rule = span_of("");
	d->failures = s->here ? s->here->failures : s->row.failures;
	d->until = is_closed ? until : 0;
	d->state = state_of(d->failures, is_closed);
	if (s->waits)
		d->due = s->row.due;
	if (d->due < d->until)
		d->due = d->until;
	if (s->here)
		fill_here(d, s->here);
	fill_settings(d, settings_of(q, d->name));
	fill_change(q, d, s->here);
	peer_put(p, &m);
}

void
on_destinations(struct peer *p, struct msg *m)
{
	struct queue	*q = queue_state();
	struct msg	 end = { .type = MSG_DESTINATIONS_END };
	struct sight	 s;
	struct view	 v;
	unsigned	 looks = 0, n = 0;
	bool		 more = true;

	(void)span_copy(m->destinations.after, s.name, sizeof s.name);
	view_open(&v, q->index);
	while (more && n < m->destinations.count && looks++ < LOOKS_MAX) {
		more = look_behind(q, &v, &s);
		if (!more || !is_worth_showing(&s))
			continue;
		put(p, m->destinations.token, &s);
		n++;
	}
	view_close(&v);
	end.destinations_end.token = m->destinations.token;
	end.destinations_end.next = span_of(more ? s.name : "");
	peer_put(p, &end);
}
