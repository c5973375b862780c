/* SPDX-License-Identifier: ISC */
/*
 * Encoder and decoder are generated from the rows of ipc.def: one function per
 * field type, one per row that names its fields in order.
 */
#include <sys/types.h>

#include <string.h>

#include "shared/alloc.h"
#include "shared/ipc.h"

enum { RECORD_HEAD = 6 };

static const struct {
	const char	*name;
	int		 trust;
} roles[] = {
#define ROLE(ID, name, trust)	{ #name, trust },
#include "shared/ipc.def"
};

static const struct {
	enum role	 writer, reader;
	unsigned	 slots;
} rings[] = {
#define RING(writer, reader, slots) { ROLE_##writer, ROLE_##reader, slots },
#include "shared/ipc.def"
};

static const struct msg_row rows[MSG_COUNT] = {
#define MSG(ID, name, from, to, kind, fds) \
	[MSG_##ID] = { #name, from, to, kind, fds },
#include "shared/ipc.def"
};

const char *
role_name(enum role r)
{
	return (unsigned)r < ROLE_COUNT ? roles[r].name : "nobody";
}

int
role_trust(enum role r)
{
	return (unsigned)r < ROLE_COUNT ? roles[r].trust : -1;
}

const struct msg_row *
msg_row(unsigned type)
{
	if (type <= MSG_NONE || type >= MSG_COUNT)
		return NULL;
	return &rows[type];
}

bool
msg_allowed(unsigned type, enum role from, enum role to)
{
	const struct msg_row	*row = msg_row(type);

	if (row == NULL || from >= ROLE_COUNT || to >= ROLE_COUNT)
		return false;
	return (row->senders & 1u << from) && (row->receivers & 1u << to);
}

bool
msg_is_secret(unsigned type)
{
	return type == MSG_LOGIN || type == MSG_RESPONSE ||
	    type == MSG_JUDGE || type == MSG_JUDGE_HEARS ||
	    type == MSG_CONF_TICKET || type == MSG_CONF_HOP;
}

bool
roles_talk(enum role a, enum role b)
{
	unsigned	 type;

	if (a == ROLE_MASTER || b == ROLE_MASTER)
		return false;	/* a control pair is what these have */
	for (type = MSG_NONE + 1; type < MSG_COUNT; type++)
		if (rows[type].kind == ASK &&
		    (msg_allowed(type, a, b) || msg_allowed(type, b, a)))
			return true;
	return false;
}

unsigned
ring_slots(enum role writer, enum role reader)
{
	size_t	 i;

	for (i = 0; i < COUNT(rings); i++)
		if (rings[i].writer == writer && rings[i].reader == reader)
			return rings[i].slots;
	return 0;
}

/* ---- encoding ------------------------------------------------------------ */

static bool
put_number(struct buf *b, uint64_t n, size_t width, uint64_t max)
{
	uint8_t	 octets[8];
	size_t	 i;

	if (n > max)
		return false;
	for (i = 0; i < width; i++)
		octets[i] = n >> (8 * i) & 0xff;
	return buf_put(b, span_make(octets, width));
}

static bool
put_u8(struct buf *b, const uint8_t *n, uint64_t max)
{
	return put_number(b, *n, 1, max);
}

static bool
put_u16(struct buf *b, const uint16_t *n, uint64_t max)
{
	return put_number(b, *n, 2, max);
}

static bool
put_u32(struct buf *b, const uint32_t *n, uint64_t max)
{
	return put_number(b, *n, 4, max);
}

static bool
put_u64(struct buf *b, const uint64_t *n, uint64_t max)
{
	return put_number(b, *n, 8, max);
}

static bool
put_bytes(struct buf *b, const struct span *s, uint64_t max)
{
	if (s->len > max)
		return false;
	return put_number(b, s->len, 4, FULL) && buf_put(b, *s);
}

static bool
put_text(struct buf *b, const struct span *s, uint64_t max)
{
	return span_is_text(*s) && put_bytes(b, s, max);
}

static bool
put_addr(struct buf *b, const struct addr *a, uint64_t max)
{
	struct span	 s = addr_span(a);

	(void)max;
	return put_text(b, &s, ADDR_TEXT_MAX);
}

static bool
put_reply(struct buf *b, const struct reply *r, uint64_t max)
{
	struct span	 s = span_of(r->text);

	(void)max;
	return put_number(b, r->code, 2, 999) &&
	    put_number(b, r->class, 2, 9) &&
	    put_number(b, r->subject, 2, 999) &&
	    put_number(b, r->detail, 2, 999) &&
	    put_bytes(b, &s, REPLY_TEXT_MAX);
}

#define PUT(type, name, max)	&& put_##type(b, &m->name, max)
#define MSG(ID, name, from, to, kind, fds) \
static bool \
put_msg_##name(struct buf *b, const struct msg_##name *m) \
{ \
	return true ID##_FIELDS(PUT); \
}
#include "shared/ipc.def"

static bool
put_fields(struct buf *b, const struct msg *m)
{
	switch (m->type) {
#define MSG(ID, name, from, to, kind, fds) \
	case MSG_##ID: \
		return put_msg_##name(b, &m->name);
#include "shared/ipc.def"
	default:
		return false;
	}
}

bool
msg_encode(const struct msg *m, struct buf *b)
{
	size_t		 before = buf_len(b), at;
	uint32_t	 length;
	uint16_t	 type = m->type;
	int		 i;

	if (!put_u16(b, &type, FULL) || !put_number(b, 0, 4, FULL) ||
	    !put_fields(b, m)) {
		b->tail = b->head + before;	/* all or nothing */
		return false;
	}
	at = b->head + before + 2;
	length = buf_len(b) - before - RECORD_HEAD;
	for (i = 0; i < 4; i++)
		b->data[at + i] = length >> (8 * i) & 0xff;
	return true;
}

/* ---- decoding ------------------------------------------------------------ */

static bool
take(struct span *s, size_t n, struct span *out)
{
	if (n > s->len)
		return false;
	*out = span_head(*s, n);
	*s = span_skip(*s, n);
	return true;
}

static bool
take_number(struct span *s, size_t width, uint64_t max, uint64_t *n)
{
	struct span	 octets;
	size_t		 i;

	if (!take(s, width, &octets))
		return false;
	*n = 0;
	for (i = 0; i < width; i++)
		*n |= (uint64_t)(unsigned char)octets.ptr[i] << (8 * i);
	return *n <= max;
}

#define TAKE_NUMBER(type, width) \
static bool \
take_##type(struct span *s, ipc_##type *n, uint64_t max) \
{ \
	uint64_t	 value; \
\
	if (!take_number(s, width, max, &value)) \
		return false; \
	*n = value; \
	return true; \
}
TAKE_NUMBER(u8, 1)
TAKE_NUMBER(u16, 2)
TAKE_NUMBER(u32, 4)
TAKE_NUMBER(u64, 8)

static bool
take_bytes(struct span *s, struct span *out, uint64_t max)
{
	uint64_t	 n;

	return take_number(s, 4, FULL, &n) && n <= max && take(s, n, out);
}

static bool
take_text(struct span *s, struct span *out, uint64_t max)
{
	return take_bytes(s, out, max) && span_is_text(*out);
}

static bool
take_addr(struct span *s, struct addr *a, uint64_t max)
{
	struct span	 text;

	(void)max;
	return take_text(s, &text, ADDR_TEXT_MAX) &&
	    addr_parse(text, a) == ADDR_OK;
}

/* Printable octets, and the LF that parts lines. */
static bool
is_reply_text(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] != '\n' && (s.ptr[i] < ' ' || s.ptr[i] > '~'))
			return false;
	return true;
}

