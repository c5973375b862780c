/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "queue/letter.h"
#include "queue/pack.h"
#include "shared/alloc.h"

enum {
	HEAD_MAX	= 2048,		/* packed, up to the recipients */
	ADDRESSEE_MAX	= 2 + ADDR_TEXT_MAX + 2 + RCPT_PARAMETERS_MAX
};

/* Of the flags on disk: each recipient's parameters follow its address.
 * Otherwise none has any. */
#define RECIPIENTS_HAVE_PARAMETERS	(UINT32_C(1) << 30)

struct letter *
letter_new(uint64_t id, const struct addr *sender)
{
	struct letter	*l = xcalloc(1, sizeof *l);

	l->id = id;
	l->sender = *sender;
	l->client = xstrdup("");
	l->identity = xstrdup("");
	l->parameters = xstrdup("");
	buf_init(&l->recipients, RECIPIENTS_MAX * ADDRESSEE_MAX);
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
letter_add(struct letter *l, struct span address, struct span parameters)
{
	char		 raw[ADDRESSEE_MAX];
	struct pack	 p;

	pack_init(&p, raw, sizeof raw);
	pack_text(&p, address);
	pack_text(&p, parameters);
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

struct addressee
letter_take(struct span *rest)
{
	struct unpack		 u;
	struct addressee	 one;

	unpack_init(&u, *rest);
	one.address = unpack_text(&u, ADDR_TEXT_MAX);
	one.parameters = unpack_text(&u, RCPT_PARAMETERS_MAX);
	*rest = u.rest;
	return one;
}

static bool
has_parameters(const struct letter *l)
{
	struct span	 rest = letter_recipients(l);

	while (rest.len > 0)
		if (letter_take(&rest).parameters.len > 0)
			return true;
	return false;
}

static void
pack_recipients(const struct letter *l, bool parameters, struct buf *into)
{
	struct span		 rest = letter_recipients(l);
	struct addressee	 one;
	char			 raw[ADDRESSEE_MAX];
	struct pack		 p;

	while (rest.len > 0) {
		one = letter_take(&rest);
		pack_init(&p, raw, sizeof raw);
		pack_text(&p, one.address);
		if (parameters)
			pack_text(&p, one.parameters);
		(void)buf_put(into, pack_span(&p));
	}
}

void
letter_pack(const struct letter *l, struct buf *into)
{
	struct origin	 origin = letter_origin(l);
	bool		 parameters = has_parameters(l);
	char		 head[HEAD_MAX];
	struct pack	 p;

	pack_init(&p, head, sizeof head);
	pack_u64(&p, l->id);
	pack_u64(&p, l->arrived);
	pack_u64(&p, l->size);
	pack_u32(&p, origin_flags(&origin, l->flags) |
	    (parameters ? RECIPIENTS_HAVE_PARAMETERS : 0));
	pack_text(&p, addr_span(&l->sender));
	origin_pack(&origin, &p);
	pack_u32(&p, l->count);
	(void)buf_put(into, pack_span(&p));
	pack_recipients(l, parameters, into);
}

static bool
unpack_recipients(struct unpack *u, struct letter *l, bool parameters)
{
	uint32_t		 i, n = unpack_u32(u);
	struct addressee	 one = { .parameters = span_of("") };
	struct addr		 checked;

	for (i = 0; i < n; i++) {
		one.address = unpack_text(u, ADDR_TEXT_MAX);
		if (parameters)
			one.parameters = unpack_line(u, RCPT_PARAMETERS_MAX);
		if (u->failed || one.address.len == 0 ||
		    addr_parse(one.address, &checked) != ADDR_OK ||
		    !letter_add(l, one.address, one.parameters))
			return false;
	}
	return n > 0;
}

bool
letter_unpack(struct unpack *u, struct letter *l)
{
	struct origin	 origin;
	struct span	 sender;
	bool		 parameters;

	l->id = unpack_u64(u);
	l->arrived = unpack_u64(u);
	l->size = unpack_u64(u);
	l->flags = unpack_u32(u);
	parameters = (l->flags & RECIPIENTS_HAVE_PARAMETERS) != 0;
	l->flags &= ~RECIPIENTS_HAVE_PARAMETERS;
	sender = unpack_text(u, ADDR_TEXT_MAX);
	origin_unpack(&origin, u, &l->flags);
	if (u->failed || addr_parse(sender, &l->sender) != ADDR_OK)
		return false;
	letter_set_origin(l, &origin);
	return unpack_recipients(u, l, parameters);
}
