/* SPDX-License-Identifier: ISC */
/*
 * Control pair and log pair are descriptors 3 and 4, put there by master.  The
 * first packet holds HELLO and BOOT; it is only looked at here, before the
 * walls stand, and read by the loop behind them like every other packet.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/peer_owner.h"
#include "shared/program.h"

enum { CONTROL_FD = 3, LOG_FD = 4, ALLOWED_MAX = 4 + MAILBOX_PLACES_MAX };

struct process {
	const struct program	*program;
	struct loop		*loop;
	struct peer_owner	 owner;
	struct peer		*master;
	struct hook		 turn;
	struct timer		 patience;	/* of an orderly end */
	struct timer		 log_again;	/* lines wait for the logger */
	void			(*handlers[MSG_COUNT])(struct peer *,
				    struct msg *);
	char			*first;		/* what boot borrows from */
	struct msg_boot		 boot;
	unsigned		 instance;
	struct priv_identity	 identity;
	struct priv		 priv;
	struct priv_path	 paths[ALLOWED_MAX + 1];
	unsigned		 allowed;
	bool			 may_bind;
	bool			 stopping;
	bool			 has_successor;
	int			 status;
};

struct loop *
process_loop(struct process *p)
{
	return p->loop;
}

const struct msg_boot *
process_boot(const struct process *p)
{
	return &p->boot;
}

struct peer *
process_next_peer(struct process *p, enum role role, struct peer *after)
{
	return peer_next(&p->owner, role, after);
}

struct peer *
process_peer(struct process *p, enum role role)
{
	return peer_next(&p->owner, role, NULL);
}

struct peer *
process_master(struct process *p)
{
	return p->master;
}

bool
process_expects(struct process *p, enum role role)
{
	return peer_is_expected(&p->owner, role);
}

bool
process_has_successor(const struct process *p)
{
	return p->has_successor;
}

void
process_exit(struct process *p, int status)
{
	p->status = status;
	loop_stop(p->loop);
}

void
process_dismiss(struct process *p, struct peer *peer)
{
	(void)p;
	peer_free(peer);
}

void
process_become(struct process *p, const struct priv_identity *who)
{
	p->identity = *who;
}

void
process_allow(struct process *p, const char *path, unsigned access)
{
	if (p->allowed == ALLOWED_MAX)
		fatal("more than %d allowed paths", ALLOWED_MAX);
	p->paths[p->allowed].path = xstrdup(path);
	p->paths[p->allowed++].access = access;
}

void
process_may_bind(struct process *p)
{
	p->may_bind = true;
}

/* ---- the end ------------------------------------------------------------- */

static void
on_impatience(void *arg)
{
	struct process	*p = arg;

	log_warning("an orderly end took too long");
	process_exit(p, EX_TEMPFAIL);
}

static void
begin_stop(struct process *p)
{
	if (p->stopping)
		return;
	p->stopping = true;
	timer_in(&p->patience, STOP_TIME);
	if (p->program->stop != NULL)
		p->program->stop();
	else
		process_exit(p, EX_OK);
}

/* A successor serves: there is no hurry, but nothing new either. */
static void
begin_drain(struct process *p)
{
	if (p->stopping)
		return;
	if (p->program->drain != NULL)
		p->program->drain();
	else
		begin_stop(p);
}

static void
answer_ping(struct peer *master, const struct msg_ping *ping)
{
	struct msg	 m = { .type = MSG_PONG };

	m.pong.number = ping->number;
	peer_put(master, &m);
}

/* ---- neighbours ---------------------------------------------------------- */

static void
on_closed(void *arg, struct peer *peer, const char *accusation)
{
	struct process	*p = arg;
	struct msg	 m = { .type = MSG_ACCUSE };

	if (peer == p->master) {
		if (accusation != NULL)
			log_error("master %s", accusation);
		p->master = NULL;
		peer_free(peer);
		begin_stop(p);
		return;
	}
	if (accusation != NULL) {
		log_error("%s %u %s", role_name(peer_role(peer)),
		    peer_instance(peer), accusation);
		m.accuse.role = peer_role(peer);
		m.accuse.instance = peer_instance(peer);
		m.accuse.reason = span_of(accusation);
		if (p->master != NULL)
			peer_put(p->master, &m);
	}
	if (p->program->lost != NULL)
		p->program->lost(peer);
	peer_free(peer);
}

