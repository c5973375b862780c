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
	OLD_AGE = 100			/* seconds, until who is old is seen */
};

static struct {
	int64_t		 began;
	int64_t		 free[COURIERS];	/* it has slots since */
	int64_t		 open[COURIERS];	/* for strangers too */
	int64_t		 room;			/* likewise, in memory */
	int64_t		 alone;			/* no suspect runs since */
	bool		 is_free[COURIERS], is_open[COURIERS], has_room;
	bool		 is_alone;
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

/* A higher priority has more of them in a row, a lower one passes some. */
static unsigned
passing(const struct host *p, const struct host *other)
{
	unsigned	 up = p->manner.priority, down = other->manner.priority;

	return PASSING * (up > PRIORITY_MAX ? up - PRIORITY_MAX + 1 : 1) *
	    (down < PRIORITY_MAX ? PRIORITY_MAX - down + 1 : 1);
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
		    ++w->places[i].passed[which] >
		    passing(p, &w->places[i]))
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
	ceilings_job(p, others);
	check_slots(p, courier);
	check_turn(p);
	p->running[courier]++;
}

static void
close_place(const struct host *p, struct closing *c)
{
	if (c->until > sim()->now)
		return;
	c->failures++;
	c->until = sim()->now + (int64_t)backoff_seconds(c->failures,
	    p->manner.retry_first, p->manner.retry_max) * SECONDS;
}

void
claim_done(struct host *p, unsigned courier, const struct msg_done *m)
{
	note("%s is done, reachable %d, code %u", p->name, m->reachable,
	    m->why.code);
	p->running[courier]--;
	p->quiet = sim()->now;
	ceilings_done(p, m);
	if (!m->reachable) {
		p->answered = 0;
		close_place(p, &p->least);
		close_place(p, &p->most);
		look_who_waits(p);
	} else {
		p->least = p->most = (struct closing){ 0, 0 };
		if (!reply_is_later(&m->why))
			p->answered = sim()->now;
	}
	if (running(p) == 0)
		ceilings_idle(p);
}

void
claim_gone(unsigned courier)
{
	struct host	*p;

	for (p = world()->places; p < world()->places + PLACES_MAX; p++) {
		if (p->running[courier] > 0)
			p->quiet = sim()->now;
		p->running[courier] = 0;
		if (running(p) == 0)
			ceilings_idle(p);
	}
}

/* ---- recipients ---------------------------------------------------------- */

static int
number_of(const struct post *p)
{
	return (int)(p - world()->posts);
}

static int64_t
end_of_life(const struct party *a, const struct manner *m)
{
	return a->post->since + SECONDS *
	    (int64_t)(a->post->sender < SENDERS ? m->life : m->notice_life);
}

/* While one of those runs over which a deliverer died, another one waits. */
static void
check_suspect(const struct party *a)
{
	const struct world	*w = world();
	const struct post	*p;
	const struct party	*b;

	if (!a->suspect || a->place->local || w->remotes > 1)
		return;
	for (p = w->posts; p < w->posts + w->nposts; p++)
		for (b = p->to; b < p->to + p->count && p != a->post; b++)
			if (b->suspect && b->end == RUNS && !b->place->local)
				broken("messages %d and %d are tried at once, "
				    "and one of them killed", number_of(p),
				    number_of(a->post));
}

void
claim_recipient(struct party *a)
{
	check_suspect(a);
	if (a->end != WAITS)
		broken("recipient %u of message %d is in a job, and %d",
		    a->number, number_of(a->post), a->end);
	if (sim()->now + EARLY < a->due)
		broken("recipient %u of message %d is tried early", a->number,
		    number_of(a->post));
	a->end = RUNS;
	a->astray = false;
}

void
claim_end(struct party *a, enum end end)
{
	if (is_over(a))
		broken("recipient %u of message %d is %d, and was %d",
		    a->number, number_of(a->post), end, a->end);
	a->end = end;
	a->suspect = false;
	look_who_waits(a->place);
}

