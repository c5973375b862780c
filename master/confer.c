/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "master/audience.h"
#include "master/confer.h"
#include "master/sink.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

#define RESOLV_CONF	"/etc/resolv.conf"

/* ---- the picture -------------------------------------------------------- */

void
picture_put(struct buf *picture, const void *what, size_t len)
{
	if (!buf_put(picture, span_make(what, len)))
		fatal("the configuration of a child is too long");
}

/* Sockets keep what they are; of a file its time and size count as well. */
static void
picture_stat(struct buf *picture, const struct stat *st)
{
	uint64_t	 is[5] = { st->st_dev, st->st_ino };

	if (S_ISREG(st->st_mode)) {
		is[2] = st->st_size;
		is[3] = st->st_mtim.tv_sec;
		is[4] = st->st_mtim.tv_nsec;
	}
	picture_put(picture, is, sizeof is);
}

void
picture_file(struct buf *picture, const char *path)
{
	struct stat	 st = { 0 };

	if (path[0] == '\0' || stat(path, &st) == -1)
		memset(&st, 0, sizeof st);
	picture_stat(picture, &st);
}

void
audience_say(struct audience *a, const struct msg *m)
{
	struct stat	 st;
	unsigned	 i;

	if (!msg_encode(m, a->picture))
		fatal("a value of the configuration is too long");
	for (i = 0; i < m->nfds; i++)
		if (fstat(m->fds[i], &st) == 0)
			picture_stat(a->picture, &st);
	if (a->child != NULL)
		peer_put(a->child->peer, m);
}

/* ---- values ------------------------------------------------------------- */

static bool
confer_host(struct audience *a)
{
	const struct config	*config = a->suite->config;
	struct msg		 m = { .type = MSG_CONF_HOST };

	m.conf_host.hostname = span_of(config->hostname);
	m.conf_host.postmaster = span_of(config->postmaster);
	audience_say(a, &m);
	return true;
}

/* A network, as the process that decides by it wants it. */
static struct span
octets_of(const struct config_network *net)
{
	return span_make(net->address, sizeof net->address);
}

static void
say_limit(struct audience *a, unsigned number, const char *name,
    const struct config_limit *l)
{
	struct msg	 m = { .type = MSG_CONF_LIMIT };

	m.conf_limit = (struct msg_conf_limit){ number, span_of(name),
	    l->prefix4, l->prefix6,
	    l->connections.each, l->connections.all,
	    l->connects.each, l->connects.all,
	    l->messages.each, l->messages.all,
	    l->recipients.each, l->recipients.all,
	    l->errors.each, l->errors.all,
	    l->unknown.each, l->unknown.all,
	    l->slow.each, l->slow.all,
	    l->minimum_rate, l->greet_delay,
	    l->early_talk, l->exempt_relays };
	audience_say(a, &m);
}

/* 0: what holds where no block says otherwise. */
static void
confer_limits(struct audience *a)
{
	const struct config	*c = a->suite->config;
	unsigned		 i;

	say_limit(a, 0, "submit", &c->limit);
	for (i = 0; i < c->nlistens; i++)
		say_limit(a, i + 1, c->listens[i].name, &c->listens[i].limit);
}

/* A socket has the name of its block; relais's own have none. */
static const struct config_listen *
block_of(const struct config *c, const struct listener *l)
{
	unsigned	 i;

	for (i = 0; l->role == ROLE_SMTPD && i < c->nlistens; i++)
		if (strcmp(c->listens[i].name, l->name) == 0)
			return &c->listens[i];
	return NULL;
}

/* Its number among the limits. */
static unsigned
limit_of(const struct config *c, const struct config_listen *block)
{
	return block != NULL ? (unsigned)(block - c->listens) + 1 : 0;
}

static void
confer_trust(struct audience *a, const struct config_listen *block,
    unsigned number)
{
	const struct config_networks	*all;
	struct msg			 m = { .type = MSG_CONF_TRUST };
	unsigned			 kind, i;

	m.conf_trust.listener = number;
	for (kind = 0; block != NULL && kind < TRUST_KIND_COUNT; kind++) {
		all = &block->trust[kind];
		for (i = 0; i < all->n; i++) {
			m.conf_trust.kind = kind;
			m.conf_trust.address = octets_of(&all->item[i]);
			m.conf_trust.prefix = all->item[i].prefix;
			audience_say(a, &m);
		}
	}
}

