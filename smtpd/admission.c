/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "smtpd/admission.h"
#include "smtpd/server.h"

/* A question that is open, or waits for lookup or for credit. */
struct admission {
	struct question	 question;
	struct session	*session;
};

static struct server *
server_of(const struct admission *a)
{
	return a->session->server;
}

/* It is not on its way any more. */
static void
forget_question(struct admission *a)
{
	question_end(&server_of(a)->admissions, &a->question);
}

void
admission_drop(struct session *s)
{
	struct admission	*a = s->admission;

	if (a == NULL)
		return;
	forget_question(a);
	s->admission = NULL;
	free(a);
}

/* ---- asking -------------------------------------------------------------- */

static struct span
address_of(const struct session *s)
{
	return span_make(s->client.address, sizeof(s->client.address));
}

static void
ask(void *arg)
{
	struct admission	*a = arg;
	struct session		*s = a->session;
	struct peer		*lookup = s->server->lookup;
	struct msg		 m = { .type = MSG_ADMIT };

	m.admit.token = peer_token(lookup);
	m.admit.limits = s->limit->number;
	m.admit.address = address_of(s);
	m.admit.exempt = session_is_exempt(s);
	if (!peer_ask(lookup, &m)) {
		question_wait(&a->question, lookup, ask);
		return;
	}
	s->visit = m.admit.token;
	question_asked(&s->server->admissions, &a->question, s->visit);
}

static void
let_in(struct session *s)
{
	admission_drop(s);
	session_admit(s, NULL);
}

void
admission_ask(struct session *s)
{
	struct server	*server = s->server;

	if (server->lookup == NULL && !timer_is_set(&server->lookup_away)) {
		let_in(s);
		return;
	}
	s->admission = xcalloc(1, sizeof(*s->admission));
	question_init(&s->admission->question, s->admission);
	s->admission->session = s;
	if (server->lookup != NULL)
		ask(s->admission);
}

void
admission_on_admitted(struct server *server, const struct msg_admitted *m)
{
	struct admission	*a = question_find(&server->admissions,
				    m->token);
	struct session		*s;

	if (a == NULL)
		return;		/* the client left meanwhile */
	if (!reply_is_verdict(&m->reply)) {
		peer_accuse(server->lookup, "gives a verdict that is none");
		return;
	}
	s = a->session;
	if (reply_is_success(&m->reply)) {
		let_in(s);
		return;
	}
	admission_drop(s);
	s->visit = 0;
	session_admit(s, &m->reply);
}

void
admission_end(struct session *s)
{
	struct peer	*lookup = s->server->lookup;
	struct msg	 m = { .type = MSG_LEFT };

	admission_drop(s);
	if (s->visit == 0 || lookup == NULL)
		return;
	m.left.token = s->visit;
	m.left.errors = session_failures(s) - s->told;
	peer_put(lookup, &m);
	s->told += m.left.errors;
	s->visit = 0;
}

/* ---- its coming and going ------------------------------------------------ */

static void
tell_of(struct session *s, struct peer *lookup)
{
	struct msg	 m = { .type = MSG_STAYS };

	if (s->visit == 0)
		s->visit = peer_token(lookup);
	m.stays.token = s->visit;
	m.stays.limits = s->limit->number;
	m.stays.address = address_of(s);
	m.stays.exempt = session_is_exempt(s);
	peer_put(lookup, &m);
}

/* What lookup knew of it is told again, and anew. */
void
admission_renew(struct session *s)
{
	admission_end(s);
	if (s->server->lookup != NULL)
		tell_of(s, s->server->lookup);
}

static bool
is_unasked(const struct session *s)
{
	return s->admission != NULL &&
	    question_is_unasked(&s->admission->question);
}

/* Who is here comes first: it decides about those at the door. */
void
admission_found(struct server *server, struct peer *lookup)
{
	struct session	*s;

	server->lookup = lookup;
	LIST_FOREACH(s, &server->sessions, entry)
		if (s->met && !s->closing && s->admission == NULL)
			tell_of(s, lookup);
	LIST_FOREACH(s, &server->sessions, entry)
		if (is_unasked(s))
			ask(s->admission);
}

void
admission_lost(struct server *server)
{
	struct session	*s;

	LIST_FOREACH(s, &server->sessions, entry) {
		if (s->admission == NULL)
			continue;
		forget_question(s->admission);
		s->visit = 0;
	}
}

void
admission_give_up(struct server *server)
{
	struct session	*s;

	LIST_FOREACH(s, &server->sessions, entry)
		if (is_unasked(s))
			let_in(s);
}
