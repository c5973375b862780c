/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "shared/alloc.h"
#include "shared/header.h"
#include "shared/log.h"
#include "remote/passage.h"

static const char *const	 names[] = {
	"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Resent-From",
	"Resent-Sender", "Resent-Reply-To", "Resent-To", "Resent-Cc",
	"Resent-Bcc"
};

static const char	 fold[] = "\r\n ";

void
passage_begin(struct passage *p, const struct rewrites *table,
    struct span first)
{
	passage_clear(p);
	p->table = table;
	p->place = table->where & REWRITE_HEADER ? PASSAGE_START :
	    PASSAGE_BODY;
	buf_init(&p->held, PASSAGE_FIELD);
	buf_init(&p->out, PASSAGE_FIRST + PASSAGE_FIELD + PASSAGE_GROWTH +
	    RING_SLOT);
	p->grown = 0;
	if (!buf_put(&p->out, first))
		fatal("passage: too much in front");
}

void
passage_clear(struct passage *p)
{
	if (p->place != PASSAGE_IDLE) {
		buf_clear(&p->held);
		buf_clear(&p->out);
	}
	p->place = PASSAGE_IDLE;
}

static void
leave(struct passage *p, struct span s)
{
	if (!buf_put(&p->out, s))
		fatal("passage: its owner put more than it took");
}

/* ---- one field ----------------------------------------------------------- */

/* One that is being rewritten. */
struct writing {
	struct buf	 out;
	size_t		 column;	/* octets of the line so far */
	bool		 full;
};

static void
write_out(struct writing *w, struct span s)
{
	const char	*lf = memrchr(s.ptr, '\n', s.len);

	w->full |= !buf_put(&w->out, s);
	w->column = lf == NULL ? w->column + s.len :
	    (size_t)(s.ptr + s.len - lf - 1);
}

/* `rest`: what stands behind the address, of which the line goes on with all
 * up to its end. */
static void
write_address(struct writing *w, const struct addr *a, struct span rest)
{
	struct span	 line;

	if (w->column + a->len > PASSAGE_LINE)
		write_out(w, span_of(fold));
	write_out(w, addr_span(a));
	(void)span_cut(span_head(rest, PASSAGE_LINE + 2), '\r', &line);
	if (w->column + line.len > PASSAGE_LINE)
		write_out(w, span_of(fold));
}

/* All of `body`, with its addresses as they are to be; false: as it was. */
static bool
write_body(const struct rewrites *table, struct span body, struct writing *w)
{
	struct mailboxes	 m;
	enum mailbox_status	 status;
	struct addr		 from, to;
	const char		*end = body.ptr + body.len;
	bool			 changed = false;

	mailboxes_init(&m, body);
	while ((status = mailboxes_next(&m)) == MAILBOX_FOUND) {
		if (!m.has_domain || addr_parse(span_make(m.text, m.len),
		    &from) != ADDR_OK ||
		    !rewrites_map(table, REWRITE_HEADER, &from, &to))
			continue;
		write_out(w, span_make(body.ptr, m.where.ptr - body.ptr));
		body.ptr = m.where.ptr + m.where.len;
		body.len = end - body.ptr;
		write_address(w, &to, body);
		changed = true;
	}
	write_out(w, body);
	return changed && status == MAILBOX_END && !w->full;
}

/* CR and LF in pairs alone, and CRLF at the end. */
static bool
is_whole(struct span s)
{
	struct span	 line;

	while (s.len > 0) {
		if (memchr(s.ptr, '\n', s.len) == NULL)
			return false;
		s = span_cut(s, '\n', &line);
		if (line.len == 0 || span_index(line, '\r') != line.len - 1)
			return false;
	}
	return true;
}

/* The field that is held leaves. */
static void
release(struct passage *p)
{
	struct span	 field = buf_span(&p->held);
	size_t		 name = span_index(field, ':') + 1;
	struct writing	 w = { .column = 0 };

	buf_init(&w.out, field.len + PASSAGE_GROWTH - p->grown);
	write_out(&w, span_head(field, name));
	if (p->place == PASSAGE_KEPT && is_whole(field) &&
	    write_body(p->table, span_skip(field, name), &w)) {
		leave(p, buf_span(&w.out));
		if (buf_len(&w.out) > field.len)
			p->grown += buf_len(&w.out) - field.len;
	} else
		leave(p, field);
	buf_clear(&w.out);
	buf_drop(&p->held, field.len);
}

/* ---- the header ---------------------------------------------------------- */

static bool
is_wanted(struct span name)
{
	size_t	 i;

	for (i = 0; i < COUNT(names); i++)
		if (span_is_word(name, names[i]))
			return true;
	return false;
}

static void
begin_line(struct passage *p, char first)
{
	bool	 folded = first == ' ' || first == '\t';

	if (folded && buf_len(&p->held) > 0)
		p->place = PASSAGE_KEPT;
	else if (folded)
		p->place = PASSAGE_OTHER;
	else {
		p->place = PASSAGE_KEPT;
		if (buf_len(&p->held) > 0)
			release(p);
		p->place = PASSAGE_UNKNOWN;
	}
}

/* A line of which the name, or that it has none, shows now. */
static void
decide(struct passage *p)
{
	struct span	 line = buf_span(&p->held), name;

	switch (header_begin(line, &name)) {
	case HEADER_UNCLEAR:
		if (line.len < PASSAGE_NAME)
			return;
		/* FALLTHROUGH */
	case HEADER_NO_FIELD:
		p->place = PASSAGE_BODY;
		break;
	case HEADER_FIELD:
		p->place = is_wanted(name) ? PASSAGE_KEPT : PASSAGE_OTHER;
		if (p->place == PASSAGE_KEPT)
			return;
	}
	leave(p, line);
	buf_drop(&p->held, line.len);
}

/* As many octets of `s` as are of one line; of one whose name is not known yet
 * no more than may be its name. */
static size_t
part_of(const struct passage *p, struct span s)
{
	size_t	 n = span_index(s, '\n'), colon;

	n += n < s.len;
	if (p->place != PASSAGE_UNKNOWN)
		return n;
	colon = span_index(span_head(s, n), ':') + 1;
	return colon < n ? colon : n;
}

/* Octets of one line at most; those that are too many for a field let it go as
 * it is. */
static void
put_line(struct passage *p, struct span s)
{
	if (p->place == PASSAGE_OTHER) {
		leave(p, s);
		return;
	}
	if (!buf_put(&p->held, s)) {
		p->place = PASSAGE_OTHER;
		release(p);
		leave(p, s);
	} else if (p->place == PASSAGE_UNKNOWN)
		decide(p);
}

void
passage_put(struct passage *p, struct span s)
{
	size_t	 n;

	while (s.len > 0 && p->place != PASSAGE_BODY) {
		if (p->place == PASSAGE_START)
			begin_line(p, s.ptr[0]);
		n = part_of(p, s);
		put_line(p, span_head(s, n));
		if (s.ptr[n - 1] == '\n' && p->place != PASSAGE_BODY)
			p->place = PASSAGE_START;
		s = span_skip(s, n);
	}
	leave(p, s);
}

void
passage_end(struct passage *p)
{
	if (p->place == PASSAGE_START)
		p->place = PASSAGE_KEPT;
	if (p->place != PASSAGE_BODY)
		release(p);
	p->place = PASSAGE_BODY;
}

bool
passage_is_over(const struct passage *p)
{
	return p->place == PASSAGE_IDLE ||
	    (p->place == PASSAGE_BODY && buf_len(&p->out) == 0);
}
