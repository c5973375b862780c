/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/wait.h>

#include <bsd/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "tests/wires/rig.h"

enum { PATIENCE = 10 * 1000, STOP_PATIENCE = 5000 };

void
rig_check(struct rig *r, bool good, const char *fmt, ...)
{
	va_list	 ap;

	if (good) {
		r->passed++;
		return;
	}
	r->failed++;
	va_start(ap, fmt);
	printf("FAIL %s of %s: ", role_name(r->program), role_name(r->enemy));
	vprintf(fmt, ap);
	printf(" [%s]\n", r->line);
	va_end(ap);
	fflush(stdout);
}

bool
rig_lives(struct rig *r)
{
	if (r->pid == -1)
		return false;
	if (waitpid(r->pid, &r->status, WNOHANG) != r->pid)
		return true;
	r->pid = -1;
	return false;
}

/* ---- frames -------------------------------------------------------------- */

static bool
send_packet(int fd, struct span frame, const int *fds, unsigned nfds)
{
	union {
		char		 space[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr	 align;
	} control;
	struct iovec	 iov = { (void *)frame.ptr, frame.len };
	struct msghdr	 h = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr	*c;

	memset(&control, 0, sizeof control);
	if (nfds > 0) {
		h.msg_control = control.space;
		h.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	return sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) != -1;
}

/* A program that does not read for so long hangs. */
bool
wire_send(struct rig *r, struct wire *w, struct span frame, const int *fds,
    unsigned nfds)
{
	struct instant	 end = clock_after(clock_now(), PATIENCE);

	while (w->fd != -1) {
		if (send_packet(w->fd, frame, fds, nfds))
			return true;
		if (errno != EAGAIN)
			return false;
		rig_turn(r, 1);
		if (!clock_before(clock_now(), end)) {
			rig_check(r, false, "does not read");
			return false;
		}
	}
	return false;
}

void
rig_tell(struct rig *r, const struct msg *m)
{
	struct buf	 b;

	buf_init(&b, FRAME_MAX);
	if (!msg_encode(m, &b))
		fatal("%s is not encoded", msg_row(m->type)->name);
	while (!send_packet(r->control, buf_span(&b), m->fds, m->nfds) &&
	    errno == EAGAIN && rig_lives(r))
		rig_turn(r, 1);
	buf_clear(&b);
}

/* Some frames are changed, some go out with the next, some go twice. */
static void
send_wild(struct rig *r, struct wire *w, struct buf *b)
{
	struct dice	*d = &r->dice;

	r->frames++;
	if (dice_one_in(d, 24))
		forge_garble(b, d);
	if (buf_len(b) == 0)
		return;
	if (dice_one_in(d, 40))
		(void)buf_put(&r->held, buf_span(b));
	if (!buf_put(&r->held, buf_span(b)))
		buf_drop(&r->held, buf_len(&r->held));
	if (dice_one_in(d, 6) && buf_len(&r->held) < FRAME_MAX / 2)
		return;
	if (buf_len(&r->held) > 0)
		(void)wire_send(r, w, buf_span(&r->held), NULL, 0);
	buf_drop(&r->held, buf_len(&r->held));
}

void
wire_say(struct rig *r, struct wire *w, const struct msg *m)
{
	struct buf	 b;

	if (w->fd == -1)
		return;
	buf_init(&b, FRAME_MAX);
	forge_encode(m, &b);
	if (w == r->hostile && r->wild)
		send_wild(r, w, &b);
	else
		(void)wire_send(r, w, buf_span(&b), NULL, 0);
	buf_clear(&b);
}

/* ---- pairs --------------------------------------------------------------- */

struct wire *
wire_find(struct rig *r, enum role role, unsigned instance)
{
	unsigned	 i;

	for (i = 0; i < r->nwires; i++)
		if (r->wires[i]->role == role &&
		    r->wires[i]->instance == instance)
			return r->wires[i];
	return NULL;
}

void
wire_free(struct rig *r, struct wire *w)
{
	unsigned	 i;

	if (w == NULL)
		return;
	for (i = 0; i < r->nwires && r->wires[i] != w; i++)
		;
	r->wires[i] = r->wires[--r->nwires];
	if (r->hostile == w)
		r->hostile = NULL;
	if (r->struck == w)
		r->struck = NULL;
	fd_close(&w->fd);
	ring_close(w->out);
	ring_close(w->in);
	free(w);
}

static void
add_ring(unsigned slots, int ring[2])
{
	if (slots > 0 && ring_create(slots, &ring[0], &ring[1]) == -1)
		fatal("ring: %s", strerror(errno));
}

/* The program's ends go with the WIRE, ours stay. */
static void
join(struct rig *r, struct wire *w)
{
	int		 ends[2], there[2] = { -1, -1 }, back[2] = { -1, -1 };
	unsigned	 out = ring_slots(r->program, w->role);
	unsigned	 in = ring_slots(w->role, r->program);
	struct msg	 m = { .type = MSG_WIRE };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0, ends) == -1)
		fatal("socketpair: %s", strerror(errno));
	add_ring(out, there);
	add_ring(in, back);
	m.wire.role = w->role;
	m.wire.instance = w->instance;
	m.wire.out_slots = out;
	m.wire.in_slots = in;
	m.wire.name = span_of(w->name);
	m.fds[m.nfds++] = ends[1];
	if (out > 0)
		m.fds[m.nfds++] = there[0];
	if (in > 0)
		m.fds[m.nfds++] = back[1];
	rig_tell(r, &m);
	fd_close(&ends[1]);
	fd_close(&there[0]);
	fd_close(&back[1]);
	w->fd = ends[0];
	w->in = out > 0 ? ring_open_reader(there[1], out) : NULL;
	w->out = in > 0 ? ring_open_writer(back[0], in) : NULL;
}

