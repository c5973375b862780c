/* SPDX-License-Identifier: ISC */
/* How destinations are served, as master says it and as it is meant. */
#include <stdio.h>
#include <string.h>

#include "tests/schedule/world.h"

static uint32_t
one_of(const uint32_t *list, unsigned n)
{
	return list[below(n)];
}

/* ---- what is said -------------------------------------------------------- */

static void
draw_windows(struct manner *m)
{
	if (chance(2, 3))
		m->window = 1 + below(8);
	if (chance(1, 2))
		m->window_first = 1 + below(m->window > 0 ? m->window : 8);
	if (chance(1, 3))
		m->recipients = 1 + below(4);
	if (chance(1, 4))
		m->share = 1 + below(20);
}

static void
draw_rates(struct manner *m)
{
	static const uint32_t	 seconds[] = { 0, 0, 1, 2, 3, 22 };
	static const uint32_t	 hours[] = { 0, 0, 0, 25, 60, 120, 360 };

	if (!world()->paced)
		return;
	m->per_second = one_of(seconds, 6);
	m->per_hour = one_of(hours, 7);
}

static void
draw_times(struct manner *m)
{
	const struct world	*w = world();

	if (chance(1, 3)) {
		m->retry_first = w->retry_first / (1 + below(3));
		m->retry_max = m->retry_first + below(w->retry_max -
		    m->retry_first + 1);
	}
	if (chance(1, 3))
		m->life = w->life / (2 + below(3));
	if (chance(1, 3))
		m->notice_life = w->notice_life / (1 + below(2));
}

/* Not to senders' own: their notices are not counted. */
static struct manner *
add(const char *pattern)
{
	struct world	*w = world();
	struct manner	*m = &w->manners[w->nmanners++];

	(void)snprintf(m->pattern, sizeof m->pattern, "%s", pattern);
	m->priority = chance(1, 2) ? PRIORITY_MAX : PRIORITY_MAX - 2 +
	    below(5);
	draw_windows(m);
	draw_times(m);
	return m;
}

/* ---- what is meant ------------------------------------------------------- */

static uint32_t
or_else(uint32_t said, uint32_t usual)
{
	return said != 0 ? said : usual;
}

static struct manner
complete(const struct manner *said, bool local)
{
	const struct world	*w = world();
	struct manner		 m = { .priority = PRIORITY_MAX };
	unsigned		 share;

	if (said != NULL)
		m = *said;
	m.retry_first = or_else(m.retry_first, w->retry_first);
	m.retry_max = or_else(m.retry_max, w->retry_max);
	m.life = or_else(m.life, w->life);
	m.notice_life = or_else(m.notice_life, w->notice_life);
	m.window = or_else(m.window, WINDOW_MAX);
	m.window_first = or_else(m.window_first, m.window < WINDOW_START ?
	    m.window : WINDOW_START);
	m.recipients = or_else(m.recipients, JOB_RECIPIENTS_MAX);
	share = or_else(m.share, 100) * (local ? JOBS_LOCAL_MAX :
	    JOBS_REMOTE_MAX) / 100;
	m.share = or_else(share, 1);
	return m;
}

static const struct manner *
find(const char *pattern)
{
	const struct world	*w = world();
	unsigned		 i;

	for (i = 0; i < w->nmanners; i++)
		if (strcmp(w->manners[i].pattern, pattern) == 0)
			return &w->manners[i];
	return NULL;
}

static void
mean(struct host *p, unsigned i)
{
	const struct manner	*said;
	char			 name[sizeof said->pattern];

	(void)snprintf(name, sizeof name, "d%u.example", i);
	said = find(p->local ? "local:" : name);
	if (said == NULL && !p->local)
		said = find("*");
	p->manner = complete(said, p->local);
}

/* The most specific first. */
void
manners_draw(void)
{
	struct world	*w = world();
	char		 name[sizeof w->manners[0].pattern];
	unsigned	 i;

	for (i = 0; w->mannered && i < w->nplaces; i++) {
		if (w->places[i].local || !chance(1, 2))
			continue;
		(void)snprintf(name, sizeof name, "d%u.example", i);
		if (i == 0)
			(void)add(name);
		else
			draw_rates(add(name));
	}
	if (w->mannered && chance(1, 2))
		draw_rates(add("local:"));
	if (w->mannered && chance(1, 3))
		(void)add("*");
	w->usual = complete(NULL, false);
	for (i = 0; i < w->nplaces; i++)
		mean(&w->places[i], i);
}
