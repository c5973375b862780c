/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "queue/letter.h"
#include "queue/pack.h"
#include "shared/alloc.h"

struct letter *
letter_new(uint64_t id, const struct addr *sender)
{
	struct letter	*l = xcalloc(1, sizeof *l);

	l->id = id;
	l->sender = *sender;
	l->client = xstrdup("");
	l->identity = xstrdup("");
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
	buf_clear(&l->recipients);
	free(l);
}

void
letter_set_origin(struct letter *l, struct span client, struct span identity)
{
	free(l->client);
	free(l->identity);
	l->client = span_dup(client);
	l->identity = span_dup(identity);
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
