/* SPDX-License-Identifier: ISC */
#include <unistd.h>

#include "master/status.h"
#include "master/suite.h"

static void
put_master(struct suite *s, struct peer *monitor, uint64_t token)
{
	struct msg	 m = { .type = MSG_PROCESS };

	m.process.token = token;
	m.process.role = ROLE_MASTER;
	m.process.pid = getpid();
	m.process.state = s->phase == PHASE_STOPPING ? PROCESS_STOPPING :
	    PROCESS_RUNNING;
	m.process.since = s->since;
	m.process.name = span_of("");
	peer_put(monitor, &m);
}

static void
put_child(const struct child *c, struct peer *monitor, uint64_t token)
{
	struct msg	 m = { .type = MSG_PROCESS };

	m.process.token = token;
	m.process.role = c->role;
	m.process.instance = c->instance;
	m.process.pid = c->pid == -1 ? 0 : c->pid;
	m.process.state = c->state;
	m.process.restarts = c->restarts;
	m.process.since = c->since;
	m.process.name = span_of(c->name);
	peer_put(monitor, &m);
}

void
status_answer(struct suite *s, struct peer *monitor, uint64_t token)
{
	struct msg	 end = { .type = MSG_STATUS_END };
	struct child	*c;

	put_master(s, monitor, token);
	TAILQ_FOREACH(c, &s->children, entry)
		put_child(c, monitor, token);
	end.status_end.token = token;
	peer_put(monitor, &end);
}
