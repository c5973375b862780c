/* SPDX-License-Identifier: ISC */
/*
 * lookup says what an address means: to smtpd, whether a recipient may have
 * mail, to queue, which mailboxes and servers it stands for.
 */
#include "lookup/login.h"
#include "lookup/question.h"
#include "lookup/rules.h"
#include "lookup/senders.h"
#include "lookup/visit.h"
#include "shared/log.h"
#include "shared/program.h"
#include "shared/scram.h"

static struct {
	struct rules	 rules;
	struct questions questions;
	struct counters	 counters;
	struct logins	 logins;
	struct quotas	 quotas;
	struct senders	 senders;
	struct loop	*loop;
} lookup;

static unsigned
credit(enum role role)
{
	if (role == ROLE_SMTPD)
		return LOOKUPS_MAX + LOGINS_MAX;
	return role == ROLE_QUEUE ? EXPANSIONS_MAX : 0;
}

/* What the library does at its first digest is done with rights. */
static void
before_drop(struct process *p)
{
	uint8_t	 digest[SCRAM_HASH];

	(void)p;
	scram_hash("", 0, digest);
}

static void
after_drop(struct process *p)
{
	lookup.loop = process_loop(p);
	questions_init(&lookup.questions, lookup.loop, &lookup.rules,
	    &lookup.quotas);
	counters_init(&lookup.counters);
	logins_init(&lookup.logins, lookup.loop);
	quotas_init(&lookup.quotas);
}

static void
found(struct peer *peer)
{
	if (peer_role(peer) == ROLE_USERS)
		questions_set_users(&lookup.questions, peer);
	if (peer_role(peer) == ROLE_SMTPD) {
		peer_set_data(peer, visits_new(&lookup.counters));
		logins_found(&lookup.logins, peer);
	}
	logins_judge_found(&lookup.logins, peer);
}

static void
lost(struct peer *peer)
{
	if (peer_role(peer) == ROLE_SMTPD) {
		visits_free(peer_data(peer));
		logins_drop(&lookup.logins, peer);
	}
	logins_judge_lost(&lookup.logins, peer);
	if (peer_role(peer) != ROLE_USERS)
		questions_drop(&lookup.questions, peer);
	else if (lookup.questions.users == peer)
		questions_set_users(&lookup.questions, NULL);
}

static void
on_conf_host(struct peer *master, struct msg *m)
{
	(void)master;
	rules_set_host(&lookup.rules, m->conf_host.hostname,
	    m->conf_host.postmaster);
}

static void
on_conf_domain(struct peer *master, struct msg *m)
{
	(void)master;
	rules_add_domain(&lookup.rules, m->conf_domain.domain,
	    m->conf_domain.alias_path, m->nfds > 0 ? m->fds[0] : -1);
}

static void
on_conf_route(struct peer *master, struct msg *m)
{
	const struct msg_conf_route	*c = &m->conf_route;

	(void)master;
	if (!route_add(&lookup.rules.routes, c))
		log_warning("route %.*s leads nowhere", (int)c->pattern.len,
		    c->pattern.ptr);
}

static void
on_conf_route_if(struct peer *master, struct msg *m)
{
	(void)master;
	if (!route_add_value(&lookup.rules.routes, &m->conf_route_if))
		log_warning("a route has too many conditions");
}

static void
on_conf_limit(struct peer *master, struct msg *m)
{
	(void)master;
	counters_set(&lookup.counters, &m->conf_limit);
}

static void
on_conf_auth(struct peer *master, struct msg *m)
{
	(void)master;
	logins_set(&lookup.logins, &m->conf_auth);
}

static void
on_conf_quota(struct peer *master, struct msg *m)
{
	(void)master;
	quotas_set(&lookup.quotas, &m->conf_quota, loop_now(lookup.loop));
}

static void
on_conf_senders(struct peer *master, struct msg *m)
{
	(void)master;
	senders_set(&lookup.senders, m->conf_senders.path,
	    m->nfds > 0 ? m->fds[0] : -1);
}

/* ---- clients ------------------------------------------------------------- */

