/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "tests/wires/forge.h"

enum { LONG_TEXT = SHOW_MAX + 1, NO_FIELD = 1000 };

uint64_t
dice_next(struct dice *d)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return d->state;
}

unsigned
dice_below(struct dice *d, unsigned n)
{
	return (dice_next(d) >> 11) % n;
}

bool
dice_one_in(struct dice *d, unsigned n)
{
	return dice_below(d, n) == 0;
}

/* ---- hints --------------------------------------------------------------- */

static void
learn(struct hints *h, const char *field, uint64_t value)
{
	if (strcmp(field, "token") == 0)
		h->tokens[h->ntokens++ % HINTS] = value;
	else if (strcmp(field, "message") == 0)
		h->messages[h->nmessages++ % HINTS] = value;
}

#define LEARN_u8(name)
#define LEARN_u16(name)
#define LEARN_u32(name)
#define LEARN_u64(name)		learn(h, #name, m->name);
#define LEARN_text(name)
#define LEARN_bytes(name)
#define LEARN_addr(name)
#define LEARN_reply(name)
#define LEARN(type, name, max)	LEARN_##type(name)
#define MSG(ID, name, from, to, kind, fds) \
static void \
learn_##name(struct hints *h, const struct msg_##name *m) \
{ \
	(void)h; \
	(void)m; \
	ID##_FIELDS(LEARN) \
}
#include "shared/ipc.def"

void
hints_learn(struct hints *h, const struct msg *m)
{
	switch (m->type) {
#define MSG(ID, name, from, to, kind, fds) \
	case MSG_##ID: \
		learn_##name(h, &m->name); \
		break;
#include "shared/ipc.def"
	default:
		break;
	}
}

static uint64_t
pick(const uint64_t *list, unsigned n, struct dice *d)
{
	if (n == 0 || dice_one_in(d, 8))
		return dice_below(d, 4) ? dice_below(d, 3) : dice_next(d);
	return list[dice_below(d, n < HINTS ? n : HINTS)];
}

uint64_t
hints_token(const struct hints *h, struct dice *d)
{
	return pick(h->tokens, h->ntokens, d);
}

uint64_t
hints_message(const struct hints *h, struct dice *d)
{
	return pick(h->messages, h->nmessages, d);
}

/* ---- whole rows ---------------------------------------------------------- */

static const char *const texts[] = {
	"", "a", "jones", "brown", "example.org", "~/Maildir", "~/", "/",
	"local:jones", "local:brown", "local:a/../b", "local:", "x",
	"host:[127.0.0.1]:9", "host:[127.0.0.1]:65536", "host:a.example:25",
	"mx:a.example:25", "mx::", "mx:[:0", "[127.0.0.1]:25",
	"~/../../tmp", "%", "%u", "..", "\"\\\xff\x80 ", "127.0.0.1"
};

static const char *const addresses[] = {
	"", "jones@example.org", "brown@example.org", "list@example.org",
	"nobody@example.org", "a@b.example", "\"a b\\\"\"@[127.0.0.1]",
	"postmaster", "postmaster@example.org", "x+y@[IPv6:::1]"
};

static const char	 tail[] =
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd";

static uint64_t
number(struct dice *d, uint64_t max)
{
	static const uint64_t	 near[] = {
		0, 1, 2, 100, 65535, 65536, 65537, 1 << 20
	};
	uint64_t		 n;

	switch (dice_below(d, 4)) {
	case 0:
		return max;
	case 1:
		n = near[dice_below(d, COUNT(near))];
		break;
	case 2:
		n = dice_below(d, 4);
		break;
	default:
		n = dice_next(d);
	}
	return n <= max ? n : max == 0 ? 0 : n % max;
}

static struct span
text(struct dice *d, uint64_t max)
{
	struct span	 s = span_of(texts[dice_below(d, COUNT(texts))]);

	if (dice_one_in(d, 8))
		s = span_of(tail);
	return span_head(s, s.len < max ? s.len : max);
}

static void
reply(struct dice *d, struct reply *r)
{
	static const unsigned	 codes[] = { 0, 250, 354, 421, 450, 451, 550,
				    554, 999 };
	static const char *const words[] = { "", "Ok", "a\nb\n", "%s%n" };

	memset(r, 0, sizeof *r);
	r->code = codes[dice_below(d, COUNT(codes))];
	r->class = dice_below(d, 10);
	r->subject = dice_below(d, 1000);
	r->detail = dice_below(d, 1000);
	snprintf(r->text, sizeof r->text, "%s%s",
	    words[dice_below(d, COUNT(words))], dice_one_in(d, 8) ? tail : "");
}

