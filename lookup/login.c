/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "lookup/login.h"
#include "shared/alloc.h"
#include "shared/log.h"

enum { JUDGE_PATIENCE = 5 * 1000 };

struct login_client {
	LIST_ENTRY(login_client) entry;
	struct peer	*peer;
	unsigned	 open;
};

struct login {
	RB_ENTRY(login)	 by_token, by_asked;
	struct logins	*all;
	struct login_client *from;
	uint64_t	 token;
	uint64_t	 asked;		/* the judge's token, or 0 */
	bool		 client_speaks;	/* and the judge waits */
	bool		 judged;	/* the answer waits for the timer */
	struct waiter	 waiter;	/* for the judge's credit */
	struct timer	 timer;
	struct failure	*network, *account;	/* open there, or NULL */

	char		 mechanism[MECHANISM_MAX + 1];
	char		 binding[BINDING_NAME_MAX + 1];
	uint8_t		 binding_data[BINDING_MAX], address[16];
	size_t		 binding_len;
	bool		 has_initial;
	struct buf	 initial;	/* until the judge is asked */

	struct reply	 reply;
	char		 identity[USER_TEXT_MAX + 1];
	char		 name[ACCOUNT_TEXT_MAX + 1];	/* that was tried */
};

static int
compare(const struct login *a, const struct login *b)
{
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->token == b->token)
		return 0;
	return a->token < b->token ? -1 : 1;
}

static int
compare_asked(const struct login *a, const struct login *b)
{
	if (a->asked == b->asked)
		return 0;
	return a->asked < b->asked ? -1 : 1;
}

RB_PROTOTYPE(login_tree, login, by_token, compare)
RB_GENERATE(login_tree, login, by_token, compare)
RB_PROTOTYPE(judged_tree, login, by_asked, compare_asked)
RB_GENERATE(judged_tree, login, by_asked, compare_asked)

static struct peer *
judge_of(const struct logins *ls)
{
	return ls->judges[ls->kind];
}

static struct span
address_of(const struct login *l)
{
	return span_make(l->address, sizeof l->address);
}

/* ---- the end of one ------------------------------------------------------ */

static void
forget_asked(struct login *l)
{
	if (l->asked != 0)
		RB_REMOVE(judged_tree, &l->all->asked, l);
	l->asked = 0;
}

static void
login_free(struct login *l)
{
	forget_asked(l);
	waiter_clear(&l->waiter);
	timer_clear(&l->timer);
	buf_wipe(&l->initial);
	if (l->network != NULL)
		failure_close(l->network);
	if (l->account != NULL)
		failure_close(l->account);
	RB_REMOVE(login_tree, &l->all->tree, l);
	l->from->open--;
	free(l);
}

static void
put_answer(struct peer *to, uint64_t token, const struct reply *r,
    const char *identity, const char *account)
{
	struct msg	 m = { .type = MSG_LOGGED_IN };

	m.logged_in.token = token;
	m.logged_in.reply = *r;
	m.logged_in.identity = span_of(identity);
	m.logged_in.account = span_of(account);
	peer_put(to, &m);
}

static void
answer(void *arg)
{
	struct login	*l = arg;

	put_answer(l->from->peer, l->token, &l->reply,
	    reply_is_success(&l->reply) ? l->identity : "", l->name);
	login_free(l);
}

static struct reply
unavailable(void)
{
	return reply_make(454, "4.7.0",
	    "Temporary authentication failure, try again later");
}

static struct reply
too_many(void)
{
	return reply_make(454, "4.7.0",
	    "Too many failed logins, try again later");
}

static void
answer_unavailable(struct login *l)
{
	l->reply = unavailable();
	answer(l);
}

/* ---- asking the judge ---------------------------------------------------- */

static void	 on_credit(void *);

