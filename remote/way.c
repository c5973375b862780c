/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <limits.h>
#include <string.h>

#include "shared/addr.h"
#include "remote/way.h"

/* Resolvers that may die over one question, which may be the cause. */
enum { LOSSES_MAX = 2 };

static void	 ask(struct way *);

static void
set_token(struct way *w, uint64_t token)
{
	if (w->token != 0)
		LIST_REMOVE(w, place);
	w->token = token;
	if (token != 0)
		LIST_INSERT_HEAD(&w->all->asked[token % WAY_BUCKETS], w,
		    place);
}

static void
close_question(struct way *w)
{
	if (!w->open)
		return;
	w->open = false;
	set_token(w, 0);
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
way_init(struct way *w, struct ways *all,
    void (*known)(void *, enum way_outcome), void *arg)
{
	memset(w, 0, sizeof *w);
	timer_init(&w->patience, all->loop, on_impatience, w);
	w->all = all;
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
		set_token(w, m.resolve.token);
	else
		peer_wait(w->resolver, &w->waiter, on_credit, w);
}

/* Of half an answer nothing stays. */
static void
ask_again(struct way *w)
{
	set_token(w, 0);
	w->count = 0;
	ask(w);
}

/* Room was looked for by the caller. */
static struct endpoint *
add(struct way *w, struct span host, int family, const void *address)
{
	struct endpoint	*e = &w->endpoints[w->count++];

	memset(e, 0, sizeof *e);
	(void)span_copy(host, e->host, sizeof e->host);
	e->family = family;
	memcpy(e->address, address, family == AF_INET ? 4 : 16);
	e->port = w->to->port;
	return e;
}

static bool
may_try(const struct way *w, unsigned i)
{
	return (w->tried & UINT32_C(1) << i) == 0 &&
	    endpoint_objection(&w->endpoints[i],
	    w->to->kind == DESTINATION_MX) == NULL;
}

/*
 * RFC 5321 section 5.1: if we are among the hosts, those of our preference and
 * of all worse ones would, or could, bring the mail back to us.  An address
 * that is not tried at all is nobody.
 */
static void
stop_before_us(struct way *w)
{
	bool		 by_name = w->to->kind == DESTINATION_MX;
	unsigned	 i, n = 0, ours = UINT_MAX;

	for (i = 0; i < w->count; i++)
		if (w->endpoints[i].preference < ours && may_try(w, i) &&
		    selves_have(&w->all->selves, &w->endpoints[i], by_name))
			ours = w->endpoints[i].preference;
	for (i = 0; i < w->count; i++)
		if (w->endpoints[i].preference < ours)
			w->endpoints[n++] = w->endpoints[i];
	w->count = n;
}

static void
tell_ok(struct way *w)
{
	stop_before_us(w);
	tell(w, w->count > 0 ? WAY_OK : WAY_HOME);
}

void
way_find(struct way *w, const struct destination *to, struct peer *resolver)
{
	w->to = to;
	w->count = w->tried = w->losses = 0;
	w->resolver = resolver;
	if (to->family != AF_UNSPEC) {
		(void)add(w, span_of(to->name), to->family, to->address);
		tell_ok(w);
		return;
	}
	w->open = true;
	LIST_INSERT_HEAD(&w->all->open, w, entry);
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
ways_init(struct ways *all, struct loop *loop)
{
	size_t	 i;

	all->loop = loop;
	LIST_INIT(&all->open);
	for (i = 0; i < WAY_BUCKETS; i++)
		LIST_INIT(&all->asked[i]);
}

void
ways_resolver(struct ways *all, struct peer *resolver)
{
	struct way	*w, *next;

	for (w = LIST_FIRST(&all->open); w != NULL; w = next) {
		next = LIST_NEXT(w, entry);
		change_resolver(w, resolver);
	}
}

struct way *
ways_find(const struct ways *all, uint64_t token)
{
	struct way	*w;

	LIST_FOREACH(w, &all->asked[token % WAY_BUCKETS], place)
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
	add(w, m->host, len == 4 ? AF_INET : AF_INET6,
	    m->address.ptr)->preference = m->preference;
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
	if (m->outcome == RESOLVED_OK)
		tell_ok(w);
	else
		tell(w, outcomes[m->outcome]);
	return true;
}

/* Of the host of `at`, in a family; NULL: none is left. */
static const struct endpoint *
find_of(const struct way *w, const struct endpoint *at, int family)
{
	unsigned	 i;

	for (i = 0; i < w->count; i++)
		if (w->endpoints[i].family == family && may_try(w, i) &&
		    w->endpoints[i].preference == at->preference &&
		    span_is_word(span_of(w->endpoints[i].host), at->host))
			return &w->endpoints[i];
	return NULL;
}

const struct endpoint *
way_next(const struct way *w)
{
	const struct endpoint	*e, *better;
	unsigned		 i = 0;

	while (i < w->count && !may_try(w, i))
		i++;
	if (i == w->count)
		return NULL;
	e = &w->endpoints[i];
	better = find_of(w, e, families_find(&w->all->families, e->host,
	    loop_now(w->all->loop)));
	return better != NULL ? better : e;
}

const struct endpoint *
way_other(const struct way *w, const struct endpoint *e)
{
	return find_of(w, e, e->family == AF_INET ? AF_INET6 : AF_INET);
}

void
way_tried(struct way *w, const struct endpoint *e)
{
	w->tried |= UINT32_C(1) << (e - w->endpoints);
}
