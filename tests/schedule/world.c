/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "tests/schedule/world.h"

enum { MILLISECOND = 1000000, SLACK = 600 };

static struct world	 the;

struct world *
world(void)
{
	return &the;
}

/* ---- settings ------------------------------------------------------------ */

static void
draw_settings(void)
{
	static const uint32_t	 first[] = { 20, 60, 300 };
	static const uint32_t	 times[] = { 1, 4, 10 };
	static const uint32_t	 lives[] = { 15, 30, 60 };
	static const unsigned	 slots[] = { 4, 8, 16, 40 };

	the.retry_first = first[below(3)];
	the.retry_max = the.retry_first * times[below(3)];
	the.life = the.retry_first * lives[below(3)];
	the.notice_life = chance(1, 2) ? the.life : the.life / 2;
	the.slots = slots[below(4)];
	the.remotes = 1 + chance(1, 3);
	the.journal = chance(2, 3);
	the.mannered = chance(1, 2);
	the.paced = the.mannered && chance(1, 2);
	the.urges = chance(1, 2);
	the.heavy = chance(1, 4);
}

/* ---- destinations -------------------------------------------------------- */

static enum habit
any_habit(void)
{
	return chance(1, 3) ? TAKES : (enum habit)below(HABITS);
}

static void
draw_place(unsigned i)
{
	struct host	*p = &the.places[i];

	p->local = i > 0 && chance(1, 8);
	(void)snprintf(p->name, sizeof p->name, p->local ? "local:u%u" :
	    "mx:d%u.example:25", i);
	p->greets = (int64_t)below(3000) * MILLISECOND;
	p->takes = (int64_t)below(4000) * MILLISECOND;
	p->hangs = (int64_t)(15 + below(the.life / 6)) * SECONDS;
	p->habits[0] = i == 0 ? TAKES : any_habit();
	p->habits[1] = i == 0 || chance(1, 2) ? p->habits[0] : any_habit();
	p->turn = (int64_t)below(the.life) * SECONDS;
}

static int64_t
takes_at_most(const struct host *p)
{
	return p->greets + 20 * p->takes + p->hangs;
}

enum habit
place_habit(const struct host *p)
{
	return p->habits[sim()->now >= p->turn];
}

struct host *
place_named(const char *name)
{
	unsigned	 i;

	for (i = 0; i < the.nplaces; i++)
		if (strcmp(the.places[i].name, name) == 0)
			return &the.places[i];
	broken("%s is no place", name);
}

/* ---- mail ---------------------------------------------------------------- */

static unsigned
any_level(void)
{
	return the.urges ? below(LEVELS) : LEVELS / 2;
}

static struct post *
draw_post(unsigned sender, int64_t when)
{
	struct post	*p = &the.posts[the.nposts++];
	unsigned	 i;

	p->sender = sender;
	p->line = sender * LEVELS + any_level();
	p->when = when;
	p->size = chance(1, 8) ? below(40000) : the.heavy ?
	    4000 + below(12000) : 20 + below(1000);
	p->count = 1 + (chance(1, 3) ? below(ADDRESSEES_MAX) : 0);
	for (i = 0; i < p->count; i++) {
		p->to[i].post = p;
		p->to[i].number = i;
		p->to[i].place = &the.places[1 + below(the.nplaces - 1)];
	}
	return p;
}

/* One sends many at a time, to one or to all; others send some. */
static void
draw_bulk(void)
{
	int64_t		 when = (int64_t)below(the.life / 2) * SECONDS;
	unsigned	 n = 4 + below(24), only, i, j;
	bool		 to_one = chance(1, 2);
	struct post	*p;

	only = 1 + below(the.nplaces - 1);
	for (i = 0; i < n; i++) {
		p = draw_post(0, when);
		for (j = 0; to_one && j < p->count; j++)
			p->to[j].place = &the.places[only];
	}
}

static int64_t
any_time(void)
{
	return (int64_t)below(the.life * 3 / 4) * SECONDS +
	    below(1000) * MILLISECOND;
}

static void
draw_mail(void)
{
	unsigned	 n = 2 + below(12);

	if (chance(2, 3))
		draw_bulk();
	while (n-- > 0)
		(void)draw_post(1 + below(SENDERS), any_time());
}

struct post *
post_with(uint64_t id)
{
	unsigned	 i;

	for (i = 0; i < the.nposts; i++)
		if (the.posts[i].id == id)
			return &the.posts[i];
	return NULL;
}

bool
is_over(const struct party *a)
{
	return a->end >= IS_DELIVERED;
}

/* ---- strokes ------------------------------------------------------------- */

static void
draw_strokes(void)
{
	int64_t		 when = 0;
	unsigned	 died = 0;

	the.nstrokes = chance(1, 2) ? 0 : 1 + below(STROKES_MAX);
	for (the.struck = 0; the.struck < the.nstrokes; the.struck++) {
		when += any_time() / 2;
		the.strokes[the.struck].when = sim()->now + when;
		the.strokes[the.struck].what =
		    (enum stroke)below(STROKES - died);
		died |= the.strokes[the.struck].what == REMOTE_DIES;
	}
	the.struck = 0;
}

/* A message's last attempt may end behind its life, and its notice lives. */
static int64_t
end_of_world(void)
{
	int64_t		 patience = 0, one;
	unsigned	 i;

	for (i = 0; i < the.nplaces; i++) {
		one = ceilings_patience(&the.places[i]);
		patience = one > patience ? one : patience;
	}
	return sim()->now + (2 * (int64_t)the.life + the.notice_life +
	    2 * (int64_t)the.retry_max + SLACK) * SECONDS + 4 * the.longest +
	    patience;
}

void
world_draw(void)
{
	unsigned	 i;

	memset(&the, 0, sizeof the);
	draw_settings();
	the.nplaces = 2 + below(the.paced ? IDLE_DESTINATIONS_MAX - 1 :
	    PLACES_MAX - 1);
	for (i = 0; i < the.nplaces; i++) {
		draw_place(i);
		the.places[i].turn += sim()->now;
		if (takes_at_most(&the.places[i]) > the.longest)
			the.longest = takes_at_most(&the.places[i]);
	}
	manners_draw();
	draw_mail();
	for (i = 0; i < the.nposts; i++)
		the.posts[i].when += sim()->now;
	draw_strokes();
	the.end = end_of_world();
}
