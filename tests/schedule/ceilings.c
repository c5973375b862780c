/* SPDX-License-Identifier: ISC */
/*
 * What a destination may have: its window, its rates, its recipients of a job;
 * and what memory may hold.  A window that may have been forgotten is the
 * larger one of what it was and what it is at first.
 */
#include <string.h>

#include "tests/schedule/world.h"

/* ---- windows ------------------------------------------------------------- */

static void
at_first(struct host *p)
{
	if (p->window.size > p->manner.window_first)
		return;
	if (p->window.size < p->manner.window_first)
		p->window.good = 0;
	p->window.size = p->manner.window_first;
}

/* So many are remembered that nobody waits for, of those that taught us. */
static bool
may_be_forgotten(const struct host *p)
{
	return p->local || p->answered == 0 ||
	    world()->nplaces > IDLE_DESTINATIONS_MAX;
}

void
ceilings_idle(struct host *p)
{
	if (may_be_forgotten(p))
		at_first(p);
}

void
ceilings_done(struct host *p, const struct msg_done *m)
{
	if (!m->reachable || (!p->local && reply_is_later(&m->why))) {
		p->window.size = p->window.size > 1 ? p->window.size / 2 : 1;
		p->window.good = 0;
	} else if (++p->window.good >= p->window.size) {
		p->window.good = 0;
		p->window.size += p->window.size < p->manner.window;
	}
}

static void
check_window(const struct host *p, unsigned others)
{
	if (others >= p->window.size)
		broken("%s has %u jobs, and a window of %u", p->name,
		    others + 1, p->window.size);
	if (others >= p->manner.share)
		broken("%s has %u jobs, and a share of %u", p->name,
		    others + 1, p->manner.share);
	if (others >= p->manner.window_first && !p->local &&
	    couriers_silent(p) == others)
		broken("%s is mute, and has %u jobs", p->name, others + 1);
}

/* ---- rates --------------------------------------------------------------- */

static void
check_rate(const struct host *p, unsigned most, int64_t span)
{
	const int64_t	*begun = p->begun;

	if (most == 0 || p->nbegun < most)
		return;
	if (sim()->now - begun[(p->nbegun - most) % BEGUN_MAX] < span)
		broken("%s has more than %u jobs in %lld seconds", p->name,
		    most, (long long)(span / SECONDS));
}

/* A tenth of them goes at once. */
static int64_t
pace(unsigned most, int64_t span)
{
	return most == 0 ? 0 : span / (most - (most < 10 ? 1 : most / 10) + 1);
}

static int64_t
pace_of(const struct host *p)
{
	int64_t	 second = pace(p->manner.per_second, SECONDS);
	int64_t	 hour = pace(p->manner.per_hour, HOUR);

	return second > hour ? second : hour;
}

int64_t
ceilings_paced(const struct host *p)
{
	return p->nbegun == 0 ? 0 : pace_of(p) +
	    p->begun[(p->nbegun - 1) % BEGUN_MAX];
}

/* What goes in a minute waits in memory, and may be overtaken there. */
int64_t
ceilings_patience(const struct host *p)
{
	int64_t	 step = pace_of(p);

	return step == 0 ? 0 : (OVERTAKE_MAX + 1) * (60 * SECONDS + step);
}

/* ---- jobs ---------------------------------------------------------------- */

void
ceilings_job(struct host *p, unsigned others)
{
	check_window(p, others);
	check_rate(p, p->manner.per_second, SECONDS);
	check_rate(p, p->manner.per_hour, HOUR);
	p->begun[p->nbegun++ % BEGUN_MAX] = sim()->now;
}

/* Nobody knows of a former life. */
void
ceilings_begin(struct host *p)
{
	p->window.size = p->manner.window_first;
	p->window.good = 0;
	p->nbegun = 0;
}

/* ---- memory -------------------------------------------------------------- */

/* What runs is let in whatever else is there: slots are its ceiling. */
static bool
is_at_work(const struct recipient *r)
{
	return r->stage == STAGE_RUNNING || r->stage == STAGE_CHANGING;
}

static void
check_message(struct message *m, unsigned *messages, unsigned *recipients)
{
	struct recipient	*r;
	unsigned		 idle = 0, busy = 0;

	if (m->count == 0 && !m->reporting && !m->going && !m->spilling)
		broken("%llx is in memory for nobody",
		    (unsigned long long)m->id);
	if (m->hot)
		return;
	RB_FOREACH(r, recipient_tree, &m->recipients)
		if (is_at_work(r))
			busy++;
		else
			idle++;
	*messages += busy == 0 && !m->reporting;
	*recipients += idle;
}

void
ceilings_hold(void)
{
	const struct queue	*q = sim()->queue;
	unsigned		 messages = 0, recipients = 0;
	struct message		*m;

	RB_FOREACH(m, message_tree, &sim()->queue->messages.tree)
		check_message(m, &messages, &recipients);
	if (messages > ACTIVE_MESSAGES_MAX)
		broken("%u messages wait in memory, %u are hot", messages,
		    q->hots.count);
	if (recipients > ACTIVE_RECIPIENTS_MAX + ADDRESSEES_MAX)
		broken("%u recipients wait in memory", recipients);
	if (q->hots.count > HOT_MESSAGES_MAX + 1)
		broken("%u messages are hot", q->hots.count);
	if (q->destinations.nidle > IDLE_DESTINATIONS_MAX)
		broken("%u destinations are remembered",
		    q->destinations.nidle);
}