/* It waits for credit, or for a judge. */
static void
ask(struct login *l)
{
	struct logins	*ls = l->all;
	struct peer	*judge = judge_of(ls);
	struct msg	 m = { .type = MSG_JUDGE };

	if (judge == NULL) {
		if (!timer_is_set(&ls->patience))
			timer_in(&ls->patience, JUDGE_PATIENCE);
		return;
	}
	m.judge.token = peer_token(judge);
	m.judge.mechanism = span_of(l->mechanism);
	m.judge.has_initial = l->has_initial;
	m.judge.initial = buf_span(&l->initial);
	m.judge.binding = span_of(l->binding);
	m.judge.binding_data = span_make(l->binding_data, l->binding_len);
	m.judge.address = address_of(l);
	if (!peer_ask(judge, &m)) {
		peer_wait(judge, &l->waiter, on_credit, l);
		return;
	}
	l->asked = m.judge.token;
	if (RB_INSERT(judged_tree, &ls->asked, l) != NULL)
		fatal("a token was given out twice");
	buf_wipe(&l->initial);
}

static void
on_credit(void *arg)
{
	ask(arg);
}

static bool
is_unasked(const struct login *l)
{
	return l->asked == 0 && !l->judged;
}

static void
on_patience(void *arg)
{
	struct logins	*ls = arg;
	struct login	*l, *next;

	ls->given_up = true;
	RB_FOREACH_SAFE(l, login_tree, &ls->tree, next)
		if (is_unasked(l))
			answer_unavailable(l);
}

void
logins_init(struct logins *ls, struct loop *loop)
{
	memset(ls, 0, sizeof *ls);
	ls->loop = loop;
	LIST_INIT(&ls->clients);
	RB_INIT(&ls->tree);
	RB_INIT(&ls->asked);
	timer_init(&ls->patience, loop, on_patience, ls);
	failures_init(&ls->failures);
}

void
logins_set(struct logins *ls, const struct msg_conf_auth *m)
{
	ls->kind = m->judge;
	failures_set(&ls->failures, m->failure_first, m->failure_max);
}

/* ---- the judge's coming and going ---------------------------------------- */

static void
judge_is_there(struct logins *ls)
{
	struct login	*l;

	ls->given_up = false;
	timer_unset(&ls->patience);
	RB_FOREACH(l, login_tree, &ls->tree)
		if (is_unasked(l))
			ask(l);
}

/* Whom it had begun with begins anew: what it was told it took with it. */
static void
judge_is_gone(struct logins *ls)
{
	struct login	*l, *next;

	RB_FOREACH_SAFE(l, login_tree, &ls->tree, next) {
		waiter_clear(&l->waiter);
		if (is_unasked(l))
			ask(l);
		else if (!l->judged)
			answer_unavailable(l);
	}
}

static enum judge_kind
kind_of(const struct peer *p)
{
	if (peer_role(p) == ROLE_PASSWORDS)
		return JUDGE_PASSWORDS;
	return peer_role(p) == ROLE_DOVECOT ? JUDGE_DOVECOT : JUDGE_NONE;
}

void
logins_judge_found(struct logins *ls, struct peer *p)
{
	enum judge_kind	 kind = kind_of(p);

	if (kind == JUDGE_NONE)
		return;
	ls->judges[kind] = p;
	if (kind == ls->kind)
		judge_is_there(ls);
}

void
logins_judge_lost(struct logins *ls, struct peer *p)
{
	enum judge_kind	 kind = kind_of(p);

	if (kind == JUDGE_NONE || ls->judges[kind] != p)
		return;
	ls->judges[kind] = NULL;
	if (kind == ls->kind)
		judge_is_gone(ls);
}

static void
tell_mechanisms(const struct logins *ls, struct peer *to)
{
	struct msg	 m = { .type = MSG_MECHANISMS };

	m.mechanisms.names = span_of(ls->mechanisms);
	if (ls->knows)
		peer_put(to, &m);
}

void
logins_can(struct logins *ls, struct peer *judge,
    const struct msg_judge_can *m)
{
	struct login_client	*c;

	if (judge != judge_of(ls))
		return;
	(void)span_copy(m->mechanisms, ls->mechanisms, sizeof ls->mechanisms);
	ls->knows = true;
	LIST_FOREACH(c, &ls->clients, entry)
		tell_mechanisms(ls, c->peer);
}

/* ---- smtpd's coming and going -------------------------------------------- */

void
logins_found(struct logins *ls, struct peer *p)
{
	struct login_client	*c = xcalloc(1, sizeof *c);

	c->peer = p;
	LIST_INSERT_HEAD(&ls->clients, c, entry);
	tell_mechanisms(ls, p);
}