static bool
confer_listeners(struct audience *a)
{
	const struct listeners	*all = a->suite->listeners;
	const struct config_listen *block;
	const struct listener	*l;
	struct msg		 m;
	unsigned		 i, number = 0;

	for (i = 0; i < all->n; i++) {
		l = &all->item[i];
		if (l->role != a->role)
			continue;
		block = block_of(a->suite->config, l);
		m = (struct msg){ .type = MSG_CONF_LISTENER, .nfds = 1 };
		m.fds[0] = l->fd;
		m.conf_listener.number = number;
		m.conf_listener.name = span_of(l->name);
		m.conf_listener.flags = l->flags;
		m.conf_listener.sessions = a->role != ROLE_SMTPD ?
		    ADMIN_SESSIONS_MAX : a->suite->config->smtpd.sessions;
		m.conf_listener.limits = limit_of(a->suite->config, block);
		audience_say(a, &m);
		confer_trust(a, block, number++);
	}
	return true;
}

static void
confer_condition(struct audience *a, const struct config_pattern *p)
{
	struct msg	 m = { .type = MSG_CONF_CONDITION };

	m.conf_condition.kind = p->kind;
	m.conf_condition.except = p->except;
	m.conf_condition.pattern = span_of(p->text);
	m.conf_condition.address = span_make(p->network.address, 16);
	m.conf_condition.prefix = p->network.prefix;
	audience_say(a, &m);
}

static void
confer_rule(struct audience *a, const struct config_rule *r)
{
	struct msg	 m = { .type = MSG_CONF_RULE };
	unsigned	 i;

	m.conf_rule.name = span_of(r->name);
	m.conf_rule.verdict = r->verdict;
	m.conf_rule.tag = span_of(r->tag);
	m.conf_rule.reply = r->reply;
	m.conf_rule.priority = (uint8_t)r->priority;
	audience_say(a, &m);
	for (i = 0; i < r->n; i++)
		confer_condition(a, &r->all->item[r->first + i]);
}

static void
confer_policy(struct audience *a)
{
	const struct config	*config = a->suite->config;
	struct msg		 m;
	unsigned		 i;

	for (i = 0; i < config->relay_from.n; i++) {
		m = (struct msg){ .type = MSG_CONF_RELAY };
		m.conf_relay.address = octets_of(&config->relay_from.item[i]);
		m.conf_relay.prefix = config->relay_from.item[i].prefix;
		audience_say(a, &m);
	}
	for (i = 0; i < config->relay_identity.n; i++) {
		m = (struct msg){ .type = MSG_CONF_IDENTITY };
		m.conf_identity.pattern =
		    span_of(config->relay_identity.item[i].text);
		m.conf_identity.except =
		    config->relay_identity.item[i].except;
		audience_say(a, &m);
	}
	for (i = 0; i < config->nrules; i++)
		confer_rule(a, &config->rules[i]);
}

/* Not in the picture: who runs hears of others without beginning anew. */
static bool
confer_certificates(struct audience *a)
{
	return a->child == NULL || tls_confer(a->child);
}

static bool
confer_smtpd(struct audience *a)
{
	const struct config	*config = a->suite->config;
	struct msg		 m = { .type = MSG_CONF_SMTPD };

	m.conf_smtpd.size_max = config->message_size;
	m.conf_smtpd.recipients_max = config->smtpd.recipients;
	m.conf_smtpd.command_time = config->smtpd.command_time;
	m.conf_smtpd.data_time = config->smtpd.data_time;
	m.conf_smtpd.errors = config->smtpd.errors;
	m.conf_smtpd.greeting_time = config->smtpd.greeting_time;
	m.conf_smtpd.answer_time = config->smtpd.answer_time;
	m.conf_smtpd.names = config->smtpd.names;
	m.conf_smtpd.name_time = config->smtpd.name_time;
	audience_say(a, &m);
	confer_policy(a);
	confer_limits(a);
	return confer_certificates(a) && confer_listeners(a);
}

