/* SPDX-License-Identifier: ISC */
/*
 * Carries out what admins order.  Who may order is who may write to its
 * socket; each order is logged with the caller's uid.
 */
#include "control/control.h"
#include "shared/log.h"
#include "shared/program.h"

/* Processes that end in order may take their time for it. */
enum { MASTER_PATIENCE = 2 * STOP_TIME };

static struct {
	struct process	*process;
	struct admin	*admin;
} control;

struct peer *
control_queue(void)
{
	return process_peer(control.process, ROLE_QUEUE);
}

struct session *
control_session(struct peer *peer, uint64_t token, enum msg_type asked)
{
	return admin_answered(control.admin, peer, token, asked);
}

struct session *
control_next(struct session *s, enum msg_type asked)
{
	return admin_next(control.admin, s, asked);
}

/* All of them at once need not be told one by one. */
static void
do_retry(struct session *s, struct span arg)
{
	if (!span_is(arg, "ALL")) {
		control_order(s, arg);
		return;
	}
	log_info("ALL: retry ordered, uid=%u", s->uid);
	s->ask = (struct msg){ .type = MSG_RETRY };
	session_ask(s, control_queue(), &s->ask.retry.token);
}

static bool
find_role(struct span name, enum role *role)
{
	for (*role = 0; *role < ROLE_COUNT; ++*role)
		if (span_is(name, role_name(*role)))
			return true;
	return false;
}

static void
do_restart(struct session *s, struct span arg)
{
	enum role	 role;

	if (!find_role(arg, &role)) {
		session_err(s, ADMIN_ERR_USAGE, "no such process");
		return;
	}
	log_info("restart of %s ordered, uid=%u", role_name(role), s->uid);
	s->ask = (struct msg){ .type = MSG_RESTART };
	s->ask.restart.role = role;
	s->patience = MASTER_PATIENCE;
	session_ask(s, process_master(control.process), &s->ask.restart.token);
}

static void
do_reload(struct session *s, struct span arg)
{
	if (arg.len > 0) {
		session_err(s, ADMIN_ERR_USAGE, "reload takes no argument");
		return;
	}
	log_info("reload ordered, uid=%u", s->uid);
	s->ask = (struct msg){ .type = MSG_RELOAD };
	s->patience = MASTER_PATIENCE;
	session_ask(s, process_master(control.process), &s->ask.reload.token);
}

static const struct verb verbs[] = {
	{ "queue retry", do_retry,	control_next_part },
	{ "queue delete", control_order, control_next_part },
	{ "queue hold", control_order,	control_next_part },
	{ "queue release", control_order, control_next_part },
	{ "queue bounce", control_order, control_next_part },
	{ "queue expire", control_order, control_next_part },
	{ "queue redirect", control_order, control_next_part },
	{ "queue recipient", control_order, control_next_part },
	{ "queue import", control_import, NULL },
	{ "queue content", control_content, control_next_content },
	{ "restart",	do_restart,	NULL },
	{ "reload",	do_reload,	NULL },
	{ NULL,		NULL,		NULL }
};

static void
on_retried(struct peer *peer, struct msg *m)
{
	struct session	*s = control_session(peer, m->retried.token,
			    MSG_RETRY);

	if (s != NULL)
		session_ok(s, m->retried.count);
}

static void
end_order(struct session *s, unsigned count, unsigned status,
    struct span text)
{
	char	 why[REASON_TEXT_MAX + 1];

	if (s == NULL)
		return;
	(void)span_copy(text, why, sizeof why);
	if (status != 0)
		session_err(s, status, why);
	else
		session_ok(s, count);
}

static void
on_restarted(struct peer *peer, struct msg *m)
{
	const struct msg_restarted	*r = &m->restarted;

	(void)peer;
	end_order(admin_find(control.admin, r->token), r->count, r->status,
	    r->text);
}

static void
on_reload_line(struct peer *peer, struct msg *m)
{
	const struct msg_reload_line	*l = &m->reload_line;
	struct session	*s = admin_find(control.admin, l->token);

	(void)peer;
	if (s != NULL)
		session_row(s, "line\t%.*s", (int)l->text.len, l->text.ptr);
}

static void
on_reloaded(struct peer *peer, struct msg *m)
{
	const struct msg_reloaded	*r = &m->reloaded;

	(void)peer;
	end_order(admin_find(control.admin, r->token), r->count, r->status,
	    r->text);
}

static void
on_listener(struct peer *peer, struct msg *m)
{
	(void)peer;
	if (m->nfds == 0)
		return;
	admin_listen(control.admin, m->fds[0]);
	m->fds[0] = -1;
}

static void
on_found(struct peer *peer)
{
	if (peer_role(peer) == ROLE_QUEUE)
		admin_found(control.admin, peer);
}

static void
on_lost(struct peer *peer)
{
	admin_lost(control.admin, peer);
}

static void
done(void)
{
	process_exit(control.process, 0);
}

static void
stop(void)
{
	admin_stop(control.admin, done);
}

static void
prepare(struct process *p)
{
	control.process = p;
	control.admin = admin_new(process_loop(p), verbs);
}

static const struct route inbox[] = {
	{ MSG_CONF_LISTENER,	on_listener },
	{ MSG_RETRIED,		on_retried },
	{ MSG_ORDERED_ONE,	on_ordered_one },
	{ MSG_ORDERED,		on_ordered },
	{ MSG_SHOWN,		on_shown },
	{ MSG_OPENED,		on_opened },
	{ MSG_FREED,		on_freed },
	{ MSG_STORED,		on_stored },
	{ MSG_RESTARTED,	on_restarted },
	{ MSG_RELOAD_LINE,	on_reload_line },
	{ MSG_RELOADED,		on_reloaded },
	{ MSG_COUNT,		NULL }
};

static const struct program description = {
	.role = ROLE_CONTROL,
	.priv = { .calls = PRIV_ACCEPT, .files = ADMIN_SESSIONS_MAX + 64 },
	.after_drop = prepare,
	.found = on_found,
	.lost = on_lost,
	.stop = stop,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	return program_run(&description, argc, argv);
}
