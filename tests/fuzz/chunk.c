/* SPDX-License-Identifier: ISC */
/* BDAT: its argument, and the octets of its chunks in any cut. */
#include <stdio.h>

#include "smtpd/params.h"
#include "tests/fuzz/slots.h"

static void
check_argument(struct span input)
{
	enum chunk_status	 status;
	uint64_t		 size = 0, again = 0;
	bool			 last = false, other = false;
	char			 text[64];

	status = params_parse_chunk(input, &size, &last);
	if (status == CHUNK_UNFRAMED)
		return;
	(void)snprintf(text, sizeof text, "%llu%s", (unsigned long long)size,
	    last ? " last" : "");
	fuzz_claim(params_parse_chunk(span_of(text), &again, &other) ==
	    CHUNK_OK && again == size, "a size, printed, is the same");
	fuzz_claim(status == CHUNK_MALFORMED || other == last,
	    "and so is its end");
}

/* Only as pairs. */
static bool
is_bare(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\n')
			return true;
		if (s.ptr[i] != '\r')
			continue;
		if (++i == s.len || s.ptr[i] != '\n')
			return true;
	}
	return false;
}

/* Octet by octet what came, and the end of its last line. */
static void
check_content(struct span input, uint8_t choice)
{
	struct outcome	 o = { 0 };
	struct content	 c;
	struct span	 kept, more;

	buf_init(&o.kept, input.len + 64);
	content_init(&c, CONTENT_CHUNKED, 0);
	slots_feed(&c, input, choice, &o);
	fuzz_claim(o.status == CONTENT_END && o.rest == 0,
	    "chunks end where they end");
	fuzz_claim(o.verdict == CONTENT_LOOPS ||
	    (o.verdict == CONTENT_BARE) == is_bare(input), "bare is bare");
	kept = buf_span(&o.kept);
	more = span_skip(kept, input.len);
	if (o.verdict == CONTENT_GOOD) {
		fuzz_claim(span_equal(span_head(kept, input.len), input),
		    "what came is kept as it is");
		fuzz_claim(span_is(more, "") || span_is(more, "\r\n"),
		    "at most a line is ended");
		fuzz_claim(kept.len == 0 || kept.ptr[kept.len - 1] == '\n',
		    "and the last one is");
	}
	buf_clear(&o.kept);
}

void
fuzz_one(struct span input)
{
	uint8_t	 choice = fuzz_choice(&input);

	check_argument(input);
	check_content(input, choice);
}
