/* SPDX-License-Identifier: ISC */
/* Routes to lookup; hops, addresses of ours, rewrites and advice to remote. */
#include <sys/socket.h>
#include <sys/types.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <string.h>

#include "master/audience.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

enum { SECOND = 1000 };

/* ---- routes -------------------------------------------------------------- */

static void
say_condition(struct audience *a, const struct config_pattern *p,
    unsigned number)
{
	struct msg	 m = { .type = MSG_CONF_ROUTE_IF };

	m.conf_route_if.number = number;
	m.conf_route_if.kind = p->kind == CONDITION_TAG ? ROUTE_IF_TAG :
	    ROUTE_IF_SENDER;
	m.conf_route_if.except = p->except;
	m.conf_route_if.pattern = span_of(p->text);
	audience_say(a, &m);
}

void
confer_routes(struct audience *a)
{
	const struct config	*c = a->suite->config;
	const struct config_route *r = c->routes;
	struct msg		 m = { .type = MSG_CONF_ROUTE };
	unsigned		 i, j;

	for (i = 0; i < c->nroutes; i++, r++) {
		m.conf_route.pattern = span_of(r->pattern);
		m.conf_route.destination = span_of(r->destination);
		m.conf_route.number = i + 1;
		m.conf_route.conditions = r->n;
		m.conf_route.reply = r->reply;
		audience_say(a, &m);
		for (j = 0; j < r->n; j++)
			say_condition(a, &r->all->item[r->first + j], i + 1);
	}
}

/* Of two routes with the same path the second changes nothing. */
bool
confer_sockets(struct audience *a)
{
	const struct config	*c = a->suite->config;
	struct msg		 m = { .type = MSG_CONF_SOCKET };
	unsigned		 i;

	for (i = 0; i < c->nroutes; i++) {
		m.conf_socket.path = config_socket_of(&c->routes[i]);
		if (m.conf_socket.path.len > 0)
			audience_say(a, &m);
	}
	return true;
}

/* ---- hops ---------------------------------------------------------------- */

static struct msg
hop_row(const struct config_hop *h)
{
	const struct config_source *s = &h->source;
	struct msg	 m = { .type = MSG_CONF_HOP };

	m.conf_hop.name = span_of(h->name);
	m.conf_hop.flags = HOP_TLS_SAID |
	    (h->xforward == ANSWER_YES ? HOP_XFORWARD : 0) |
	    (h->immediate == ANSWER_YES ? HOP_IMMEDIATE : 0);
	m.conf_hop.tls = h->tls - REMOTE_TLS_MAY + HOP_TLS_MAY;
	m.conf_hop.source4 = span_make(s->octets4, s->has4 ? 4 : 0);
	m.conf_hop.source6 = span_make(s->octets6, s->has6 ? 16 : 0);
	m.conf_hop.helo = span_of(h->helo);
	m.conf_hop.fallback = span_of(h->fallback);
	m.conf_hop.mechanisms = span_of(h->mechanisms);
	m.conf_hop.user = span_of(h->login.user);
	m.conf_hop.secret = span_of("");
	m.conf_hop.recipients = h->recipients;
	m.conf_hop.mails = h->mails;
	m.conf_hop.destination = span_of(h->destination);
	return m;
}

static void
tell_hop(struct child *c, const struct config_hop *h)
{
	struct msg	 m = hop_row(h);

	m.conf_hop.secret = span_make(h->login.secret.text,
	    h->login.secret.len);
	peer_put(c->peer, &m);
}

/* Secrets are no part of the picture: who runs hears another one without
 * beginning anew. */
static void
say_hop(struct audience *a, const struct config_hop *h)
{
	struct msg	 m = hop_row(h);

	if (!msg_encode(&m, a->picture))
		fatal("a value of the configuration is too long");
	if (a->child != NULL)
		tell_hop(a->child, h);
}

void
confer_secrets(struct audience *a)
{
	const struct config	*c = a->suite->config;
	unsigned		 i;

	for (i = 0; i < c->nhops; i++)
		if (c->hops[i].login.user[0] != '\0')
			tell_hop(a->child, &c->hops[i]);
}

/* ---- ourselves ----------------------------------------------------------- */

/* What a v4 address begins with when it is written as one of v6. */
static const uint8_t	 mapped[12] = { [10] = 0xff, [11] = 0xff };

struct self {
	struct audience	*audience;
	unsigned	 n;
};

static void
say_self(struct self *self, const void *octets, bool is4, unsigned port)
{
	struct msg	 m = { .type = MSG_CONF_SELF };
	uint8_t		 address[16];

	if (self->n++ >= SELF_ADDRESSES_MAX)
		return;
	memcpy(address, mapped, sizeof mapped);
	memcpy(address + (is4 ? sizeof mapped : 0), octets, is4 ? 4 : 16);
	m.conf_self.address = span_make(address, sizeof address);
	m.conf_self.port = port;
	audience_say(self->audience, &m);
}