static int64_t
wait_of(const struct party *a, const struct manner *m)
{
	return (int64_t)backoff_seconds(a->attempts, m->retry_first,
	    m->retry_max) * SECONDS;
}

/* Of what a former life looked up queue knows the place no more. */
void
claim_later(struct party *a, bool old)
{
	int64_t	 here, anywhere;

	a->end = WAITS;
	a->suspect = false;
	a->attempts++;
	here = wait_of(a, &a->place->manner);
	anywhere = wait_of(a, &world()->usual);
	a->astray = old;
	a->due = sim()->now + (old && anywhere < here ? anywhere : here);
	a->owed = sim()->now + (old && anywhere > here ? anywhere : here);
}

void
claim_lost(struct party **list, unsigned n, bool fatal)
{
	while (n-- > 0)
		if (list[n] != NULL && list[n]->end == RUNS) {
			list[n]->end = WAITS;
			list[n]->suspect |= fatal;
			list[n]->due = list[n]->owed = sim()->now;
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
	if (sim()->now + EARLY < end_of_life(a, &a->place->manner))
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

/* At one place, or anywhere. */
static bool
has_suspect(const struct host *place, enum end end)
{
	const struct world	*w = world();
	const struct post	*p;
	const struct party	*a;

	for (p = w->posts; p < w->posts + w->nposts; p++)
		for (a = p->to; a < p->to + p->count; a++)
			if (a->suspect && a->end == end &&
			    (place == NULL || a->place == place))
				return true;
	return false;
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
	note_since(!has_suspect(NULL, RUNS) && !couriers_have_notice(),
	    &at.is_alone, &at.alone);
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
	int64_t	 longest = (int64_t)p->manner.retry_max * SECONDS;

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
			    a->owed < since)
				since = a->owed;
		}
	since = later(since, later(opens(p), p->quiet));
	since = later(since, ceilings_paced(p));
	since = later(since, later(at.began,
	    since_all(p, at.is_open, at.open)));
	if (has_suspect(p, WAITS))
		since = later(since, at.is_alone ? at.alone : INT64_MAX);
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

/* One that waits for a slot is old when it has been tried. */
static bool
outlives(const struct party *a)
{
	int64_t	 since = later(end_of_life(a, a->astray ? &world()->usual :
		    &a->place->manner), a->place->quiet);

	since = later(later(since, slot_since(a->place)), at.began);
	return a->end == WAITS && running(a->place) == 0 &&
	    since < sim()->now - OLD_AGE * SECONDS -
	    ceilings_patience(a->place);
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

void
claims_hold(void)
{
	struct world	*w = world();
	unsigned	 i;

	ceilings_hold();
	if (!sim()->queue->working || sim()->queue->stopping)
		return;
	look_at_means();
	for (i = 0; i < w->nplaces; i++)
		look_at_place(&w->places[i]);
	for (i = 0; i < w->nposts; i++)
		look_at_post(&w->posts[i]);
}

/* What goes on from a former life is not asked whether it kills. */
static void
forget_suspects(void)
{
	struct world	*w = world();
	struct party	*a;
	struct post	*p;

	for (p = w->posts; p < w->posts + w->nposts; p++)
		for (a = p->to; a < p->to + p->count; a++)
			a->suspect &= a->end != RUNS;
}

void
claims_begin(void)
{
	struct host	*p;
	unsigned	 i;

	at.began = sim()->now;
	forget_suspects();
	at.has_room = at.is_alone = false;
	for (i = 0; i < COURIERS; i++) {
		at.is_free[i] = at.is_open[i] = false;
		claim_gone(i);
	}
	for (p = world()->places; p < world()->places + PLACES_MAX; p++) {
		p->answered = 0;
		p->owed = false;
		ceilings_begin(p);
		lines_forget(p);
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
