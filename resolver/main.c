/* SPDX-License-Identifier: ISC */
/*
 * resolver: all DNS of the suite.  What name servers say is read here, where
 * no mail, no file and no key is.
 */
#include "resolver/names.h"
#include "resolver/query.h"
#include "shared/log.h"
#include "shared/program.h"

static struct {
	struct dns	*dns;
	struct queries	 queries;
	struct names	 names;
} resolver;

static void
before_drop(struct process *p)
{
	struct cache	*cache;

	resolver.dns = dns_open(process_loop(p));
	cache = cache_new(resolver.dns, process_loop(p));
	queries_init(&resolver.queries, cache);
	names_init(&resolver.names, cache);
}

static unsigned
credit(enum role role)
{
	if (role == ROLE_SMTPD)
		return NAMES_MAX;
	return role == ROLE_REMOTE ? QUESTIONS_MAX : 0;
}

static void
lost(struct peer *p)
{
	queries_lost(&resolver.queries, p);
	names_lost(&resolver.names, p);
}

static void
end_of_turn(void)
{
	queries_go(&resolver.queries);
}

static void
on_conf_resolver(struct peer *p, struct msg *m)
{
	struct span	 server = m->conf_resolver.server;

	(void)p;
	if (!dns_add_server(resolver.dns, server))
		log_error("not a name server: %.*s", (int)server.len,
		    server.ptr);
}

static void
on_resolve(struct peer *p, struct msg *m)
{
	query_new(&resolver.queries, p, &m->resolve);
}

static void
on_name_of(struct peer *p, struct msg *m)
{
	names_ask(&resolver.names, p, &m->name_of);
}

static const struct route inbox[] = {
	{ MSG_CONF_RESOLVER,	on_conf_resolver },
	{ MSG_RESOLVE,		on_resolve },
	{ MSG_NAME_OF,		on_name_of },
	{ MSG_COUNT,		NULL }
};

static const struct program program = {
	.role = ROLE_RESOLVER,
	.priv = {
		.calls = PRIV_CONNECT | PRIV_UDP,
		.files = DNS_SOCKETS_MAX + 64
	},
	.credit = credit,
	.before_drop = before_drop,
	.lost = lost,
	.end_of_turn = end_of_turn,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}
