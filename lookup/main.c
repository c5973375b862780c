/* SPDX-License-Identifier: ISC */
/*
 * lookup says what an address means: to smtpd, whether a recipient may have
 * mail, to queue, which mailboxes and servers it stands for.
 */
#include "lookup/question.h"
#include "lookup/rules.h"
#include "shared/log.h"
#include "shared/program.h"

static struct {
	struct rules	 rules;
	struct questions questions;
} lookup;

static unsigned
credit(enum role role)
{
	if (role == ROLE_SMTPD)
		return LOOKUPS_MAX;
	return role == ROLE_QUEUE ? EXPANSIONS_MAX : 0;
}

static void
after_drop(struct process *p)
{
	questions_init(&lookup.questions, process_loop(p), &lookup.rules);
}

static void
found(struct peer *peer)
{
	if (peer_role(peer) == ROLE_USERS)
		questions_set_users(&lookup.questions, peer);
}

static void
lost(struct peer *peer)
{
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
	if (!route_add(&lookup.rules.routes, c->pattern, c->destination))
		log_warning("route %.*s is there twice", (int)c->pattern.len,
		    c->pattern.ptr);
}

static void
on_rcpt(struct peer *from, struct msg *m)
{
	question_rcpt(&lookup.questions, from, &m->rcpt);
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

static const struct route	 inbox[] = {
	{ MSG_CONF_HOST,	on_conf_host },
	{ MSG_CONF_DOMAIN,	on_conf_domain },
	{ MSG_CONF_ROUTE,	on_conf_route },
	{ MSG_RCPT,		on_rcpt },
	{ MSG_VERIFY,		on_verify },
	{ MSG_EXPAND,		on_expand },
	{ MSG_USER_IS,		on_user_is },
	{ MSG_COUNT,		NULL }
};

static const struct program	 program = {
	.role = ROLE_LOOKUP,
	.credit = credit,
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
