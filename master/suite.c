/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <string.h>

#include "master/accuse.h"
#include "master/agents.h"
#include "master/confer.h"
#include "master/restart.h"
#include "master/sink.h"
#include "master/status.h"
#include "master/stop.h"
#include "master/suite.h"
#include "master/watchdog.h"
#include "master/wiring.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

enum {
	START_TIME	= 30 * 1000,
	CLOSED_TIME	= 5 * 1000	/* from end of file to the end */
};

/* The logger first, so that it hears the others; then each behind those whom
 * it will ask. */
static const enum role	 order[] = {
	ROLE_LOGGER, ROLE_KEYS, ROLE_USERS, ROLE_PASSWORDS, ROLE_DOVECOT,
	ROLE_LOOKUP, ROLE_RESOLVER, ROLE_CONNECTOR, ROLE_QUEUE, ROLE_REMOTE,
	ROLE_LOCAL, ROLE_MONITOR, ROLE_CONTROL, ROLE_SMTPD
};

/* ---- what children say -------------------------------------------------- */

static unsigned
credit(enum role role)
{
	return role == ROLE_MONITOR || role == ROLE_CONTROL ?
	    ADMIN_SESSIONS_MAX : 0;
}

static void
on_message(void *arg, struct peer *peer, struct msg *m)
{
	struct suite	*s = arg;

	switch (m->type) {
	case MSG_ACCUSE:
		accuse_hear(peer_data(peer), &m->accuse);
		break;
	case MSG_AGENT_WANTED:
		agents_wanted(s, peer, m->agent_wanted.user);
		break;
	case MSG_LOG_LOST:
		sink_lost(s);
		break;
	case MSG_STATUS:
		status_answer(s, peer, m->status.token);
		break;
	case MSG_PONG:
		watchdog_heard(peer_data(peer));
		break;
	case MSG_RESTART:
		orders_restart(s, peer_data(peer), &m->restart);
		break;
	case MSG_RELOAD:
		orders_reload(s, peer_data(peer), m->reload.token);
		break;
	case MSG_KEYS_READY:
		tls_on_ready(s, &m->keys_ready);
		break;
	default:
		break;
	}
}

static bool
all_run(const struct suite *s)
{
	const struct child	*c;

	TAILQ_FOREACH(c, &s->children, entry)
		if (c->role != ROLE_AGENT &&
		    (c->peer == NULL || !peer_is_open(c->peer)))
			return false;
	return true;
}

/* A child says hello behind its walls: it runs. */
static void
on_opened(void *arg, struct peer *peer)
{
	struct suite	*s = arg;
	struct child	*c = peer_data(peer);

	watchdog_heard(c);
	if (c->replaces != NULL)
		child_drain(c->replaces);
	c->replaces = NULL;
	orders_go_on(s);
	if (s->phase != PHASE_STARTING || !all_run(s))
		return;
	timer_unset(&s->patience);
	s->phase = PHASE_RUNNING;
	wiring_log_self(s);
	watchdog_start(s);
	s->ready();
}

/* A child that ends closes its pair a moment before; one that goes on without
 * it is out of control. */
static void
on_closed(void *arg, struct peer *peer, const char *accusation)
{
	struct child	*c = peer_data(peer);
	char		 label[LABEL_SIZE];

	(void)arg;
	c->peer = NULL;
	peer_free(peer);
	if (accusation != NULL) {
		log_error("%s %s, and is killed", child_label(c, label),
		    accusation);
		child_kill(c);
	} else if (c->state == PROCESS_RUNNING || c->draining)
		timer_in(&c->timer, CLOSED_TIME);
}

/* ---- the start ---------------------------------------------------------- */

static void
on_impatience(void *arg)
{
	struct suite	*s = arg;
	struct child	*c;
	char		 label[LABEL_SIZE];

	TAILQ_FOREACH(c, &s->children, entry)
		if (c->peer == NULL || !peer_is_open(c->peer))
			log_error("%s does not say hello",
			    child_label(c, label));
	suite_fail(s);
}

void
suite_init(struct suite *s, struct loop *loop)
{
	s->loop = loop;
	s->log_end = -1;
	s->since = clock_wall();
	TAILQ_INIT(&s->children);
	timer_init(&s->patience, loop, on_impatience, s);
	sink_init(s);
	tls_init(s);
	orders_init(s);
	watchdog_init(s);
	peer_owner_init(&s->owner, loop, ROLE_MASTER, 0);
	s->owner.credit = credit;
	s->owner.message = on_message;
	s->owner.opened = on_opened;
	s->owner.closed = on_closed;
	s->owner.arg = s;
}

void
suite_clear(struct suite *s)
{
	struct child	*c;

	while ((c = TAILQ_FIRST(&s->children)) != NULL)
		child_free(c);
	timer_clear(&s->patience);
	timer_clear(&s->sink);
	tls_clear(s);
	orders_clear(s);
	watchdog_clear(s);
	fd_close(&s->log_end);
}

void
suite_choose_log(struct suite *s)
{
	s->log_kind = s->foreground ? LOG_TO_STDERR : LOG_TO_SYSLOG;
	if (s->config->log.said)
		s->log_kind = s->config->log.kind;
}

void
suite_fail(struct suite *s)
{
	s->failed = true;
	stop_begin(s);
}

static bool
start_role(struct suite *s, enum role role)
{
	unsigned	 i, n = restart_wanted(s, role);

	for (i = 0; i < n; i++)
		if (!child_start(child_new(s, role, i, "")))
			return false;
	return true;
}

static bool
start_all(struct suite *s)
{
	struct child	*c;
	size_t		 i;

	tls_adopt(s, NULL);
	for (i = 0; i < COUNT(order); i++)
		if (!start_role(s, order[i]))
			return false;
	if (!wiring_connect_all(s))
		return false;
	TAILQ_FOREACH(c, &s->children, entry)
		if (!confer(c))
			return false;
	return true;
}

void
suite_start(struct suite *s)
{
	timer_in(&s->patience, START_TIME);
	if (!start_all(s))
		suite_fail(s);
}