/* These hear it in BOOT, or local's agents do. */
static bool
confer_users(struct audience *a)
{
	const struct config	*c = a->suite->config;
	uint64_t		 uid = c->minimum_uid;

	picture_put(a->picture, c->users, strlen(c->users) + 1);
	picture_put(a->picture, &uid, sizeof uid);
	picture_file(a->picture, c->users);
	return true;
}

static bool
confer_local(struct audience *a)
{
	const struct config	*config = a->suite->config;
	const struct config_domain	*d = config->domains;
	struct msg		 m = { .type = MSG_CONF_DELIVERY };
	unsigned		 i;

	for (i = 0; i < config->ndomains; i++, d++) {
		m.conf_delivery.domain = span_of(d->name);
		m.conf_delivery.kind = d->delivery.kind;
		m.conf_delivery.path = span_of(d->delivery.path);
		audience_say(a, &m);
	}
	picture_put(a->picture, config->mailboxes.list,
	    strlen(config->mailboxes.list) + 1);
	return confer_users(a);
}

/* -1 with errno: without its aliases a domain would refuse good mail. */
static int
open_aliases(const char *path)
{
	struct stat	 st;
	int		 fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1)
		fd_close(&fd);
	else if (!S_ISREG(st.st_mode) || st.st_size > ALIAS_FILE_MAX) {
		fd_close(&fd);
		errno = EFBIG;
	}
	return fd;
}

static bool
confer_domain(struct audience *a, const struct config_domain *d)
{
	struct msg	 m = { .type = MSG_CONF_DOMAIN };
	int		 fd = -1;

	if (d->aliases[0] != '\0') {
		fd = open_aliases(d->aliases);
		if (fd == -1) {
			log_error("%s: %s", d->aliases, strerror(errno));
			return false;
		}
		m.fds[m.nfds++] = fd;
	}
	m.conf_domain.domain = span_of(d->name);
	m.conf_domain.alias_path = span_of(d->aliases);
	audience_say(a, &m);
	fd_close(&fd);
	return true;
}

/*
 * Not in the picture: who runs hears of others without beginning anew, and
 * still knows what each identity has sent.
 */
static bool
confer_submission(struct audience *a)
{
	const struct config	*c = a->suite->config;
	struct msg		 quota = { .type = MSG_CONF_QUOTA };
	struct msg		 senders = { .type = MSG_CONF_SENDERS };
	int			 fd = -1;

	if (c->senders[0] != '\0') {
		fd = open_aliases(c->senders);
		if (fd == -1) {
			log_error("%s: %s", c->senders, strerror(errno));
			return false;
		}
		senders.fds[senders.nfds++] = fd;
	}
	senders.conf_senders.path = span_of(c->senders);
	quota.conf_quota = (struct msg_conf_quota){ c->quota.hour_messages,
	    c->quota.day_messages, c->quota.hour_recipients,
	    c->quota.day_recipients };
	if (a->child != NULL) {
		peer_put(a->child->peer, &senders);
		peer_put(a->child->peer, &quota);
	}
	fd_close(&fd);
	return true;
}

/* What a failed login costs at first, and at most. */
static void
say_auth(struct audience *a)
{
	struct msg	 m = { .type = MSG_CONF_AUTH };

	m.conf_auth.judge = a->suite->config->passwords.kind;
	m.conf_auth.failure_first = a->suite->config->auth_delay;
	m.conf_auth.failure_max = a->suite->config->auth_delay_maximum;
	audience_say(a, &m);
}

/* Not in the picture: who runs hears of another file. */
static bool
confer_passwords(struct audience *a)
{
	const struct config_passwords	*p = &a->suite->config->passwords;
	struct msg			 m = { .type = MSG_CONF_PASSWORDS,
					    .nfds = 1 };
	const char			*why;

	if (p->kind != JUDGE_PASSWORDS)
		return true;
	m.fds[0] = config_open_secret(p->path, PASSWORD_FILE_MAX,
	    &why);
	if (m.fds[0] == -1) {
		log_error("%s: %s", p->path, why);
		return false;
	}
	m.conf_passwords.path = span_of(p->path);
	if (a->child != NULL)
		peer_put(a->child->peer, &m);
	fd_close(&m.fds[0]);
	return true;
}

