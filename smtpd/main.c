/* SPDX-License-Identifier: ISC */
/*
 * The receiving SMTP server: speaks to strangers, and holds nothing that is
 * worth having.  It opens no file and no connection; it is given listeners,
 * asks resolver about clients and lookup about recipients, and hands mail to
 * queue.
 */
#include "shared/log.h"
#include "smtpd/auth.h"
#include "smtpd/recipient.h"
#include "smtpd/rights.h"
#include "smtpd/server.h"

static struct server server;

/* How long clients, and their letters, wait at the start for neighbours that
 * are not there. */
enum { PATIENCE = 10 * 1000 };

/* ---- what master tells -------------------------------------------------- */

static void
on_conf_host(struct peer *p, struct msg *m)
{
	(void)p;
	if (!span_copy(m->conf_host.hostname, server.hostname,
	    sizeof(server.hostname)))
		fatal("the host's name is too long");
}

static void
on_conf_listener(struct peer *p, struct msg *m)
{
	(void)p;
	if (m->nfds != 1)
		fatal("listener %u has no socket", m->conf_listener.number);
	listener_new(&server, &m->conf_listener, m->fds[0]);
	server.listener_flags |= m->conf_listener.flags;
	m->fds[0] = -1;
}

static unsigned
or_default(unsigned value, unsigned instead)
{
	return value > 0 ? value : instead;
}

static void
on_conf_smtpd(struct peer *p, struct msg *m)
{
	const struct msg_conf_smtpd	*c = &m->conf_smtpd;

	(void)p;
	server.size_max = c->size_max;
	server.recipients_max = or_default(c->recipients_max, RECIPIENTS_MAX);
	server.greeting_time = or_default(c->greeting_time, GREETING_TIME);
	server.command_time = or_default(c->command_time, COMMAND_TIME);
	server.data_time = or_default(c->data_time, DATA_TIME);
	server.answer_time = or_default(c->answer_time, ANSWER_TIME);
	server.errors_max = or_default(c->errors, SESSION_ERRORS_MAX);
	server.names = c->names;
	server.name_time = or_default(c->name_time, NAME_TIME);
}

static void
on_conf_relay(struct peer *p, struct msg *m)
{
	(void)p;
	if (!policy_add(&server.policy, m->conf_relay.address,
	    m->conf_relay.prefix))
		fatal("a network that may relay is not one, or one too many");
}

static void
on_conf_trust(struct peer *p, struct msg *m)
{
	(void)p;
	if (!listener_add_trust(&server, &m->conf_trust))
		fatal("listener %u trusts what is no network, or one too many",
		    m->conf_trust.listener);
}

static void
on_conf_limit(struct peer *p, struct msg *m)
{
	(void)p;
	limits_set(&server.limits, &m->conf_limit);
}

static void
on_conf_identity(struct peer *p, struct msg *m)
{
	(void)p;
	if (!policy_add_identity(&server.policy, m->conf_identity.pattern,
	    m->conf_identity.except))
		fatal("an identity that may relay is none, or one too many");
}

static void
on_conf_rule(struct peer *p, struct msg *m)
{
	(void)p;
	if (!rules_add(&server.policy.rules, &m->conf_rule))
		fatal("a rule of policy is none, or one too many");
}

static void
on_conf_condition(struct peer *p, struct msg *m)
{
	(void)p;
	if (!rules_add_value(&server.policy.rules, &m->conf_condition))
		fatal("a condition of a rule is none, or one too many");
}

static void
on_conf_certificate(struct peer *p, struct msg *m)
{
	(void)p;
	if (m->nfds != 1)
		fatal("a certificate has no file");
	secure_conf_certificate(&server, &m->conf_certificate, m->fds[0]);
}

static void
on_conf_tls(struct peer *p, struct msg *m)
{
	(void)p;
	secure_conf_tls(&server, &m->conf_tls);
}

static void
on_conf_ticket(struct peer *p, struct msg *m)
{
	(void)p;
	secure_conf_ticket(&server, &m->conf_ticket);
}

/* ---- what neighbours say ------------------------------------------------ */

static void
on_verdict(struct peer *p, struct msg *m)
{
	(void)p;
	if (!inquiry_on_verdict(&server, &m->verdict) &&
	    !rights_on_verdict(&server, &m->verdict))
		recipient_on_verdict(&server, &m->verdict);
}

static void
on_member(struct peer *p, struct msg *m)
{
	(void)p;
	inquiry_on_member(&server, &m->member);
}

static void
on_admitted(struct peer *p, struct msg *m)
{
	(void)p;
	admission_on_admitted(&server, &m->admitted);
}

static void
on_opened(struct peer *p, struct msg *m)
{
	(void)p;
	submit_on_opened(&server, &m->opened);
}

static void
on_stored(struct peer *p, struct msg *m)
{
	(void)p;
	submit_on_stored(&server, &m->stored);
}

static void
on_named(struct peer *p, struct msg *m)
{
	(void)p;
	naming_on_named(&server, &m->named);
}

static void
on_signature(struct peer *p, struct msg *m)
{
	(void)p;
	secure_on_signature(&server, &m->signature);
}

/*
 * At the start the neighbours are only seconds away: whoever comes earlier
 * waits in the backlog, and is not told to come again later.
 */
static void
open_doors(void *arg)
{
	(void)arg;
	timer_unset(&server.patience);
	server.started = true;
	listeners_start(&server);
}

/* A client that hears of no way to log in may not ask again.  queue, which may
 * have a large index to look through, is waited for at DATA. */
