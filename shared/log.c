/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/limits.h"
#include "shared/log.h"

/* AT_TURNS_END: or at once, where no lines gather.  LAST: the end follows. */
enum when { AT_TURNS_END, AT_ONCE, LAST };

enum { NAME_SIZE = 32, EXIT_OURS = 70, ESCAPE_LEN = 4 };

/*
 * Lines wait in `kept`, each with a LF behind it: those that the logger did
 * not take at once, so that a burst is not a loss, and in the gatherer those
 * of the turn, which then are one packet.  Threads log as well, hence the lock.
 */
static struct {
	pthread_mutex_t	 lock;
	int		 fd;
	char		 name[NAME_SIZE];
	bool		 gathers;
	pthread_t	 gatherer;
	unsigned	 dropped;
	size_t		 head, tail;	/* of what is kept */
	char		 kept[LOG_KEPT_MAX];

	char		 raw[LOG_LINE_MAX];	/* the line that is made, */
	char		 line[LOG_LINE_MAX];	/* and how it leaves */
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1, .name = "relais" };

static const char	 more[] = "...";

void
log_name(const char *program)
{
	(void)snprintf(state.name, sizeof(state.name), "%s", program);
}

/* One line to standard error, in one call so that lines stay whole. */
static void
say(const char *line, size_t len)
{
	char	 text[NAME_SIZE + LOG_LINE_MAX + 4];
	int	 n;

	n = snprintf(text, sizeof(text), "%s: %.*s\n", state.name, (int)len,
	    line);
	(void)fd_write_all(STDERR_FILENO, text, n);
}

static bool
is_full(int error)
{
	return error == EAGAIN || error == ENOBUFS;
}

static int
send_line(const char *line, size_t len)
{
	ssize_t	 n;

	do
		n = send(state.fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

/* Lines that were lost are told before any other line may go. */
static int
tell_dropped(void)
{
	char	 note[64];
	int	 len;

	if (state.dropped == 0)
		return 0;
	len = snprintf(note, sizeof(note), "warning: %u log lines were lost",
	    state.dropped);
	if (send_line(note, len) == -1)
		return -1;
	state.dropped = 0;
	return 0;
}

/* As many whole lines as fit in one packet. */
static size_t
packet_length(const char *lines, size_t len)
{
	const char	*end;

	if (len <= LOG_PACKET_MAX)
		return len;
	end = memrchr(lines, '\n', LOG_PACKET_MAX);
	return end + 1 - lines;
}

/* Sends what is kept, in order; -1 when some of it still waits. */
static int
send_kept(void)
{
	size_t	 len;

	while (state.head < state.tail) {
		len = packet_length(state.kept + state.head,
		    state.tail - state.head);
		if (send_line(state.kept + state.head, len - 1) == -1)
			return -1;
		state.head += len;
	}
	state.head = state.tail = 0;
	return 0;
}

static int
keep(const char *line, size_t len)
{
	if (len + 1 > sizeof(state.kept) - state.tail)
		return -1;
	memcpy(state.kept + state.tail, line, len);
	state.kept[state.tail + len] = '\n';
	state.tail += len + 1;
	return 0;
}

/* True when the line goes with the others of this turn. */
static bool
gather(const char *line, size_t len)
{
	if (!state.gathers || !pthread_equal(state.gatherer, pthread_self()))
		return false;
	if (state.dropped > 0 ||
	    state.tail - state.head + len + 1 > LOG_PACKET_MAX)
		return false;
	return keep(line, len) == 0;
}

/*
 * Behind a line that was lost no line is kept: its place would be wrong.  An
 * error of any kind is a logger that is busy or gone: the next one comes with
 * a new pair.
 */
static int
deliver(const char *line, size_t len, enum when when)
{
	if (state.fd == -1) {
		say(line, len);
		return 0;
	}
	if (when == AT_TURNS_END && gather(line, len))
		return 0;
	if (send_kept() == 0 && tell_dropped() == 0 &&
	    send_line(line, len) == 0)
		return 0;
	if (state.dropped == 0 && when != LAST && keep(line, len) == 0)
		return 0;
	state.dropped++;
	return -1;
}

static bool
flush(void)
{
	if (state.fd == -1 || (send_kept() == 0 && tell_dropped() == 0))
		return true;
	return !is_full(errno);
}

void
log_gather(bool on)
{
	(void)pthread_mutex_lock(&state.lock);
	state.gathers = on;
	state.gatherer = pthread_self();
	(void)pthread_mutex_unlock(&state.lock);
	if (!on)
		(void)log_flush();
}

bool
log_flush(void)
{
	bool	 done;

	(void)pthread_mutex_lock(&state.lock);
	done = flush();
	(void)pthread_mutex_unlock(&state.lock);
	return done;
}

void
log_open(int fd)
{
	(void)pthread_mutex_lock(&state.lock);
	fd_close(&state.fd);
	state.fd = fd;
	(void)flush();
	(void)pthread_mutex_unlock(&state.lock);
}

/* How many octets `c` takes when it leaves. */
static size_t
escape(unsigned char c, char into[ESCAPE_LEN])
{
	static const char	 digits[] = "0123456789abcdef";

	if (c >= ' ' && c <= '~') {
		into[0] = c;
		return 1;
	}
	into[0] = '\\';
	into[1] = 'x';
	into[2] = digits[c >> 4];
	into[3] = digits[c & 15];
	return ESCAPE_LEN;
}

size_t
log_escape(char into[LOG_LINE_MAX], struct span raw)
{
	size_t	 len = 0, i, n;
	char	 one[ESCAPE_LEN];

	for (i = 0; i < raw.len; i++) {
		n = escape(raw.ptr[i], one);
		if (len + n > LOG_LINE_MAX - (sizeof(more) - 1)) {
			memcpy(into + len, more, sizeof(more) - 1);
			return len + sizeof(more) - 1;
		}
		memcpy(into + len, one, n);
		len += n;
	}
	return len;
}

/* -1 when the logger did not take it; it is then on standard error if it is
 * LAST, there being no next line to tell of the loss. */
static void __attribute__((__format__(__printf__, 2, 0)))
log_line(const char *level, const char *fmt, va_list ap, enum when when)
{
	int	 saved = errno, n;
	size_t	 len;

	(void)pthread_mutex_lock(&state.lock);
	n = snprintf(state.raw, sizeof(state.raw), "%s", level);
	errno = saved;
	(void)vsnprintf(state.raw + n, sizeof(state.raw) - n, fmt, ap);
	len = log_escape(state.line, span_of(state.raw));
	n = deliver(state.line, len, when);
	if (n == -1 && when == LAST)
		say(state.line, len);
	(void)pthread_mutex_unlock(&state.lock);
	errno = saved;
}

void
log_info(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_line("", fmt, ap, AT_TURNS_END);
	va_end(ap);
}

void
log_warning(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_line("warning: ", fmt, ap, AT_ONCE);
	va_end(ap);
}

void
log_error(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_line("error: ", fmt, ap, AT_ONCE);
	va_end(ap);
}

/* No atexit handler runs: what is broken is not asked to tidy up. */
void
fatal(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_line("fatal: ", fmt, ap, LAST);
	va_end(ap);
	_exit(EXIT_OURS);
}
