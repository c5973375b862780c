/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "queue/record.h"
#include "shared/alloc.h"
#include "shared/crc.h"

enum { HEAD = 5, SMALL = 64 };

/* Of the generation in EXPAND. */
static const uint32_t	 MORE_FOLLOWS = UINT32_C(1) << 31;

/* ---- writing ------------------------------------------------------------- */

/* The length is known when all is there. */
static size_t
begin(struct buf *b, enum record_kind kind)
{
	char	 head[HEAD] = { 0, 0, 0, 0, (char)kind };

	return buf_put(b, span_make(head, HEAD)) ? b->tail : 0;
}

static bool
end(struct buf *b, size_t at)
{
	struct pack	 p;

	pack_init(&p, b->data + at - HEAD, 4);
	pack_u32(&p, (uint32_t)(b->tail - at));
	return true;
}

static bool
put_small(struct buf *b, const struct pack *p, enum record_kind kind)
{
	size_t	 at = begin(b, kind);

	return at != 0 && !p->failed && buf_put(b, pack_span(p)) && end(b, at);
}

static bool
put_id(struct buf *b, uint64_t id, enum record_kind kind)
{
	char		 raw[SMALL];
	struct pack	 p;

	pack_init(&p, raw, sizeof raw);
	pack_u64(&p, id);
	return put_small(b, &p, kind);
}

static bool
put_content(struct buf *b, struct change *c)
{
	struct piece	*p;

	c->crc = 0;
	c->place.offset = b->tail - b->head;
	STAILQ_FOREACH(p, &c->content, entry) {
		if (!buf_put(b, piece_span(p)))
			return false;
		c->crc = crc32c(c->crc, piece_span(p));
	}
	return true;
}

/* The checksum stands behind the content, of which it is made on the way. */
static bool
put_message(struct buf *b, struct change *c, enum record_kind kind)
{
	char		 raw[SMALL];
	struct pack	 p;
	size_t		 at = begin(b, kind);

	pack_init(&p, raw, sizeof raw);
	pack_u64(&p, c->token);
	if (at == 0 || !buf_put(b, pack_span(&p)) ||
	    buf_space(b) < buf_len(&c->letter->recipients) + ROW_MAX)
		return false;
	letter_pack(c->letter, b);
	if (kind == RECORD_ACCEPT && !put_content(b, c))
		return false;
	pack_init(&p, raw, sizeof raw);
	pack_u32(&p, c->crc);
	return buf_put(b, pack_span(&p)) && end(b, at);
}

static bool
put_result(struct buf *b, const struct change *c)
{
	char		 raw[SMALL + ROW_MAX];
	struct piece	*row = STAILQ_FIRST(&c->rows);
	struct pack	 p;

	pack_init(&p, raw, sizeof raw);
	pack_u64(&p, c->id);
	pack_u32(&p, c->number);
	pack_u8(&p, c->keeps_reply);
	pack_text(&p, row ? piece_span(row) : span_of(""));
	return put_small(b, &p, RECORD_RESULT);
}

static bool
put_leaf(struct buf *b, const struct piece *row)
{
	char			 raw[ROW_MAX];
	struct recipient_row	 r;
	struct pack		 p;

	if (!recipient_row_decode(piece_span(row), &r))
		return false;
	pack_init(&p, raw, sizeof raw);
	pack_text(&p, r.address);
	pack_text(&p, r.destination);
	return buf_put(b, pack_span(&p));
}

/* What only some have: the leaves' parameters, and the row of a recipient that
 * stays to be told of. */
static void
put_inheritance(struct pack *p, const struct change *c,
    const struct recipient_row *leaf)
{
	struct piece	*parent = STAILQ_FIRST(&c->parent);

	pack_text(p, leaf->parameters);
	pack_text(p, parent ? piece_span(parent) : span_of(""));
}