static bool
is_complete(void)
{
	if ((server.listener_flags & LISTENER_AUTH) && !server.knows_mechanisms)
		return false;
	return server.lookup != NULL && server.resolver != NULL &&
	    (server.keys != NULL || !secure_is_wanted(&server));
}

static void
open_if_complete(void)
{
	if (timer_is_set(&server.patience) && is_complete())
		open_doors(NULL);
}

static void
on_mechanisms(struct peer *p, struct msg *m)
{
	(void)p;
	auth_on_mechanisms(&server, &m->mechanisms);
	open_if_complete();
}

static void
on_challenge(struct peer *p, struct msg *m)
{
	(void)p;
	auth_on_challenge(&server, &m->challenge);
}

static void
on_logged_in(struct peer *p, struct msg *m)
{
	(void)p;
	auth_on_logged_in(&server, &m->logged_in);
}

static void
found(struct peer *p)
{
	if (peer_role(p) == ROLE_LOOKUP) {
		admission_found(&server, p);
		recipient_found(&server, p);
		rights_found(&server);
		auth_found(&server);
	} else if (peer_role(p) == ROLE_QUEUE)
		submit_found(&server, p);
	else if (peer_role(p) == ROLE_RESOLVER)
		server.resolver = p;
	else if (peer_role(p) == ROLE_KEYS)
		secure_found(&server, p);
	open_if_complete();
}

static void
lost(struct peer *p)
{
	if (p == server.lookup) {
		admission_lost(&server);
		recipient_lost(&server);
		rights_lost(&server);
		inquiry_lost(&server);
		auth_lost(&server);
	} else if (p == server.queue) {
		submit_lost(&server);
	} else if (p == server.resolver)
		naming_lost(&server);
	else if (p == server.keys)
		secure_lost(&server);
}

static void
freed(struct peer *p)
{
	if (p == server.queue)
		handover_freed(&server);
}

/* ---- the program -------------------------------------------------------- */

static void
give_lookup_up(void *arg)
{
	(void)arg;
	recipient_give_up(&server);
	rights_give_up(&server);
	admission_give_up(&server);
	auth_give_up(&server);
}

/* Whoever waits for a signature of it goes on to wait; new ones hear 454. */
static void
miss_keys(void *arg)
{
	(void)arg;
}

static void
after_drop(struct process *process)
{
	server.process = process;
	server.loop = process_loop(process);
	timer_init(&server.patience, server.loop, open_doors, NULL);
	timer_init(&server.lookup_away, server.loop, give_lookup_up, NULL);
	timer_init(&server.queue_away, server.loop, submit_give_up, &server);
	timer_init(&server.keys_away, server.loop, miss_keys, NULL);
	timer_init(&server.last_call, server.loop, sessions_last_call,
	    &server);
	secure_init(&server);
	paces_init(&server);
	limits_init(&server.limits);
	server.recipients_max = RECIPIENTS_MAX;
	server.greeting_time = GREETING_TIME;
	server.command_time = COMMAND_TIME;
	server.data_time = DATA_TIME;
	server.answer_time = ANSWER_TIME;
	server.errors_max = SESSION_ERRORS_MAX;
}

static void
start(void)
{
	if (server.queue == NULL)
		timer_in(&server.queue_away, PATIENCE);
	if (is_complete())
		open_doors(NULL);
	else
		timer_in(&server.patience, PATIENCE);
}

/* Sessions go on to their natural end, with whoever has come. */
static void
drain(void)
{
	server.draining = true;
	timer_unset(&server.patience);
	listeners_drain(&server);
}

static void
end_of_turn(void)
{
	secure_make_room(&server);
	if (server.draining && server.session_count == 0)
		process_exit(server.process, 0);
}

static void
stop(void)
{
	server.stopping = true;
	timer_unset(&server.patience);
	listeners_stop(&server);
	sessions_stop(&server);
}

static const struct route inbox[] = {
	{ MSG_CONF_HOST,	on_conf_host },
	{ MSG_CONF_LISTENER,	on_conf_listener },
	{ MSG_CONF_SMTPD,	on_conf_smtpd },
	{ MSG_CONF_RELAY,	on_conf_relay },
	{ MSG_CONF_TRUST,	on_conf_trust },
	{ MSG_CONF_LIMIT,	on_conf_limit },
	{ MSG_CONF_IDENTITY,	on_conf_identity },
	{ MSG_CONF_RULE,	on_conf_rule },
	{ MSG_CONF_CONDITION,	on_conf_condition },
	{ MSG_CONF_CERTIFICATE,	on_conf_certificate },
	{ MSG_CONF_TLS,		on_conf_tls },
	{ MSG_CONF_TICKET,	on_conf_ticket },
	{ MSG_VERDICT,		on_verdict },
	{ MSG_MEMBER,		on_member },
	{ MSG_ADMITTED,		on_admitted },
	{ MSG_MECHANISMS,	on_mechanisms },
	{ MSG_CHALLENGE,	on_challenge },
	{ MSG_LOGGED_IN,	on_logged_in },
	{ MSG_OPENED,		on_opened },
	{ MSG_STORED,		on_stored },
	{ MSG_NAMED,		on_named },
	{ MSG_SIGNATURE,	on_signature },
	{ MSG_COUNT,		NULL }
};

static const struct program smtpd = {
	.role = ROLE_SMTPD,
	.priv = { .calls = PRIV_ACCEPT, .files = SESSIONS_MAX + 256 },
	.after_drop = after_drop,
	.start = start,
	.found = found,
	.lost = lost,
	.freed = freed,
	.stop = stop,
	.drain = drain,
	.end_of_turn = end_of_turn,
	.inbox = inbox,
};

int
main(int argc, char **argv)
{
	return program_run(&smtpd, argc, argv);
}