static bool
confer_dovecot(struct audience *a)
{
	const struct config_passwords	*p = &a->suite->config->passwords;
	struct msg			 m = { .type = MSG_CONF_DOVECOT };

	m.conf_dovecot.path = span_of(p->path);
	if (p->kind == JUDGE_DOVECOT)
		audience_say(a, &m);
	return true;
}

static bool
confer_lookup(struct audience *a)
{
	const struct config	*config = a->suite->config;
	unsigned		 i;

	if (!confer_submission(a))
		return false;
	say_auth(a);
	confer_limits(a);
	for (i = 0; i < config->ndomains; i++)
		if (!confer_domain(a, &config->domains[i]))
			return false;
	confer_routes(a);
	return true;
}

static bool
confer_resolver(struct audience *a)
{
	const struct config	*config = a->suite->config;
	struct msg		 m = { .type = MSG_CONF_RESOLVER };
	unsigned		 i;

	for (i = 0; i < config->resolvers.n; i++) {
		m.conf_resolver.server = span_of(config->resolvers.item[i]);
		audience_say(a, &m);
	}
	if (config->resolvers.n == 0)
		picture_file(a->picture, RESOLV_CONF);
	return true;
}

/* The file may be another one by now, for old lines are put aside. */
static bool
confer_sink(struct audience *a)
{
	const struct suite	*s = a->suite;
	const char		*path = s->config->log.path;
	struct stat		 st;

	if (a->child != NULL && !sink_confer(a->child))
		return false;
	picture_put(a->picture, &s->log_kind, sizeof s->log_kind);
	if (s->log_kind != LOG_TO_FILE)
		return true;
	picture_put(a->picture, path, strlen(path));
	if (stat(path, &st) == -1)
		st.st_dev = st.st_ino = 0;
	picture_put(a->picture, &st.st_dev, sizeof st.st_dev);
	picture_put(a->picture, &st.st_ino, sizeof st.st_ino);
	return true;
}

static bool	 (*const conferrers[ROLE_COUNT])(struct audience *) = {
	[ROLE_SMTPD]	= confer_smtpd,
	[ROLE_QUEUE]	= confer_queue,
	[ROLE_REMOTE]	= confer_remote,
	[ROLE_LOCAL]	= confer_local,
	[ROLE_LOOKUP]	= confer_lookup,
	[ROLE_RESOLVER]	= confer_resolver,
	[ROLE_CONTROL]	= confer_listeners,
	[ROLE_MONITOR]	= confer_listeners,
	[ROLE_USERS]	= confer_users,
	[ROLE_LOGGER]	= confer_sink,
	[ROLE_KEYS]	= confer_certificates,
	[ROLE_PASSWORDS] = confer_passwords,
	[ROLE_DOVECOT]	= confer_dovecot,
	[ROLE_CONNECTOR] = confer_sockets,
};

static bool
confer_all(struct audience *a)
{
	confer_host(a);
	return conferrers[a->role] == NULL || conferrers[a->role](a);
}

bool
confer(struct child *c)
{
	struct audience	 a = { c->suite, c->role, c, &c->picture };
	struct msg	 start = { .type = MSG_START };

	buf_drop(&c->picture, buf_len(&c->picture));
	if (!confer_all(&a))
		return false;
	peer_put(c->peer, &start);
	return true;
}

void
confer_again(struct suite *s, unsigned anew)
{
	struct audience	 a = { .suite = s };

	TAILQ_FOREACH(a.child, &s->children, entry) {
		if (a.child->peer == NULL || !peer_is_open(a.child->peer))
			continue;
		a.role = a.child->role;
		if (anew & 1u << a.role)
			continue;
		if (a.role == ROLE_LOOKUP)
			(void)confer_submission(&a);
		if (a.role == ROLE_PASSWORDS)
			(void)confer_passwords(&a);
		if (a.role == ROLE_REMOTE) {
			confer_secrets(&a);
			(void)confer_anchors(&a);
		}
	}
}

bool
confer_picture(struct suite *s, enum role role, struct buf *into)
{
	struct audience	 a = { s, role, NULL, into };

	return confer_all(&a);
}
