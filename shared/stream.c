/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/types.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/stream.h"

/*
 * Whatever touches a stream defers one call of settle() to the end of the turn:
 * it sends, tells what there is to tell, says to the loop what is wanted next
 * and gives memory back.  A stream that nothing touches costs nothing.
 */
enum { CHUNK = 16384 };

struct stream {
	struct loop		*loop;
	struct watch		 watch;
	struct timer		 again;		/* due at once: see tell() */
	struct deferred		 settling;
	struct buf		 in, out;
	struct stream_calls	 calls;
	void			*arg;
	int			 fd;
	int			 error;		/* of a read or write */
	bool			 held;
	bool			 finishing;
	bool			 ended;		/* end of file was read */
	bool			 closed;	/* and the owner told */
	bool			 freed;
};

static void
destroy(struct stream *s)
{
	buf_clear(&s->in);
	buf_clear(&s->out);
	fd_close(&s->fd);
	free(s);
}

/* True when this made the output empty. */
static bool
flush(struct stream *s)
{
	struct span	 held = buf_span(&s->out);
	ssize_t		 n;

	if (held.len == 0 || s->error != 0)
		return false;
	n = send(s->fd, held.ptr, held.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		buf_drop(&s->out, n);
	else if (n == -1 && errno != EAGAIN && errno != EINTR)
		s->error = errno;
	return buf_len(&s->out) == 0;
}

/*
 * End of file is told behind the input that came before it: not while that is
 * held, nor while `readable` is about to be called for it, nor before what was
 * answered has left; many a client sends all it has, then waits for replies.
 */
static bool
is_over(const struct stream *s)
{
	if (s->error != 0)
		return true;
	if (buf_len(&s->out) > 0)
		return false;
	if (s->finishing)
		return true;
	return s->ended && !s->held && !timer_is_set(&s->again);
}

static unsigned
wants(const struct stream *s)
{
	unsigned	 want = 0;

	if (!s->held && !s->finishing && !s->ended &&
	    buf_space(&s->in) > 0 && buf_len(&s->out) <= s->out.max / 2)
		want |= LOOP_READ;
	if (buf_len(&s->out) > 0)
		want |= LOOP_WRITE;
	return want;
}

static void
settle(void *arg)
{
	struct stream	*s = arg;

	if (s->freed) {
		destroy(s);
		return;
	}
	if (s->closed)
		return;
	if (flush(s) && s->calls.drained != NULL && !s->finishing)
		s->calls.drained(s->arg);
	if (s->freed)
		return;
	if (is_over(s)) {
		s->closed = true;
		watch_clear(&s->watch);
		timer_clear(&s->again);
		s->calls.closed(s->arg, s->error);
		return;
	}
	watch_want(&s->watch, wants(s));
	buf_trim(&s->in);
	buf_trim(&s->out);
}

static void
touch(struct stream *s)
{
	loop_defer(s->loop, &s->settling, settle, s);
}

static void
tell(void *arg)
{
	struct stream	*s = arg;

	touch(s);
	if (!s->held && !s->finishing)
		s->calls.readable(s->arg);
}

/*
 * Through an array of the stack, so that a client that sent half a line makes
 * us keep half a line and not the room for a whole read.
 */
static void
take_input(struct stream *s)
{
	char	 chunk[CHUNK];
	size_t	 want = buf_space(&s->in);
	ssize_t	 n;

	n = read(s->fd, chunk, want < sizeof(chunk) ? want : sizeof(chunk));
	if (n == 0)
		s->ended = true;
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		s->error = errno;
	if (n <= 0)
		return;
	if (!buf_put(&s->in, span_make(chunk, n)))
		fatal("stream: no room for what was read");
	s->calls.readable(s->arg);
}

static void
on_event(void *arg, unsigned events)
{
	struct stream	*s = arg;

	touch(s);
	if ((events & wants(s)) & LOOP_READ)
		take_input(s);
}

/*
 * What is sent has gathered already; the kernel waiting for more would only
 * hold back the last piece.  On a socket that is not TCP this fails, and need
 * not succeed.
 */
static void
send_at_once(int fd)
{
	int	 on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

struct stream *
stream_new(struct loop *l, int fd, const struct stream_limits *limits,
    const struct stream_calls *calls, void *arg)
{
	struct stream	*s = xcalloc(1, sizeof(*s));

	if (fd_nonblock(fd) == -1)
		fatal("stream: fcntl: %m");
	send_at_once(fd);
	s->loop = l;
	s->fd = fd;
	s->calls = *calls;
	s->arg = arg;
	buf_init(&s->in, limits->in);
	buf_init(&s->out, limits->out);
	watch_init(&s->watch, l, fd, on_event, s);
	timer_init(&s->again, l, tell, s);
	touch(s);
	return s;
}

void
stream_free(struct stream *s)
{
	if (s == NULL || s->freed)
		return;
	s->freed = true;
	watch_clear(&s->watch);
	timer_clear(&s->again);
	touch(s);
}

struct buf *
stream_in(struct stream *s)
{
	touch(s);
	return &s->in;
}

struct buf *
stream_out(struct stream *s)
{
	touch(s);
	return &s->out;
}

size_t
stream_waiting(const struct stream *s)
{
	return buf_len(&s->out);
}

bool
stream_put(struct stream *s, struct span what)
{
	touch(s);
	return buf_put(&s->out, what);
}

void
stream_hold(struct stream *s, bool hold)
{
	if (s->held == hold)
		return;
	s->held = hold;
	touch(s);
	if (hold)
		timer_unset(&s->again);
	else if (buf_len(&s->in) > 0)
		stream_again(s);
}

void
stream_again(struct stream *s)
{
	if (!s->held && !s->finishing && !s->closed && !s->freed)
		timer_in(&s->again, 0);
}

void
stream_finish(struct stream *s)
{
	s->finishing = true;
	timer_unset(&s->again);
	touch(s);
}
