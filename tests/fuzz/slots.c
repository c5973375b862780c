/* SPDX-License-Identifier: ISC */
#include "tests/fuzz/slots.h"

enum { SLOT_SIZE = 32 };

struct slots {
	char		 slot[SLOT_SIZE];
	struct outcome	*outcome;
	struct fuzz_cuts cuts;
};

static void
empty_slot(struct content_sink *sink)
{
	struct slots	*s = sink->arg;

	if (sink->at != NULL)
		(void)buf_put(&s->outcome->kept, span_make(s->slot,
		    (size_t)(sink->at - s->slot)));
}

static bool
next_slot(struct content_sink *sink)
{
	static const char	 size[SLOT_SIZE];
	struct slots		*s = sink->arg;
	struct span		 whole = span_make(size, sizeof size);

	empty_slot(sink);
	sink->at = s->slot;
	sink->room = 0;
	if (fuzz_piece(&s->cuts, &whole).len == 1)
		return false;
	sink->room = fuzz_piece(&s->cuts, &whole).len;
	return sink->room > 0;
}

void
slots_feed(struct content *c, struct span input, uint32_t choice,
    struct outcome *o)
{
	struct slots		 slots = { .outcome = o, .cuts = { choice } };
	struct content_sink	 sink = { NULL, 0, next_slot, &slots };
	struct fuzz_cuts	 cuts = { choice };
	struct span		 piece = span_of("");

	o->status = CONTENT_MORE;
	while (o->status != CONTENT_END && (input.len > 0 || piece.len > 0)) {
		if (piece.len == 0)
			piece = fuzz_piece(&cuts, &input);
		o->status = content_feed(c, &piece, &sink);
		fuzz_claim(o->status != CONTENT_MORE || piece.len == 0,
		    "who wants more has taken all");
	}
	if (c->framing == CONTENT_CHUNKED)
		while ((o->status = content_end(c, &sink)) == CONTENT_FULL)
			;
	empty_slot(&sink);
	o->verdict = c->verdict;
	o->rest = piece.len + input.len;
	o->hops = c->hops;
}
