/* SPDX-License-Identifier: ISC */
/*
 * What must hold, whatever waits beside.  Of a destination that nobody waits
 * for queue may forget what it knew: so there are two answers, and what is
 * forbidden goes by the one, what is owed by the other.
 */
#include <stdio.h>
#include <string.h>

#include "queue/backoff.h"
#include "tests/schedule/world.h"
#include "tests/sim/model.h"

enum {
	MILLISECONDS = 1000000,
	EARLY = MILLISECONDS,		/* clocks differ so much */
	PATIENCE = 4,			/* seconds until what may go goes */
	PROVEN = 60 * 60,
	PASSING = 2,			/* jobs of another one meanwhile */
	OLD_AGE = 100			/* seconds, until who is old is seen */
};

static struct {
	int64_t		 began;
	int64_t		 free[COURIERS];	/* it has slots since */
	int64_t		 open[COURIERS];	/* for strangers too */
	int64_t		 room;			/* likewise, in memory */
	bool		 is_free[COURIERS], is_open[COURIERS], has_room;
} at;

/* ---- destinations -------------------------------------------------------- */

static unsigned
running(const struct host *p)
{
	unsigned	 i, n = 0;

	for (i = 0; i < COURIERS; i++)
		n += p->running[i];
	return n;
}

bool
place_is_proven(const struct host *p)
{
	if (p->most.failures > 0 && p->least.failures > 0)
		return false;
	return p->local || (p->answered != 0 &&
	    sim()->now - p->answered < PROVEN * SECONDS);
}

static bool
is_awaited(const struct host *p)
{
	const struct world	*w = world();
	unsigned		 i, j;

	for (i = 0; i < w->nposts; i++)
		for (j = 0; j < w->posts[i].count; j++)
			if (w->posts[i].to[j].place == p &&
			    (w->posts[i].to[j].end == WAITS ||
			    w->posts[i].to[j].end == RUNS))
				return true;
	return false;
}

/* Queue may have forgotten it by now. */
static void
look_who_waits(struct host *p)
{
	if (running(p) == 0 && !is_awaited(p))
		p->least = (struct closing){ 0, 0 };
}

static void
check_slots(const struct host *p, unsigned courier)
{
	unsigned	 doubts = courier_doubts(courier);
	unsigned	 all = world()->slots;

	unsigned	 part = p->least.failures > 0 ? 2 : STRANGERS_PART;

	if (!p->local && !place_is_proven(p) && doubts > all - all / part)
		broken("%s has one of %u slots, of which %u are doubtful",
		    p->name, all, doubts);
}

/* Of one deliverer, destinations have turns. */
static void
check_turn(struct host *p)
{
	struct world	*w = world();
	unsigned	 i, which = (unsigned)(p - w->places);

	p->owed = false;
	for (i = 0; i < w->nplaces; i++)
		if (w->places[i].owed && w->places[i].local == p->local &&
		    (p->local || w->remotes == 1) &&
		    ++w->places[i].passed[which] > PASSING)
			broken("%s waits for a slot, and %s has one after the "
			    "other", w->places[i].name, p->name);
}

void
claim_job(struct host *p, unsigned courier)
{
	unsigned	 others = running(p);

	if (sim()->now + EARLY < p->least.until)
		broken("%s is tried %lld ms early", p->name, (long long)
		    (p->least.until - sim()->now) / MILLISECONDS);
	if (!place_is_proven(p) && others > 0)
		broken("%s is not proven, and has %u jobs", p->name,
		    others + 1);
	if (others >= WINDOW_MAX)
		broken("%s has %u jobs", p->name, others + 1);
	check_slots(p, courier);
	check_turn(p);
	p->running[courier]++;
}

void
claim_turn(struct host *p, unsigned sender)
{
	p->served[sender]++;
}

static void
close_place(struct closing *c)
{
	const struct world	*w = world();

	if (c->until > sim()->now)
		return;
	c->failures++;
	c->until = sim()->now + (int64_t)backoff_seconds(c->failures,
	    w->retry_first, w->retry_max) * SECONDS;
}

