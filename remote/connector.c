/* SPDX-License-Identifier: ISC */
/*
 * connector opens the Unix sockets of routes for remote, which sees no file at
 * all: the paths of the configuration, no others, and hands over what is
 * connected.  It speaks to nobody on them.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/program.h"

/* A socket whose queue is full refuses at once, and tells nobody when it is
 * not any more: milliseconds until the next attempt, and of all of them. */
enum { AGAIN = 50, AGAIN_TIME = 10 * 1000 };

/* A question that is asked again. */
struct pending {
	TAILQ_ENTRY(pending) entry;
	struct peer	*from;
	uint64_t	 token;
	unsigned	 path;
	struct instant	 until;
};

static struct {
	struct process	*process;
	unsigned	 count;
	char		*paths[ROUTES_MAX];
	TAILQ_HEAD(, pending) pending;	/* the first ends first */
	struct timer	 again;
} connector;

static void	 on_again(void *);

/* ---- one attempt --------------------------------------------------------- */

/* -1 with errno. */
static int
open_path(const char *path)
{
	struct sockaddr_un	 at = { .sun_family = AF_UNIX };
	int			 fd;

	(void)span_copy(span_of(path), at.sun_path, sizeof at.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd != -1 && connect(fd, (struct sockaddr *)&at, sizeof at) == -1)
		fd_close(&fd);
	return fd;
}

static void
answer(struct peer *to, uint64_t token, int fd, int error)
{
	struct msg	 m = { .type = MSG_CONNECTED };

	m.connected.token = token;
	m.connected.known = true;
	m.connected.error = fd == -1 ? (uint32_t)error : 0;
	if (fd != -1)
		m.fds[m.nfds++] = fd;
	peer_put(to, &m);
}

/* False: it may be tried again. */
static bool
attempt(struct peer *from, uint64_t token, unsigned path, bool last)
{
	int	 fd = open_path(connector.paths[path]);

	if (fd == -1 && errno == EAGAIN && !last)
		return false;
	answer(from, token, fd, errno);
	fd_close(&fd);
	return true;
}

/* ---- those that wait ----------------------------------------------------- */

static void
drop(struct pending *p)
{
	TAILQ_REMOVE(&connector.pending, p, entry);
	free(p);
}

static void
on_again(void *arg)
{
	struct loop	*loop = process_loop(connector.process);
	struct pending	*p, *next;

	(void)arg;
	for (p = TAILQ_FIRST(&connector.pending); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (attempt(p->from, p->token, p->path,
		    clock_before(p->until, loop_now(loop))))
			drop(p);
	}
	if (!TAILQ_EMPTY(&connector.pending))
		timer_in(&connector.again, AGAIN);
}

static void
wait_for(struct peer *from, uint64_t token, unsigned path)
{
	struct pending	*p = xcalloc(1, sizeof *p);

	p->from = from;
	p->token = token;
	p->path = path;
	p->until = clock_after(loop_now(process_loop(connector.process)),
	    AGAIN_TIME);
	TAILQ_INSERT_TAIL(&connector.pending, p, entry);
	if (!timer_is_set(&connector.again))
		timer_in(&connector.again, AGAIN);
}

static void
lost(struct peer *peer)
{
	struct pending	*p, *next;

	for (p = TAILQ_FIRST(&connector.pending); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->from == peer)
			drop(p);
	}
}

/* ---- the inbox ----------------------------------------------------------- */

static void
on_conf_socket(struct peer *p, struct msg *m)
{
	(void)p;
	if (connector.count < ROUTES_MAX)
		connector.paths[connector.count++] =
		    span_dup(m->conf_socket.path);
}

static void
on_connect(struct peer *from, struct msg *m)
{
	struct msg	 no = { .type = MSG_CONNECTED };
	unsigned	 i = 0;

	while (i < connector.count &&
	    !span_is(m->connect.path, connector.paths[i]))
		i++;
	no.connected.token = m->connect.token;
	if (i == connector.count)
		peer_put(from, &no);
	else if (!attempt(from, m->connect.token, i, false))
		wait_for(from, m->connect.token, i);
}

static unsigned
credit(enum role role)
{
	return role == ROLE_REMOTE ? CONNECTS_MAX : 0;
}

static void
before_drop(struct process *p)
{
	connector.process = p;
	TAILQ_INIT(&connector.pending);
	timer_init(&connector.again, process_loop(p), on_again, NULL);
}

static const struct route	 inbox[] = {
	{ MSG_CONF_SOCKET,	on_conf_socket },
	{ MSG_CONNECT,		on_connect },
	{ MSG_COUNT,		NULL }
};

static const struct program	 program = {
	.role = ROLE_CONNECTOR,
	.priv = {
		.calls = PRIV_UNIX | PRIV_PASS,
		.stays_in_root = true,
		.files = CONNECTS_MAX + 64
	},
	.credit = credit,
	.before_drop = before_drop,
	.lost = lost,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}