static bool
take_reply(struct span *s, struct reply *r, uint64_t max)
{
	uint64_t	 code, class, subject, detail;
	struct span	 text;

	(void)max;
	if (!take_number(s, 2, 999, &code) || !take_number(s, 2, 9, &class) ||
	    !take_number(s, 2, 999, &subject) ||
	    !take_number(s, 2, 999, &detail) ||
	    !take_bytes(s, &text, REPLY_TEXT_MAX) || !is_reply_text(text))
		return false;
	r->code = code;
	r->class = class;
	r->subject = subject;
	r->detail = detail;
	return span_copy(text, r->text, sizeof r->text);
}

#define TAKE(type, name, max)	&& take_##type(s, &m->name, max)
#define MSG(ID, name, from, to, kind, fds) \
static bool \
take_msg_##name(struct span *s, struct msg_##name *m) \
{ \
	return true ID##_FIELDS(TAKE) && s->len == 0; \
}
#include "shared/ipc.def"

static bool
take_fields(struct span *s, struct msg *m)
{
	switch (m->type) {
#define MSG(ID, name, from, to, kind, fds) \
	case MSG_##ID: \
		return take_msg_##name(s, &m->name);
#include "shared/ipc.def"
	default:
		return false;
	}
}

bool
msg_decode(struct span *frame, struct msg *m)
{
	struct span	 fields;
	uint64_t	 type, length;

	m->nfds = 0;
	if (!take_number(frame, 2, MSG_COUNT - 1, &type) || type == MSG_NONE ||
	    !take_number(frame, 4, FRAME_MAX, &length) ||
	    !take(frame, length, &fields))
		return false;
	m->type = type;
	return take_fields(&fields, m);
}