void
claim_done(struct host *p, unsigned courier, const struct msg_done *m)
{
	note("%s is done, reachable %d, code %u", p->name, m->reachable,
	    m->why.code);
	p->running[courier]--;
	p->quiet = sim()->now;
	if (!m->reachable) {
		p->answered = 0;
		close_place(&p->least);
		close_place(&p->most);
		look_who_waits(p);
		return;
	}
	p->least = p->most = (struct closing){ 0, 0 };
	if (!reply_is_later(&m->why))
		p->answered = sim()->now;
}

void
claim_gone(unsigned courier)
{
	struct host	*p;

	for (p = world()->places; p < world()->places + PLACES_MAX; p++) {
		if (p->running[courier] > 0)
			p->quiet = sim()->now;
		p->running[courier] = 0;
	}
}

/* ---- recipients ---------------------------------------------------------- */

static int
number_of(const struct post *p)
{
	return (int)(p - world()->posts);
}

static int64_t
end_of_life(const struct post *p)
{
	const struct world	*w = world();

	return p->since + SECONDS * (int64_t)(p->sender < SENDERS ?
	    w->life : w->notice_life);
}

void
claim_recipient(struct party *a)
{
	if (a->end != WAITS)
		broken("recipient %u of message %d is in a job, and %d",
		    a->number, number_of(a->post), a->end);
	if (sim()->now + EARLY < a->due)
		broken("recipient %u of message %d is tried early", a->number,
		    number_of(a->post));
	a->end = RUNS;
}

void
claim_end(struct party *a, enum end end)
{
	if (is_over(a))
		broken("recipient %u of message %d is %d, and was %d",
		    a->number, number_of(a->post), end, a->end);
	a->end = end;
	look_who_waits(a->place);
}

void
claim_later(struct party *a)
{
	const struct world	*w = world();

	a->end = WAITS;
	a->attempts++;
	a->due = sim()->now + (int64_t)backoff_seconds(a->attempts,
	    w->retry_first, w->retry_max) * SECONDS;
}

void
claim_lost(struct party **list, unsigned n)
{
	while (n-- > 0)
		if (list[n] != NULL && list[n]->end == RUNS) {
			list[n]->end = WAITS;
			list[n]->due = sim()->now;
		}
}

static struct party *
named(const char *address)
{
	unsigned	 post, number;

	if (sscanf(address, "p%u.%u", &post, &number) != 2 ||
	    post >= world()->nposts || number >= world()->posts[post].count)
		return NULL;
	return &world()->posts[post].to[number];
}

void
claim_told(const char *address)
{
	struct party	*a = named(address);

	if (a == NULL || a->post->sender >= SENDERS ||
	    (a->end != IS_REFUSED && a->end != IS_EXPIRED))
		broken("a notice of <%s>, which did not fail", address);
	if (++a->noticed > 1)
		broken("<%s> is told of twice", address);
}

/* ---- as the log says ----------------------------------------------------- */

void
heard_dead(uint64_t id, const char *address)
{
	struct party	*a = named(address);

	if (a == NULL)
		broken("<%s> could not be told", address);
	if (a->post->id != id)
		broken("<%s> is of another message", address);
	if (sim()->now + EARLY < end_of_life(a->post))
		broken("<%s> is too old, and is not", address);
	claim_end(a, IS_EXPIRED);
}

void
heard_notice(uint64_t id)
{
	(void)id;
}

/* ---- nobody starves ------------------------------------------------------ */

static void
note_since(bool has, bool *had, int64_t *since)
{
	if (has && !*had)
		*since = sim()->now;
	*had = has;
}