static void
on_opened(void *arg, struct peer *peer)
{
	struct process	*p = arg;

	if (peer != p->master && p->program->found != NULL)
		p->program->found(peer);
}

static void
on_freed(void *arg, struct peer *peer)
{
	struct process	*p = arg;

	if (p->program->freed != NULL)
		p->program->freed(peer);
}

/* The older pair with the same neighbour ends before the new one begins. */
static void
forget(struct process *p, enum role role, unsigned instance)
{
	struct peer	*old = peer_find(&p->owner, role, instance);

	if (old == NULL)
		return;
	if (p->program->lost != NULL)
		p->program->lost(old);
	peer_free(old);
}

static int
take_fd(struct msg *m, unsigned i)
{
	int	 fd;

	if (i >= m->nfds)
		fatal("a wire has too few descriptors");
	fd = m->fds[i];
	m->fds[i] = -1;
	return fd;
}

static void
add_neighbour(struct process *p, struct msg *m)
{
	const struct msg_wire	*w = &m->wire;
	struct ring		*out = NULL, *in = NULL;
	struct peer		*peer;
	unsigned		 i = 0;
	int			 fd = take_fd(m, i++);

	if (w->out_slots > 0)
		out = ring_open_writer(take_fd(m, i++), w->out_slots);
	if (w->in_slots > 0)
		in = ring_open_reader(take_fd(m, i++), w->in_slots);
	if ((w->out_slots > 0 && out == NULL) ||
	    (w->in_slots > 0 && in == NULL))
		fatal("ring with %s: %s", role_name(w->role), strerror(errno));
	forget(p, w->role, w->instance);
	peer = peer_new(&p->owner, fd, w->role, w->instance, w->name);
	peer_set_rings(peer, out, in);
}

static void
on_wire(struct process *p, struct msg *m)
{
	const struct msg_wire	*w = &m->wire;

	if (p->program->log_source != NULL)
		p->program->log_source(p, take_fd(m, 0), w->role, w->instance,
		    w->name);
	else if (w->role == ROLE_LOGGER)
		log_open(take_fd(m, 0));
	else
		add_neighbour(p, m);
}

static void
on_message(void *arg, struct peer *peer, struct msg *m)
{
	struct process	*p = arg;

	switch (m->type) {
	case MSG_BOOT:
		break;		/* was looked at before the walls stood */
	case MSG_WIRE:
		on_wire(p, m);
		break;
	case MSG_START:
		if (p->program->start != NULL)
			p->program->start();
		break;
	case MSG_STOP:
		p->has_successor = m->stop.reason == STOP_FOR_SUCCESSOR;
		begin_stop(p);
		break;
	case MSG_DRAIN:
		begin_drain(p);
		break;
	case MSG_PING:
		answer_ping(peer, &m->ping);
		break;
	default:
		if (p->handlers[m->type] != NULL)
			p->handlers[m->type](peer, m);
	}
}

/* ---- the beginning ------------------------------------------------------- */

/* Reads HELLO and BOOT without taking them from the socket. */
static void
look_at_boot(struct process *p)
{
	struct span	 frame;
	struct msg	 m;
	ssize_t		 n;

	p->first = xcalloc(1, FRAME_MAX);
	do
		n = recv(CONTROL_FD, p->first, FRAME_MAX, MSG_PEEK);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		exit(EX_OK);	/* master ended before we began */
	if (n == -1)
		fatal("this program is started by relais-master");
	frame = span_make(p->first, n);
	if (!msg_decode(&frame, &m) || m.type != MSG_HELLO ||
	    m.hello.role != ROLE_MASTER)
		fatal("master does not begin with hello");
	p->instance = m.hello.instance;
	if (!msg_decode(&frame, &m) || m.type != MSG_BOOT)
		fatal("master does not say boot");
	p->boot = m.boot;
}

static void
set_identity(struct process *p)
{
	p->identity.uid = p->boot.uid;
	p->identity.gid = p->boot.gid;
	p->identity.unprivileged = p->boot.flags & BOOT_UNPRIVILEGED;
	if (!p->program->priv.stays_in_root)
		p->identity.root = span_dup(p->boot.root);
}

