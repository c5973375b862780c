/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "smtpd/server.h"

/* A turn takes few, so that the other workers get their share of a crowd. */
enum { ACCEPTS_TURN = 16, PAUSE = 200 };

struct listener {
	LIST_ENTRY(listener) entry;
	struct server	*server;
	int		 fd;
	char		 name[HOST_TEXT_MAX + 1];
	unsigned	 number, flags;
	unsigned	 sessions, sessions_max;
	struct trust	 trust[TRUST_KIND_COUNT];
	struct limit	*limit;
	struct watch	 watch;
	struct timer	 pause;		/* set: descriptors or memory ran out */
	bool		 starves;	/* and that was told */
};

static bool
has_room(const struct listener *l)
{
	return l->sessions < l->sessions_max &&
	    l->server->session_count < SESSIONS_MAX;
}

void
listener_start(struct listener *l)
{
	bool	 on = l->fd != -1 && l->server->started &&
		    !l->server->stopping && has_room(l) &&
		    !timer_is_set(&l->pause);

	if (l->fd != -1)
		watch_want(&l->watch, on ? LOOP_READ | LOOP_EXCLUSIVE : 0);
}

static void
on_pause_end(void *arg)
{
	listener_start(arg);
}

/*
 * Whoever waits stays in the backlog, and a listener that stays readable
 * would have us turn on the spot; so it rests until a session has ended or a
 * moment has passed.
 */
static void
rest(struct listener *l, int error)
{
	if (!l->starves)
		log_warning("listener %u rests: accept: %s", l->number,
		    strerror(error));
	l->starves = true;
	timer_in(&l->pause, PAUSE);
}

static void
take_client(struct listener *l, int fd, const struct sockaddr_storage *from)
{
	struct client	 client;

	if (!client_init(&client, fd, l->flags, from)) {
		fd_close(&fd);
		return;
	}
	l->sessions++;
	l->server->accepted++;
	session_new(l->server, l, fd, &client);
}

/* False when there is nobody, or no means to take him. */
static bool
accept_one(struct listener *l)
{
	struct sockaddr_storage	 from = { 0 };
	socklen_t		 len = sizeof(from);
	int			 fd;

	fd = accept4(l->fd, (struct sockaddr *)&from, &len,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd != -1) {
		l->starves = false;
		take_client(l, fd, &from);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		rest(l, errno);
		return false;
	default:
		return true;	/* the error of one who has gone again */
	}
}

static void
on_ready(void *arg, unsigned events)
{
	struct listener	*l = arg;
	int		 i;

	(void)events;
	for (i = 0; i < ACCEPTS_TURN && has_room(l); i++)
		if (!accept_one(l))
			break;
	listener_start(l);
}

void
listener_new(struct server *server, const struct msg_conf_listener *conf,
    int fd)
{
	struct listener	*l = xcalloc(1, sizeof(*l));

	l->server = server;
	l->fd = fd;
	(void)span_copy(conf->name, l->name, sizeof(l->name));
	l->number = conf->number;
	l->flags = conf->flags;
	l->limit = &server->limits.item[conf->limits];
	l->sessions_max = conf->sessions > 0 ? conf->sessions : SESSIONS_MAX;
	if (fd_nonblock(fd) == -1)
		fatal("listener %u: %s", l->number, strerror(errno));
	watch_init(&l->watch, server->loop, fd, on_ready, l);
	timer_init(&l->pause, server->loop, on_pause_end, l);
	LIST_INSERT_HEAD(&server->listeners, l, entry);
	listener_start(l);
}

bool
listener_add_trust(struct server *server, const struct msg_conf_trust *conf)
{
	struct listener	*l;

	LIST_FOREACH(l, &server->listeners, entry)
		if (l->number == conf->listener)
			return trust_add(&l->trust[conf->kind], conf->address,
			    conf->prefix, TRUSTED_MAX);
	return false;
}

const struct trust *
listener_trust(const struct listener *l, enum trust_kind kind)
{
	return &l->trust[kind];
}

struct span
listener_name(const struct listener *l)
{
	return span_of(l->name);
}

void
listeners_start(struct server *server)
{
	struct listener	*l;

	LIST_FOREACH(l, &server->listeners, entry)
		listener_start(l);
}

/* Nobody wakes us any more, so whom we were woken for is still there. */
void
listeners_drain(struct server *server)
{
	struct listener	*l;

	LIST_FOREACH(l, &server->listeners, entry) {
		watch_clear(&l->watch);
		while (l->fd != -1 && has_room(l) && accept_one(l))
			continue;
	}
	listeners_stop(server);
}

void
listeners_stop(struct server *server)
{
	struct listener	*l;

	LIST_FOREACH(l, &server->listeners, entry) {
		watch_clear(&l->watch);
		timer_unset(&l->pause);
		fd_close(&l->fd);
	}
}

struct limit *
listener_limit(const struct listener *l)
{
	return l->limit;
}

/* The ceiling of the process holds for all listeners, so all are asked. */
void
listener_release(struct listener *l)
{
	l->sessions--;
	timer_unset(&l->pause);
	listeners_start(l->server);
}
