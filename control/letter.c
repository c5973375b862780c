/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/header.h"
#include "control/letter.h"
#include "shared/alloc.h"

enum {
	READ_SIZE	= 65536,
	LINE_MAX_SIZE	= LETTER_HEADER_MAX	/* a header's line, at most */
};

void
letter_init(struct letter *l)
{
	*l = (struct letter){ .at_start = true };
	l->chunk = xcalloc(1, READ_SIZE);
	buf_init(&l->header, LETTER_HEADER_MAX);
	buf_init(&l->body, LETTER_MEMORY_MAX);
	buf_init(&l->line, LINE_MAX_SIZE);
}

void
letter_clear(struct letter *l)
{
	buf_clear(&l->header);
	buf_clear(&l->body);
	buf_clear(&l->line);
	free(l->chunk);
	l->chunk = NULL;
	if (l->file != NULL)
		fclose(l->file);
	l->file = NULL;
}

static enum letter_status
write_file(struct letter *l, struct span s)
{
	if (fwrite(s.ptr, 1, s.len, l->file) != s.len)
		return LETTER_SPOOL_FAILED;
	return LETTER_OK;
}

/* The body has outgrown memory: what there is moves to a nameless file. */
static enum letter_status
move_to_file(struct letter *l)
{
	enum letter_status	 status;

	l->file = tmpfile();
	if (l->file == NULL)
		return LETTER_SPOOL_FAILED;
	status = write_file(l, buf_span(&l->body));
	buf_clear(&l->body);
	return status;
}

static enum letter_status
put_body(struct letter *l, struct span s)
{
	l->body_size += s.len;
	if (l->file == NULL && buf_put(&l->body, s))
		return LETTER_OK;
	if (l->file == NULL && move_to_file(l) != LETTER_OK)
		return LETTER_SPOOL_FAILED;
	return write_file(l, s);
}

static bool
is_continuation(const struct letter *l, struct span line)
{
	bool	 blank = line.ptr[0] == ' ' || line.ptr[0] == '\t';

	return buf_len(&l->header) > 0 && blank;
}

/* A whole line of what has been header so far, with its CRLF. */
static enum letter_status
take_header_line(struct letter *l)
{
	struct span	 line = buf_span(&l->line);
	bool		 first = buf_len(&l->header) == 0;
	bool		 is_header, fits = true;

	is_header = is_continuation(l, line) || header_is_field(line);
	if (first && (span_starts(line, "From ") ||
	    span_starts(line, ">From "))) {
		buf_clear(&l->line);
		return LETTER_OK;
	}
	if (is_header)
		fits = buf_put(&l->header, line);
	else {
		l->in_body = true;
		if (!span_is(line, "\r\n") && put_body(l, line) != LETTER_OK)
			return LETTER_SPOOL_FAILED;
	}
	buf_clear(&l->line);
	return fits ? LETTER_OK : LETTER_HEADER_TOO_LARGE;
}

static enum letter_status
put(struct letter *l, struct span s)
{
	if (l->in_body)
		return put_body(l, s);
	return buf_put(&l->line, s) ? LETTER_OK : LETTER_HEADER_TOO_LARGE;
}

static enum letter_status
end_line(struct letter *l)
{
	enum letter_status	 status;

	l->at_start = true;
	status = put(l, span_of("\r\n"));
	if (status == LETTER_OK && !l->in_body)
		return take_header_line(l);
	return status;
}

/* The dot that was held back turned out to begin a line, or to be one. */
static enum letter_status
release_dot(struct letter *l, bool at_end)
{
	l->held_dot = false;
	l->ended = at_end && l->dot_ends;
	if (l->ended)
		return LETTER_OK;
	l->at_start = false;
	return put(l, span_of("."));
}

/* One octet that is an end of line: LF, CR, or both in this order. */
static enum letter_status
take_end(struct letter *l, char c)
{
	bool	 second = c == '\n' && l->after_cr;

	l->after_cr = c == '\r';
	if (second)
		return LETTER_OK;
	if (l->held_dot && release_dot(l, true) != LETTER_OK)
		return LETTER_SPOOL_FAILED;
	return l->ended ? LETTER_OK : end_line(l);
}

/* The octets at the head that are not an end of line. */
static size_t
run_length(struct span s)
{
	return span_index(span_head(s, span_index(s, '\n')), '\r');
}

static enum letter_status
take_run(struct letter *l, struct span run)
{
	l->after_cr = false;
	if (l->held_dot && release_dot(l, false) != LETTER_OK)
		return LETTER_SPOOL_FAILED;
	if (l->at_start && span_is(run, ".")) {
		l->held_dot = true;
		return LETTER_OK;
	}
	l->at_start = false;
	return put(l, run);
}

static enum letter_status
take(struct letter *l, struct span s)
{
	enum letter_status	 status = LETTER_OK;
	size_t			 n;

	while (s.len > 0 && status == LETTER_OK && !l->ended) {
		n = run_length(s);
		if (n > 0)
			status = take_run(l, span_head(s, n));
		else {
			n = 1;
			status = take_end(l, s.ptr[0]);
		}
		s = span_skip(s, n);
	}
	return status;
}

static bool
any_8bit(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] > 127)
			return true;
	return false;
}

/* The input is over: a last line without an end gets one. */
static enum letter_status
finish(struct letter *l)
{
	if (l->held_dot && release_dot(l, true) != LETTER_OK)
		return LETTER_SPOOL_FAILED;
	if (!l->ended && !l->at_start && end_line(l) != LETTER_OK)
		return LETTER_SPOOL_FAILED;
	if (l->file != NULL && fflush(l->file) == EOF)
		return LETTER_SPOOL_FAILED;
	return LETTER_OK;
}

enum letter_status
letter_read(struct letter *l, int fd, bool dot_ends)
{
	enum letter_status	 status = LETTER_OK;
	struct span		 chunk;
	ssize_t			 n;

	l->dot_ends = dot_ends;
	while (status == LETTER_OK && !l->ended) {
		n = read(fd, l->chunk, READ_SIZE);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return LETTER_READ_FAILED;
		if (n == 0)
			break;
		chunk = span_make(l->chunk, n);
		l->has_8bit = l->has_8bit || any_8bit(chunk);
		status = take(l, chunk);
	}
	return status == LETTER_OK ? finish(l) : status;
}

int
letter_rewind(struct letter *l)
{
	l->offset = 0;
	return l->file == NULL ? 0 : fseek(l->file, 0, SEEK_SET);
}

int
letter_next(struct letter *l, struct span *piece)
{
	size_t	 n;

	if (l->file == NULL) {
		*piece = span_head(span_skip(buf_span(&l->body), l->offset),
		    READ_SIZE);
		l->offset += piece->len;
		return 0;
	}
	n = fread(l->chunk, 1, READ_SIZE, l->file);
	*piece = span_make(l->chunk, n);
	return ferror(l->file) ? -1 : 0;
}