struct wire *
wire_new(struct rig *r, enum role role, unsigned instance, const char *name)
{
	struct wire	*w = xcalloc(1, sizeof *w);

	wire_free(r, wire_find(r, role, instance));
	if (r->nwires == WIRES_MAX)
		fatal("too many wires");
	w->role = role;
	w->instance = instance;
	snprintf(w->name, sizeof w->name, "%s", name);
	r->wires[r->nwires++] = w;
	join(r, w);
	return w;
}

void
wire_greet(struct rig *r, struct wire *w)
{
	struct msg	 m = { .type = MSG_HELLO };
	bool		 wild = r->wild;

	m.hello.role = w->role;
	m.hello.instance = w->instance;
	m.hello.version = IPC_VERSION;
	m.hello.life = UINT64_C(77) << 32;
	m.hello.credit = r->grants > 0 ? r->grants : CREDIT;
	r->wild = false;
	wire_say(r, w, &m);
	r->wild = wild;
}

/* ---- the program --------------------------------------------------------- */

static void
execute(struct rig *r, int control, int log)
{
	char	 path[2048];
	char	*argv[] = { path, NULL };
	char	*env[] = { "PATH=/usr/bin:/bin", "LANG=C",
		    "ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=4", NULL };

	snprintf(path, sizeof path, "%s/%s", r->programs,
	    role_name(r->program));
	control = fcntl(control, F_DUPFD, 10);
	log = fcntl(log, F_DUPFD, 10);
	if (dup2(control, 3) == -1 || dup2(log, 4) == -1 || chdir("/") == -1)
		_exit(127);
	closefrom(5);
	execve(path, argv, env);
	_exit(127);
}

static void
boot(struct rig *r)
{
	struct msg	 m = { .type = MSG_HELLO };
	struct buf	 b;

	buf_init(&b, FRAME_MAX);
	m.hello.version = IPC_VERSION;
	m.hello.life = UINT64_C(1) << 32;
	m.hello.credit = CREDIT;
	(void)msg_encode(&m, &b);
	memset(&m, 0, sizeof m);
	m.type = MSG_BOOT;
	program_boot(r, &m.boot);
	if (!msg_encode(&m, &b) ||
	    !send_packet(r->control, buf_span(&b), NULL, 0))
		fatal("boot: %s", strerror(errno));
	buf_clear(&b);
}

void
rig_begin(struct rig *r)
{
	struct msg	 m = { .type = MSG_START };

	rig_tell(r, &m);
}

void
rig_start(struct rig *r, bool begun)
{
	int	 control[2], log[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    control) == -1 || socketpair(AF_UNIX, SOCK_SEQPACKET |
	    SOCK_CLOEXEC | SOCK_NONBLOCK, 0, log) == -1)
		fatal("socketpair: %s", strerror(errno));
	r->line[0] = '\0';
	r->control = control[0];
	r->log = log[0];
	fflush(stdout);
	r->pid = fork();
	if (r->pid == 0)
		execute(r, control[1], log[1]);
	fd_close(&control[1]);
	fd_close(&log[1]);
	boot(r);
	program_configure(r);
	program_wire(r);
	if (begun)
		rig_begin(r);
}

void
rig_stop(struct rig *r)
{
	struct instant	 end = clock_after(clock_now(), STOP_PATIENCE);

	while (r->nwires > 0)
		wire_free(r, r->wires[0]);
	clients_close(r);
	fd_close(&r->control);
	while (rig_lives(r) && clock_before(clock_now(), end))
		rig_turn(r, 1);
	if (r->pid != -1) {
		kill(r->pid, SIGKILL);
		(void)waitpid(r->pid, &r->status, 0);
		r->pid = -1;
	}
	rig_turn(r, 0);
	fd_close(&r->log);
	fd_close(&r->listener);
}

/* ---- what it says -------------------------------------------------------- */

static void
hear_control(struct rig *r, struct msg *m)
{
	struct msg	 end = { .type = MSG_STATUS_END };
	struct wire	*w;
	char		 name[USER_TEXT_MAX + 1];

	if (m->type == MSG_STATUS) {
		end.status_end.token = m->status.token;
		rig_tell(r, &end);
	} else if (m->type == MSG_ACCUSE) {
		r->accused[m->accuse.role]++;
		if (m->accuse.role == r->enemy)
			r->accusations++;
	} else if (m->type == MSG_AGENT_WANTED) {
		(void)span_copy(m->agent_wanted.user, name, sizeof name);
		w = wire_new(r, ROLE_AGENT, 1 + r->serial++ % 8, name);
		if (r->enemy == ROLE_AGENT)
			r->hostile = w;
		wire_greet(r, w);
	}
}

