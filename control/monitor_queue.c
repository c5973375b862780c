/* SPDX-License-Identifier: ISC */
/*
 * Messages, for whoever only reads.  A walk is asked of queue page after page,
 * the next when the one before has left: it needs no memory here, however long
 * it is, and a client that reads slowly is waited for.
 */
#include <string.h>

#include "control/monitor.h"
#include "shared/id.h"

enum { PAGE = 16 };		/* messages asked for at a time */

static const char *const recipient_states[RECIPIENT_STATE_COUNT] = {
	[RECIPIENT_NEW] = "new",
	[RECIPIENT_WAITING] = "waiting",
	[RECIPIENT_RUNNING] = "running",
	[RECIPIENT_FAILED] = "failed"
};

/* ---- requests ----------------------------------------------------------- */

static void
ask_page(struct session *s, unsigned count)
{
	const struct filter	*filter = &s->query->filter;
	struct msg_list		*to = &s->ask.list;

	s->ask = (struct msg){ .type = MSG_LIST };
	to->after = s->query->after;
	to->count = count;
	FILTER_FIELDS(FILTER_COPY)
	session_ask(s, monitor_queue(), &to->token);
}

void
monitor_next_page(struct session *s)
{
	ask_page(s, PAGE);
}

/* No argument, and no order. */
static bool
is_read_only(struct session *s, struct span arg)
{
	if (!session_query(s, arg))
		return false;
	if (!s->query->dry && s->query->argument.len == 0)
		return true;
	session_err(s, ADMIN_ERR_USAGE, "this is no order");
	return false;
}

void
monitor_list(struct session *s, struct span arg)
{
	if (is_read_only(s, arg))
		monitor_next_page(s);
}

void
monitor_next_tally(struct session *s)
{
	const struct filter	*filter = &s->query->filter;
	struct msg_tally	*to = &s->ask.tally;

	s->ask = (struct msg){ .type = MSG_TALLY };
	to->after = s->query->after;
	FILTER_FIELDS(FILTER_COPY)
	session_ask(s, monitor_queue(), &to->token);
}

void
monitor_count(struct session *s, struct span arg)
{
	if (is_read_only(s, arg))
		monitor_next_tally(s);
}

/* Of one message: its id, and an empty filter. */
static bool
takes_id(struct session *s, struct span arg)
{
	if (!id_parse(arg, &s->id)) {
		session_err(s, ADMIN_ERR_USAGE, "not a message's id");
		return false;
	}
	if (s->id == 0) {
		session_err(s, ADMIN_ERR_NONE, "no such message");
		return false;
	}
	return session_query(s, span_of(""));
}

/* The page of one that follows the id before it. */
void
monitor_show(struct session *s, struct span arg)
{
	if (!takes_id(s, arg))
		return;
	s->query->after = s->id - 1;
	ask_page(s, 1);
}

void
monitor_history(struct session *s, struct span arg)
{
	if (!takes_id(s, arg))
		return;
	s->ask = (struct msg){ .type = MSG_HISTORY };
	s->ask.history.message = s->id;
	session_ask(s, monitor_queue(), &s->ask.history.token);
}

/* ---- answers ------------------------------------------------------------ */

