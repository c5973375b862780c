/* SPDX-License-Identifier: ISC */
#include "master/stop.h"
#include "master/suite.h"
#include "shared/log.h"

enum { STAGE_LOGGER = 4, STAGE_COUNT };

static const unsigned	 stages[ROLE_COUNT] = {
	[ROLE_SMTPD]	= 0,
	[ROLE_CONTROL]	= 0,
	[ROLE_KEYS]	= 1,
	[ROLE_REMOTE]	= 1,
	[ROLE_LOCAL]	= 1,
	[ROLE_AGENT]	= 1,
	[ROLE_QUEUE]	= 2,
	[ROLE_LOOKUP]	= 3,
	[ROLE_USERS]	= 3,
	[ROLE_PASSWORDS] = 3,
	[ROLE_DOVECOT]	= 3,
	[ROLE_RESOLVER]	= 3,
	[ROLE_CONNECTOR] = 3,
	[ROLE_MONITOR]	= 3,
	[ROLE_LOGGER]	= STAGE_LOGGER,
};

bool
stop_has_reached(const struct suite *s, enum role role)
{
	return s->phase == PHASE_STOPPING && stages[role] <= s->stage;
}

/* Agents end with local, which still has work for them. */
static void
end_child(struct child *c)
{
	if (c->pid == -1)
		child_free(c);
	else if (c->role == ROLE_AGENT)
		timer_in(&c->timer, CHILD_PATIENCE);
	else
		child_stop(c, CHILD_PATIENCE);
}

static void
begin_stage(struct suite *s)
{
	struct child	*c, *next;

	if (s->stage == STAGE_LOGGER)
		log_info("stopped");
	for (c = TAILQ_FIRST(&s->children); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (stages[c->role] == s->stage)
			end_child(c);
	}
}

static bool
is_stage_over(const struct suite *s)
{
	const struct child	*c;

	TAILQ_FOREACH(c, &s->children, entry)
		if (stages[c->role] == s->stage)
			return false;
	return true;
}

void
stop_begin(struct suite *s)
{
	if (s->phase == PHASE_STOPPING)
		return;
	log_info("stopping");
	timer_unset(&s->patience);
	s->phase = PHASE_STOPPING;
	s->stage = 0;
	begin_stage(s);
	stop_go_on(s);
}

void
stop_go_on(struct suite *s)
{
	if (s->phase != PHASE_STOPPING)
		return;
	while (s->stage < STAGE_COUNT && is_stage_over(s))
		if (++s->stage < STAGE_COUNT)
			begin_stage(s);
	if (s->stage == STAGE_COUNT)
		loop_stop(s->loop);
}