/* Files that the hook allowed join those of the description. */
static void
set_paths(struct process *p)
{
	const struct priv_path	*path;

	p->priv = p->program->priv;
	for (path = p->priv.paths; path != NULL && path->path; path++)
		process_allow(p, path->path, path->access);
	p->priv.paths = p->allowed > 0 ? p->paths : NULL;
	if (p->may_bind)
		p->priv.calls |= PRIV_BIND;
}

/* Master alone decides when a child ends; a terminal's ^C reaches all.  What
 * passes a file-size limit is told by write(2). */
static void
ignore_signals(void)
{
	static const int	 ignored[] = { SIGINT, SIGTERM, SIGHUP,
				    SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM,
				    SIGXFSZ };
	struct sigaction	 act = { .sa_handler = SIG_IGN };
	sigset_t		 none;
	size_t			 i;

	for (i = 0; i < COUNT(ignored); i++)
		sigaction(ignored[i], &act, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Processes that wake each other for each message spend more on that than on
 * the message.  Whoever is woken in this class does not push aside the one who
 * runs, whose messages gather until it sleeps or its slice is over; where a
 * processor is idle nobody waits.  In queue they gather by themselves, while a
 * thread waits for the disk; the next sync shall begin at once.
 */
static void
let_others_finish(enum role role)
{
	static const struct sched_param	 none;

	if (role != ROLE_QUEUE)
		(void)sched_setscheduler(0, SCHED_BATCH, &none);
}

/*
 * What master was started with, a terminal perhaps, is no business of its
 * children.  The logger may have to write there; a sanitizer does.
 */
static void
forget_terminal(enum role role)
{
	int	 fd, last = STDERR_FILENO;
	int	 null = open("/dev/null", O_RDWR | O_CLOEXEC);

#ifdef SANITIZED
	last = STDOUT_FILENO;
#endif
	if (role == ROLE_LOGGER)
		last = STDOUT_FILENO;
	for (fd = STDIN_FILENO; fd <= last; fd++)
		if (null == -1 || dup2(null, fd) == -1)
			fatal("/dev/null: %s", strerror(errno));
	fd_close(&null);
}

static void
raise_walls(struct process *p)
{
	if (p->program->before_drop != NULL)
		p->program->before_drop(p);
	set_paths(p);
	priv_drop(&p->identity);
	priv_limits(&p->priv);
	priv_landlock(&p->priv);
	if (p->program->after_drop != NULL)
		p->program->after_drop(p);
	priv_seccomp(&p->priv);
}

/* Its turn's end is what matters. */
static void
on_log_again(void *arg)
{
	(void)arg;
}

static void
on_turn_end(void *arg)
{
	struct process	*p = arg;

	if (p->program->end_of_turn != NULL)
		p->program->end_of_turn();
	if (!log_flush())
		timer_in(&p->log_again, LOG_AGAIN);
}

static void
init(struct process *p, const struct program *program)
{
	const struct route	*r;

	p->program = program;
	p->loop = loop_new();
	timer_init(&p->patience, p->loop, on_impatience, p);
	timer_init(&p->log_again, p->loop, on_log_again, p);
	hook_init(&p->turn, p->loop, on_turn_end, p);
	for (r = program->inbox; r != NULL && r->type != MSG_COUNT; r++)
		p->handlers[r->type] = r->handle;
	look_at_boot(p);
	set_identity(p);
	peer_owner_init(&p->owner, p->loop, program->role, p->instance);
	p->owner.credit = program->credit;
	p->owner.message = on_message;
	p->owner.opened = on_opened;
	p->owner.closed = on_closed;
	p->owner.freed = on_freed;
	p->owner.arg = p;
}

int
program_run(const struct program *program, int argc, char **argv)
{
	struct process	*p = xcalloc(1, sizeof *p);

	(void)argc;
	(void)argv;
	umask(077);
	log_name(role_name(program->role));
	ignore_signals();
	let_others_finish(program->role);
	if (fd_cloexec(CONTROL_FD, 1) == -1 || fd_cloexec(LOG_FD, 1) == -1)
		fatal("this program is started by relais-master");
	init(p, program);
	log_open(LOG_FD);
	forget_terminal(program->role);
	raise_walls(p);
	p->master = peer_new(&p->owner, CONTROL_FD, ROLE_MASTER,
	    p->instance, span_of(""));	/* master says hello with ours */
	log_gather(true);
	loop_run(p->loop);
	log_gather(false);
	return p->status;
}
