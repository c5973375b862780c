/* SPDX-License-Identifier: ISC */
/*
 * Answers who only reads: its rows in ipc.def let it change nothing.
 */
#include <string.h>

#include "control/monitor.h"
#include "shared/id.h"
#include "shared/pattern.h"
#include "shared/program.h"

static struct {
	struct process	*process;
	struct admin	*admin;
} monitor;

static const char *const process_states[PROCESS_STATE_COUNT] = {
	[PROCESS_RUNNING] = "running",
	[PROCESS_WAITING] = "waiting",
	[PROCESS_STOPPING] = "stopping"
};

static const char *const trace_marks[TRACE_MARK_COUNT] = {
	[TRACE_NOTE] = "note",
	[TRACE_CONNECT] = "connect",
	[TRACE_SAID] = "said",
	[TRACE_HEARD] = "heard",
	[TRACE_VERDICT] = "verdict",
	[TRACE_GAP] = "gap"
};

/* ---- requests ----------------------------------------------------------- */

struct peer *
monitor_queue(void)
{
	return process_peer(monitor.process, ROLE_QUEUE);
}

struct session *
monitor_session(struct peer *peer, uint64_t token, enum msg_type asked)
{
	return admin_answered(monitor.admin, peer, token, asked);
}

static void
do_status(struct session *s, struct span arg)
{
	if (arg.len > 0) {
		session_err(s, ADMIN_ERR_USAGE, "status takes no argument");
		return;
	}
	s->ask = (struct msg){ .type = MSG_STATUS };
	session_ask(s, process_master(monitor.process), &s->ask.status.token);
}

static void
next_destinations(struct session *s)
{
	s->ask = (struct msg){ .type = MSG_DESTINATIONS };
	s->ask.destinations.after = span_of(s->behind);
	s->ask.destinations.count = LIST_ROWS_MAX;
	session_ask(s, monitor_queue(), &s->ask.destinations.token);
}

static void
do_destinations(struct session *s, struct span arg)
{
	char	 lower[ADDR_TEXT_MAX + 1];

	if (!pattern_lower(arg, lower) || !span_is_text(arg))
		session_err(s, ADMIN_ERR_USAGE, "not a pattern");
	else {
		(void)span_copy(span_of(lower), s->name, sizeof s->name);
		next_destinations(s);
	}
}

/* The remote with the lowest number from `instance` on, or NULL. */
static struct peer *
remote_from(unsigned instance)
{
	struct peer	*p = NULL, *best = NULL;

	while ((p = process_next_peer(monitor.process, ROLE_REMOTE, p)))
		if (peer_instance(p) >= instance && (best == NULL ||
		    peer_instance(p) < peer_instance(best)))
			best = p;
	return best;
}

/* One page of one remote; a remote may have gone since the last. */
static void
next_trace(struct session *s)
{
	struct peer	*p = remote_from(s->instance);

	if (p == NULL && s->found)
		session_ok(s, 0);
	else if (p == NULL)
		session_err(s, ADMIN_ERR_NONE, "no dialogue is kept");
	else {
		if (peer_instance(p) != s->instance)
			s->after = 0;
		s->instance = peer_instance(p);
		s->ask = (struct msg){ .type = MSG_TRACE };
		s->ask.trace.name = span_of(s->name);
		s->ask.trace.after = s->after;
		session_ask(s, p, &s->ask.trace.token);
	}
}

static void
do_trace(struct session *s, struct span arg)
{
	if (!span_copy(arg, s->name, sizeof s->name) || !span_is_text(arg))
		session_err(s, ADMIN_ERR_USAGE, "not a destination");
	else if (remote_from(0) == NULL)
		session_err(s, ADMIN_ERR_LATER,
		    "who could answer is starting; try again");
	else
		next_trace(s);
}

static const struct verb verbs[] = {
	{ "trace",	do_trace,	next_trace },
	{ "status",	do_status,	NULL },
	{ "queue list",	monitor_list,	monitor_next_page },
	{ "queue count", monitor_count,	monitor_next_tally },
	{ "queue show",	monitor_show,	NULL },
	{ "queue history", monitor_history,	NULL },
	{ "queue destinations", do_destinations, next_destinations },
	{ NULL,		NULL,		NULL }
};

/* ---- answers ------------------------------------------------------------ */