/* A slot, or room, that even somebody unknown may have. */
static void
look_at_means(void)
{
	const struct queue	*q = sim()->queue;
	unsigned		 i, all = world()->slots;

	for (i = 0; i < COURIERS; i++) {
		note_since(courier_free(i) > 0, &at.is_free[i], &at.free[i]);
		note_since(i == 0 || courier_doubts(i) < all - all / 2,
		    &at.is_open[i], &at.open[i]);
	}
	note_since(q->messages.count - q->hots.count < ACTIVE_MESSAGES_MAX -
	    ACTIVE_MESSAGES_MAX / STRANGERS_PART &&
	    q->messages.recipients < ACTIVE_RECIPIENTS_MAX -
	    ACTIVE_RECIPIENTS_MAX / STRANGERS_PART + q->hots.recipients,
	    &at.has_room, &at.room);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* All of them that might have it. */
static int64_t
since_all(const struct host *p, const bool has[], const int64_t since[])
{
	int64_t		 latest = 0;
	unsigned	 i;

	for (i = p->local ? 0 : 1; i <= (p->local ? 0 : world()->remotes); i++)
		latest = later(latest, has[i] ? since[i] : INT64_MAX);
	return latest;
}

static int64_t
slot_since(const struct host *p)
{
	return later(since_all(p, at.is_free, at.free),
	    since_all(p, at.is_open, at.open));
}

/* When queue did forget, nobody knows what of it and when. */
static int64_t
opens(const struct host *p)
{
	int64_t	 longest = (int64_t)world()->retry_max * SECONDS;

	return p->least.failures == p->most.failures ?
	    later(p->least.until, p->most.until) : p->quiet + longest;
}

/* Since when somebody should have been sent to a place that has no job, if
 * there was a slot. */
static int64_t
hungry_since(const struct host *p)
{
	const struct world	*w = world();
	const struct party	*a;
	int64_t			 since = INT64_MAX;
	unsigned		 i, j;

	for (i = 0; i < w->nposts; i++)
		for (j = 0; j < w->posts[i].count; j++) {
			a = &w->posts[i].to[j];
			if (a->place == p && a->end == WAITS &&
			    a->due < since)
				since = a->due;
		}
	since = later(since, later(opens(p), p->quiet));
	since = later(since, later(at.began,
	    since_all(p, at.is_open, at.open)));
	return later(since, at.has_room ? at.room : INT64_MAX);
}

static void
look_at_place(struct host *p)
{
	int64_t	 since, late = sim()->now - PATIENCE * SECONDS;

	if (running(p) > 0) {
		p->owed = false;
		return;
	}
	since = hungry_since(p);
	if (!p->owed)
		memset(p->passed, 0, sizeof p->passed);
	p->owed = since < late;
	since = later(since, slot_since(p));
	if (since < late)
		broken("%s is owed a job for %lld ms", p->name,
		    (long long)(sim()->now - since) / MILLISECONDS);
}

/* Who has a letter READY. */
static void
find_lines(bool ready[PLACES_MAX][SENDERS + 1])
{
	struct world		*w = world();
	struct queue		*q = sim()->queue;
	const struct recipient	*r;
	struct message		*m;
	struct post		*p;
	struct party		*a;

	for (p = w->posts; p < w->posts + w->nposts; p++) {
		m = p->stored ? message_find(q, p->id) : NULL;
		for (a = p->to; m != NULL && a < p->to + p->count; a++) {
			r = recipient_find(m, a->number);
			if (r != NULL && r->stage == STAGE_READY)
				ready[a->place - w->places][p->sender] = true;
		}
	}
}

/* Whoever has one is passed by no other sender by more than some jobs. */
static void
look_at_line(struct host *p, unsigned sender, bool is_ready)
{
	unsigned	*before = p->before[sender], i, own;

	if (!is_ready) {
		memcpy(before, p->served, sizeof p->served);
		return;
	}
	own = p->served[sender] - before[sender];
	for (i = 0; i <= SENDERS; i++)
		if (p->served[i] - before[i] > own + PASSING)
			broken("at %s sender %u had %u jobs, and %u had %u",
			    p->name, i, p->served[i] - before[i], sender, own);
}

void
claims_lines(void)
{
	bool		 ready[PLACES_MAX][SENDERS + 1] = { { false } };
	struct world	*w = world();
	unsigned	 i, j;

	find_lines(ready);
	for (i = 0; i < w->nplaces; i++)
		for (j = 0; j <= SENDERS; j++)
			look_at_line(&w->places[i], j, ready[i][j]);
}

/* One that waits for a slot is old when it has been tried. */
static bool
outlives(const struct party *a)
{
	int64_t	 since = later(end_of_life(a->post), a->place->quiet);

	since = later(later(since, slot_since(a->place)), at.began);
	return a->end == WAITS && running(a->place) == 0 &&
	    since < sim()->now - OLD_AGE * SECONDS;
}

static void
look_at_post(const struct post *p)
{
	const struct party	*a;

	for (a = p->to; p->stored && a < p->to + p->count; a++)
		if (outlives(a))
			broken("recipient %u of message %d outlives its time",
			    a->number, number_of(p));
}

/* ---- memory -------------------------------------------------------------- */

/* What runs is let in whatever else is there: slots are its ceiling. */
static void
look_at_memory(void)
{
	const struct queue	*q = sim()->queue;
	struct message		*m;
	unsigned		 i, jobs = 0;

	for (i = 0; i < world()->nplaces; i++)
		jobs += running(&world()->places[i]);
	if (q->messages.count - q->hots.count > ACTIVE_MESSAGES_MAX + jobs)
		broken("%u messages are active, %u hot", q->messages.count,
		    q->hots.count);
	if (q->messages.recipients > ACTIVE_RECIPIENTS_MAX +
	    q->hots.recipients + (jobs + 1) * ADDRESSEES_MAX)
		broken("%u recipients are active, %u hot",
		    q->messages.recipients, q->hots.recipients);
	RB_FOREACH(m, message_tree, &sim()->queue->messages.tree)
		if (m->count == 0 && !m->reporting && !m->going &&
		    !m->spilling)
			broken("%llx is in memory for nobody",
			    (unsigned long long)m->id);
	if (q->hots.count > HOT_MESSAGES_MAX + 1)
		broken("%u messages are hot", q->hots.count);
	if (q->destinations.nidle > IDLE_DESTINATIONS_MAX)
		broken("%u destinations are remembered",
		    q->destinations.nidle);
}

void
claims_hold(void)
{
	struct world	*w = world();
	unsigned	 i;

	look_at_memory();
	if (!sim()->queue->working || sim()->queue->stopping)
		return;
	look_at_means();
	for (i = 0; i < w->nplaces; i++)
		look_at_place(&w->places[i]);
	for (i = 0; i < w->nposts; i++)
		look_at_post(&w->posts[i]);
}

void
claims_begin(void)
{
	struct host	*p;
	unsigned	 i;

	at.began = sim()->now;
	at.has_room = false;
	for (i = 0; i < COURIERS; i++) {
		at.is_free[i] = at.is_open[i] = false;
		claim_gone(i);
	}
	for (p = world()->places; p < world()->places + PLACES_MAX; p++) {
		p->answered = 0;
		p->owed = false;
		for (i = 0; i <= SENDERS; i++)
			look_at_line(p, i, false);
	}
}

/* ---- the end ------------------------------------------------------------- */

static bool
is_told(const struct party *a)
{
	return a->post->sender >= SENDERS || a->noticed > 0 ||
	    (a->end != IS_REFUSED && a->end != IS_EXPIRED);
}

static const struct party *
who_is_owed(void)
{
	const struct world	*w = world();
	const struct party	*a;
	const struct post	*p;

	for (p = w->posts; p < w->posts + w->nposts; p++)
		for (a = p->to; a < p->to + p->count; a++)
			if (!is_over(a) || !is_told(a))
				return a;
	return NULL;
}

bool
claims_are_over(void)
{
	const struct queue	*q = sim()->queue;

	return q != NULL && q->working && q->messages.count == 0 &&
	    who_is_owed() == NULL;
}

void
claims_end(void)
{
	const struct party	*a = who_is_owed();
	struct view		 v;
	uint64_t		 n;

	if (a != NULL)
		broken("recipient %u of message %d is %d at the end, told %u "
		    "times", a->number, number_of(a->post), a->end,
		    a->noticed);
	view_open(&v, sim()->queue->index);
	n = view_messages(&v);
	view_close(&v);
	if (n != 0 || sim()->queue->messages.count != 0)
		broken("%llu messages are left", (unsigned long long)n);
}