/* Leaves differ in address and destination alone. */
static bool
put_expand(struct buf *b, const struct change *c)
{
	char			 raw[2 * ROW_MAX];
	struct recipient_row	 r;
	struct piece		*row = STAILQ_FIRST(&c->rows);
	struct pack		 p;
	size_t			 at = begin(b, RECORD_EXPAND);
	bool			 more;

	if (at == 0 || row == NULL ||
	    !recipient_row_decode(piece_span(row), &r))
		return false;
	more = r.parameters.len > 0 || !STAILQ_EMPTY(&c->parent);
	pack_init(&p, raw, sizeof raw);
	pack_u64(&p, c->id);
	pack_u32(&p, c->number);
	pack_u32(&p, r.generation | (more ? MORE_FOLLOWS : 0));
	pack_u64(&p, r.due);
	pack_text(&p, r.original);
	if (more)
		put_inheritance(&p, c, &r);
	if (p.failed || !buf_put(b, pack_span(&p)))
		return false;
	STAILQ_FOREACH(row, &c->rows, entry)
		if (!put_leaf(b, row))
			return false;
	return end(b, at);
}

/* REPORTED, or with marks MARKED. */
static bool
put_told(struct buf *b, uint64_t id, const uint32_t *numbers, size_t count,
    uint32_t marks)
{
	char		 raw[SMALL];
	struct pack	 p;
	size_t		 i, at;

	at = begin(b, marks != 0 ? RECORD_MARKED : RECORD_REPORTED);
	pack_init(&p, raw, sizeof raw);
	pack_u64(&p, id);
	if (marks != 0)
		pack_u32(&p, marks);
	if (at == 0 || !buf_put(b, pack_span(&p)))
		return false;
	for (i = 0; i < count; i++) {
		pack_init(&p, raw, sizeof raw);
		pack_u32(&p, numbers[i]);
		if (!buf_put(b, pack_span(&p)))
			return false;
	}
	return end(b, at);
}

static bool
put_reported(struct buf *b, const struct change *c)
{
	size_t	 i, at = 0;

	if (c->nlots == 0)
		return put_told(b, c->id, c->numbers, c->count, c->marks);
	for (i = 0; i < c->nlots; i++) {
		if (!put_told(b, c->lots[i].id, c->numbers + at,
		    c->lots[i].count, c->marks))
			return false;
		at += c->lots[i].count;
	}
	return true;
}

static bool
put(struct buf *b, struct change *c)
{
	enum record_kind	 kind = c->file != NULL ? RECORD_FILE :
				    RECORD_ACCEPT;

	switch (c->kind) {
	case CHANGE_STORE:
		return put_message(b, c, kind);
	case CHANGE_NOTICE:
		return put_message(b, c, kind) && put_reported(b, c);
	case CHANGE_UPDATE:
	case CHANGE_DELETE:
		return put_result(b, c);
	case CHANGE_REPLACE:
		return put_expand(b, c);
	case CHANGE_DROP:
	case CHANGE_MARK:
		return put_reported(b, c);
	case CHANGE_SPILLED:
		return put_id(b, c->id, RECORD_SPILLED);
	case CHANGE_ABORT:
		return put_id(b, c->id, RECORD_ABORT);
	case CHANGE_REMOVE:
		return put_id(b, c->id, RECORD_REMOVE);
	default:
		return true;		/* nothing of it is kept */
	}
}

bool
record_put(struct buf *b, struct change *c)
{
	size_t	 before = b->tail;
	bool	 done = put(b, c);

	if (!done)
		b->tail = before;
	return done;
}

/* ---- reading ------------------------------------------------------------- */

static struct change *
blank(enum change_kind kind)
{
	return change_new(kind, change_free);
}

static struct change *
take_message(struct unpack *u, struct span all, bool has_content)
{
	struct change	*c = blank(CHANGE_STORE);
	struct addr	 nobody = { .len = 0 };

	c->token = unpack_u64(u);
	c->letter = letter_new(0, &nobody);
	if (!letter_unpack(u, c->letter))
		u->failed = true;
	c->id = c->letter->id;
	c->place.offset = (uint64_t)(u->rest.ptr - all.ptr);
	if (has_content)
		(void)unpack_octets(u, c->letter->size);
	else
		c->file = file_new(c->id);
	c->crc = unpack_u32(u);
	return c;
}

static struct change *
take_result(struct unpack *u)
{
	struct change		*c = blank(CHANGE_DELETE);
	struct recipient_row	 r;
	struct span		 row;

	c->id = unpack_u64(u);
	c->number = unpack_u32(u);
	c->keeps_reply = unpack_u8(u) != 0;
	row = unpack_text(u, ROW_MAX);
	if (u->failed || row.len == 0)
		return c;
	c->kind = CHANGE_UPDATE;
	if (!recipient_row_decode(row, &r)) {
		u->failed = true;
		return c;
	}
	change_set_row(c, &r);
	return c;
}

