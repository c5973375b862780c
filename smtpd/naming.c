/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "smtpd/naming.h"
#include "smtpd/server.h"

struct naming {
	RB_ENTRY(naming) by_token;
	struct session	*session;
	struct waiter	 waiter;	/* for credit */
	uint64_t	 token;		/* 0: not asked yet */
};

static int
compare(const struct naming *a, const struct naming *b)
{
	if (a->token == b->token)
		return 0;
	return a->token < b->token ? -1 : 1;
}

RB_PROTOTYPE(namings, naming, by_token, compare)
RB_GENERATE(namings, naming, by_token, compare)

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
		peer_wait(resolver, &n->waiter, ask, n);
		return;
	}
	n->token = m.name_of.token;
	if (RB_INSERT(namings, &s->server->namings, n) != NULL)
		fatal("a token was given out twice");
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
	n->session = s;
	s->naming = n;
	ask(n);
	return true;
}

static void
end(struct session *s)
{
	struct naming	*n = s->naming;

	if (n->token != 0)
		RB_REMOVE(namings, &s->server->namings, n);
	waiter_clear(&n->waiter);
	free(n);
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
	struct naming	 key = { .token = m->token }, *n;
	struct session	*s;

	if (!is_answer(m)) {
		peer_accuse(server->resolver, "gives a name that is none");
		return;
	}
	n = RB_FIND(namings, &server->namings, &key);
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
