/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/agents.h"
#include "master/children.h"
#include "master/confer.h"
#include "master/restart.h"
#include "master/spawn.h"
#include "master/stop.h"
#include "master/suite.h"
#include "master/watchdog.h"
#include "master/wiring.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

static void	 on_timer(void *);

const char *
child_label(const struct child *c, char into[LABEL_SIZE])
{
	if (c->role == ROLE_AGENT)
		snprintf(into, LABEL_SIZE, "agent %u (%s)", c->instance,
		    c->name);
	else if (c->role == ROLE_SMTPD || c->instance > 0)
		snprintf(into, LABEL_SIZE, "%s %u", role_name(c->role),
		    c->instance);
	else
		snprintf(into, LABEL_SIZE, "%s", role_name(c->role));
	return into;
}

static void
set_state(struct child *c, enum process_state state)
{
	c->state = state;
	c->since = clock_wall();
}

/* Those of a role stand together. */
static void
list(struct child *c)
{
	struct child	*at;

	TAILQ_FOREACH_REVERSE(at, &c->suite->children, child_list, entry)
		if (at->role == c->role)
			break;
	if (at != NULL)
		TAILQ_INSERT_AFTER(&c->suite->children, at, c, entry);
	else
		TAILQ_INSERT_TAIL(&c->suite->children, c, entry);
}

struct child *
child_new(struct suite *s, enum role role, unsigned instance, const char *name)
{
	struct child	*c = xcalloc(1, sizeof *c);

	c->suite = s;
	c->role = role;
	c->instance = instance;
	snprintf(c->name, sizeof c->name, "%s", name);
	c->pid = -1;
	c->log_end = -1;
	timer_init(&c->timer, s->loop, on_timer, c);
	buf_init(&c->picture, PICTURE_MAX);
	set_state(c, PROCESS_WAITING);
	list(c);
	return c;
}

void
child_free(struct child *c)
{
	struct child	*next;

	if (c == NULL)
		return;
	if ((next = restart_successor(c)) != NULL)
		next->replaces = NULL;
	TAILQ_REMOVE(&c->suite->children, c, entry);
	timer_clear(&c->timer);
	buf_clear(&c->picture);
	peer_free(c->peer);
	fd_close(&c->log_end);
	free(c);
}

struct child *
children_find(struct suite *s, enum role role, unsigned instance)
{
	struct child	*c;

	TAILQ_FOREACH(c, &s->children, entry)
		if (c->role == role && c->instance == instance && c->pid != -1)
			return c;
	return NULL;
}

/* ---- birth -------------------------------------------------------------- */

/* The root of dovecot is where its socket is, and changes with that. */
static struct span
root_of(const struct child *c)
{
	const char	*path = c->suite->config->passwords.path;
	const char	*slash = strrchr(path, '/');

	if (c->role != ROLE_DOVECOT || slash == NULL)
		return span_of(c->suite->places->of[c->role].root);
	return slash == path ? span_of("/") : span_make(path, slash - path);
}

static void
put_boot(struct child *c)
{
	const struct places	*places = c->suite->places;
	const struct config	*config = c->suite->config;
	struct msg		 m = { .type = MSG_BOOT };

	m.boot.uid = places->of[c->role].uid;
	m.boot.gid = places->of[c->role].gid;
	m.boot.flags = places->unprivileged ? BOOT_UNPRIVILEGED : 0;
	if (c->role == ROLE_REMOTE && config_has_sources(config))
		m.boot.flags |= BOOT_BINDS;
	m.boot.root = root_of(c);
	m.boot.user = span_of(c->name);
	m.boot.users = span_of(config->users);
	m.boot.minimum_uid = config->minimum_uid;
	if (c->role == ROLE_AGENT)
		m.boot.mailboxes = span_of(config->mailboxes.list);
	peer_put(c->peer, &m);
}

/* In the first packet a child learns its own instance from our hello. */
static void
greet(struct child *c, int control)
{
	struct peer_owner	*o = &c->suite->owner;

	o->instance = c->instance;
	c->peer = peer_new(o, control, c->role, c->instance, span_of(c->name));
	o->instance = 0;
	peer_set_data(c->peer, c);
	put_boot(c);
}

static bool
fork_child(struct child *c, const char *program)
{
	int	 control[2], log = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    control) == -1)
		return false;
	if (wiring_log_pair(&log, &c->log_end) == 0)
		c->pid = spawn(program, control[0], log);
	fd_close(&control[0]);
	fd_close(&log);
	if (c->pid == -1) {
		fd_close(&control[1]);
		fd_close(&c->log_end);
		return false;
	}
	greet(c, control[1]);
	return true;
}

bool
child_start(struct child *c)
{
	char	 program[PATH_TEXT_MAX * 2], label[LABEL_SIZE];

	snprintf(program, sizeof program, "%s/%s", c->suite->programs,
	    role_name(c->role));
	if (!fork_child(c, program)) {
		log_error("%s does not start: %s: %s", child_label(c, label),
		    program, strerror(errno));
		return false;
	}
	c->started = clock_now();
	c->stopped = c->again = false;
	watchdog_heard(c);
	set_state(c, PROCESS_RUNNING);
	if (c->suite->verbose)
		log_info("%s started, pid %d", child_label(c, label),
		    (int)c->pid);
	return true;
}

