/* SPDX-License-Identifier: ISC */
#include "smtpd/parameters.h"
#include "smtpd/recipient.h"
#include "smtpd/ruling.h"
#include "smtpd/server.h"

static void
ask(void *arg)
{
	struct transaction	*t = arg;
	struct peer		*lookup = t->session->server->lookup;
	struct msg		 m = { .type = MSG_RCPT };
	char			 parameters[PARAMETERS_MAX + 1];

	m.rcpt.token = peer_token(lookup);
	m.rcpt.recipient = t->recipient;
	m.rcpt.sender = t->sender;
	m.rcpt.relay = t->session->relay;
	m.rcpt.visit = t->session->visit;
	m.rcpt.first = !t->counted;
	m.rcpt.identity = client_account(&t->session->client);
	m.rcpt.parameters = parameters_of_recipient(t, parameters);
	if (peer_ask(lookup, &m))
		transaction_ask(t, m.rcpt.token);
	else
		question_wait(&t->question, lookup, ask);
}

/*
 * A recipient that is refused for now counts as an error, too: whoever asks
 * for it again and again would fill the log.
 */
static void
refuse(struct transaction *t, const struct reply *verdict)
{
	t->refused++;
	t->session->errors += reply_is_later(verdict);
	session_log_reject(t->session, "RCPT", verdict, &t->recipient);
}

static void
answer(struct transaction *t, const struct reply *verdict)
{
	transaction_answered(t);
	t->awaits = AWAITS_NOTHING;
	if (reply_is_success(verdict)) {
		transaction_add_recipient(t);
		ruling_keep(t);
	} else
		refuse(t, verdict);
	session_reply(t->session, verdict);
}

static void
answer_unknown(struct transaction *t)
{
	struct reply	 r = reply_make(451, "4.3.0",
			    "<%s>: Recipient lookup failed, try again later",
			    t->recipient.text);

	answer(t, &r);
}

void
recipient_ask(struct transaction *t)
{
	struct server	*server = t->session->server;
	struct reply	 why;

	if (!ruling_allows(t, &why)) {
		answer(t, &why);
		return;
	}
	if (server->lookup == NULL && !timer_is_set(&server->lookup_away)) {
		answer_unknown(t);
		return;
	}
	t->awaits = AWAITS_VERDICT;
	if (server->lookup != NULL)
		ask(t);
}

void
recipient_on_verdict(struct server *server, const struct msg_verdict *m)
{
	struct transaction	*t = transaction_find(server, m->token);
	struct session		*s;

	if (t == NULL)
		return;		/* the client left meanwhile */
	if (t->awaits != AWAITS_VERDICT || !reply_is_verdict(&m->reply)) {
		peer_accuse(server->lookup, "gives a verdict that is none");
		return;
	}
	s = t->session;
	t->counted |= !reply_is_later(&m->reply);
	answer(t, &m->reply);
	session_resume(s);
}

/* ---- its coming and going ------------------------------------------------ */

void
recipient_found(struct server *server, struct peer *lookup)
{
	struct session	*s;

	server->lookup = lookup;
	timer_unset(&server->lookup_away);
	LIST_FOREACH(s, &server->sessions, entry)
		if (transaction_is_unasked(s->transaction,
		    AWAITS_VERDICT))
			ask(s->transaction);
}

void
recipient_give_up(struct server *server)
{
	struct session	*s;

	LIST_FOREACH(s, &server->sessions, entry) {
		if (!transaction_is_unasked(s->transaction,
		    AWAITS_VERDICT))
			continue;
		answer_unknown(s->transaction);
		session_resume(s);
	}
}

void
recipient_lost(struct server *server)
{
	struct session		*s;
	struct transaction	*t;

	server->lookup = NULL;
	LIST_FOREACH(s, &server->sessions, entry) {
		t = s->transaction;
		if (t == NULL || t->awaits != AWAITS_VERDICT)
			continue;
		transaction_answered(t);
	}
	timer_in(&server->lookup_away, AWAY_TIME);
}
