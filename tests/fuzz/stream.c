/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "tests/fuzz/stream.h"

static struct stream	*the_stream;

struct stream *
fuzz_stream(void)
{
	return the_stream;
}

void
fuzz_stream_send(struct span *s)
{
	struct span	 piece = span_head(*s, buf_space(&the_stream->in));

	*s = span_skip(*s, piece.len);
	(void)buf_put(&the_stream->in, piece);
	the_stream->calls.readable(the_stream->arg);
}

/* ---- as its owner sees it ------------------------------------------------ */

struct stream *
stream_new(struct loop *l, int fd, const struct stream_limits *limits,
    const struct stream_calls *calls, void *arg)
{
	struct stream	*s = xcalloc(1, sizeof *s);

	(void)l;
	(void)fd;
	buf_init(&s->in, limits->in);
	buf_init(&s->out, limits->out);
	s->calls = *calls;
	s->arg = arg;
	the_stream = s;
	return s;
}

void
stream_free(struct stream *s)
{
	if (s == NULL)
		return;
	buf_clear(&s->in);
	buf_clear(&s->out);
	free(s);
	the_stream = NULL;
}

struct buf *
stream_in(struct stream *s)
{
	return &s->in;
}

struct buf *
stream_out(struct stream *s)
{
	return &s->out;
}

size_t
stream_waiting(const struct stream *s)
{
	return buf_len(&s->out);
}

bool
stream_put(struct stream *s, struct span text)
{
	return buf_put(&s->out, text);
}

bool
stream_put_secret(struct stream *s, struct span text)
{
	return stream_put(s, text);
}

void
stream_hold(struct stream *s, bool on)
{
	s->held = on;
}

void
stream_again(struct stream *s)
{
	(void)s;
}

void
stream_give(struct stream *s, const struct stream_calls *calls, void *arg)
{
	s->calls = *calls;
	s->arg = arg;
}

void
stream_finish(struct stream *s)
{
	s->finishing = true;
}
