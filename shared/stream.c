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
#include "shared/stream_layer.h"

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
	struct stream_layer	*layer;		/* or NULL */
	int			 fd;
	int			 error;		/* of a read or write */
	bool			 layered;	/* its turn has come */
	bool			 held;
	bool			 finishing;
	bool			 secret;	/* output that waits */
	bool			 ended;		/* end of file was read */
	bool			 closed;	/* and the owner told */
	bool			 freed;
};

static void
destroy(struct stream *s)
{
	buf_clear(&s->in);
	if (s->secret)
		buf_wipe(&s->out);
	buf_clear(&s->out);
	if (s->layer != NULL)
		s->layer->calls->free(s->layer);
	fd_close(&s->fd);
	free(s);
}

/* ---- the socket, or what stands in front of it --------------------------- */

/* Octets of the owner may pass. */
static bool
is_open(const struct stream *s)
{
	return !s->layered || s->layer->open;
}

static ssize_t
receive(struct stream *s, void *into, size_t size)
{
	if (s->layered)
		return s->layer->calls->read(s->layer, into, size);
	return read(s->fd, into, size);
}

static ssize_t
transmit(struct stream *s, struct span what)
{
	if (s->layered)
		return s->layer->calls->write(s->layer, what);
	return send(s->fd, what.ptr, what.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* True when this made the output empty. */
static bool
flush(struct stream *s)
{
	struct span	 held = buf_span(&s->out);
	ssize_t		 n;

	if (held.len == 0 || s->error != 0 || !is_open(s))
		return false;
	n = transmit(s, held);
	if (n > 0) {
		if (s->secret)
			span_wipe(span_head(held, n));
		buf_drop(&s->out, n);
	}
	else if (n == -1 && errno != EAGAIN && errno != EINTR)
		s->error = errno;
	if (buf_len(&s->out) > 0)
		return false;
	s->secret = false;
	return true;
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

static bool
may_read(const struct stream *s)
{
	return !s->held && !s->finishing && !s->ended &&
	    (s->layer == NULL || (s->layered && s->layer->open)) &&
	    buf_space(&s->in) > 0 && buf_len(&s->out) <= s->out.max / 2;
}

static unsigned
wants(const struct stream *s)
{
	unsigned	 want = 0;

	if (!is_open(s))
		return s->layer->want;
	if (may_read(s))
		want |= LOOP_READ | (s->layered ? s->layer->want : 0);
	if (buf_len(&s->out) > 0)
		want |= LOOP_WRITE;
	return want;
}

static void
begin_layer(struct stream *s)
{
	if (s->layer == NULL || s->layered || s->error != 0 ||
	    s->finishing || s->freed || buf_len(&s->out) > 0)
		return;
	s->layered = true;
	s->layer->calls->begin(s->layer, s->fd);
}

static void
say_goodbye(struct stream *s)
{
	if (s->layered && s->layer->open && s->error == 0)
		s->layer->calls->finish(s->layer);
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
	begin_layer(s);
	if (s->freed)
		return;
	if (is_over(s)) {
		say_goodbye(s);
		s->closed = true;
		watch_clear(&s->watch);
		timer_clear(&s->again);
		s->calls.closed(s->arg, s->error);
		return;
	}
	watch_want(&s->watch, wants(s));
	if (s->layered && s->layer->more && may_read(s))
		timer_in(&s->again, 0);
	buf_trim(&s->in);
	buf_trim(&s->out);
}

static void
touch(struct stream *s)
{
	loop_defer(s->loop, &s->settling, settle, s);
}

/*
 * Through an array of the stack, so that a client that sent half a line makes
 * us keep half a line and not the room for a whole read.
 */
static bool
take_input(struct stream *s)
{
	char	 chunk[CHUNK];
	size_t	 want = buf_space(&s->in);
	ssize_t	 n;

	n = receive(s, chunk, want < sizeof(chunk) ? want : sizeof(chunk));
	if (n == 0)
		s->ended = true;
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		s->error = errno;
	if (n <= 0)
		return false;
	if (!buf_put(&s->in, span_make(chunk, n)))
		fatal("stream: no room for what was read");
	return true;
}

/* Also for input that no event tells of, because a layer has it already. */
static void
tell(void *arg)
{
	struct stream	*s = arg;

	touch(s);
	if (s->held || s->finishing || !is_open(s))
		return;
	if (s->layered && s->layer->more && may_read(s))
		(void)take_input(s);
	s->calls.readable(s->arg);
}

static void
on_event(void *arg, unsigned events)
{
	struct stream	*s = arg;

	touch(s);
	if (!is_open(s)) {
		if (events & s->layer->want)
			s->layer->calls->go_on(s->layer);
		return;
	}
	if (!may_read(s))
		return;
	if ((events & LOOP_READ) ||
	    (s->layered && (events & s->layer->want)))
		if (take_input(s))
			s->calls.readable(s->arg);
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

bool
stream_put_secret(struct stream *s, struct span what)
{
	s->secret = true;
	return stream_put(s, what);
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

void
stream_give(struct stream *s, const struct stream_calls *calls, void *arg)
{
	s->calls = *calls;
	s->arg = arg;
}

/* ---- a layer ------------------------------------------------------------ */

void
stream_put_layer(struct stream *s, struct stream_layer *layer)
{
	if (s->layer != NULL)
		fatal("stream: a second layer");
	s->layer = layer;
	timer_unset(&s->again);
	touch(s);
}

struct stream_layer *
stream_layer(const struct stream *s)
{
	return s->layer;
}

void
stream_layer_moved(struct stream *s, int error)
{
	if (error != 0 && s->error == 0)
		s->error = error;
	touch(s);
}
