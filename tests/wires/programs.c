/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "tests/wires/rig.h"

enum { PATH_SIZE = 256 };

/* ---- files --------------------------------------------------------------- */

static void
write_file(const char *path, const char *text)
{
	FILE	*f = fopen(path, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		fatal("%s: %s", path, strerror(errno));
}

static void
make(const struct rig *r, const char *name, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%.200s/%s", r->scratch, name);
	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		fatal("%s: %s", path, strerror(errno));
}

static void
make_files(const struct rig *r)
{
	char	 home[PATH_SIZE], path[PATH_SIZE], text[2 * PATH_SIZE + 200];
	unsigned uid = getuid();

	make(r, "queue", path);
	make(r, "empty", path);
	make(r, "home", home);
	snprintf(text, sizeof text, "jones:x:%u:%u::%s:/bin/sh\n"
	    "brown:x:%u:%u::%s:/bin/sh\n", uid, uid, home, uid, uid, home);
	snprintf(path, sizeof path, "%.200s/users", r->scratch);
	write_file(path, text);
	snprintf(path, sizeof path, "%.200s/aliases", r->scratch);
	write_file(path, "list: jones, brown\nself: self, jones\n");
}

/* ---- what master tells --------------------------------------------------- */

void
program_boot(struct rig *r, struct msg_boot *b)
{
	static char	 root[PATH_SIZE], users[PATH_SIZE];

	make_files(r);
	make(r, r->program == ROLE_QUEUE ? "queue" : "empty", root);
	snprintf(users, sizeof users, "%.200s/users", r->scratch);
	if (r->program == ROLE_USERS || r->program == ROLE_AGENT)
		snprintf(root, sizeof root, "/");
	b->uid = getuid();
	b->gid = getgid();
	b->flags = BOOT_UNPRIVILEGED;
	b->root = span_of(root);
	b->user = span_of(r->program == ROLE_AGENT ? "jones" : "");
	b->users = span_of(users);
	b->minimum_uid = 1000;
	b->mailboxes = span_of("");
}

static void
configure_limits(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_LIMIT };

	m.conf_limit.name = span_of("test");
	m.conf_limit.prefix4 = 32;
	m.conf_limit.prefix6 = 64;
	m.conf_limit.all_connections = 2 * VISITS_MAX;
	m.conf_limit.recipients = m.conf_limit.errors = 1000;
	m.conf_limit.slow = m.conf_limit.all_slow = 2;
	m.conf_limit.minimum_rate = 100;
	m.conf_limit.early_talk = true;		/* as clients here do */
	rig_tell(r, &m);
}

static void
configure_smtpd(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_SMTPD };

	m.conf_smtpd.size_max = 1 << 20;
	m.conf_smtpd.recipients_max = 100;
	m.conf_smtpd.names = 1;
	rig_tell(r, &m);
	configure_limits(r);
	if (r->enemy == ROLE_KEYS)
		handshake_configure(r);
}

static void
configure_listener(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_LISTENER, .nfds = 1 };

	client_listen(r);
	m.fds[0] = r->listener;
	m.conf_listener.name = span_of("test");
	m.conf_listener.flags = LISTENER_UNIX | LISTENER_RELAY |
	    LISTENER_VRFY | LISTENER_EXPN;
	if (r->enemy == ROLE_RESOLVER)
		m.conf_listener.flags &= ~LISTENER_UNIX;
	if (r->enemy == ROLE_KEYS)
		m.conf_listener.flags |= LISTENER_STARTTLS;
	m.conf_listener.sessions = 64;
	rig_tell(r, &m);
}

static void
configure_queue(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_QUEUE };

	m.conf_queue = (struct msg_conf_queue){ 1, 2, 600, 600, 1 << 20,
	    64 << 20, 16 << 20, 64 << 10, 0, 0 };
	rig_tell(r, &m);
}

static void
configure_lookup(struct rig *r)
{
	char		 path[PATH_SIZE];
	struct msg	 m = { .type = MSG_CONF_DOMAIN, .nfds = 1 };

	snprintf(path, sizeof path, "%.200s/aliases", r->scratch);
	m.fds[0] = open(path, O_RDONLY | O_CLOEXEC);
	m.conf_domain.domain = span_of("example.org");
	m.conf_domain.alias_path = span_of(path);
	rig_tell(r, &m);
	configure_limits(r);
	fd_close(&m.fds[0]);
	m = (struct msg){ .type = MSG_CONF_AUTH };
	m.conf_auth = (struct msg_conf_auth){ r->enemy == ROLE_DOVECOT ?
	    JUDGE_DOVECOT : JUDGE_PASSWORDS, 1, 1 };
	rig_tell(r, &m);
}

