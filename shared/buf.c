/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/buf.h"

enum { FIRST_SIZE = 256, PRINT_SIZE = 512 };

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_clear(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void
buf_wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	buf_clear(b);
}

size_t
buf_len(const struct buf *b)
{
	return b->tail - b->head;
}

size_t
buf_space(const struct buf *b)
{
	return b->max - buf_len(b);
}

struct span
buf_span(const struct buf *b)
{
	if (b->data == NULL)
		return span_of("");
	return span_make(b->data + b->head, buf_len(b));
}

static void
move_to_front(struct buf *b)
{
	if (b->head > 0)
		memmove(b->data, b->data + b->head, buf_len(b));
	b->tail = buf_len(b);
	b->head = 0;
}

static size_t
grown(const struct buf *b, size_t need)
{
	size_t	 cap = b->cap > 0 ? b->cap : FIRST_SIZE;

	while (cap < need && cap <= b->max / 2)
		cap *= 2;
	return cap < need || cap > b->max ? b->max : cap;
}

/*
 * Room for `n` octets behind the tail; the ceiling has been looked at.  What is
 * held moves to the front for nothing only when no more moves than has left
 * since, so that a long queue is not copied for each octet that passes.
 */
static void
make_room(struct buf *b, size_t n)
{
	size_t	 need = buf_len(b) + n;

	if (n <= b->cap - b->tail)
		return;
	if (need > b->cap || (buf_len(b) > b->head && b->cap < b->max)) {
		size_t	 cap = grown(b, need > b->cap ? need : b->cap + 1);

		move_to_front(b);
		b->data = xreallocarray(b->data, cap, 1);
		b->cap = cap;
	}
	move_to_front(b);
}

bool
buf_reserve(struct buf *b, size_t n)
{
	if (n > buf_space(b))
		return false;
	make_room(b, n);
	return true;
}

bool
buf_put(struct buf *b, struct span s)
{
	if (s.len > buf_space(b))
		return false;
	if (s.len == 0)
		return true;
	make_room(b, s.len);
	memcpy(b->data + b->tail, s.ptr, s.len);
	b->tail += s.len;
	return true;
}

/* What does not fit the array of buf_printf; its length is known by now. */
static bool __attribute__((__format__(__printf__, 3, 0)))
put_long(struct buf *b, size_t len, const char *fmt, va_list ap)
{
	char	*text;
	bool	 done;

	if (len > buf_space(b))
		return false;
	text = xcalloc(len + 1, 1);
	(void)vsnprintf(text, len + 1, fmt, ap);
	done = buf_put(b, span_make(text, len));
	free(text);
	return done;
}

bool
buf_printf(struct buf *b, const char *fmt, ...)
{
	char	 text[PRINT_SIZE];
	va_list	 ap, again;
	bool	 done = false;
	int	 len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	if (len >= (int)sizeof(text))
		done = put_long(b, len, fmt, again);
	else if (len >= 0)
		done = buf_put(b, span_make(text, len));
	va_end(again);
	va_end(ap);
	return done;
}

void
buf_drop(struct buf *b, size_t n)
{
	b->head += n < buf_len(b) ? n : buf_len(b);
	if (b->head == b->tail)
		b->head = b->tail = 0;
}

void
buf_trim(struct buf *b)
{
	if (buf_len(b) == 0)
		buf_clear(b);
}

bool
buf_take_line(struct buf *b, struct span *line)
{
	struct span	 held = buf_span(b);
	size_t		 end;

	for (end = 0; end < held.len; end++) {
		end += span_index(span_skip(held, end), '\n');
		if (end == held.len)
			return false;
		if (end > 0 && held.ptr[end - 1] == '\r') {
			*line = span_head(held, end - 1);
			buf_drop(b, end + 1);
			return true;
		}
	}
	return false;
}

ssize_t
buf_read(struct buf *b, int fd, size_t want)
{
	ssize_t	 n;

	if (want > buf_space(b))
		want = buf_space(b);
	if (want == 0) {
		errno = ENOBUFS;
		return -1;
	}
	make_room(b, want);
	n = read(fd, b->data + b->tail, want);
	if (n > 0)
		b->tail += n;
	return n;
}

ssize_t
buf_write(struct buf *b, int fd)
{
	struct span	 held = buf_span(b);
	ssize_t		 n;

	if (held.len == 0)
		return 0;
	n = write(fd, held.ptr, held.len);
	if (n > 0)
		buf_drop(b, n);
	return n;
}
