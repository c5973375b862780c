/* SPDX-License-Identifier: ISC */
/*
 * Expansions may be long.  Only some are walked at a time, the others wait as
 * plain requests; and their TARGETs leave in portions, because all that is put
 * for a neighbour must fit below the ceiling of its pair.
 */
#include <stdlib.h>

#include "lookup/question.h"
#include "lookup/resolve.h"
#include "lookup/verify.h"
#include "lookup/visit.h"
#include "shared/alloc.h"

enum {
	WALKS_MAX	= 16,
	PORTION		= 512,
	PORTION_TIME	= 5,
	USERS_PATIENCE	= 5 * 1000
};

struct question {
	TAILQ_ENTRY(question) entry;
	struct questions *all;
	struct question_list *list;	/* that it is in, or NULL */
	struct peer	*from;
	uint64_t	 token;
	uint64_t	 visit;		/* of the client who asks, or 0 */
	bool		 expands;	/* for queue */
	bool		 verifies;	/* VRFY */
	bool		 lists;		/* EXPN: one that verifies, too */
	bool		 relay;
	struct addr	 recipient, sender;	/* until the walk begins */
	char		*parameters;	/* likewise, or NULL */
	struct resolve	*resolve;
	const char	*name;		/* of the user asked for */
	uint64_t	 asked;		/* its token; 0: waits for its turn */
	unsigned	 losses;	/* of users, over this name */
	struct waiter	 waiter;
	size_t		 told;		/* TARGETs */
};

static void	 on_credit(void *);
static void	 on_more(void *);
static void	 on_patience(void *);
static void	 start_expansions(struct questions *);

void
questions_init(struct questions *qs, struct loop *loop,
    const struct rules *rules, struct quotas *quotas)
{
	qs->loop = loop;
	qs->rules = rules;
	qs->quotas = quotas;
	TAILQ_INIT(&qs->asking);
	TAILQ_INIT(&qs->expanding);
	TAILQ_INIT(&qs->telling);
	timer_init(&qs->more, loop, on_more, qs);
	timer_init(&qs->patience, loop, on_patience, qs);
}

static void
move(struct question *q, struct question_list *to)
{
	if (q->list != NULL)
		TAILQ_REMOVE(q->list, q, entry);
	q->list = to;
	if (to != NULL)
		TAILQ_INSERT_TAIL(to, q, entry);
}

/* It waits for its turn, because its walk may be a long one. */
static bool
is_long(const struct question *q)
{
	return q->expands || q->lists;
}

static void
question_free(struct question *q)
{
	waiter_clear(&q->waiter);
	if (is_long(q) && q->resolve != NULL)
		q->all->walks--;
	move(q, NULL);
	resolve_free(q->resolve);
	free(q->parameters);
	free(q);
}

static struct question *
question_new(struct questions *qs, struct peer *from, uint64_t token)
{
	struct question	*q = xcalloc(1, sizeof *q);

	q->all = qs;
	q->from = from;
	q->token = token;
	return q;
}

/* ---- answers ------------------------------------------------------------- */

static void
tell_members(struct question *q)
{
	char		 destination[DESTINATION_TEXT_MAX + 1];
	struct msg	 m = { .type = MSG_MEMBER };
	size_t		 i;

	m.member.token = q->token;
	for (i = 0; i < resolve_count(q->resolve); i++) {
		resolve_target(q->resolve, i, &m.member.address, destination);
		peer_put(q->from, &m);
	}
}

static void
put_verdict(struct peer *to, uint64_t token, const struct reply *verdict)
{
	struct msg	 m = { .type = MSG_VERDICT };

	m.verdict.token = token;
	m.verdict.reply = *verdict;
	peer_put(to, &m);
}

/* 550 5.1.1: nobody of this name is here. */
static bool
is_unknown(const struct reply *r)
{
	return reply_is_refusal(r) && r->subject == 1 && r->detail == 1;
}

static void
tell_verdict(struct question *q)
{
	struct reply	 verdict = *resolve_reply(q->resolve);

	if (is_unknown(&verdict))
		visit_unknown(peer_data(q->from), q->visit,
		    loop_now(q->all->loop));
	if (q->verifies)
		verdict = verify_reply(q->all->rules, q->resolve, q->lists);
	if (q->lists && verdict.code == 250)
		tell_members(q);
	put_verdict(q->from, q->token, &verdict);
	question_free(q);
}

/* At most `max` of what is left; how many. */
static size_t
tell_targets(struct question *q, size_t max)
{
	char		 destination[DESTINATION_TEXT_MAX + 1];
	struct msg	 m = { .type = MSG_TARGET };
	size_t		 n;

	m.target.token = q->token;
	for (n = 0; n < max && q->told < resolve_count(q->resolve); n++) {
		resolve_target(q->resolve, q->told++, &m.target.recipient,
		    destination);
		m.target.destination = span_of(destination);
		peer_put(q->from, &m);
	}
	return n;
}