#define FORGE_u8(name, max)	m->name = number(d, max < 255 ? max : 255);
#define FORGE_u16(name, max) \
	m->name = number(d, (uint64_t)max < 65535 ? max : 65535);
#define FORGE_u32(name, max) \
	m->name = number(d, (uint64_t)max < UINT32_MAX ? max : UINT32_MAX);
#define FORGE_u64(name, max) \
	m->name = strcmp(#name, "token") == 0 ? hints_token(h, d) : \
	    strcmp(#name, "message") == 0 ? hints_message(h, d) : \
	    number(d, max);
#define FORGE_text(name, max)	m->name = text(d, max);
#define FORGE_bytes(name, max)	m->name = dice_below(d, 4) ? \
	    span_make("\x7f\0\0\1\0\0\0\0\0\0\0\0\0\0\0\1", \
	    dice_below(d, 2) ? 4 : 16) : text(d, max);
#define FORGE_addr(name, max) \
	(void)addr_parse(span_of(addresses[dice_below(d, \
	    COUNT(addresses))]), &m->name);
#define FORGE_reply(name, max)	reply(d, &m->name);
#define FORGE(type, name, max)	FORGE_##type(name, max)
#define MSG(ID, name, from, to, kind, fds) \
static void \
forge_##name(struct msg_##name *m, const struct hints *h, struct dice *d) \
{ \
	(void)h; \
	ID##_FIELDS(FORGE) \
}
#include "shared/ipc.def"

void
forge(struct msg *m, unsigned type, const struct hints *h, struct dice *d)
{
	memset(m, 0, sizeof *m);
	m->type = type;
	switch (type) {
#define MSG(ID, name, from, to, kind, fds) \
	case MSG_##ID: \
		forge_##name(&m->name, h, d); \
		break;
#include "shared/ipc.def"
	default:
		break;
	}
}

#define PLAIN_u8(name)		m->name = 0;
#define PLAIN_u16(name)		m->name = 1;
#define PLAIN_u32(name)		m->name = 1;
#define PLAIN_u64(name)		m->name = 7;
#define PLAIN_text(name)	m->name = span_of("jones");
#define PLAIN_bytes(name)	m->name = span_of("abcd");
#define PLAIN_addr(name)	(void)addr_parse(span_of("a@b"), &m->name);
#define PLAIN_reply(name)	m->name = reply_make(451, "4.3.0", "no");
#define PLAIN(type, name, max)	PLAIN_##type(name)
#define MSG(ID, name, from, to, kind, fds) \
static void \
plain_##name(struct msg_##name *m) \
{ \
	ID##_FIELDS(PLAIN) \
}
#include "shared/ipc.def"

void
forge_plain(struct msg *m, unsigned type)
{
	memset(m, 0, sizeof *m);
	m->type = type;
	switch (type) {
#define MSG(ID, name, from, to, kind, fds) \
	case MSG_##ID: \
		plain_##name(&m->name); \
		break;
#include "shared/ipc.def"
	default:
		break;
	}
}

/* ---- broken rows --------------------------------------------------------- */

struct writer {
	struct buf	*to;
	unsigned	 field, wanted;
	enum harm	 harm;
	bool		 done;
};

static bool
is_wanted(struct writer *w, enum harm harm)
{
	return w->field == w->wanted && w->harm == harm;
}

static void
put(struct writer *w, uint64_t n, size_t width)
{
	unsigned char	 octets[8];
	size_t		 i;

	for (i = 0; i < width; i++)
		octets[i] = n >> 8 * i & 0xff;
	if (!buf_put(w->to, span_make(octets, width)))
		fatal("a forged frame is too long");
}

static void
put_number(struct writer *w, uint64_t n, size_t width, uint64_t max)
{
	uint64_t	 limit = width == 8 ? UINT64_MAX :
			    (UINT64_C(1) << 8 * width) - 1;

	if (is_wanted(w, HARM_MAX) && max < limit) {
		n = max + 1;
		w->done = true;
	}
	put(w, n, width);
	w->field++;
}

static void
put_octets(struct writer *w, struct span s, uint64_t max, bool is_text)
{
	static char	 filler[LONG_TEXT];

	if (is_wanted(w, HARM_LONG)) {
		if (max >= sizeof filler)
			fatal("a row has room for more than is forged");
		memset(filler, 'a', sizeof filler);
		s = span_make(filler, max + 1);
		w->done = true;
	} else if (is_wanted(w, HARM_CONTROL) && is_text) {
		s = span_of("a\tb");
		w->done = true;
	}
	put(w, s.len, 4);
	if (!buf_put(w->to, s))
		fatal("a forged frame is too long");
	w->field++;
}

static void
put_address(struct writer *w, const struct addr *a)
{
	struct span	 s = addr_span(a);

	if (is_wanted(w, HARM_ADDRESS)) {
		s = span_of("a b@");
		w->done = true;
	}
	put_octets(w, s, ADDR_TEXT_MAX, true);
}

static void
put_verdict(struct writer *w, const struct reply *r)
{
	unsigned	 code = r->code;
	struct span	 s = span_of(r->text);

	if (is_wanted(w, HARM_MAX)) {
		code = 1000;
		w->done = true;
	}
	put(w, code, 2);
	put(w, r->class, 2);
	put(w, r->subject, 2);
	put(w, r->detail, 2);
	put_octets(w, s, REPLY_TEXT_MAX, true);
}

#define WRITE_u8(n, max)	put_number(w, m->n, 1, max);
#define WRITE_u16(n, max)	put_number(w, m->n, 2, max);
#define WRITE_u32(n, max)	put_number(w, m->n, 4, max);
#define WRITE_u64(n, max)	put_number(w, m->n, 8, max);
#define WRITE_text(n, max)	put_octets(w, m->n, max, true);
#define WRITE_bytes(n, max)	put_octets(w, m->n, max, false);
#define WRITE_addr(n, max)	put_address(w, &m->n);
#define WRITE_reply(n, max)	put_verdict(w, &m->n);
#define WRITE(type, name, max)	WRITE_##type(name, max)
#define MSG(ID, name, from, to, kind, fds) \
static void \
write_##name(struct writer *w, const struct msg_##name *m) \
{ \
	ID##_FIELDS(WRITE) \
}
#include "shared/ipc.def"

static void
write_fields(struct writer *w, const struct msg *m)
{
	switch (m->type) {
#define MSG(ID, name, from, to, kind, fds) \
	case MSG_##ID: \
		write_##name(w, &m->name); \
		break;
#include "shared/ipc.def"
	default:
		break;
	}
}

static bool
write_record(struct writer *w, const struct msg *m)
{
	struct buf	 fields;
	struct buf	*to = w->to;

	buf_init(&fields, FRAME_MAX);
	w->to = &fields;
	write_fields(w, m);
	w->to = to;
	put(w, m->type, 2);
	put(w, buf_len(&fields), 4);
	if (!buf_put(to, buf_span(&fields)))
		fatal("a forged frame is too long");
	buf_clear(&fields);
	return w->done;
}

bool
forge_harm(const struct msg *m, unsigned field, enum harm harm,
    struct buf *to)
{
	struct writer	 w = { to, 0, field, harm, false };

	return write_record(&w, m);
}

void
forge_encode(const struct msg *m, struct buf *to)
{
	(void)forge_harm(m, NO_FIELD, HARM_MAX, to);
}

unsigned
forge_fields(unsigned type)
{
	struct buf	 b;
	struct writer	 w = { &b, 0, NO_FIELD, HARM_MAX, false };
	struct msg	 m;

	buf_init(&b, FRAME_MAX);
	forge_plain(&m, type);
	(void)write_record(&w, &m);
	buf_clear(&b);
	return w.field;
}

void
forge_garble(struct buf *b, struct dice *d)
{
	size_t	 len = buf_len(b), at;

	if (len == 0)
		return;
	at = b->head + dice_below(d, len);
	switch (dice_below(d, 4)) {
	case 0:
		b->data[at] ^= 1 << dice_below(d, 8);
		break;
	case 1:
		b->data[at] = dice_next(d);
		break;
	case 2:
		b->tail = at;
		break;
	default:
		(void)buf_put(b, span_make(tail, dice_below(d, 64) + 1));
	}
}
