/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <string.h>

#include "shared/addr.h"
#include "remote/way.h"

/* Resolvers that may die over one question, which may be the cause. */
enum { LOSSES_MAX = 2 };

static void	 ask(struct way *);

static void
close_question(struct way *w)
{
	if (!w->open)
		return;
	w->open = false;
	w->token = 0;
	LIST_REMOVE(w, entry);
	timer_unset(&w->patience);
	waiter_clear(&w->waiter);
}

static void
tell(struct way *w, enum way_outcome outcome)
{
	close_question(w);
	w->known(w->arg, outcome);
}

static void
on_impatience(void *arg)
{
	tell(arg, WAY_NO_RESOLVER);
}

static void
on_credit(void *arg)
{
	ask(arg);
}

void
way_init(struct way *w, struct loop *loop, struct way_list *list,
    void (*known)(void *, enum way_outcome), void *arg)
{
	memset(w, 0, sizeof *w);
	timer_init(&w->patience, loop, on_impatience, w);
	w->list = list;
	w->known = known;
	w->arg = arg;
}

void
way_clear(struct way *w)
{
	close_question(w);
	timer_clear(&w->patience);
}

static void
ask(struct way *w)
{
	struct msg	 m = { .type = MSG_RESOLVE };

	if (w->resolver == NULL)
		return;
	m.resolve.token = peer_token(w->resolver);
	m.resolve.name = span_of(w->to->name);
	m.resolve.kind = w->to->kind == DESTINATION_MX ? RESOLVE_MX :
	    RESOLVE_HOST;
	if (peer_ask(w->resolver, &m))
		w->token = m.resolve.token;
	else
		peer_wait(w->resolver, &w->waiter, on_credit, w);
}

/* Of half an answer nothing stays. */
static void
ask_again(struct way *w)
{
	w->token = 0;
	w->count = 0;
	ask(w);
}

/* Room was looked for by the caller. */
static void
add(struct way *w, struct span host, int family, const void *address)
{
	struct endpoint	*e = &w->endpoints[w->count++];

	memset(e, 0, sizeof *e);
	(void)span_copy(host, e->host, sizeof e->host);
	e->family = family;
	memcpy(e->address, address, family == AF_INET ? 4 : 16);
	e->port = w->to->port;
}

void
way_find(struct way *w, const struct destination *to, struct peer *resolver)
{
	w->to = to;
	w->count = w->next = w->losses = 0;
	w->resolver = resolver;
	if (to->family != AF_UNSPEC) {
		add(w, span_of(to->name), to->family, to->address);
		tell(w, WAY_OK);
		return;
	}
	w->open = true;
	LIST_INSERT_HEAD(w->list, w, entry);
	timer_in(&w->patience, WAY_TIME);
	ask(w);
}

static void
change_resolver(struct way *w, struct peer *resolver)
{
	waiter_clear(&w->waiter);
	w->resolver = resolver;
	if (w->token != 0 && ++w->losses == LOSSES_MAX)
		tell(w, WAY_NO_RESOLVER);
	else
		ask_again(w);
}

void
ways_resolver(struct way_list *list, struct peer *resolver)
{
	struct way	*w, *next;

	for (w = LIST_FIRST(list); w != NULL; w = next) {
		next = LIST_NEXT(w, entry);
		change_resolver(w, resolver);
	}
}

struct way *
ways_find(struct way_list *list, uint64_t token)
{
	struct way	*w;

	LIST_FOREACH(w, list, entry)
		if (w->token == token)
			break;
	return w;
}

bool
way_address(struct way *w, const struct msg_address *m)
{
	size_t	 len = m->address.len;

	if (w->count == ADDRESSES_MAX || (len != 4 && len != 16) ||
	    !domain_is_valid(m->host))
		return false;
	add(w, m->host, len == 4 ? AF_INET : AF_INET6, m->address.ptr);
	return true;
}

bool
way_resolved(struct way *w, const struct msg_resolved *m)
{
	static const enum way_outcome	 outcomes[RESOLVED_OUTCOME_COUNT] = {
		[RESOLVED_OK] = WAY_OK,
		[RESOLVED_UNKNOWN] = WAY_UNKNOWN,
		[RESOLVED_NULL_MX] = WAY_NULL_MX,
		[RESOLVED_LATER] = WAY_LATER
	};

	if (m->count != w->count || (m->outcome == RESOLVED_OK) !=
	    (m->count > 0))
		return false;
	tell(w, outcomes[m->outcome]);
	return true;
}

const struct endpoint *
way_next(struct way *w)
{
	bool	 by_dns = w->to->kind == DESTINATION_MX;

	while (w->next < w->count) {
		struct endpoint	*e = &w->endpoints[w->next++];

		if (endpoint_objection(e, by_dns) == NULL)
			return e;
	}
	return NULL;
}