void
monitor_flatten(const struct reply *r, char into[REPLY_TEXT_MAX + 4])
{
	char	*c;

	memcpy(into, r->text, sizeof(r->text));
	into[REPLY_TEXT_MAX + 3] = '\0';
	for (c = into; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
}

void
on_listed(struct peer *peer, struct msg *m)
{
	const struct msg_listed	*l = &m->listed;
	struct session		*s = monitor_session(peer, l->token,
			    MSG_LIST);
	char			 id[ID_SIZE];

	if (s == NULL || (s->id != 0 && l->message != s->id))
		return;
	s->found = true;
	id_format(id, l->message);
	session_row(s, "message\t%s\t%llu\t%llu\t%s\t%u\t%s\t%.*s\t%.*s\t%u"
	    "\t%.*s", id, (unsigned long long)l->arrived,
	    (unsigned long long)l->size, message_state_name(l->state),
	    l->recipients, l->sender.text, (int)l->client.len, l->client.ptr,
	    (int)l->identity.len, l->identity.ptr, l->flags,
	    (int)l->parameters.len, l->parameters.ptr);
}

void
on_listed_rcpt(struct peer *peer, struct msg *m)
{
	const struct msg_listed_rcpt	*l = &m->listed_rcpt;
	struct session	*s = monitor_session(peer, l->token,
			    MSG_LIST);
	char		 id[ID_SIZE], enhanced[ENHANCED_SIZE];
	char		 text[REPLY_TEXT_MAX + 4];

	if (s == NULL || (s->id != 0 && l->message != s->id))
		return;
	id_format(id, l->message);
	reply_enhanced(&l->reply, enhanced);
	monitor_flatten(&l->reply, text);
	session_row(s, "recipient\t%s\t%u\t%s\t%llu\t%u\t%s\t%s\t%.*s\t%u\t"
	    "%s\t%s\t%u\t%u\t%.*s\t%.*s", id, l->number,
	    recipient_states[l->state], (unsigned long long)l->due,
	    l->attempts, l->recipient.text, l->original.text,
	    (int)l->destination.len, l->destination.ptr, l->reply.code,
	    enhanced, text, l->generation, l->marks,
	    (int)l->parameters.len, l->parameters.ptr,
	    (int)l->relay.len, l->relay.ptr);
}

void
on_list_end(struct peer *peer, struct msg *m)
{
	struct session	*s = monitor_session(peer, m->list_end.token,
			    MSG_LIST);

	if (s == NULL)
		return;
	if (s->id != 0 && s->found)
		session_ok(s, 1);
	else if (s->id != 0)
		session_err(s, ADMIN_ERR_NONE, "no such message");
	else if (session_page_end(s, m->list_end.next))
		session_ok(s, 0);
}

void
on_tallied(struct peer *peer, struct msg *m)
{
	const struct msg_tallied	*t = &m->tallied;
	struct session	*s = monitor_session(peer, t->token,
			    MSG_TALLY);

	if (s == NULL)
		return;
	s->sums[0] += t->messages;
	s->sums[1] += t->recipients;
	s->sums[2] += t->octets;
	if (session_page_end(s, t->next) && session_row(s,
	    "count\t%llu\t%llu\t%llu", (unsigned long long)s->sums[0],
	    (unsigned long long)s->sums[1], (unsigned long long)s->sums[2]))
		session_ok(s, s->sums[0]);
}

static const char *const events[EVENT_COUNT] = {
	[EVENT_DEFERRED] = "deferred",
	[EVENT_FAILED] = "failed",
	[EVENT_REPLACED] = "replaced",
	[EVENT_LOST] = "lost",
	[EVENT_QUARANTINED] = "quarantined",
	[EVENT_HELD] = "held",
	[EVENT_RELEASED] = "released",
	[EVENT_RETRIED] = "retried",
	[EVENT_BOUNCED] = "bounced",
	[EVENT_EXPIRED] = "expired",
	[EVENT_REDIRECTED] = "redirected",
	[EVENT_READDRESSED] = "readdressed"
};

void
on_event(struct peer *peer, struct msg *m)
{
	const struct msg_event	*e = &m->event;
	struct session	*s = monitor_session(peer, e->token,
			    MSG_HISTORY);
	char		 id[ID_SIZE], enhanced[ENHANCED_SIZE];
	char		 text[REPLY_TEXT_MAX + 4];

	if (s == NULL)
		return;
	id_format(id, s->id);
	reply_enhanced(&e->reply, enhanced);
	monitor_flatten(&e->reply, text);
	session_row(s, "event\t%s\t%llu\t%s\t%lld\t%u\t%u\t%s\t%s\t%.*s", id,
	    (unsigned long long)e->time, events[e->kind],
	    e->number == UINT32_MAX ? -1LL : (long long)e->number, e->uid,
	    e->reply.code, enhanced, text, (int)e->relay.len, e->relay.ptr);
}

void
on_history_end(struct peer *peer, struct msg *m)
{
	struct session	*s = monitor_session(peer, m->history_end.token,
			    MSG_HISTORY);

	if (s != NULL)
		session_ok(s, m->history_end.count);
}
