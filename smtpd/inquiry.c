/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "smtpd/command.h"
#include "smtpd/inquiry.h"
#include "smtpd/server.h"

struct inquiry {
	struct question	 question;
	struct session	*session;
	struct addr	 about;
	bool		 bare, expands;
	struct buf	 members;	/* a line each */
	bool		 too_many;
};

static struct server *
server_of(const struct inquiry *q)
{
	return q->session->server;
}

void
inquiry_free(struct inquiry *q)
{
	if (q == NULL)
		return;
	question_end(&server_of(q)->inquiries, &q->question);
	buf_clear(&q->members);
	q->session->inquiry = NULL;
	free(q);
}

/* ---- the question -------------------------------------------------------- */

static void
ask(void *arg)
{
	struct inquiry	*q = arg;
	struct peer	*lookup = server_of(q)->lookup;
	struct msg	 m = { .type = MSG_VERIFY };

	m.verify.token = peer_token(lookup);
	m.verify.address = q->about;
	m.verify.bare = q->bare;
	m.verify.expand = q->expands;
	m.verify.relay = q->session->relay;
	m.verify.visit = q->session->visit;
	if (!peer_ask(lookup, &m)) {
		question_wait(&q->question, lookup, ask);
		return;
	}
	question_asked(&server_of(q)->inquiries, &q->question,
	    m.verify.token);
}

/*
 * A mailbox, with brackets or without; or what could stand in front of an "@",
 * which gets a domain to be an address, until lookup knows a better one.
 */
static enum addr_status
parse(struct inquiry *q, struct span arg)
{
	enum addr_status status;
	struct buf	 b;

	if (span_starts(arg, "<")) {
		status = addr_parse_path(&arg, ADDR_FORWARD, &q->about, NULL);
		return status == ADDR_OK && arg.len > 0 ? ADDR_SYNTAX : status;
	}
	status = addr_parse(arg, &q->about);
	if (status != ADDR_SYNTAX)
		return status;
	buf_init(&b, COMMAND_LINE_MAX + HOST_TEXT_MAX);
	(void)buf_put(&b, arg);
	(void)buf_printf(&b, "@%s", server_of(q)->hostname);
	status = addr_parse(buf_span(&b), &q->about);
	q->bare = status == ADDR_OK;
	buf_clear(&b);
	return status;
}

/* ---- the answer ---------------------------------------------------------- */

static struct reply
cannot_say(bool expands)
{
	return expands ? reply_make(252, "2.0.0",
	    "Cannot tell who is behind that; send some mail, it will be "
	    "tried") :
	    reply_make(252, "2.0.0",
	    "Cannot verify that; send some mail, it will be tried");
}

static void
answer(struct inquiry *q, struct reply r)
{
	struct session	*s = q->session;
	struct span	 text = span_of(r.text);

	if (reply_is_later(&r) || q->too_many) {
		r = cannot_say(q->expands);
		text = span_of(r.text);
	} else if (reply_is_refusal(&r)) {
		session_log_reject(s, s->command->verb, &r, &q->about);
	} else if (buf_len(&q->members) > 0) {
		text = buf_span(&q->members);
	}
	session_reply_text(s, &r, text);
	inquiry_free(q);
}

void
inquiry_begin(struct session *s, struct span arg, bool expands)
{
	unsigned	 wanted = expands ? LISTENER_EXPN : LISTENER_VRFY;
	struct inquiry	*q;

	if (!(s->client.flags & wanted)) {
		struct reply	 r = cannot_say(expands);

		session_reply(s, &r);
		return;
	}
	q = xcalloc(1, sizeof(*q));
	question_init(&q->question, q);
	q->session = s;
	q->expands = expands;
	buf_init(&q->members, EXPN_TEXT_MAX);
	s->inquiry = q;
	if (parse(q, arg) != ADDR_OK)
		answer(q, reply_make(501, "5.1.3",
		    "Bad syntax; give a name or an address"));
	else if (s->server->lookup == NULL)
		answer(q, cannot_say(expands));
	else
		ask(q);
}

/* ---- what lookup says ---------------------------------------------------- */

bool
inquiry_on_verdict(struct server *server, const struct msg_verdict *m)
{
	struct inquiry	*q = question_find(&server->inquiries, m->token);
	struct session	*s;

	if (q == NULL)
		return false;
	if (!reply_is_verdict(&m->reply)) {
		peer_accuse(server->lookup, "gives a verdict that is none");
		return true;
	}
	s = q->session;
	answer(q, m->reply);
	session_resume(s);
	return true;
}

void
inquiry_on_member(struct server *server, const struct msg_member *m)
{
	struct inquiry	*q = question_find(&server->inquiries, m->token);

	if (q == NULL)
		return;		/* the client left meanwhile */
	if (!q->expands) {
		peer_accuse(server->lookup, "tells members of what is no list");
		return;
	}
	if (!buf_printf(&q->members, "%s<%s>",
	    buf_len(&q->members) > 0 ? "\n" : "", m->address.text))
		q->too_many = true;
}

void
inquiry_lost(struct server *server)
{
	struct session	*s;
	struct inquiry	*q;

	LIST_FOREACH(s, &server->sessions, entry) {
		q = s->inquiry;
		if (q == NULL)
			continue;
		answer(q, cannot_say(q->expands));
		session_resume(s);
	}
}
