/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "remote/dots.h"

size_t
dots_room(size_t n)
{
	/* a dot and its double on lines of "." CRLF; a CR held from before;
	 * the end of the content */
	return n + n / 3 + 16;
}

/*
 * A line, or what is there of one; `s` is moved behind it.  A CR at the end of
 * the piece is held back until its LF is seen.
 */
static enum dots_status
put_line(struct dots *d, struct span *s, struct buf *out)
{
	const char	*lf = memchr(s->ptr, '\n', s->len);
	size_t		 len = lf ? (size_t)(lf - s->ptr) + 1 : s->len;
	size_t		 text = lf ? len - 1 : len;	/* less its ending */
	struct span	 line = span_head(*s, len);

	if (text > 0 && line.ptr[text - 1] == '\r')
		text--;
	else if (lf != NULL)
		return DOTS_BARE;
	if (memchr(line.ptr, '\r', text) != NULL)
		return DOTS_BARE;
	if (d->at == DOTS_LINE && line.ptr[0] == '.' && !d->plain &&
	    !buf_put(out, span_of(".")))
		return DOTS_FULL;
	if (!buf_put(out, lf ? line : span_head(line, text)))
		return DOTS_FULL;
	if (lf != NULL)
		d->at = DOTS_LINE;
	else
		d->at = text < len ? DOTS_CR : DOTS_TEXT;
	*s = span_skip(*s, len);
	return DOTS_OK;
}

enum dots_status
dots_put(struct dots *d, struct span s, struct buf *out)
{
	enum dots_status	 status = DOTS_OK;

	if (d->at == DOTS_CR && s.len > 0) {
		if (s.ptr[0] != '\n')
			return DOTS_BARE;
		if (!buf_put(out, span_of("\r\n")))
			return DOTS_FULL;
		d->at = DOTS_LINE;
		s = span_skip(s, 1);
	}
	while (s.len > 0 && status == DOTS_OK)
		status = put_line(d, &s, out);
	return status;
}

enum dots_status
dots_end(struct dots *d, struct buf *out)
{
	const char	*end = d->at == DOTS_LINE ? ".\r\n" : "\r\n.\r\n";

	if (d->at == DOTS_CR)
		return DOTS_BARE;
	return buf_put(out, span_of(end)) ? DOTS_OK : DOTS_FULL;
}

/* A CR at its end waits for the LF of the next one. */
static size_t
chunk_size(const struct dots *d, struct span s)
{
	size_t	 size = s.len + (d->at == DOTS_CR);

	if (s.len == 0)
		return 0;
	return s.ptr[s.len - 1] == '\r' ? size - 1 : size;
}

static bool
ends_line(const struct dots *d, struct span s)
{
	return s.len > 0 ? s.ptr[s.len - 1] == '\n' : d->at == DOTS_LINE;
}

enum dots_status
dots_put_chunk(struct dots *d, struct span s, bool last, struct buf *out)
{
	bool			 completes = last && !ends_line(d, s);
	size_t			 size = chunk_size(d, s);
	enum dots_status	 status;

	if (size == 0 && !last)
		return dots_put(d, s, out);
	if (!buf_printf(out, "BDAT %zu%s\r\n", size + 2 * completes,
	    last ? " LAST" : ""))
		return DOTS_FULL;
	status = dots_put(d, s, out);
	if (status != DOTS_OK || !last)
		return status;
	if (d->at == DOTS_CR)
		return DOTS_BARE;
	return !completes || buf_put(out, span_of("\r\n")) ? DOTS_OK :
	    DOTS_FULL;
}
