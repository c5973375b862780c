/* SPDX-License-Identifier: ISC */
#include "master/suite.h"
#include "master/watchdog.h"
#include "shared/log.h"

/* Of the time it has, so that one lost moment decides nothing. */
enum { ASKED_PER_TIME = 4 };

static int64_t
interval(const struct suite *s)
{
	int64_t	 ms = (int64_t)s->config->watchdog / ASKED_PER_TIME;

	return ms < WATCHDOG_EVERY ? ms : WATCHDOG_EVERY;
}

void
watchdog_heard(struct child *c)
{
	c->heard = loop_now(c->suite->loop);
}

static bool
is_watched(const struct child *c)
{
	return c->pid != -1 && c->role != ROLE_AGENT &&
	    (c->state == PROCESS_RUNNING || (c->draining && !c->stopped));
}

static void
look_at(struct suite *s, struct child *c)
{
	struct msg	 ping = { .type = MSG_PING };
	int64_t		 silent = clock_ms_between(c->heard,
			    loop_now(s->loop));
	char		 label[LABEL_SIZE];

	if (silent >= (int64_t)s->config->watchdog) {
		log_error("%s (pid %d) has not answered for %d s and is "
		    "killed", child_label(c, label), (int)c->pid,
		    (int)(silent / 1000));
		child_kill(c);
	} else if (c->peer != NULL && peer_is_open(c->peer))
		peer_put(c->peer, &ping);
}

/* When master itself has slept, the silence was its own. */
static void
on_turn(void *arg)
{
	struct suite	*s = arg;
	struct instant	 now = loop_now(s->loop);
	bool		 late = clock_ms_between(s->watched, now) >
			    2 * interval(s);
	struct child	*c;

	s->watched = now;
	timer_in(&s->watchdog, interval(s));
	if (s->phase != PHASE_RUNNING)
		return;
	TAILQ_FOREACH(c, &s->children, entry) {
		if (late)
			watchdog_heard(c);
		if (is_watched(c))
			look_at(s, c);
	}
}

void
watchdog_init(struct suite *s)
{
	timer_init(&s->watchdog, s->loop, on_turn, s);
}

void
watchdog_clear(struct suite *s)
{
	timer_clear(&s->watchdog);
}

void
watchdog_start(struct suite *s)
{
	s->watched = loop_now(s->loop);
	timer_in(&s->watchdog, interval(s));
}
