/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "smtpd/naming.h"
#include "smtpd/server.h"

struct naming {
	struct question	 question;
	struct session	*session;
};

static void
ask(void *arg)
{
	struct naming	*n = arg;
	struct session	*s = n->session;
	struct peer	*resolver = s->server->resolver;
	struct msg	 m = { .type = MSG_NAME_OF };

	m.name_of.token = peer_token(resolver);
	m.name_of.address = span_make(s->client.address,
	    sizeof(s->client.address));
	if (!peer_ask(resolver, &m)) {
		question_wait(&n->question, resolver, ask);
		return;
	}
	question_asked(&s->server->namings, &n->question, m.name_of.token);
}

bool
naming_ask(struct session *s)
{
	struct naming	*n;

	s->client.name_later = false;
	if (s->client.name != NULL || s->client.unnamed ||
	    !s->server->names || client_is_local(&s->client))
		return false;
	s->client.name_later = s->server->resolver == NULL;
	if (s->server->resolver == NULL)
		return false;
	n = xcalloc(1, sizeof(*n));
	question_init(&n->question, n);
	n->session = s;
	s->naming = n;
	ask(n);
	return true;
}

static void
end(struct session *s)
{
	question_end(&s->server->namings, &s->naming->question);
	free(s->naming);
	s->naming = NULL;
}

void
naming_give_up(struct session *s)
{
	if (s->naming == NULL)
		return;
	end(s);
	s->client.name_later = true;
}

/* Resolver may have been lied to by DNS, or lie: a name has to be one. */
static bool
is_answer(const struct msg_named *m)
{
	if (m->outcome != NAMED_FOUND)
		return m->name.len == 0;
	return domain_is_valid(m->name) && !span_starts(m->name, "[");
}

void
naming_on_named(struct server *server, const struct msg_named *m)
{
	struct naming	*n;
	struct session	*s;

	if (!is_answer(m)) {
		peer_accuse(server->resolver, "gives a name that is none");
		return;
	}
	n = question_find(&server->namings, m->token);
	if (n == NULL)
		return;		/* it came too late */
	s = n->session;
	end(s);
	s->client.name_later = m->outcome == NAMED_LATER;
	if (m->outcome == NAMED_FOUND)
		s->client.name = span_dup(m->name);
	session_named(s);
}

void
naming_lost(struct server *server)
{
	struct session	*s;

	server->resolver = NULL;
	LIST_FOREACH(s, &server->sessions, entry) {
		if (s->naming == NULL)
			continue;
		naming_give_up(s);
		session_named(s);
	}
}
