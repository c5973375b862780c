/* SPDX-License-Identifier: ISC */
#include "master/confer.h"
#include "master/restart.h"
#include "master/suite.h"
#include "master/wiring.h"

static bool
overlaps(enum role role)
{
	return role == ROLE_SMTPD || role == ROLE_REMOTE;
}

struct child *
restart_successor(const struct child *old)
{
	struct child	*c;

	TAILQ_FOREACH(c, &old->suite->children, entry)
		if (c->replaces == old)
			return c;
	return NULL;
}

unsigned
restart_wanted(const struct suite *s, enum role role)
{
	switch (role) {
	case ROLE_SMTPD:
		return s->config->smtpd.processes;
	case ROLE_REMOTE:
		return s->config->remote.processes;
	case ROLE_KEYS:
		return s->config->ntls > 0;
	case ROLE_PASSWORDS:
		return s->config->passwords.kind == JUDGE_PASSWORDS;
	case ROLE_DOVECOT:
		return s->config->passwords.kind == JUDGE_DOVECOT;
	case ROLE_CONNECTOR:
		return config_has_sockets(s->config);
	default:
		return 1;
	}
}

/* Neither on its way out nor on its way in. */
static bool
is_present(const struct child *c, enum role role)
{
	return c->role == role && !c->draining && c->replaces == NULL;
}

unsigned
restart_present(const struct suite *s, enum role role)
{
	const struct child	*c;
	unsigned		 n = 0;

	TAILQ_FOREACH(c, &s->children, entry)
		n += is_present(c, role);
	return n;
}

bool
restart_is_over(const struct suite *s, enum role role)
{
	const struct child	*c;

	TAILQ_FOREACH(c, &s->children, entry)
		if (c->role == role && !c->draining &&
		    (c->replaces != NULL || c->again ||
		    c->state != PROCESS_RUNNING || c->peer == NULL ||
		    !peer_is_open(c->peer)))
			return false;
	return true;
}

/* ---- side by side ------------------------------------------------------- */

/* The first number that nobody of the role has; -1: all have one. */
static int
free_instance(const struct suite *s, enum role role)
{
	const struct child	*c;
	int			 i;

	for (i = 0; i < INSTANCES_MAX; i++) {
		TAILQ_FOREACH(c, &s->children, entry)
			if (c->role == role && c->instance == (unsigned)i)
				break;
		if (c == NULL)
			return i;
	}
	return -1;
}

/* `old` may be NULL: then there is one more. */
static bool
start_beside(struct suite *s, enum role role, struct child *old)
{
	int		 instance = free_instance(s, role);
	struct child	*c;

	if (instance == -1)
		return false;
	c = child_new(s, role, instance, "");
	if (!child_start(c)) {
		child_free(c);
		return false;
	}
	c->replaces = old;
	if (!wiring_connect(c) || !confer(c))
		child_kill(c);
	return true;
}

/* One that waits to be started again needs no successor. */
static bool
succeed(struct child *c)
{
	if (restart_successor(c) != NULL)
		return true;
	if (c->pid != -1)
		return start_beside(c->suite, c->role, c);
	child_renew(c);
	return true;
}

static void
dismiss(struct child *c)
{
	if (c->pid == -1)
		child_free(c);
	else
		child_drain(c);
}

static unsigned
restart_beside(struct suite *s, enum role role)
{
	struct child	*present[INSTANCES_MAX], *c;
	unsigned	 i, n = 0, wanted = restart_wanted(s, role);
	unsigned	 begun = 0;

	TAILQ_FOREACH(c, &s->children, entry)
		if (is_present(c, role) && n < INSTANCES_MAX)
			present[n++] = c;
	for (i = 0; i < n; i++)
		if (i < wanted)
			begun += succeed(present[i]);
		else
			dismiss(present[i]);
	for (; i < wanted; i++)
		begun += start_beside(s, role, NULL);
	return begun;
}

unsigned
restart_role(struct suite *s, enum role role)
{
	struct child	*c;
	unsigned	 n = 0;

	if (overlaps(role) ||
	    restart_present(s, role) != restart_wanted(s, role))
		return restart_beside(s, role);
	TAILQ_FOREACH(c, &s->children, entry)
		if (c->role == role) {
			child_renew(c);
			n++;
		}
	return n;
}