static void
configure_remote(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_REMOTE };

	client_listen(r);
	m.conf_remote = (struct msg_conf_remote){ 500, 500, 500, 500 };
	rig_tell(r, &m);
}

static void
configure_local(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_DELIVERY };

	m.conf_delivery.domain = span_of("example.org");
	m.conf_delivery.path = span_of("~/Maildir");
	rig_tell(r, &m);
}

/* A port on which nobody answers. */
static void
configure_resolver(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_RESOLVER };

	m.conf_resolver.server = span_of("127.0.0.1:9");
	rig_tell(r, &m);
}

/* A path at which there is nobody. */
static void
configure_connector(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_SOCKET };

	m.conf_socket.path = span_of("/nowhere/lmtp");
	rig_tell(r, &m);
}

static void	 (*const configurers[ROLE_COUNT])(struct rig *) = {
	[ROLE_SMTPD]	= configure_smtpd,
	[ROLE_QUEUE]	= configure_queue,
	[ROLE_LOOKUP]	= configure_lookup,
	[ROLE_REMOTE]	= configure_remote,
	[ROLE_LOCAL]	= configure_local,
	[ROLE_RESOLVER]	= configure_resolver,
	[ROLE_CONNECTOR] = configure_connector,
	[ROLE_KEYS]	= signing_configure,
	[ROLE_PASSWORDS] = judging_configure,
	[ROLE_DOVECOT]	= judging_configure_dovecot,
};

static bool
has_clients(const struct rig *r)
{
	return r->program == ROLE_SMTPD || r->program == ROLE_CONTROL ||
	    r->program == ROLE_MONITOR;
}

void
program_configure(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_HOST };

	m.conf_host.hostname = span_of("mail.example.org");
	m.conf_host.postmaster = span_of("jones@example.org");
	rig_tell(r, &m);
	if (configurers[r->program] != NULL)
		configurers[r->program](r);
	if (has_clients(r))
		configure_listener(r);
}

/* ---- honest neighbours --------------------------------------------------- */

/* Instance 1 is honest also where instance 0 is the hostile one. */
static bool
may_be_many(enum role role, enum role program)
{
	return role == ROLE_SMTPD ||
	    (role == ROLE_REMOTE && program == ROLE_RESOLVER) ||
	    (role == ROLE_LOOKUP && program == ROLE_USERS);
}

void
program_wire(struct rig *r)
{
	unsigned	 role;
	bool		 many;

	for (role = 0; role < ROLE_COUNT; role++) {
		many = may_be_many(role, r->program);
		if (!roles_talk(r->program, role) || role == ROLE_AGENT ||
		    (role == r->enemy && !many))
			continue;
		wire_greet(r, wire_new(r, role, many, ""));
	}
}

static struct wire *
feeder(struct rig *r)
{
	if (r->program == ROLE_QUEUE || r->program == ROLE_LOOKUP ||
	    r->program == ROLE_KEYS)
		return wire_find(r, ROLE_SMTPD, 1);
	if ((r->program == ROLE_REMOTE || r->program == ROLE_LOCAL) &&
	    r->enemy != ROLE_QUEUE)
		return wire_find(r, ROLE_QUEUE, 0);
	return NULL;
}

void
program_rouse(struct rig *r)
{
	struct wire	*w = feeder(r);

	if (has_clients(r))
		client_start(r);
	else if (w != NULL)
		converse(r, w);
}

/* ---- probes: does it still serve the others? ----------------------------- */

static void
fill_probe(struct rig *r, struct msg *m)
{
	uint64_t	 token = UINT64_C(78) << 32 | ++r->serial;
	struct addr	 far;

	(void)addr_parse(span_of("x@elsewhere.example"), &far);
	memset(m, 0, sizeof *m);
	switch (r->program) {
	case ROLE_QUEUE:
		m->type = r->enemy == ROLE_MONITOR ? MSG_RETRY : MSG_LIST;
		if (m->type == MSG_RETRY)
			m->retry = (struct msg_retry){ token, 1 };
		else
			m->list = (struct msg_list){ .token = token,
			    .count = 4 };
		break;
	case ROLE_LOOKUP:
		m->type = MSG_RCPT;
		m->rcpt = (struct msg_rcpt){ .token = token,
		    .recipient = far, .sender = far };
		break;
	case ROLE_RESOLVER:
		m->type = MSG_RESOLVE;
		m->resolve = (struct msg_resolve){ token, span_of("[x"), 0 };
		break;
	case ROLE_KEYS:
		m->type = MSG_SIGN;
		signing_ask(r, token, &m->sign);
		break;
	case ROLE_USERS:
		m->type = MSG_USER;
		m->user = (struct msg_user){ token, span_of("jones") };
		break;
	default:
		m->type = MSG_JOB;
		m->job = (struct msg_job){ .token = token, .recipients = 1,
		    .message = token, .sender = far };
		m->job.destination = span_of(r->program == ROLE_LOCAL ?
		    "local:no/name" : "x");
	}
}