static struct login_client *
find_client(const struct logins *ls, const struct peer *p)
{
	struct login_client	*c;

	LIST_FOREACH(c, &ls->clients, entry)
		if (c->peer == p)
			break;
	return c;
}

static void
tell_judge(struct login *l, bool cancelled, struct span data)
{
	struct msg	 m = { .type = MSG_JUDGE_HEARS };

	m.judge_hears.token = l->asked;
	m.judge_hears.cancelled = cancelled;
	m.judge_hears.data = data;
	l->client_speaks = false;
	peer_put(judge_of(l->all), &m);
}

void
logins_drop(struct logins *ls, struct peer *p)
{
	struct login_client	*c = find_client(ls, p);
	struct login		*l, *next;

	if (c == NULL)
		return;
	RB_FOREACH_SAFE(l, login_tree, &ls->tree, next) {
		if (l->from != c)
			continue;
		if (l->client_speaks)
			tell_judge(l, true, span_of(""));
		login_free(l);
	}
	LIST_REMOVE(c, entry);
	free(c);
}

/* ---- its begin ----------------------------------------------------------- */

static struct login *
find(struct logins *ls, const struct peer *from, uint64_t token)
{
	struct login	 key = { .from = find_client(ls, from),
			    .token = token };

	return RB_FIND(login_tree, &ls->tree, &key);
}

/*
 * A network that failed waits, but not one from which somebody came in: there
 * a device with an old password must not shut out all others.
 */
static bool
may_try(struct logins *ls, struct span address, struct reply *why)
{
	struct failure	*f = failure_of_network(&ls->failures, address);

	*why = unavailable();
	if (ls->kind == JUDGE_NONE || (judge_of(ls) == NULL && ls->given_up))
		return false;
	*why = too_many();
	if (f != NULL && f->open >= LOGINS_OF_NETWORK_MAX)
		return false;
	return failure_wait(&ls->failures, f, loop_now(ls->loop)) == 0 ||
	    failures_is_friend(&ls->failures, address, span_of(""));
}

static void
start(struct logins *ls, struct login_client *from, const struct msg_login *m)
{
	struct login	*l = xcalloc(1, sizeof *l);

	l->all = ls;
	l->from = from;
	l->token = m->token;
	timer_init(&l->timer, ls->loop, answer, l);
	memcpy(l->address, m->address.ptr, sizeof l->address);
	(void)span_copy(m->mechanism, l->mechanism, sizeof l->mechanism);
	(void)span_copy(m->binding, l->binding, sizeof l->binding);
	memcpy(l->binding_data, m->binding_data.ptr, m->binding_data.len);
	l->binding_len = m->binding_data.len;
	l->has_initial = m->has_initial;
	buf_init(&l->initial, LOGIN_OCTETS_MAX);
	(void)buf_put(&l->initial, m->initial);
	l->network = failure_of_network(&ls->failures, m->address);
	if (l->network != NULL)
		failure_open(l->network);
	RB_INSERT(login_tree, &ls->tree, l);
	from->open++;
	ask(l);
}

void
login_begin(struct logins *ls, struct peer *peer, const struct msg_login *m)
{
	struct login_client	*from = find_client(ls, peer);
	struct reply		 why = unavailable();

	if (m->token == 0 || find(ls, peer, m->token) != NULL ||
	    m->address.len != 16) {
		peer_accuse(peer, "has a login twice, or of nowhere");
		return;
	}
	if (from->open < LOGINS_MAX && may_try(ls, m->address, &why))
		start(ls, from, m);
	else
		put_answer(peer, m->token, &why, "", "");
}

/* ---- the dialogue -------------------------------------------------------- */

/*
 * A client that leaves while it is judged is judged all the same, or a guess
 * would cost nothing.
 */
void
login_hear(struct logins *ls, struct peer *from, const struct msg_response *m)
{
	struct login	*l = find(ls, from, m->token);

	if (l == NULL || l->judged)
		return;		/* it crossed a judgement that came early */
	if (l->client_speaks) {
		tell_judge(l, m->cancelled, m->data);
	} else if (!m->cancelled) {
		peer_accuse(from, "speaks when its client is not to");
	} else if (is_unasked(l)) {
		l->reply = reply_make(501, "5.7.0", "Authentication "
		    "cancelled");
		answer(l);
	}
}