/* What a row would not be read with is no leaf. */
static bool
is_leaf(const struct recipient_row *r)
{
	struct addr	 checked;

	return r->address.len > 0 &&
	    addr_parse(r->address, &checked) == ADDR_OK &&
	    addr_parse(r->original, &checked) == ADDR_OK &&
	    span_is_text(r->destination);
}

static void
take_inheritance(struct unpack *u, struct change *c, struct recipient_row *leaf)
{
	struct recipient_row	 parent;
	struct span		 row;

	leaf->parameters = unpack_line(u, RCPT_PARAMETERS_MAX);
	row = unpack_text(u, ROW_MAX);
	if (u->failed || row.len == 0)
		return;
	if (recipient_row_decode(row, &parent) && parent.state == ROW_FAILED)
		change_keep_parent(c, &parent);
	else
		u->failed = true;
}

static struct change *
take_expand(struct unpack *u)
{
	struct change		*c = blank(CHANGE_REPLACE);
	struct recipient_row	 r = { .state = ROW_WAITING };

	c->id = unpack_u64(u);
	c->number = unpack_u32(u);
	r.generation = unpack_u32(u);
	r.due = unpack_u64(u);
	r.original = unpack_text(u, ADDR_TEXT_MAX);
	r.parameters = r.relay = span_of("");
	if (r.generation & MORE_FOLLOWS)
		take_inheritance(u, c, &r);
	r.generation &= ~MORE_FOLLOWS;
	while (!u->failed && u->rest.len > 0) {
		r.address = unpack_text(u, ADDR_TEXT_MAX);
		r.destination = unpack_text(u, DESTINATION_TEXT_MAX);
		if (!is_leaf(&r))
			u->failed = true;
		if (!u->failed)
			change_add_row(c, &r);
	}
	return c;
}

static struct change *
take_told(struct unpack *u, enum change_kind kind)
{
	struct change	*c = blank(kind);

	c->id = unpack_u64(u);
	if (kind == CHANGE_MARK)
		c->marks = unpack_u32(u);
	c->numbers = xcalloc(u->rest.len / 4 + 1, sizeof *c->numbers);
	while (!u->failed && u->rest.len > 0)
		c->numbers[c->count++] = unpack_u32(u);
	return c;
}

static struct change *
take_id(struct unpack *u, enum change_kind kind)
{
	struct change	*c = blank(kind);

	c->id = unpack_u64(u);
	return c;
}

static struct change *
take(enum record_kind kind, struct unpack *u, struct span all)
{
	switch (kind) {
	case RECORD_ACCEPT:
		return take_message(u, all, true);
	case RECORD_FILE:
		return take_message(u, all, false);
	case RECORD_RESULT:
		return take_result(u);
	case RECORD_EXPAND:
		return take_expand(u);
	case RECORD_REPORTED:
		return take_told(u, CHANGE_DROP);
	case RECORD_MARKED:
		return take_told(u, CHANGE_MARK);
	case RECORD_SPILLED:
		return take_id(u, CHANGE_SPILLED);
	case RECORD_ABORT:
		return take_id(u, CHANGE_ABORT);
	case RECORD_REMOVE:
		return take_id(u, CHANGE_REMOVE);
	default:
		return NULL;
	}
}

struct change *
record_take(struct span *rest, size_t from, bool *bad)
{
	struct unpack	 outer, u;
	struct change	*c;
	uint32_t	 length;
	unsigned	 kind;
	size_t		 at;

	if (rest->len == 0)
		return NULL;
	unpack_init(&outer, *rest);
	length = unpack_u32(&outer);
	kind = unpack_u8(&outer);
	at = from - outer.rest.len;
	unpack_init(&u, unpack_octets(&outer, length));
	*rest = outer.rest;
	c = outer.failed ? NULL : take(kind, &u, u.rest);
	*bad = c == NULL || !unpack_ended(&u);
	if (c == NULL)
		return NULL;
	c->replayed = true;
	c->place.offset += at;
	if (*bad) {
		change_free(c);
		return NULL;
	}
	return c;
}