static void
say_address(struct self *self, const struct sockaddr *sa, unsigned port)
{
	if (sa->sa_family == AF_INET)
		say_self(self, &((const struct sockaddr_in *)(const void *)
		    sa)->sin_addr, true, port);
	else if (sa->sa_family == AF_INET6)
		say_self(self, &((const struct sockaddr_in6 *)(const void *)
		    sa)->sin6_addr, false, port);
}

/* All addresses of the machine, of one family. */
static void
say_interfaces(struct self *self, int family, unsigned port)
{
	struct ifaddrs	*all, *i;

	if (getifaddrs(&all) == -1) {
		log_warning("addresses of this machine: %s", strerror(errno));
		return;
	}
	for (i = all; i != NULL; i = i->ifa_next)
		if (i->ifa_addr != NULL && i->ifa_addr->sa_family == family)
			say_address(self, i->ifa_addr, port);
	freeifaddrs(all);
}

static void
say_listener(struct self *self, const struct listener *l)
{
	const struct sockaddr		*sa = (const void *)&l->at;
	const struct sockaddr_in	*in = (const void *)&l->at;
	const struct sockaddr_in6	*in6 = (const void *)&l->at;

	if (sa->sa_family == AF_INET) {
		if (in->sin_addr.s_addr == htonl(INADDR_ANY))
			say_interfaces(self, AF_INET, ntohs(in->sin_port));
		else
			say_address(self, sa, ntohs(in->sin_port));
	}
	if (sa->sa_family == AF_INET6) {
		if (IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
			say_interfaces(self, AF_INET6, ntohs(in6->sin6_port));
		else
			say_address(self, sa, ntohs(in6->sin6_port));
	}
}

static void
confer_self(struct audience *a)
{
	const struct config	*c = a->suite->config;
	const struct listeners	*all = a->suite->listeners;
	struct self		 self = { a, 0 };
	unsigned		 i;

	for (i = 0; i < all->n; i++)
		if (all->item[i].role == ROLE_SMTPD &&
		    all->item[i].path[0] == '\0')
			say_listener(&self, &all->item[i]);
	for (i = 0; i < c->self.n; i++)
		say_self(&self, c->self.item[i].octets,
		    c->self.item[i].family == AF_INET, 0);
}

/* ---- the rest ------------------------------------------------------------ */

/* Not in the picture: who runs hears of another file. */
bool
confer_anchors(struct audience *a)
{
	const struct config	*c = a->suite->config;
	struct msg		 m = { .type = MSG_CONF_ANCHORS, .nfds = 1 };

	if (!config_needs_anchors(c))
		return true;
	m.fds[0] = open(c->remote.anchors, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK);
	if (m.fds[0] == -1) {
		log_error("%s: %s", c->remote.anchors, strerror(errno));
		return false;
	}
	m.conf_anchors.path = span_of(c->remote.anchors);
	if (a->child != NULL)
		peer_put(a->child->peer, &m);
	fd_close(&m.fds[0]);
	return true;
}

static void
confer_rewrites(struct audience *a)
{
	const struct config_rewrites	*all = &a->suite->config->rewrites;
	struct msg			 m = { .type = MSG_CONF_REWRITE };
	unsigned			 i;

	for (i = 0; i < all->n; i++) {
		m.conf_rewrite.from = span_of(all->item[i].from);
		m.conf_rewrite.to = span_of(all->item[i].to);
		m.conf_rewrite.where = all->item[i].where;
		audience_say(a, &m);
	}
}

static enum advice
advice_of(const struct config_advice *a)
{
	if (a->slow)
		return ADVICE_SLOW;
	if (a->family)
		return ADVICE_FAMILY;
	return a->final ? ADVICE_FINAL : ADVICE_PAUSE;
}

/* A row for each of its domains, or one for all. */
static void
say_advice(struct audience *a, const struct config_advice *advice)
{
	struct msg	 m = { .type = MSG_CONF_ADVICE };
	unsigned	 i;

	m.conf_advice.name = span_of(advice->name);
	m.conf_advice.domain = span_of("*");
	m.conf_advice.code = advice->code;
	m.conf_advice.text = span_of(advice->text);
	m.conf_advice.advice = advice_of(advice);
	m.conf_advice.pause = advice->pause / SECOND;
	if (advice->n == 0)
		audience_say(a, &m);
	for (i = 0; i < advice->n; i++) {
		m.conf_advice.domain =
		    span_of(advice->all->item[advice->first + i].text);
		audience_say(a, &m);
	}
}

bool
confer_remote(struct audience *a)
{
	const struct config	*c = a->suite->config;
	struct msg		 m = { .type = MSG_CONF_REMOTE };
	unsigned		 i;

	m.conf_remote.connect_time = c->remote.connect_time;
	m.conf_remote.command_time = c->remote.command_time;
	m.conf_remote.content_time = c->remote.content_time;
	m.conf_remote.final_time = c->remote.final_time;
	audience_say(a, &m);
	say_hop(a, &c->remote.hop);
	for (i = 0; i < c->nhops; i++)
		say_hop(a, &c->hops[i]);
	confer_self(a);
	confer_rewrites(a);
	for (i = 0; i < c->nadvices; i++)
		say_advice(a, &c->advices[i]);
	return confer_anchors(a);
}
