/* SPDX-License-Identifier: ISC */
/*
 * A whole session of smtpd, whose neighbours are stubs: however the client
 * cuts what it sends, whenever it reads, and whenever the neighbours answer,
 * it hears the same, and the same mail is stored.
 */
#include "tests/fuzz/wire.h"

/* What one run comes to: what was said, and what was stored. */
struct course {
	struct wire	 wire;
	struct fuzz_cuts cuts;
	struct span	 rest;
	bool		 eager;		/* all at once, answers at once */
};

static bool
dice(struct course *c, unsigned of)
{
	c->cuts.state = c->cuts.state * 1103515245 + 12345;
	return !c->eager && (c->cuts.state >> 16) % of == 0;
}

static void
send_some(struct course *c)
{
	struct span	 rest = c->rest, piece = fuzz_piece(&c->cuts, &rest);
	size_t		 before;

	if (c->eager)
		piece = c->rest;
	before = piece.len;
	wire_send(&c->wire, &piece);
	c->rest = span_skip(c->rest, before - piece.len);
}

/* One turn; false when nobody can do anything any more. */
static bool
turn(struct course *c)
{
	size_t	 before = c->rest.len;
	bool	 answered = false;

	wire_withhold_credit(&c->wire, dice(c, 8));
	if (!dice(c, 3))
		send_some(c);
	while (!dice(c, 4) && wire_answer(&c->wire))
		answered = true;
	if (!dice(c, 5))
		wire_read(&c->wire);
	return answered || c->rest.len < before;
}

static void
run(struct course *c, struct span input, const struct wire_begin *begin)
{
	unsigned	 idle = 0;

	c->rest = input;
	wire_open(&c->wire, begin);
	while (!c->wire.closed && idle < 64)
		idle = turn(c) ? 0 : idle + 1;
	while (wire_answer(&c->wire))
		wire_read(&c->wire);
	wire_read(&c->wire);
	wire_hang_up(&c->wire);
	(void)fuzz_replies(buf_span(&c->wire.said));
}

void
fuzz_one(struct span input)
{
	uint8_t		 choice = fuzz_choice(&input);
	struct wire_begin begin = { .size_max = choice % 2 == 0 ? 0 : 256,
	    .believed = choice / 2 % 2, .proxied = choice / 4 % 4 == 3,
	    .submits = choice / 16 % 2,
	    .may_login = choice / 32 % 2 };
	struct course	 one = { .eager = true };
	struct course	 other = { .cuts = { choice } };
	struct buf	 said, stored;

	run(&one, input, &begin);
	buf_init(&said, one.wire.said.max);
	buf_init(&stored, one.wire.stored.max);
	(void)buf_put(&said, buf_span(&one.wire.said));
	(void)buf_put(&stored, buf_span(&one.wire.stored));
	wire_close(&one.wire);

	run(&other, input, &begin);
	fuzz_claim(span_equal(buf_span(&said), buf_span(&other.wire.said)),
	    "cuts and time change no reply");
	fuzz_claim(span_equal(buf_span(&stored),
	    buf_span(&other.wire.stored)), "nor the mail");
	wire_close(&other.wire);
	buf_clear(&said);
	buf_clear(&stored);
}