static struct login *
find_asked(struct logins *ls, const struct peer *judge, uint64_t token)
{
	struct login	 key = { .asked = token };

	if (token == 0 || judge != judge_of(ls))
		return NULL;
	return RB_FIND(judged_tree, &ls->asked, &key);
}

void
login_say(struct logins *ls, struct peer *judge,
    const struct msg_judge_says *m)
{
	struct login	*l = find_asked(ls, judge, m->token);
	struct msg	 challenge = { .type = MSG_CHALLENGE };

	if (l == NULL)
		return;
	if (l->client_speaks) {
		peer_accuse(judge, "challenges twice");
		return;
	}
	l->client_speaks = true;
	challenge.challenge.token = l->token;
	challenge.challenge.data = m->data;
	peer_put(l->from->peer, &challenge);
}

/* ---- the judgement ------------------------------------------------------- */

static struct reply
reply_of(enum judged_outcome outcome)
{
	switch (outcome) {
	case JUDGED_GOOD:
		return reply_make(235, "2.7.0", "Authentication successful");
	case JUDGED_BAD:
		return reply_make(535, "5.7.8",
		    "Authentication credentials invalid");
	case JUDGED_MALFORMED:
		return reply_make(501, "5.5.2",
		    "Malformed authentication exchange");
	case JUDGED_CANCELLED:
		return reply_make(501, "5.7.0", "Authentication cancelled");
	case JUDGED_WEAK:
		return reply_make(534, "5.7.9", "Authentication mechanism is "
		    "too weak for this account");
	default:
		return unavailable();
	}
}

/* A name that would be taken for a user of this machine is nobody's. */
static bool
is_identity(struct span name)
{
	return name.len > 0 && !span_starts_word(name, "uid:");
}

static int64_t
longer(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* So many try this account that a good one cannot be told from a guess, but by
 * where it comes from. */
static bool
is_stormed(struct login *l)
{
	struct failures	*fs = &l->all->failures;

	if (l->name[0] == '\0')
		return false;
	if (failures_is_friend(fs, address_of(l), span_of(l->name)))
		return false;
	l->account = failure_of_account(fs, span_of(l->name));
	if (l->account == NULL)
		return true;
	failure_open(l->account);
	return l->account->open > LOGINS_OF_ACCOUNT_MAX;
}

/* How long the answer waits. */
static int64_t
weigh(struct login *l, enum judged_outcome outcome)
{
	struct failures	*fs = &l->all->failures;
	struct instant	 now = loop_now(l->all->loop);
	bool		 good = outcome == JUDGED_GOOD, stormed;

	if (!good && outcome != JUDGED_BAD && outcome != JUDGED_WEAK)
		return 0;
	stormed = is_stormed(l);
	if (stormed)
		l->reply = too_many();
	if (stormed || (!good && l->account == NULL))
		return failure_add(fs, l->network, now);
	if (good)
		return failure_wait(fs, l->account, now);
	return longer(failure_add(fs, l->network, now),
	    failure_add(fs, l->account, now));
}

static void
settle(struct login *l, enum judged_outcome outcome)
{
	int64_t	 wait = weigh(l, outcome);

	forget_asked(l);
	l->judged = true;
	if (reply_is_success(&l->reply))
		failures_befriend(&l->all->failures, address_of(l),
		    span_of(l->name));
	if (wait > 0)
		timer_in(&l->timer, wait);
	else
		answer(l);
}

void
login_judged(struct logins *ls, struct peer *judge,
    const struct msg_judged *m)
{
	struct login		*l = find_asked(ls, judge, m->token);
	enum judged_outcome	 outcome = m->outcome;

	if (l == NULL)
		return;
	(void)span_copy(m->account.len > 0 ? m->account : m->identity,
	    l->name, sizeof l->name);
	(void)span_copy(m->identity, l->identity, sizeof l->identity);
	if (outcome == JUDGED_GOOD && !is_identity(m->identity))
		outcome = JUDGED_BAD;
	l->client_speaks = false;
	l->reply = reply_of(outcome);
	settle(l, outcome);
}