static void
hear(struct rig *r, struct wire *w, struct msg *m)
{
	const struct msg_row	*row = msg_row(m->type);

	rig_check(r, msg_allowed(m->type, r->program, w->role),
	    "says %s to %s", row->name, role_name(w->role));
	hints_learn(&r->hints, m);
	if (m->type == MSG_HELLO) {
		w->greeted = true;
		w->credit = m->hello.credit;
	}
	if (row->kind == ANSWER) {
		w->answers++;
		w->credit++;
	}
	if (m->type == MSG_FREED && w->out != NULL && w != r->hostile)
		(void)ring_give_back(w->out, m->freed.slot);
	if (w != r->hostile || !r->mute)
		answer(r, w, m);
}

static void
read_frame(struct rig *r, struct wire *w, struct span rest)
{
	struct msg	 m;

	while (rest.len > 0) {
		if (!msg_decode(&rest, &m)) {
			rig_check(r, false, "sends a broken record");
			return;
		}
		if (w == NULL)
			hear_control(r, &m);
		else if (w->fd != -1)
			hear(r, w, &m);
	}
}

/* False when the pair has ended.  `w` is NULL for the control pair.  Whoever
 * answers may have to read others meanwhile, over and over: frames are not for
 * the stack. */
static bool
read_pair(struct rig *r, int fd, struct wire *w)
{
	char	*frame = xcalloc(1, FRAME_MAX);
	ssize_t	 n = recv(fd, frame, FRAME_MAX, MSG_DONTWAIT);
	bool	 later = n == -1 && (errno == EAGAIN || errno == EINTR);

	if (n > 0) {
		frame = xreallocarray(frame, n, 1);
		read_frame(r, w, span_make(frame, n));
	}
	free(frame);
	return n > 0 || later;
}

static void
read_log(struct rig *r)
{
	char	 line[LOG_LINE_MAX + 1];
	ssize_t	 n;

	while ((n = recv(r->log, line, LOG_LINE_MAX, MSG_DONTWAIT)) > 0) {
		line[n] = '\0';
		if (getenv("WIRES_VERBOSE") != NULL)
			printf("%s: %s\n", role_name(r->program), line);
		if (strncmp(line, "fatal", 5) == 0 || r->line[0] != 'f')
			snprintf(r->line, sizeof r->line, "%.*s",
			    LINE_SIZE - 1, line);
	}
}

static void
lose(struct rig *r, struct wire *w)
{
	fd_close(&w->fd);
	if (w->role == r->enemy && w == r->hostile)
		r->ended++;
}

static unsigned
gather(struct rig *r, struct pollfd *p)
{
	unsigned	 i, n = 0;

	p[n++] = (struct pollfd){ r->control, POLLIN, 0 };
	p[n++] = (struct pollfd){ r->log, POLLIN, 0 };
	p[n++] = (struct pollfd){ r->program == ROLE_REMOTE ? r->listener :
	    -1, POLLIN, 0 };
	for (i = 0; i < CLIENTS_MAX; i++)
		p[n++] = (struct pollfd){ r->clients[i].fd, POLLIN, 0 };
	for (i = 0; i < r->nwires; i++)
		p[n++] = (struct pollfd){ r->wires[i]->fd, POLLIN, 0 };
	return n;
}

/* Wires may come and go meanwhile: they are found again by descriptor. */
static void
read_wire(struct rig *r, int fd)
{
	unsigned	 i;

	for (i = 0; i < r->nwires; i++)
		if (r->wires[i]->fd == fd) {
			if (!read_pair(r, fd, r->wires[i]) &&
			    i < r->nwires && r->wires[i]->fd == fd)
				lose(r, r->wires[i]);
			return;
		}
}

void
rig_turn(struct rig *r, int ms)
{
	struct pollfd	 p[WIRES_MAX + CLIENTS_MAX + 3];
	unsigned	 i, n = gather(r, p);

	if (poll(p, n, ms) <= 0)
		return;
	if (p[1].revents)
		read_log(r);
	if (p[2].revents)
		server_accept(r);
	for (i = 3; i < n; i++) {
		if (p[i].revents == 0)
			continue;
		if (i < 3 + CLIENTS_MAX)
			client_ready(r, &r->clients[i - 3]);
		else
			read_wire(r, p[i].fd);
	}
	if (p[0].revents && r->control != -1 &&
	    !read_pair(r, r->control, NULL))
		fd_close(&r->control);
}

bool
rig_until(struct rig *r, bool (*done)(struct rig *, void *), void *arg)
{
	struct instant	 end = clock_after(clock_now(), WAIT);

	while (!done(r, arg)) {
		if (!clock_before(clock_now(), end))
			return false;
		rig_turn(r, 20);
	}
	return true;
}
