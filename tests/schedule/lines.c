/* SPDX-License-Identifier: ISC */
/*
 * Who has a letter READY at a place stands in a line there: of a sender and a
 * priority.  What lines have had is counted from when one came.
 */
#include <string.h>

#include "tests/schedule/world.h"

void
claim_turn(struct host *p, const struct post *post)
{
	p->served[post->line]++;
	p->all++;
	p->since[post->line] = p->all;
	p->needs[post->line] = 0;
}

/* Who has a letter READY. */
static void
find_lines(bool ready[PLACES_MAX][LINES])
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
				ready[a->place - w->places][p->line] = true;
		}
	}
}

static unsigned
level(unsigned line)
{
	return line % LEVELS;
}

/* Of the same priority nobody is passed by another one by more than some. */
static unsigned
check_same(const struct host *p, unsigned line)
{
	const unsigned	*before = p->before[line];
	unsigned	 i, own = p->served[line] - before[line], same = 0;

	for (i = level(line); i < LINES; i += LEVELS) {
		same += p->served[i] - before[i];
		if (p->served[i] - before[i] > own + PASSING)
			broken("at %s line %u had %u jobs, and %u had %u",
			    p->name, i, p->served[i] - before[i], line, own);
	}
	return same;
}

/* A higher one goes first, but for one job in some. */
static void
check_lower(const struct host *p, unsigned line, unsigned same)
{
	const unsigned	*before = p->before[line];
	unsigned	 i, higher = 0, lower = 0;

	for (i = 0; i < LINES; i++)
		if (level(i) > level(line))
			higher += p->served[i] - before[i];
		else if (level(i) < level(line))
			lower += p->served[i] - before[i];
	if (higher == 0 && lower > same / OVERTAKE_MAX + PASSING)
		broken("at %s lower ones had %u jobs, and line %u's priority "
		    "had %u", p->name, lower, line, same);
}

/* How many turns there are, at most, until each has had one. */
static unsigned
turns(const bool ready[LINES], unsigned line)
{
	bool		 there[LEVELS] = { false };
	unsigned	 i, highest = 0, lower = 0, same = 0;

	for (i = 0; i < LINES; i++) {
		if (!ready[i])
			continue;
		there[level(i)] = true;
		if (level(i) > highest)
			highest = level(i);
		same += level(i) == level(line);
	}
	for (i = 0; i < highest; i++)
		lower += there[i];
	return same * (lower > 0 ? lower : 1);
}

/* Nobody waits in it; what was had meanwhile is of no matter. */
static void
begin_line(struct host *p, unsigned line)
{
	if (!p->waits[line] && p->begins[line] == p->all)
		return;
	memcpy(p->before[line], p->served, sizeof p->served);
	p->since[line] = p->begins[line] = p->all;
	p->needs[line] = 0;
	p->waits[line] = false;
}

static void
look_at_line(struct host *p, unsigned line, const bool ready[LINES])
{
	unsigned	 needs;

	if (!ready[line]) {
		begin_line(p, line);
		return;
	}
	p->waits[line] = true;
	check_lower(p, line, check_same(p, line));
	needs = turns(ready, line);
	if (needs > p->needs[line])
		p->needs[line] = needs;
	if (p->all - p->since[line] > (OVERTAKE_MAX + 1) *
	    (p->needs[line] + PASSING))
		broken("at %s line %u waits, and others had %u jobs", p->name,
		    line, p->all - p->since[line]);
}

void
claims_lines(void)
{
	bool		 ready[PLACES_MAX][LINES] = { { false } };
	struct world	*w = world();
	unsigned	 i, j;

	find_lines(ready);
	for (i = 0; i < w->nplaces; i++)
		for (j = 0; j < LINES; j++)
			look_at_line(&w->places[i], j, ready[i]);
}

void
lines_forget(struct host *p)
{
	static const bool	 nobody[LINES];
	unsigned		 i;

	for (i = 0; i < LINES; i++)
		look_at_line(p, i, nobody);
}
