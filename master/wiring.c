/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <string.h>

#include "master/suite.h"
#include "master/wiring.h"
#include "shared/fd.h"
#include "shared/log.h"

/* ---- pairs -------------------------------------------------------------- */

static void
add_fd(struct msg *m, int fd)
{
	if (fd != -1)
		m->fds[m->nfds++] = fd;
}

static struct msg
wire_to(const struct child *neighbour)
{
	struct msg	 m = { .type = MSG_WIRE };

	m.wire.role = neighbour->role;
	m.wire.instance = neighbour->instance;
	m.wire.name = span_of(neighbour->name);
	return m;
}

/* What one pair is made of. */
struct pair {
	int	 ends[2];
	int	 there[2];	/* writer and reader of the ring from a to b */
	int	 back[2];	/* from b to a */
};

static bool
make_ring(unsigned slots, int ring[2])
{
	return slots == 0 || ring_create(slots, &ring[0], &ring[1]) == 0;
}

static bool
make_pair(struct pair *p, enum role a, enum role b)
{
	return socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, p->ends) == 0 &&
	    make_ring(ring_slots(a, b), p->there) &&
	    make_ring(ring_slots(b, a), p->back);
}

static void
pair_clear(struct pair *p)
{
	unsigned	 i;

	for (i = 0; i < 2; i++) {
		fd_close(&p->ends[i]);
		fd_close(&p->there[i]);
		fd_close(&p->back[i]);
	}
}

static bool
join(struct child *a, struct child *b)
{
	struct pair	 p = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct msg	 to_a = wire_to(b), to_b = wire_to(a);
	bool		 good = make_pair(&p, a->role, b->role);

	if (!good)
		log_error("no pair for %s and %s: %s", role_name(a->role),
		    role_name(b->role), strerror(errno));
	else {
		to_a.wire.out_slots = to_b.wire.in_slots =
		    ring_slots(a->role, b->role);
		to_a.wire.in_slots = to_b.wire.out_slots =
		    ring_slots(b->role, a->role);
		add_fd(&to_a, p.ends[0]);
		add_fd(&to_a, p.there[0]);
		add_fd(&to_a, p.back[1]);
		add_fd(&to_b, p.ends[1]);
		add_fd(&to_b, p.back[0]);
		add_fd(&to_b, p.there[1]);
		peer_put(a->peer, &to_a);
		peer_put(b->peer, &to_b);
	}
	pair_clear(&p);
	return good;
}

/* An agent belongs to the local that wanted it, not to its successor. */
static bool
are_to_join(const struct child *newer, const struct child *older)
{
	return newer != older && older->peer != NULL &&
	    older->role != ROLE_AGENT &&
	    roles_talk(newer->role, older->role);
}

/* ---- lines -------------------------------------------------------------- */

int
wiring_log_pair(int *writer, int *logger_end)
{
	int	 ends[2], on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0, ends) == -1)
		return -1;
	/* So that lines are signed which wait for the logger to come. */
	if (setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on,
	    sizeof on) == -1) {
		fd_close(&ends[0]);
		fd_close(&ends[1]);
		return -1;
	}
	*writer = ends[0];
	*logger_end = ends[1];
	return 0;
}

/* The logger's end goes to the logger, if there is one that stays; else it
 * waits. */
static void
hand_over(struct suite *s, int *end, const struct msg_wire *whose)
{
	struct child	*logger = children_find(s, ROLE_LOGGER, 0);
	struct msg	 m = { .type = MSG_WIRE };

	if (logger == NULL || logger->peer == NULL || logger->again ||
	    *end == -1)
		return;
	m.wire = *whose;
	add_fd(&m, *end);
	peer_put(logger->peer, &m);
	fd_close(end);
}

static void
hand_over_of(struct child *c)
{
	struct msg	 m = wire_to(c);

	hand_over(c->suite, &c->log_end, &m.wire);
}

static void
hand_over_own(struct suite *s)
{
	struct msg_wire	 us = { .role = ROLE_MASTER, .name = span_of("") };

	hand_over(s, &s->log_end, &us);
}

static void
hand_over_all(struct suite *s)
{
	struct child	*c;

	TAILQ_FOREACH(c, &s->children, entry)
		hand_over_of(c);
	hand_over_own(s);
}

void
wiring_log_self(struct suite *s)
{
	int	 writer;

	fd_close(&s->log_end);
	if (wiring_log_pair(&writer, &s->log_end) == -1) {
		log_error("no pair for lines: %s", strerror(errno));
		return;
	}
	log_open(writer);
	hand_over_own(s);
}

static void
renew_lines(struct child *c)
{
	struct msg	 m = { .type = MSG_WIRE };
	int		 writer;

	fd_close(&c->log_end);
	if (wiring_log_pair(&writer, &c->log_end) == -1) {
		log_error("no pair for lines: %s", strerror(errno));
		return;
	}
	m.wire.role = ROLE_LOGGER;
	m.wire.name = span_of("");
	add_fd(&m, writer);
	peer_put(c->peer, &m);
	fd_close(&writer);
}

void
wiring_lost_logger(struct suite *s)
{
	struct child	*c;

	if (s->phase == PHASE_RUNNING)
		wiring_log_self(s);
	else
		log_open(-1);
	TAILQ_FOREACH(c, &s->children, entry)
		if (c->role != ROLE_LOGGER && c->peer != NULL)
			renew_lines(c);
}

/* ---- all of it ---------------------------------------------------------- */

bool
wiring_connect(struct child *c)
{
	struct child	*older;

	if (c->role == ROLE_LOGGER)
		hand_over_all(c->suite);
	else
		hand_over_of(c);
	TAILQ_FOREACH(older, &c->suite->children, entry)
		if (are_to_join(c, older) && !join(c, older))
			return false;
	return true;
}

bool
wiring_connect_all(struct suite *s)
{
	struct child	*a, *b;

	hand_over_all(s);
	TAILQ_FOREACH(a, &s->children, entry)
		for (b = TAILQ_NEXT(a, entry); b != NULL;
		    b = TAILQ_NEXT(b, entry))
			if (are_to_join(a, b) && !join(a, b))
				return false;
	return true;
}
