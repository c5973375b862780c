/* SPDX-License-Identifier: ISC */
#include "tests/fuzz/slots.h"

void
slots_close(struct slots *s)
{
	if (s->sink.at != NULL)
		(void)buf_put(&s->outcome->kept, span_make(s->slot,
		    (size_t)(s->sink.at - s->slot)));
}

static bool
next_slot(struct content_sink *sink)
{
	static const char	 size[SLOT_SIZE];
	struct slots		*s = sink->arg;
	struct span		 whole = span_make(size, sizeof size);

	slots_close(s);
	sink->at = s->slot;
	sink->room = 0;
	if (fuzz_piece(&s->cuts, &whole).len == 1)
		return false;
	sink->room = fuzz_piece(&s->cuts, &whole).len;
	return sink->room > 0;
}

void
slots_open(struct slots *s, struct outcome *o, uint32_t choice)
{
	*s = (struct slots){ .outcome = o, .cuts = { choice } };
	s->sink = (struct content_sink){ .more = next_slot, .arg = s };
}

void
slots_feed(struct content *c, struct span input, uint32_t choice,
    struct outcome *o)
{
	struct slots		 slots;
	struct fuzz_cuts	 cuts = { choice };
	struct span		 piece = span_of("");

	slots_open(&slots, o, choice);
	o->status = CONTENT_MORE;
	while (o->status != CONTENT_END && (input.len > 0 || piece.len > 0)) {
		if (piece.len == 0)
			piece = fuzz_piece(&cuts, &input);
		o->status = content_feed(c, &piece, &slots.sink);
		fuzz_claim(o->status != CONTENT_MORE || piece.len == 0,
		    "who wants more has taken all");
	}
	if (c->framing == CONTENT_CHUNKED)
		while ((o->status = content_end(c, &slots.sink)) ==
		    CONTENT_FULL)
			;
	slots_close(&slots);
	o->verdict = c->verdict;
	o->rest = piece.len + input.len;
	o->hops = c->hops;
}
