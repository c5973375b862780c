/* SPDX-License-Identifier: ISC */
/*
 * Takes the lines of all processes and alone knows where they go.  Who sent a
 * line is said by the kernel (SCM_CREDENTIALS) and by master's WIRE, never by
 * the line.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/sink.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/program.h"

enum {
	SOURCES_MAX	= 256,
	PACKETS_TURN	= 64,		/* of one source */
	STOP_DRAIN_TIME	= 2000,

	CROWD		= 32,		/* lines; see rest_in_a_crowd */
	CROWD_REST	= 2
};

/* One process's lines. */
struct source {
	TAILQ_ENTRY(source) entry;
	struct watch	 watch;
	int		 fd;
	enum role	 role;
};

static struct {
	struct process	*process;
	struct sink	 sink;
	TAILQ_HEAD(, source) sources;
	unsigned	 count;
	bool		 held;		/* no source is read: sink is full */
	bool		 stopping;
	struct timer	 drain;
	int64_t		 crowd;		/* lines, less one a ms */
	struct instant	 counted;
} logger = { .sources = TAILQ_HEAD_INITIALIZER(logger.sources) };

static void
source_free(struct source *s)
{
	watch_clear(&s->watch);
	fd_close(&s->fd);
	TAILQ_REMOVE(&logger.sources, s, entry);
	logger.count--;
	free(s);
}

/* Descriptors that somebody sends along have no room and are dropped by the
 * kernel: the control buffer holds the credentials and no more. */
static ssize_t
receive(struct source *s, char text[LOG_PACKET_MAX], uint32_t *pid)
{
	union {
		char		 space[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr	 align;
	} control;
	struct iovec	 iov = { text, LOG_PACKET_MAX };
	struct msghdr	 h = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control.space,
			    .msg_controllen = sizeof(control.space) };
	struct cmsghdr	*c;
	struct ucred	 who;
	ssize_t		 n;

	*pid = 0;
	n = recvmsg(s->fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return n;
	c = CMSG_FIRSTHDR(&h);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_CREDENTIALS &&
	    c->cmsg_len == CMSG_LEN(sizeof(who))) {
		memcpy(&who, CMSG_DATA(c), sizeof(who));
		*pid = who.pid;
	}
	return n;
}

/* Honest lines hold no LF.  Whoever sends too many has the rest in one, where
 * its LFs are escaped. */
static void
put_lines(struct sink_line *line, struct span packet)
{
	int	 left = SINK_PACKET_LINES;
	size_t	 end;

	while (packet.len > 0) {
		end = --left > 0 ? span_index(packet, '\n') : packet.len;
		line->text = span_head(packet, end);
		sink_put(&logger.sink, line);
		logger.crowd++;
		packet = span_skip(packet, end < packet.len ? end + 1 : end);
	}
}

/* False: nothing more to be had of it now. */
static bool
take_packet(struct source *s)
{
	char			 text[LOG_PACKET_MAX];
	struct sink_line	 line = { .role = s->role };
	ssize_t			 n = receive(s, text, &line.pid);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		source_free(s);
		return false;
	}
	line.wall = clock_wall();
	put_lines(&line, span_make(text, n));
	return true;
}

static void
on_lines(void *arg, unsigned events)
{
	struct source	*s = arg;
	int		 i;

	(void)events;
	for (i = 0; i < PACKETS_TURN && !sink_is_full(&logger.sink); i++)
		if (!take_packet(s))
			return;
}

static void
hold(bool held)
{
	struct source	*s;

	if (logger.held == held)
		return;
	logger.held = held;
	TAILQ_FOREACH(s, &logger.sources, entry)
		watch_want(&s->watch, held ? 0 : LOOP_READ);
}

static void
on_source(struct process *p, int fd, enum role role, unsigned instance,
    struct span name)
{
	struct source	*s;
	int		 on = 1;

