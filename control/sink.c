/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/sink.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

enum {
	OUT_MAX		= 128 << 10,
	LINE_ROOM	= LOG_LINE_MAX + 256,	/* with all that is in front */
	ESCAPED		= 4,		/* octets of an unprintable one */
	PIPE_PIECE	= 4096,		/* a writable pipe takes that much */
	DATAGRAMS_TURN	= 256,
	RETRY_SOON	= 100,		/* syslog is busy */
	RETRY_LATER	= 1000		/* the disk is full and the like */
};

/* RFC 5424 section 6.2.1. */
enum {
	FACILITY_MAIL	= 2 << 3,
	LEVEL_CRITICAL	= 2,
	LEVEL_ERROR	= 3,
	LEVEL_WARNING	= 4,
	LEVEL_INFO	= 6
};

/* A line as it waits; `len` octets of text follow. */
struct record {
	int64_t		 wall;
	uint32_t	 pid;
	uint16_t	 role, len;
};

/* All lines of a packet, at their longest. */
enum {
	PACKET_ROOM	= ESCAPED * LOG_PACKET_MAX +
			    SINK_PACKET_LINES * sizeof(struct record)
};

void
sink_prepare(struct sink *s)
{
	tzset();
	if (gethostname(s->host, sizeof(s->host)) == -1)
		memcpy(s->host, "localhost", sizeof("localhost"));
	s->host[sizeof(s->host) - 1] = '\0';
	s->host[strcspn(s->host, ".")] = '\0';
}

static void
on_retry(void *arg)
{
	sink_flush(arg);
}

static void
on_writable(void *arg, unsigned events)
{
	struct sink	*s = arg;

	(void)events;
	s->writable = true;
	sink_flush(s);
}

void
sink_init(struct sink *s, struct loop *loop, void (*lost)(int))
{
	s->loop = loop;
	s->lost = lost;
	s->fd = -1;
	timer_init(&s->retry, loop, on_retry, s);
	buf_init(&s->lines, SINK_LINES_MAX);
	buf_init(&s->out, OUT_MAX);
}

static void
leave(struct sink *s)
{
	watch_clear(&s->watch);
	timer_unset(&s->retry);
	if (s->fd == STDERR_FILENO)
		s->fd = -1;
	fd_close(&s->fd);
}

/* What can be sought in is a file, which takes all; epoll knows no files. */
void
sink_open(struct sink *s, enum log_kind kind, int fd)
{
	leave(s);
	s->kind = kind;
	s->fd = fd;
	s->may_block = kind != LOG_TO_SYSLOG && lseek(fd, 0, SEEK_CUR) == -1;
	s->writable = false;
	if (s->may_block)
		watch_init(&s->watch, s->loop, fd, on_writable, s);
}

/* ---- lines -------------------------------------------------------------- */

bool
sink_is_full(const struct sink *s)
{
	return buf_space(&s->lines) < PACKET_ROOM;
}

bool
sink_is_empty(const struct sink *s)
{
	return buf_len(&s->lines) == 0 && buf_len(&s->out) == 0;
}

void
sink_put(struct sink *s, const struct sink_line *line)
{
	char		 text[LOG_LINE_MAX];
	struct record	 r = { .wall = line->wall, .pid = line->pid };

	r.role = line->role;
	r.len = log_escape(text, line->text);
	if (sizeof(r) + r.len > buf_space(&s->lines))
		return;
	(void)buf_put(&s->lines, span_make(&r, sizeof(r)));
	(void)buf_put(&s->lines, span_make(text, r.len));
}

/* The oldest line; it borrows until sink_drop. */
static bool
first_line(const struct sink *s, struct sink_line *line)
{
	struct span	 held = buf_span(&s->lines);
	struct record	 r;

	if (held.len == 0)
		return false;
	memcpy(&r, held.ptr, sizeof(r));
	line->wall = r.wall;
	line->pid = r.pid;
	line->role = r.role;
	line->text = span_make(held.ptr + sizeof(r), r.len);
	return true;
}

static void
drop_line(struct sink *s, const struct sink_line *line)
{
	buf_drop(&s->lines, sizeof(struct record) + line->text.len);
}

static int
level_of(struct span text)
{
	static const struct {
		const char	*word;
		int		 level;
	} levels[] = {
		{ "warning:",	LEVEL_WARNING },
		{ "error:",	LEVEL_ERROR },
		{ "fatal:",	LEVEL_CRITICAL },
		{ "panic:",	LEVEL_CRITICAL },
	};
	size_t	 i;

	for (i = 0; i < COUNT(levels); i++)
		if (span_starts(text, levels[i].word))
			return levels[i].level;
	return LEVEL_INFO;
}

