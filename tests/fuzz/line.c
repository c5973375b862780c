/* SPDX-License-Identifier: ISC */
/*
 * Lines off a buf that fills in pieces, beside a reader that has all of it:
 * shared/buf.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { CEILING = 512 };

/* The next line of what is not read yet; false when none is complete. */
static bool
refer(struct span *all, struct span *line)
{
	const char	*end = memmem(all->ptr, all->len, "\r\n", 2);

	if (end == NULL)
		return false;
	*line = span_head(*all, (size_t)(end - all->ptr));
	*all = span_skip(*all, line->len + 2);
	return true;
}

static void
take_lines(struct buf *b, struct span *all)
{
	struct span	 line, wanted, held = span_head(*all, buf_len(b));

	while (buf_take_line(b, &line)) {
		fuzz_claim(refer(&held, &wanted) && span_equal(line, wanted),
		    "a line is what stands before the first CRLF");
		*all = span_skip(*all, wanted.len + 2);
	}
	fuzz_claim(!refer(&held, &wanted), "a line that is there is taken");
	fuzz_claim(span_equal(buf_span(b), held), "the rest stays");
}

void
fuzz_one(struct span input)
{
	struct fuzz_cuts cuts = { fuzz_choice(&input) };
	struct span	 rest = input, piece;
	size_t		 before;
	struct buf	 b;

	buf_init(&b, CEILING);
	while (rest.len > 0) {
		piece = fuzz_piece(&cuts, &rest);
		before = buf_len(&b);
		if (!buf_put(&b, piece)) {
			fuzz_claim(before + piece.len > CEILING,
			    "what fits is taken");
			fuzz_claim(buf_len(&b) == before, "all or nothing");
			break;
		}
		fuzz_claim(buf_len(&b) <= CEILING, "a ceiling holds");
		take_lines(&b, &input);
		if (buf_len(&b) > CEILING / 2) {
			input = span_skip(input, buf_len(&b) - 1);
			buf_drop(&b, buf_len(&b) - 1);
		}
		buf_trim(&b);
	}
	buf_clear(&b);
	buf_clear(&b);
}