	(void)instance;
	(void)name;
	if (logger.count == SOURCES_MAX) {
		log_warning("no room for the lines of %s", role_name(role));
		fd_close(&fd);
		return;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1)
		log_warning("SO_PASSCRED: %s", strerror(errno));
	s = xcalloc(1, sizeof(*s));
	s->fd = fd;
	s->role = role;
	watch_init(&s->watch, process_loop(p), fd, on_lines, s);
	watch_want(&s->watch, logger.held ? 0 : LOOP_READ);
	TAILQ_INSERT_TAIL(&logger.sources, s, entry);
	logger.count++;
}

/* Standard error is already ours and comes without a descriptor. */
static void
on_conf_log(struct peer *peer, struct msg *m)
{
	enum log_kind	 kind = m->conf_log.kind;
	int		 fd = STDERR_FILENO;

	(void)peer;
	if (m->nfds > 0) {
		fd = m->fds[0];
		m->fds[0] = -1;
	} else if (kind != LOG_TO_STDERR) {
		log_error("a log without a descriptor");
		return;
	}
	sink_open(&logger.sink, kind, fd);
}

static void
on_sink_lost(int error)
{
	struct peer	*master = process_master(logger.process);
	struct msg	 m = { .type = MSG_LOG_LOST };

	m.log_lost.error = error;
	if (master != NULL)
		peer_put(master, &m);
}

/* Master had its new pair before it told us to stop, or needs none. */
static bool
all_have_left(void)
{
	const struct source	*s;

	TAILQ_FOREACH(s, &logger.sources, entry)
		if (s->role != ROLE_MASTER)
			return false;
	return true;
}

/*
 * When lines come faster than a thousand a second, nobody reads them as they
 * come: they are taken every few ms, and no wake-up is spent on each packet.
 */
static void
rest_in_a_crowd(void)
{
	struct loop	*loop = process_loop(logger.process);
	int64_t		 ms = clock_ms_between(logger.counted,
			    loop_now(loop));

	if (ms > 0) {
		logger.crowd = logger.crowd > ms ? logger.crowd - ms : 0;
		logger.counted = loop_now(loop);
	}
	if (logger.crowd <= CROWD || logger.stopping)
		return;
	logger.crowd = 2 * CROWD < logger.crowd ? 2 * CROWD : logger.crowd;
	loop_rest(loop, CROWD_REST);
}

static void
on_end_of_turn(void)
{
	struct sink	*s = &logger.sink;

	sink_flush(s);
	hold(sink_is_full(s));
	rest_in_a_crowd();
	if (logger.stopping &&
	    (s->fd == -1 || (all_have_left() && sink_is_empty(s))))
		process_exit(logger.process, 0);
}

static void
take_all(void)
{
	struct source	*s, *next;

	for (s = TAILQ_FIRST(&logger.sources); s != NULL; s = next) {
		next = TAILQ_NEXT(s, entry);
		while (!sink_is_full(&logger.sink) && take_packet(s))
			continue;
	}
}

static void
on_drain_over(void *arg)
{
	(void)arg;
	take_all();
	sink_flush(&logger.sink);
	process_exit(logger.process, 0);
}

/* Everybody has, or soon gets, a pair with our successor: lines come until
 * that is known there and this pair closed. */
static void
on_stop(void)
{
	take_all();
	logger.stopping = true;
	timer_in(&logger.drain, STOP_DRAIN_TIME);
}

static void
read_system(struct process *p)
{
	(void)p;
	sink_prepare(&logger.sink);
}

static void
prepare(struct process *p)
{
	logger.process = p;
	sink_init(&logger.sink, process_loop(p), on_sink_lost);
	timer_init(&logger.drain, process_loop(p), on_drain_over, NULL);
}

static const struct route inbox[] = {
	{ MSG_CONF_LOG,	on_conf_log },
	{ MSG_COUNT,	NULL }
};

static const struct program description = {
	.role = ROLE_LOGGER,
	.priv = { .files = SOURCES_MAX + 64, .writes_files = true },
	.before_drop = read_system,
	.after_drop = prepare,
	.log_source = on_source,
	.stop = on_stop,
	.end_of_turn = on_end_of_turn,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	return program_run(&description, argc, argv);
}
