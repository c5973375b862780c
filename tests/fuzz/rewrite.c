/* SPDX-License-Identifier: ISC */
/*
 * Content at the border, in any cut: remote/passage and remote/rewrite.  What
 * comes out is read again by shared/header, as a whole.
 */
#include <string.h>

#include "shared/header.h"
#include "remote/passage.h"
#include "tests/fuzz/fuzz.h"

enum { CONTENT_MAX = 1 << 20 };

/* The first letter of the local part stays; nothing matches its own result. */
static const struct {
	const char	*from, *to;
} rows[] = {
	{ "keep@*.a",		"" },
	{ "@*.a",		"@new.z" },
	{ "@b",			"@longer.name.of.a.domain.z" },
	{ "joe@c",		"joe.doe@z" },
};

static void
fill(struct rewrites *r)
{
	struct msg_conf_rewrite	 m = { .where = REWRITE_HEADER };
	size_t			 i;

	rewrites_init(r);
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		m.from = span_of(rows[i].from);
		m.to = span_of(rows[i].to);
		fuzz_claim(rewrites_put(r, &m), "a row is one");
	}
}

static void
take_out(struct passage *p, struct buf *out)
{
	fuzz_claim(buf_put(out, buf_span(&p->out)), "it grows within limits");
	buf_drop(&p->out, buf_len(&p->out));
}

static void
pass(const struct rewrites *r, struct span in, uint32_t cuts, struct buf *out)
{
	struct fuzz_cuts	 c = { cuts };
	struct passage		 p = { .place = PASSAGE_IDLE };

	buf_init(out, in.len + PASSAGE_GROWTH);
	passage_begin(&p, r, span_of(""));
	while (in.len > 0) {
		passage_put(&p, fuzz_piece(&c, &in));
		take_out(&p, out);
	}
	passage_end(&p);
	take_out(&p, out);
	fuzz_claim(passage_is_over(&p), "an end is the end");
	passage_clear(&p);
}

static bool
is_bare(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if ((s.ptr[i] == '\n' && (i == 0 || s.ptr[i - 1] != '\r')) ||
		    (s.ptr[i] == '\r' && (i + 1 == s.len ||
		    s.ptr[i + 1] != '\n')))
			return true;
	return false;
}

static size_t
longest_line(struct span s)
{
	struct span	 line;
	size_t		 most = 0;

	while (s.len > 0) {
		s = span_cut(s, '\n', &line);
		most = line.len > most ? line.len : most;
	}
	return most;
}

/* Each address, by itself, is what the table says of the one before. */
static void
compare_lists(const struct rewrites *r, struct span before, struct span after)
{
	struct mailboxes	 a, b;
	enum mailbox_status	 status;
	struct addr		 from, to;
	struct span		 wanted;

	mailboxes_init(&a, before);
	mailboxes_init(&b, after);
	while ((status = mailboxes_next(&a)) == MAILBOX_FOUND) {
		fuzz_claim(mailboxes_next(&b) == MAILBOX_FOUND,
		    "as many mailboxes come out as went in");
		wanted = span_make(a.text, a.len);
		if (a.has_domain && addr_parse(wanted, &from) == ADDR_OK &&
		    rewrites_map(r, REWRITE_HEADER, &from, &to))
			wanted = addr_span(&to);
		fuzz_claim(span_equal(wanted, span_make(b.text, b.len)),
		    "each as it is to be");
	}
	fuzz_claim(mailboxes_next(&b) == status, "and ends alike");
}

/* Field by field: names, and all fields that are no lists of addresses, are
 * the same; a list changed as a whole or not at all. */
static void
compare(const struct rewrites *r, struct span before, struct span after)
{
	struct field	 a, b;

	while (header_take(&before, &a)) {
		fuzz_claim(header_take(&after, &b), "no field is lost");
		if (span_equal(a.all, b.all))
			continue;
		fuzz_claim(span_equal(a.name, b.name), "names stay");
		fuzz_claim(!is_bare(a.all), "what is bare stays as it is");
		compare_lists(r, a.body, b.body);
	}
	fuzz_claim(after.len == 0, "nothing is added");
}

void
fuzz_one(struct span input)
{
	struct rewrites	 none, r;
	struct buf	 as_was, whole, cut;
	uint32_t	 cuts = fuzz_choice(&input) << 8 | fuzz_choice(&input);

	input = span_head(input, input.len < CONTENT_MAX ? input.len :
	    CONTENT_MAX);
	rewrites_init(&none);
	fill(&r);
	pass(&none, input, cuts, &as_was);
	fuzz_claim(span_equal(buf_span(&as_was), input),
	    "without rows nothing changes");
	pass(&r, input, cuts, &cut);
	pass(&r, input, 0, &whole);
	fuzz_claim(span_equal(buf_span(&cut), buf_span(&whole)),
	    "cut elsewhere it is the same");
	if (!is_bare(input))
		fuzz_claim(!is_bare(buf_span(&cut)), "CRLF in pairs alone");
	if (longest_line(input) <= PASSAGE_LINE)
		fuzz_claim(longest_line(buf_span(&cut)) <= PASSAGE_LINE + 1,
		    "no line becomes too long");
	compare(&r, input, buf_span(&cut));
	buf_clear(&as_was);
	buf_clear(&whole);
	buf_clear(&cut);
	rewrites_clear(&r);
}