/* By hand, because strftime(3) asks the locale and may look for the time
 * zone's file, which is out of reach behind the walls. */
static bool
put_time(struct buf *b, int64_t wall)
{
	static const char	 months[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
	};
	time_t			 t = wall / 1000000;
	struct tm		 tm;

	if (localtime_r(&t, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	return buf_printf(b, "%s %2d %02d:%02d:%02d ",
	    months[tm.tm_mon % 12], tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
}

bool
sink_format(const struct sink *s, const struct sink_line *line,
    struct buf *b)
{
	bool	 good = true;

	if (buf_space(b) < LINE_ROOM)
		return false;
	if (s->kind == LOG_TO_SYSLOG)
		good = buf_printf(b, "<%d>",
		    FACILITY_MAIL | level_of(line->text));
	good = good && put_time(b, line->wall);
	if (s->kind != LOG_TO_SYSLOG)
		good = good && buf_printf(b, "%s ", s->host);
	good = good && buf_printf(b, "relais/%s", role_name(line->role));
	if (line->pid != 0)
		good = good && buf_printf(b, "[%u]", line->pid);
	good = good && buf_put(b, span_of(": ")) && buf_put(b, line->text);
	if (s->kind != LOG_TO_SYSLOG)
		good = good && buf_put(b, span_of("\n"));
	return good;
}

/* ---- writing ------------------------------------------------------------ */

/* A line of our own, told as soon as lines get through again. */
static void
tell_recovery(struct sink *s)
{
	struct sink_line	 line = { clock_wall(), getpid(), ROLE_LOGGER,
				    span_of("") };
	struct buf		 text;

	buf_init(&text, LOG_LINE_MAX);
	buf_printf(&text, "warning: lines had to wait: %s",
	    strerror(s->error));
	line.text = buf_span(&text);
	s->error = 0;
	sink_put(s, &line);
	buf_clear(&text);
}

static void
fill_out(struct sink *s)
{
	struct sink_line	 line;

	while (first_line(s, &line) && sink_format(s, &line, &s->out))
		drop_line(s, &line);
}

/* One write; false when no more is to be tried now. */
static bool
write_some(struct sink *s)
{
	struct span	 text = buf_span(&s->out);
	ssize_t		 n;

	if (s->may_block)
		text = span_head(text, PIPE_PIECE);
	s->writable = false;
	n = write(s->fd, text.ptr, text.len);
	if (n == -1 && (errno == EINTR || errno == EAGAIN)) {
		timer_in(&s->retry, RETRY_SOON);
		return false;
	}
	if (n == -1) {
		s->error = errno;
		timer_in(&s->retry, RETRY_LATER);
		return false;
	}
	buf_drop(&s->out, n);
	if (s->error != 0)
		tell_recovery(s);
	return true;
}

static void
flush_text(struct sink *s)
{
	fill_out(s);
	while (buf_len(&s->out) > 0) {
		if (s->may_block && !s->writable)
			break;
		if (!write_some(s))
			return;
		fill_out(s);
	}
	if (s->may_block)
		watch_want(&s->watch, buf_len(&s->out) > 0 ? LOOP_WRITE : 0);
	buf_trim(&s->out);
}

/* False when no more is to be tried now. */
static bool
send_line(struct sink *s, struct span text)
{
	ssize_t	 n = send(s->fd, text.ptr, text.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n != -1 || errno == EMSGSIZE)
		return true;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) {
		timer_in(&s->retry, RETRY_SOON);
		return false;
	}
	s->error = errno;
	leave(s);
	s->lost(s->error);
	return false;
}

static void
flush_syslog(struct sink *s)
{
	struct sink_line	 line;
	struct buf		 text;
	int			 i;

	buf_init(&text, OUT_MAX);
	for (i = 0; i < DATAGRAMS_TURN && first_line(s, &line); i++) {
		buf_drop(&text, buf_len(&text));
		if (sink_format(s, &line, &text) &&
		    !send_line(s, buf_span(&text)))
			break;
		drop_line(s, &line);
		if (s->error != 0)
			tell_recovery(s);
	}
	if (i == DATAGRAMS_TURN)
		timer_in(&s->retry, 0);
	buf_clear(&text);
}

void
sink_flush(struct sink *s)
{
	if (s->fd == -1 || timer_is_set(&s->retry))
		return;
	if (s->kind == LOG_TO_SYSLOG)
		flush_syslog(s);
	else
		flush_text(s);
	buf_trim(&s->lines);
}