/* ---- death -------------------------------------------------------------- */

void
child_stop(struct child *c, int64_t patience)
{
	struct msg	 m = { .type = MSG_STOP };

	if (c->state != PROCESS_STOPPING)
		set_state(c, PROCESS_STOPPING);
	c->stopped = true;
	if (c->peer == NULL)
		return;		/* it cannot be told, and its time runs */
	m.stop.reason = c->again ? STOP_FOR_SUCCESSOR : STOP_FOR_GOOD;
	peer_put(c->peer, &m);
	timer_in(&c->timer, patience);
}

void
child_drain(struct child *c)
{
	struct msg	 m = { .type = MSG_DRAIN };

	set_state(c, PROCESS_STOPPING);
	c->draining = true;
	if (c->peer == NULL)
		return;		/* as above */
	peer_put(c->peer, &m);
	timer_in(&c->timer, c->suite->config->drain);
}

void
child_kill(struct child *c)
{
	if (c->pid != -1)
		kill(c->pid, SIGKILL);
}

static void
wait_for_restart(struct child *c, int64_t ms)
{
	set_state(c, PROCESS_WAITING);
	timer_in(&c->timer, ms);
}

static void
restart(struct child *c)
{
	c->restarts++;
	if (!child_start(c)) {
		wait_for_restart(c, backoff_next(&c->backoff, 0));
		return;
	}
	if (!wiring_connect(c) || !confer(c))
		child_kill(c);
}

/* The next logger finds the lines that come while there is none. */
void
child_renew(struct child *c)
{
	if (c->pid == -1) {
		timer_unset(&c->timer);
		restart(c);
		return;
	}
	if (c->again)
		return;
	c->again = true;
	if (c->role == ROLE_LOGGER)
		wiring_lost_logger(c->suite);
	child_stop(c, CHILD_PATIENCE);
}

static void
on_timer(void *arg)
{
	struct child	*c = arg;
	char		 label[LABEL_SIZE];

	if (c->pid == -1) {
		restart(c);
		return;
	}
	if (c->draining && !c->stopped && c->peer != NULL) {
		log_warning("%s has not finished in time and is stopped",
		    child_label(c, label));
		child_stop(c, CHILD_PATIENCE);
		return;
	}
	log_warning("%s does not end and is killed", child_label(c, label));
	child_kill(c);
}

static bool
ended_as_told(const struct child *c, int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	    (c->state == PROCESS_STOPPING || c->role == ROLE_AGENT);
}

/* What ended it, and what comes of it. */
static void
tell_death(const struct child *c, pid_t pid, int status, int64_t wait)
{
	char	 label[LABEL_SIZE], then[64] = "";

	child_label(c, label);
	if (wait != -1)
		snprintf(then, sizeof then, ", starts again in %" PRId64
		    " ms", wait);
	if (WIFSIGNALED(status))
		log_warning("%s (pid %d) was killed by signal %d (%s)%s",
		    label, (int)pid, WTERMSIG(status),
		    strsignal(WTERMSIG(status)), then);
	else if (!ended_as_told(c, status))
		log_warning("%s (pid %d) ended with status %d%s", label,
		    (int)pid, WEXITSTATUS(status), then);
	else if (c->suite->verbose)
		log_info("%s ended", label);
}

static void
clear_process(struct child *c)
{
	c->pid = -1;
	timer_unset(&c->timer);
	peer_free(c->peer);
	c->peer = NULL;
	fd_close(&c->log_end);
}

/* Before all run nothing is tried twice: the start fails. */
static bool
comes_back(const struct child *c)
{
	if (c->role == ROLE_AGENT || c->draining || c->replaces != NULL ||
	    restart_successor(c) != NULL)
		return false;
	return !c->suite->failed && c->suite->phase != PHASE_STARTING &&
	    !stop_has_reached(c->suite, c->role);
}

static int64_t
wait_before_restart(struct child *c)
{
	if (!comes_back(c))
		return -1;
	return c->again ? 0 : backoff_next(&c->backoff,
	    clock_ms_between(c->started, clock_now()));
}

static void
come_back_or_go(struct child *c, int64_t wait)
{
	if (wait == 0)
		restart(c);
	else if (wait > 0)
		wait_for_restart(c, wait);
	else
		child_free(c);
}

static void
on_death(struct child *c, int status)
{
	struct suite	*s = c->suite;
	enum role	 role = c->role;
	pid_t		 pid = c->pid;
	int64_t		 wait = wait_before_restart(c);

	clear_process(c);
	if (role == ROLE_LOGGER && !c->again)
		wiring_lost_logger(s);
	tell_death(c, pid, status, wait);
	if (role == ROLE_LOCAL)
		agents_end(s);
	if (c->replaces != NULL)
		orders_failed(s, c);
	come_back_or_go(c, wait);
	if (s->phase == PHASE_STARTING && role != ROLE_AGENT)
		suite_fail(s);
	stop_go_on(s);
	orders_go_on(s);
}

void
children_reap(struct suite *s)
{
	struct child	*c;
	pid_t		 pid;
	int		 status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		TAILQ_FOREACH(c, &s->children, entry)
			if (c->pid == pid) {
				on_death(c, status);
				break;
			}
}
