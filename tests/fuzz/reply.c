/* SPDX-License-Identifier: ISC */
/*
 * Verdicts of ours, and what others answer: shared/reply, remote/answer.  What
 * one of them writes the other must read.
 */
#include <string.h>

#include "remote/answer.h"
#include "tests/fuzz/fuzz.h"

static bool
is_same(const struct reply *a, const struct reply *b)
{
	return a->code == b->code && a->class == b->class &&
	    a->subject == b->subject && a->detail == b->detail &&
	    strcmp(a->text, b->text) == 0;
}

/* All of `s`, in pieces: the last status. */
static enum answer_status
feed(struct answer *a, struct span s, struct fuzz_cuts *cuts)
{
	enum answer_status	 status = ANSWER_MORE;
	struct span		 piece;

	answer_init(a);
	while (s.len > 0) {
		piece = fuzz_piece(cuts, &s);
		do
			status = answer_feed(a, &piece);
		while (status == ANSWER_LINE);
		if (status != ANSWER_MORE)
			return status;
		fuzz_claim(piece.len == 0, "who wants more has taken all");
	}
	return status;
}

/* A joined text has no lines any more, so that it is its own join. */
static void
check_put(const struct reply *r, struct fuzz_cuts *cuts)
{
	struct answer		 a;
	struct reply		 again;
	struct buf		 b;

	buf_init(&b, 1 << 16);
	fuzz_claim(reply_put(r, &b), "a reply has room");
	fuzz_claim(fuzz_replies(buf_span(&b)) == 1, "it is one");
	fuzz_claim(feed(&a, buf_span(&b), cuts) == ANSWER_WHOLE,
	    "what we write we read");
	answer_reply(&a, &again);
	fuzz_claim(is_same(r, &again), "and it says the same");
	buf_clear(&b);
}

static void
theirs(struct span input, uint8_t choice)
{
	struct fuzz_cuts	 one = { choice }, other = { ~choice };
	struct answer		 a, b;
	struct reply		 r, s;
	enum answer_status	 status = feed(&a, input, &one);

	fuzz_claim(status == feed(&b, input, &other),
	    "cuts do not change what an answer is");
	if (status != ANSWER_WHOLE)
		return;
	fuzz_claim(a.lines == b.lines && a.lines <= REPLY_LINES_MAX,
	    "lines are counted, and bounded");
	answer_reply(&a, &r);
	answer_reply(&b, &s);
	fuzz_claim(is_same(&r, &s), "nor what it says");
	fuzz_claim(r.class == r.code / 100,
	    "an enhanced code is of the class of its code");
	if (r.code / 100 != 3)		/* RFC 3463 has no class for these */
		check_put(&r, &one);
}

static unsigned
lines_of(const char *text)
{
	unsigned	 n = 1;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Anything as the text of a verdict. */
static void
ours(struct span input, uint8_t choice)
{
	struct fuzz_cuts	 cuts = { choice };
	struct reply		 r = reply_make(200 + choice, NULL, "x");
	struct answer		 a;
	struct buf		 b;

	reply_set_text(&r, reply_parse_enhanced(input, &r));
	buf_init(&b, 1 << 16);
	fuzz_claim(reply_put(&r, &b), "a reply has room");
	fuzz_claim(fuzz_replies(buf_span(&b)) == 1, "it is one");
	if (lines_of(r.text) <= REPLY_LINES_MAX)
		fuzz_claim(feed(&a, buf_span(&b), &cuts) == ANSWER_WHOLE &&
		    a.code == r.code, "whatever it says, it is read as one");
	buf_clear(&b);
}

void
fuzz_one(struct span input)
{
	uint8_t	 choice = fuzz_choice(&input);

	theirs(input, choice);
	ours(input, choice);
}