static void
tell_expanded(struct question *q)
{
	struct msg	 m = { .type = MSG_EXPANDED };

	m.expanded.token = q->token;
	m.expanded.count = q->told;
	m.expanded.reply = *resolve_reply(q->resolve);
	peer_put(q->from, &m);
	question_free(q);
}

static void
on_more(void *arg)
{
	struct questions	*qs = arg;
	struct question		*q;
	size_t			 left = PORTION;

	while (left > 0 && (q = TAILQ_FIRST(&qs->telling)) != NULL &&
	    !peer_is_slow(q->from)) {
		left -= tell_targets(q, left);
		if (q->told == resolve_count(q->resolve))
			tell_expanded(q);
	}
	if (!TAILQ_EMPTY(&qs->telling))
		timer_in(&qs->more, PORTION_TIME);
	start_expansions(qs);
}

static void
answer(struct question *q)
{
	struct questions	*qs = q->all;

	if (!q->expands) {
		tell_verdict(q);
		return;
	}
	if (TAILQ_EMPTY(&qs->telling) && !peer_is_slow(q->from) &&
	    resolve_count(q->resolve) <= PORTION / 8) {
		(void)tell_targets(q, PORTION);
		tell_expanded(q);
		return;
	}
	move(q, &qs->telling);
	if (!timer_is_set(&qs->more))
		timer_in(&qs->more, 0);
}

/* ---- users --------------------------------------------------------------- */

static void
be_patient(struct questions *qs)
{
	if (!timer_is_set(&qs->patience))
		timer_in(&qs->patience, USERS_PATIENCE);
}

/* False when users is not there and will not be waited for. */
static bool
ask_users(struct question *q)
{
	struct questions	*qs = q->all;
	struct msg		 m = { .type = MSG_USER };

	if (qs->given_up)
		return false;
	move(q, &qs->asking);
	waiter_clear(&q->waiter);
	q->asked = 0;
	if (qs->users == NULL) {
		be_patient(qs);
		return true;
	}
	m.user.token = peer_token(qs->users);
	m.user.name = span_of(q->name);
	if (peer_ask(qs->users, &m))
		q->asked = m.user.token;
	else
		peer_wait(qs->users, &q->waiter, on_credit, q);
	return true;
}

/* As far as it goes without waiting. */
static void
walk(struct question *q)
{
	struct questions	*qs = q->all;
	const struct cache_row	*known;

	while (resolve_next(q->resolve, &q->name)) {
		known = cache_find(&qs->cache, span_of(q->name),
		    loop_now(qs->loop));
		if (known != NULL)
			resolve_user(q->resolve, known->found ? USER_FOUND :
			    USER_UNKNOWN, span_of(known->spelling));
		else if (ask_users(q))
			return;
		else
			resolve_user(q->resolve, USER_LATER, span_of(""));
	}
	move(q, NULL);
	answer(q);
}

static void
on_credit(void *arg)
{
	struct question		*q = arg;
	struct questions	*qs = q->all;

	walk(q);
	start_expansions(qs);
}

/* Answers come in the order of the questions: it is the first but for those
 * that were dropped meanwhile. */
static struct question *
find_asking(struct questions *qs, uint64_t token)
{
	struct question	*q;

	TAILQ_FOREACH(q, &qs->asking, entry)
		if (q->asked == token)
			return q;
	return NULL;
}

static void
start_expansions(struct questions *qs)
{
	struct route_question	 about;
	struct question		*q;

	while (qs->walks < WALKS_MAX &&
	    (q = TAILQ_FIRST(&qs->expanding)) != NULL) {
		move(q, NULL);
		qs->walks++;
		about = (struct route_question){ &q->recipient, &q->sender,
		    span_of(q->parameters != NULL ? q->parameters : "") };
		q->resolve = resolve_new(qs->rules, &about, RESOLVE_TARGETS,
		    q->relay);
		walk(q);
	}
}

void
question_user_is(struct questions *qs, const struct msg_user_is *is)
{
	struct question	*q = find_asking(qs, is->token);

	if (is->token == 0 || q == NULL)
		return;
	cache_put(&qs->cache, span_of(q->name), is->outcome, is->name,
	    loop_now(qs->loop));
	q->losses = 0;
	resolve_user(q->resolve, is->outcome, is->name);
	walk(q);
	start_expansions(qs);
}

/* Whoever has been asked for once is asked for again, and not a third time: it
 * may be the name that users dies of. */
static void
forgive_first(struct questions *qs)
{
	struct question	*q;

	TAILQ_FOREACH(q, &qs->asking, entry)
		if (q->asked != 0 && q->losses++ == 0)
			q->asked = 0;
}