static struct wire *
prober(struct rig *r)
{
	if (r->program == ROLE_QUEUE)
		return wire_find(r, r->enemy == ROLE_MONITOR ? ROLE_CONTROL :
		    ROLE_MONITOR, 0);
	if (r->program == ROLE_RESOLVER)
		return wire_find(r, ROLE_REMOTE, 1);
	if (r->program == ROLE_USERS)
		return wire_find(r, ROLE_LOOKUP, 1);
	return feeder(r);
}

struct waiting {
	struct wire	*wire;
	struct client	*client;
	unsigned	 before;
};

static bool
has_answer(struct rig *r, void *arg)
{
	const struct waiting	*w = arg;

	if (!rig_lives(r))
		return true;
	if (w->client != NULL)
		return w->client->octets > 0;
	return w->wire->fd == -1 || w->wire->answers > w->before;
}

static bool
is_greeted(struct rig *r, void *arg)
{
	const struct wire	*w = arg;

	return !rig_lives(r) || w->fd == -1 || w->greeted;
}

static void
probe_ask(struct rig *r, struct wire *w, const char *when)
{
	struct waiting	 wait = { w, NULL, w->answers };
	struct msg	 m, p = { .type = MSG_JOB_RCPT };
	unsigned	 tries;
	bool		 came;

	fill_probe(r, &m);
	w->credit--;
	wire_say(r, w, &m);
	if (m.type == MSG_JOB) {
		p.job_rcpt.token = m.job.token;
		p.job_rcpt.recipient = m.job.sender;
		wire_say(r, w, &p);
	}
	came = rig_until(r, has_answer, &wait);
	for (tries = 0; !came && m.type == MSG_RETRY && tries < 4; tries++)
		came = rig_until(r, has_answer, &wait);	/* the disk's turn */
	rig_check(r, came && w->fd != -1 && w->answers > wait.before,
	    "%s: an honest %s has no answer", when, role_name(w->role));
	rig_check(r, m.type != MSG_SIGN || r->signature > 0,
	    "%s: an honest %s has no signature", when, role_name(w->role));
}

/* The kernel may keep no more of them just now. */
static void
open_and_quit(struct rig *r, struct client *c)
{
	c->fd = client_open(r);
	if (c->fd != -1)
		(void)send(c->fd, "QUIT\r\n", 6, MSG_NOSIGNAL);
}

static void
probe_client(struct rig *r, const char *when)
{
	struct client	*c = &r->clients[0];
	struct waiting	 wait = { NULL, c, 0 };
	unsigned	 tries;

	fd_close(&c->fd);
	*c = (struct client){ .fd = -1 };
	for (tries = 0; tries < 5; tries++) {
		if (c->fd == -1)
			open_and_quit(r, c);
		if (rig_until(r, has_answer, &wait))
			break;	/* lookup is not waited for in vain for long */
	}
	rig_check(r, c->octets > 0, "%s: a client has no answer", when);
}

/* A neighbour of whom nothing can be asked is wired anew. */
static void
probe_wire(struct rig *r, const char *when)
{
	enum role	 role = r->program == ROLE_REMOTE ? ROLE_RESOLVER :
			    r->enemy;
	struct wire	*w = wire_new(r, role, 0, "");
	bool		 wild = r->wild;

	r->wild = false;
	wire_greet(r, w);
	(void)rig_until(r, is_greeted, w);
	rig_check(r, w->greeted && w->fd != -1,
	    "%s: a new %s is not greeted", when, role_name(role));
	r->wild = wild;
}

static void
check_honest(struct rig *r, const char *when)
{
	unsigned	 i;

	for (i = 0; i < r->nwires; i++)
		if (r->wires[i] != r->hostile &&
		    r->wires[i]->role != ROLE_AGENT &&
		    (r->wires[i]->role != r->enemy ||
		    r->wires[i]->instance != 0))
			rig_check(r, r->wires[i]->fd != -1,
			    "%s: an honest %s lost its pair", when,
			    role_name(r->wires[i]->role));
	for (i = 0; i < ROLE_COUNT; i++)
		if (i != r->enemy) {
			rig_check(r, r->accused[i] == 0,
			    "%s: an honest %s is accused", when,
			    role_name(i));
			r->accused[i] = 0;
		}
}

void
program_probe(struct rig *r, const char *when)
{
	struct wire	*w = prober(r);

	if (!rig_lives(r) || r->program == ROLE_AGENT)
		return;
	if (has_clients(r))
		probe_client(r, when);
	else if (w != NULL)
		probe_ask(r, w, when);
	else
		probe_wire(r, when);
	check_honest(r, when);
}