static void
on_admit(struct peer *from, struct msg *m)
{
	struct visits	*visits = peer_data(from);
	struct msg	 answer = { .type = MSG_ADMITTED };

	if (visit_is_wrong(visits, m->admit.token)) {
		peer_accuse(from, "has a client twice, or too many");
		return;
	}
	answer.admitted.token = m->admit.token;
	answer.admitted.reply = visit_admit(visits, &m->admit,
	    loop_now(lookup.loop));
	peer_put(from, &answer);
}

static void
on_stays(struct peer *from, struct msg *m)
{
	if (visit_is_wrong(peer_data(from), m->stays.token))
		peer_accuse(from, "has a client twice, or too many");
	else
		visit_stay(peer_data(from), &m->stays);
}

static void
on_left(struct peer *from, struct msg *m)
{
	visit_leave(peer_data(from), &m->left, loop_now(lookup.loop));
}

/* ---- questions ----------------------------------------------------------- */

static void
on_rcpt(struct peer *from, struct msg *m)
{
	question_rcpt(&lookup.questions, from, &m->rcpt);
}

static void
on_may_send(struct peer *from, struct msg *m)
{
	struct msg	 answer = { .type = MSG_VERDICT };

	answer.verdict.token = m->may_send.token;
	answer.verdict.reply = senders_verdict(&lookup.senders, &lookup.rules,
	    &m->may_send);
	peer_put(from, &answer);
}

static void
on_verify(struct peer *from, struct msg *m)
{
	question_verify(&lookup.questions, from, &m->verify);
}

static void
on_expand(struct peer *from, struct msg *m)
{
	question_expand(&lookup.questions, from, &m->expand);
}

static void
on_user_is(struct peer *from, struct msg *m)
{
	(void)from;
	question_user_is(&lookup.questions, &m->user_is);
}

/* ---- logins -------------------------------------------------------------- */

static void
on_login(struct peer *from, struct msg *m)
{
	login_begin(&lookup.logins, from, &m->login);
}

static void
on_response(struct peer *from, struct msg *m)
{
	login_hear(&lookup.logins, from, &m->response);
}

static void
on_judge_says(struct peer *from, struct msg *m)
{
	login_say(&lookup.logins, from, &m->judge_says);
}

static void
on_judged(struct peer *from, struct msg *m)
{
	login_judged(&lookup.logins, from, &m->judged);
}

static void
on_judge_can(struct peer *from, struct msg *m)
{
	logins_can(&lookup.logins, from, &m->judge_can);
}

static const struct route	 inbox[] = {
	{ MSG_CONF_HOST,	on_conf_host },
	{ MSG_CONF_DOMAIN,	on_conf_domain },
	{ MSG_CONF_ROUTE,	on_conf_route },
	{ MSG_CONF_ROUTE_IF,	on_conf_route_if },
	{ MSG_CONF_LIMIT,	on_conf_limit },
	{ MSG_CONF_AUTH,	on_conf_auth },
	{ MSG_CONF_QUOTA,	on_conf_quota },
	{ MSG_CONF_SENDERS,	on_conf_senders },
	{ MSG_ADMIT,		on_admit },
	{ MSG_STAYS,		on_stays },
	{ MSG_LEFT,		on_left },
	{ MSG_RCPT,		on_rcpt },
	{ MSG_MAY_SEND,		on_may_send },
	{ MSG_VERIFY,		on_verify },
	{ MSG_EXPAND,		on_expand },
	{ MSG_USER_IS,		on_user_is },
	{ MSG_LOGIN,		on_login },
	{ MSG_RESPONSE,		on_response },
	{ MSG_JUDGE_SAYS,	on_judge_says },
	{ MSG_JUDGED,		on_judged },
	{ MSG_JUDGE_CAN,	on_judge_can },
	{ MSG_COUNT,		NULL }
};

static const struct program	 program = {
	.role = ROLE_LOOKUP,
	.credit = credit,
	.before_drop = before_drop,
	.after_drop = after_drop,
	.found = found,
	.lost = lost,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}