/* All that have been asked, or all that have not. */
static void
answer_later(struct questions *qs, bool asked)
{
	struct question	*q, *next;

	for (q = TAILQ_FIRST(&qs->asking); q != NULL; q = next) {
		next = TAILQ_NEXT(q, entry);
		if ((q->asked != 0) != asked)
			continue;
		waiter_clear(&q->waiter);
		q->asked = q->losses = 0;
		resolve_user(q->resolve, USER_LATER, span_of(""));
		walk(q);
	}
	start_expansions(qs);
}

static void
on_patience(void *arg)
{
	struct questions	*qs = arg;

	qs->given_up = true;
	answer_later(qs, false);
}

/* Each of those that wait once, though it may come to wait again. */
static void
ask_again(struct questions *qs)
{
	struct question	*q;
	size_t		 n = 0;

	TAILQ_FOREACH(q, &qs->asking, entry)
		n++;
	while (n-- > 0 && (q = TAILQ_FIRST(&qs->asking)) != NULL)
		walk(q);
	start_expansions(qs);
}

void
questions_set_users(struct questions *qs, struct peer *users)
{
	qs->users = users;
	qs->given_up = false;
	timer_unset(&qs->patience);
	if (users != NULL) {
		ask_again(qs);
		return;
	}
	forgive_first(qs);
	answer_later(qs, true);
	if (!TAILQ_EMPTY(&qs->asking))
		be_patient(qs);
}

/* ---- questions ----------------------------------------------------------- */

/* What is over a limit of one kind is not counted by the other. */
static bool
may_ask(struct questions *qs, struct peer *from, const struct msg_rcpt *m,
    struct reply *why)
{
	struct instant	 now = loop_now(qs->loop);
	bool		 named = m->identity.len > 0;

	if (named && !quota_allows(qs->quotas, m->identity, m->first, now,
	    why))
		return false;
	if (!visit_may_ask(peer_data(from), m, now, why))
		return false;
	if (named)
		quota_add(qs->quotas, m->identity, m->first, now);
	return true;
}

void
question_rcpt(struct questions *qs, struct peer *from,
    const struct msg_rcpt *rcpt)
{
	struct route_question	 about = { &rcpt->recipient, &rcpt->sender,
				    rcpt->parameters };
	struct question		*q;
	struct reply		 why;

	if (!may_ask(qs, from, rcpt, &why)) {
		put_verdict(from, rcpt->token, &why);
		return;
	}
	q = question_new(qs, from, rcpt->token);
	q->visit = rcpt->visit;
	q->resolve = resolve_new(qs->rules, &about, RESOLVE_VERDICT,
	    rcpt->relay);
	walk(q);
}

void
question_expand(struct questions *qs, struct peer *from,
    const struct msg_expand *expand)
{
	struct question	*q = question_new(qs, from, expand->token);

	q->expands = q->relay = true;
	q->recipient = expand->recipient;
	q->sender = expand->sender;
	if (expand->parameters.len > 0)
		q->parameters = span_dup(expand->parameters);
	move(q, &qs->expanding);
	start_expansions(qs);
}

/* Without a domain of ours nobody is here. */
static void
refuse(struct peer *from, uint64_t token)
{
	struct msg	 m = { .type = MSG_VERDICT };

	m.verdict.token = token;
	m.verdict.reply = reply_make(550, "5.1.1", "No such user here");
	peer_put(from, &m);
}

void
question_verify(struct questions *qs, struct peer *from,
    const struct msg_verify *verify)
{
	static const struct addr	 nobody;
	struct addr			 address;
	struct route_question		 about = { &address, &nobody,
					    span_of("") };
	struct question			*q;

	if (!verify_address(qs->rules, verify, &address)) {
		refuse(from, verify->token);
		return;
	}
	q = question_new(qs, from, verify->token);
	q->visit = verify->visit;
	q->verifies = true;
	q->lists = verify->expand;
	q->relay = verify->relay;
	q->recipient = address;
	if (q->lists) {
		move(q, &qs->expanding);
		start_expansions(qs);
		return;
	}
	q->resolve = resolve_new(qs->rules, &about, RESOLVE_VERDICT, q->relay);
	walk(q);
}

static void
drop_from(struct question_list *list, struct peer *from)
{
	struct question	*q, *next;

	for (q = TAILQ_FIRST(list); q != NULL; q = next) {
		next = TAILQ_NEXT(q, entry);
		if (q->from == from)
			question_free(q);
	}
}

void
questions_drop(struct questions *qs, struct peer *from)
{
	drop_from(&qs->asking, from);
	drop_from(&qs->expanding, from);
	drop_from(&qs->telling, from);
	start_expansions(qs);
}
