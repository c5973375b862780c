/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "queue/letter.h"
#include "queue/pack.h"
#include "shared/alloc.h"

enum { HEAD_MAX = 2048 };	/* packed, up to the recipients */

struct letter *
letter_new(uint64_t id, const struct addr *sender)
{
	struct letter	*l = xcalloc(1, sizeof *l);

	l->id = id;
	l->sender = *sender;
	l->client = xstrdup("");
	l->identity = xstrdup("");
	l->parameters = xstrdup("");
	buf_init(&l->recipients, RECIPIENTS_MAX * (ADDR_TEXT_MAX + 2));
	return l;
}

void
letter_free(struct letter *l)
{
	if (l == NULL)
		return;
	free(l->client);
	free(l->identity);
	free(l->parameters);
	buf_clear(&l->recipients);
	free(l);
}

void
letter_set_origin(struct letter *l, const struct origin *o)
{
	free(l->client);
	free(l->identity);
	free(l->parameters);
	l->client = span_dup(o->client);
	l->identity = span_dup(o->identity);
	l->parameters = span_dup(o->parameters);
}

struct origin
letter_origin(const struct letter *l)
{
	return (struct origin){ span_of(l->client), span_of(l->identity),
	    span_of(l->parameters) };
}

bool
letter_add(struct letter *l, struct span recipient)
{
	char		 raw[2 + ADDR_TEXT_MAX];
	struct pack	 p;

	pack_init(&p, raw, sizeof raw);
	pack_text(&p, recipient);
	if (p.failed || l->count == RECIPIENTS_MAX ||
	    !buf_put(&l->recipients, pack_span(&p)))
		return false;
	l->count++;
	return true;
}

struct span
letter_recipients(const struct letter *l)
{
	return buf_span(&l->recipients);
}

struct span
letter_take(struct span *rest)
{
	struct unpack	 u;
	struct span	 text;

	unpack_init(&u, *rest);
	text = unpack_text(&u, ADDR_TEXT_MAX);
	*rest = u.rest;
	return text;
}

void
letter_pack(const struct letter *l, struct buf *into)
{
	struct origin	 origin = letter_origin(l);
	char		 head[HEAD_MAX];
	struct pack	 p;

	pack_init(&p, head, sizeof head);
	pack_u64(&p, l->id);
	pack_u64(&p, l->arrived);
	pack_u64(&p, l->size);
	pack_u32(&p, origin_flags(&origin, l->flags));
	pack_text(&p, addr_span(&l->sender));
	origin_pack(&origin, &p);
	pack_u32(&p, l->count);
	(void)buf_put(into, pack_span(&p));
	(void)buf_put(into, buf_span(&l->recipients));
}

static bool
unpack_recipients(struct unpack *u, struct letter *l)
{
	uint32_t	 i, n = unpack_u32(u);
	struct addr	 checked;
	struct span	 text;

	for (i = 0; i < n; i++) {
		text = unpack_text(u, ADDR_TEXT_MAX);
		if (u->failed || text.len == 0 ||
		    addr_parse(text, &checked) != ADDR_OK ||
		    !letter_add(l, text))
			return false;
	}
	return n > 0;
}

bool
letter_unpack(struct unpack *u, struct letter *l)
{
	struct origin	 origin;
	struct span	 sender;

	l->id = unpack_u64(u);
	l->arrived = unpack_u64(u);
	l->size = unpack_u64(u);
	l->flags = unpack_u32(u);
	sender = unpack_text(u, ADDR_TEXT_MAX);
	origin_unpack(&origin, u, &l->flags);
	if (u->failed || addr_parse(sender, &l->sender) != ADDR_OK)
		return false;
	letter_set_origin(l, &origin);
	return unpack_recipients(u, l);
}
