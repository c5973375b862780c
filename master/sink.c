/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "master/sink.h"
#include "master/suite.h"
#include "shared/fd.h"
#include "shared/log.h"

enum {
	RETRY_LOST	= 200,		/* a new syslog daemon is starting */
	RETRY_ABSENT	= 5000
};

static int
open_syslog(void)
{
	static const struct sockaddr_un	 to = { AF_UNIX, "/dev/log" };
	int				 fd;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd != -1 &&
	    connect(fd, (const struct sockaddr *)&to, sizeof to) == -1)
		fd_close(&fd);
	return fd;
}

static int
open_file(const char *path)
{
	struct stat	 st;
	int		 fd;

	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK, 0640);
	if (fd != -1 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) &&
	    !S_ISCHR(st.st_mode)) {
		fd_close(&fd);
		errno = EINVAL;
	}
	return fd;
}

static void
put_sink(struct child *logger, enum log_kind kind, int fd)
{
	struct msg	 m = { .type = MSG_CONF_LOG };

	m.conf_log.kind = kind;
	m.fds[m.nfds++] = fd;
	peer_put(logger->peer, &m);
}

static bool
confer_syslog(struct child *logger)
{
	int	 fd = open_syslog();

	if (fd == -1)
		return false;
	put_sink(logger, LOG_TO_SYSLOG, fd);
	fd_close(&fd);
	return true;
}

static bool
confer_file(struct child *logger)
{
	const char	*path = logger->suite->config->log.path;
	mode_t		 old = umask(027);	/* 0640, also for the group */
	int		 fd = open_file(path);

	umask(old);
	if (fd == -1) {
		log_error("%s: %s", path, strerror(errno));
		return false;
	}
	put_sink(logger, LOG_TO_FILE, fd);
	fd_close(&fd);
	return true;
}

static void
on_retry(void *arg)
{
	struct suite	*s = arg;
	struct child	*logger = children_find(s, ROLE_LOGGER, 0);

	if (logger != NULL && logger->peer != NULL && !confer_syslog(logger))
		timer_in(&s->sink, RETRY_ABSENT);
}

void
sink_init(struct suite *s)
{
	timer_init(&s->sink, s->loop, on_retry, s);
}

bool
sink_confer(struct child *logger)
{
	struct suite	*s = logger->suite;

	timer_unset(&s->sink);
	if (s->log_kind == LOG_TO_FILE)
		return confer_file(logger);
	if (s->log_kind == LOG_TO_SYSLOG) {
		if (confer_syslog(logger))
			return true;
		log_warning("/dev/log: %s; lines go to standard error until "
		    "it is there", strerror(errno));
		timer_in(&s->sink, RETRY_ABSENT);
	}
	put_sink(logger, LOG_TO_STDERR, s->stderr_fd);
	return true;
}

void
sink_lost(struct suite *s)
{
	if (s->log_kind == LOG_TO_SYSLOG && !timer_is_set(&s->sink))
		timer_in(&s->sink, RETRY_LOST);
}