/* The name of a host, or the path of a socket: what stands between the kind and
 * the port. */
static struct span
place_of(struct span destination)
{
	struct span	 kind, rest = span_cut(destination, ':', &kind);
	size_t		 end = rest.len;

	while (end > 0 && rest.ptr[end - 1] != ':')
		end--;
	return rest.ptr[0] == '/' || end == 0 ? rest :
	    span_head(rest, end - 1);
}

static bool
is_meant(const struct session *s, struct span destination)
{
	return s->name[0] == '\0' || span_is_word(destination, s->name) ||
	    pattern_has_name(s->name, place_of(destination));
}

static const char *const destination_states[DESTINATION_STATE_COUNT] = {
	[DESTINATION_OPEN] = "open",
	[DESTINATION_PROBING] = "probing",
	[DESTINATION_CLOSED] = "closed",
	[DESTINATION_PAUSED] = "paused"
};

static const char *const advices[ADVICE_COUNT] = {
	[ADVICE_NONE] = "",
	[ADVICE_SLOW] = "slow",
	[ADVICE_PAUSE] = "pause",
	[ADVICE_FAMILY] = "other-family",
	[ADVICE_FINAL] = "permanent"
};

static const char *const destination_changes[DESTINATION_CHANGE_COUNT] = {
	[DESTINATION_CHANGE_NONE] = "",
	[DESTINATION_CHANGE_PROBE] = "probe",
	[DESTINATION_CHANGE_OPENS] = "opens",
	[DESTINATION_CHANGE_RATE] = "rate",
	[DESTINATION_CHANGE_PLACE] = "place",
	[DESTINATION_CHANGE_DUE] = "due"
};

/* Behind the row of a destination: what is next, and how it is served. */
static void
put_serving(struct session *s, const struct msg_destination *d)
{
	session_row(s, "serving\t%.*s\t%s\t%llu\t%u\t%u\t%u\t%u\t%u"
	    "\t%u\t%u\t%u\t%u\t%u\t%u\t%u\t%d", (int)d->pattern.len,
	    d->pattern.ptr, destination_changes[d->change],
	    (unsigned long long)d->change_at, d->retry_first, d->retry_max,
	    d->life, d->notice_life, d->delay, d->window_first,
	    d->window_max, d->per_second, d->per_hour, d->recipients,
	    d->mails, d->share, d->priority - PRIORITY_MAX);
}

static void
on_destination(struct peer *peer, struct msg *m)
{
	const struct msg_destination	*d = &m->destination;
	struct session	*s = admin_find(monitor.admin, d->token);
	char		 enhanced[ENHANCED_SIZE], text[REPLY_TEXT_MAX + 4];

	(void)peer;
	if (s == NULL || !is_meant(s, d->name))
		return;
	s->found = true;
	reply_enhanced(&d->why, enhanced);
	monitor_flatten(&d->why, text);
	if (!session_row(s, "destination\t%.*s\t%s\t%llu\t%llu\t%u\t%u\t%u\t%u"
	    "\t%u\t%s\t%.*s\t%llu\t%u\t%s\t%s", (int)d->name.len,
	    d->name.ptr, destination_states[d->state],
	    (unsigned long long)d->until, (unsigned long long)d->due,
	    d->window, d->jobs, d->silent, d->ready, d->failures,
	    advices[d->advice], (int)d->rule.len, d->rule.ptr,
	    (unsigned long long)d->rule_until, d->why.code, enhanced, text))
		return;
	put_serving(s, d);
}

static void
on_destinations_end(struct peer *peer, struct msg *m)
{
	struct span	 next = m->destinations_end.next;
	char		 was[DESTINATION_TEXT_MAX + 1];
	struct session	*s = admin_find(monitor.admin,
			    m->destinations_end.token);

	if (s == NULL)
		return;
	(void)span_copy(span_of(s->behind), was, sizeof was);
	(void)span_copy(next, s->behind, sizeof s->behind);
	if (next.len > 0 && strcmp(s->behind, was) <= 0)
		peer_accuse(peer, "lists in circles");
	else if (next.len > 0)
		session_answered(s);
	else if (s->found || s->name[0] == '\0')
		session_ok(s, 0);
	else
		session_err(s, ADMIN_ERR_NONE, "no such destination");
}

