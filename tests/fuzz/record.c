/* SPDX-License-Identifier: ISC */
/*
 * What stands on disk, and may be damaged: records of the journal, rows of the
 * index, trailers.  Checksums are in front of all of these; here they are
 * thought to have held.  What can be read is what would be written.
 */
#include <string.h>

#include "queue/record.h"
#include "queue/row.h"
#include "shared/alloc.h"
#include "tests/fuzz/fuzz.h"

/* ---- rows ---------------------------------------------------------------- */

static void
check_row(const struct pack *p, struct span input)
{
	fuzz_claim(!p->failed, "what was read can be written");
	fuzz_claim(pack_span(p).len <= input.len, "it grows no longer");
}

static void
message_row(struct span input)
{
	struct message_row	 r, again;
	char			 raw[ROW_MAX];
	struct pack		 p;

	if (!message_row_decode(input, &r))
		return;
	pack_init(&p, raw, sizeof raw);
	message_row_encode(&r, &p);
	check_row(&p, input);
	fuzz_claim(message_row_decode(pack_span(&p), &again) &&
	    addr_equal(&r.sender, &again.sender) &&
	    span_equal(r.origin.client, again.origin.client) &&
	    span_equal(r.origin.parameters, again.origin.parameters) &&
	    r.flags == again.flags && r.left == again.left,
	    "a message's row is itself again");
}

static void
recipient_row(struct span input)
{
	struct recipient_row	 r, again;
	char			 raw[ROW_MAX], twice[ROW_MAX];
	struct pack		 p, q;

	if (!recipient_row_decode(input, &r))
		return;
	pack_init(&p, raw, sizeof raw);
	recipient_row_encode(&r, &p);
	check_row(&p, input);
	fuzz_claim(recipient_row_decode(pack_span(&p), &again),
	    "a recipient's row is read again");
	pack_init(&q, twice, sizeof twice);
	recipient_row_encode(&again, &q);
	fuzz_claim(span_equal(pack_span(&p), pack_span(&q)),
	    "and is the same");
}

static void
keys(struct span input)
{
	struct destination_row	 d;
	struct wait_key		 k;
	struct due_key		 due;
	char			 raw[ROW_MAX];
	struct pack		 p;

	pack_init(&p, raw, sizeof raw);
	if (destination_row_decode(input, &d))
		destination_row_encode(&d, &p);
	else if (wait_key_decode(input, &k))
		wait_key_encode(&k, &p);
	else if (due_key_decode(input, &due))
		due_key_encode(&due, &p);
	else
		return;
	fuzz_claim(!p.failed && span_equal(pack_span(&p), input),
	    "a key is itself again");
}

/* ---- records ------------------------------------------------------------- */

/* The content stays where it was read, so it is not written again. */
static bool
has_content(const struct change *c)
{
	return c->letter != NULL && c->file == NULL;
}

static void
write_again(struct change *c, struct span record)
{
	struct change	*again;
	struct buf	 first, second;
	struct span	 rest;
	bool		 bad = false;

	buf_init(&first, RECORDS_MAX);
	buf_init(&second, RECORDS_MAX);
	fuzz_claim(record_put(&first, c), "what was read can be written");
	fuzz_claim(buf_len(&first) <= record.len, "it grows no longer");
	rest = buf_span(&first);
	again = record_take(&rest, rest.len, &bad);
	fuzz_claim(again != NULL && !bad && rest.len == 0,
	    "and be read again");
	fuzz_claim(record_put(&second, again) &&
	    span_equal(buf_span(&first), buf_span(&second)),
	    "and says the same");
	change_free(again);
	buf_clear(&first);
	buf_clear(&second);
}

static void
check_change(struct change *c, struct span all, struct span record)
{
	if (c->letter != NULL)
		fuzz_claim(c->letter->count > 0 && c->letter->count <=
		    RECIPIENTS_MAX && c->id == c->letter->id,
		    "a letter has recipients");
	if (has_content(c))
		fuzz_claim(c->place.offset <= all.len &&
		    c->letter->size <= all.len - c->place.offset,
		    "content lies in what was read");
	else if (c->kind != CHANGE_REPLACE || !STAILQ_EMPTY(&c->rows))
		write_again(c, record);
}

static void
records(struct span all)
{
	struct span	 rest = all, before = all;
	struct change	*c;
	bool		 bad = false;

	while ((c = record_take(&rest, all.len, &bad)) != NULL) {
		fuzz_claim(!bad, "a change is no bad one");
		fuzz_claim(rest.len < before.len, "a record has a length");
		check_change(c, all, span_head(before,
		    before.len - rest.len));
		change_free(c);
		before = rest;
	}
	fuzz_claim(bad || rest.len == 0, "it ends, or it is bad");
}

void
fuzz_one(struct span input)
{
	message_row(input);
	recipient_row(input);
	keys(input);
	records(input);
}