static void
on_process(struct peer *peer, struct msg *m)
{
	const struct msg_process	*p = &m->process;
	struct session	*s = admin_find(monitor.admin, p->token);

	(void)peer;
	if (s == NULL)
		return;
	session_row(s, "process\t%s\t%u\t%u\t%s\t%u\t%llu\t%.*s",
	    role_name(p->role), p->instance, p->pid, process_states[p->state],
	    p->restarts, (unsigned long long)p->since,
	    (int)p->name.len, p->name.ptr);
}

static void
on_status_end(struct peer *peer, struct msg *m)
{
	struct session	*s = admin_find(monitor.admin, m->status_end.token);

	(void)peer;
	if (s != NULL)
		session_ok(s, 0);
}

static void
on_trace_dialogue(struct peer *peer, struct msg *m)
{
	const struct msg_trace_dialogue	*d = &m->trace_dialogue;
	struct session	*s = admin_find(monitor.admin, d->token);
	char		 id[ID_SIZE], enhanced[ENHANCED_SIZE];
	char		 text[REPLY_TEXT_MAX + 4];

	if (s == NULL)
		return;
	s->found = true;
	id_format(id, d->message);
	reply_enhanced(&d->reply, enhanced);
	monitor_flatten(&d->reply, text);
	session_row(s, "dialogue\t%.*s\t%u\t%s\t%llu\t%llu\t%llu\t%u\t%s"
	    "\t%s", (int)d->destination.len, d->destination.ptr,
	    peer_instance(peer), id, (unsigned long long)d->begun,
	    (unsigned long long)d->ended, (unsigned long long)d->succeeded,
	    d->reply.code, enhanced, text);
}

static void
on_trace_line(struct peer *peer, struct msg *m)
{
	const struct msg_trace_line	*l = &m->trace_line;
	struct session	*s = admin_find(monitor.admin, l->token);

	(void)peer;
	if (s != NULL)
		session_row(s, "spoken\t%u\t%s\t%.*s", l->ms,
		    trace_marks[l->mark], (int)l->text.len, l->text.ptr);
}

/* As many pages as it can have; more come only while it grows. */
static void
on_traced(struct peer *peer, struct msg *m)
{
	uint64_t	 next = m->traced.next;
	struct session	*s = admin_find(monitor.admin, m->traced.token);

	if (s == NULL)
		return;
	if (next != 0 && next <= s->after) {
		peer_accuse(peer, "shows dialogues in circles");
		return;
	}
	s->after = next;
	if (next == 0 || ++s->pages == TRACE_PAGES_MAX) {
		s->after = s->pages = 0;
		s->instance++;
	}
	session_answered(s);
}

static void
on_listener(struct peer *peer, struct msg *m)
{
	(void)peer;
	if (m->nfds == 0)
		return;
	admin_listen(monitor.admin, m->fds[0]);
	m->fds[0] = -1;
}

static void
on_found(struct peer *peer)
{
	if (peer_role(peer) == ROLE_QUEUE)
		admin_found(monitor.admin, peer);
}

static void
on_lost(struct peer *peer)
{
	admin_lost(monitor.admin, peer);
}

static void
done(void)
{
	process_exit(monitor.process, 0);
}

static void
stop(void)
{
	admin_stop(monitor.admin, done);
}

static void
prepare(struct process *p)
{
	monitor.process = p;
	monitor.admin = admin_new(process_loop(p), verbs);
}

static const struct route inbox[] = {
	{ MSG_CONF_LISTENER,	on_listener },
	{ MSG_LISTED,		on_listed },
	{ MSG_LISTED_RCPT,	on_listed_rcpt },
	{ MSG_LIST_END,		on_list_end },
	{ MSG_TALLIED,		on_tallied },
	{ MSG_EVENT,		on_event },
	{ MSG_HISTORY_END,	on_history_end },
	{ MSG_DESTINATION,	on_destination },
	{ MSG_DESTINATIONS_END,	on_destinations_end },
	{ MSG_PROCESS,		on_process },
	{ MSG_STATUS_END,	on_status_end },
	{ MSG_TRACE_DIALOGUE,	on_trace_dialogue },
	{ MSG_TRACE_LINE,	on_trace_line },
	{ MSG_TRACED,		on_traced },
	{ MSG_COUNT,		NULL }
};

static const struct program description = {
	.role = ROLE_MONITOR,
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
