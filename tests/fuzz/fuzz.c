/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>

#include "shared/limits.h"
#include "tests/fuzz/fuzz.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
	fuzz_one(span_make(octets, n));
	return 0;
}

void
fuzz_claim(bool truth, const char *what)
{
	if (truth)
		return;
	(void)fprintf(stderr, "not so: %s\n", what);
	abort();
}

uint8_t
fuzz_choice(struct span *s)
{
	uint8_t	 first = s->len > 0 ? (uint8_t)s->ptr[0] : 0;

	*s = span_skip(*s, 1);
	return first;
}

/* Mostly a few octets, sometimes all at once. */
struct span
fuzz_piece(struct fuzz_cuts *c, struct span *rest)
{
	struct span	 piece;
	uint32_t	 dice;

	c->state = c->state * 1103515245 + 12345;
	dice = c->state >> 16;
	piece = span_head(*rest, dice % 8 == 0 ? 4096 : 1 + dice / 8 % 6);
	*rest = span_skip(*rest, piece.len);
	return piece;
}

static bool
is_code(struct span line)
{
	return line.len >= 3 && line.ptr[0] >= '2' && line.ptr[0] <= '5' &&
	    line.ptr[1] >= '0' && line.ptr[1] <= '9' &&
	    line.ptr[2] >= '0' && line.ptr[2] <= '9';
}

static bool
is_printable(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] < ' ' || s.ptr[i] > '~')
			return false;
	return true;
}

/* A line off the head; lines of one reply have one code. */
static struct span
check_line(struct span *s, struct span before)
{
	struct span	 line;

	*s = span_cut(*s, '\n', &line);
	fuzz_claim(line.len > 0 && line.ptr[line.len - 1] == '\r',
	    "a line of a reply ends with CRLF");
	line.len--;
	fuzz_claim(line.len + 2 <= REPLY_LINE_MAX, "a reply line is short");
	fuzz_claim(is_printable(line), "a reply is printable");
	fuzz_claim(is_code(line), "a reply has a code");
	fuzz_claim(line.len == 3 || line.ptr[3] == ' ' || line.ptr[3] == '-',
	    "a code is followed by a space or \"-\"");
	fuzz_claim(before.len == 0 || span_equal(span_head(line, 3), before),
	    "a reply has one code");
	return line;
}

unsigned
fuzz_replies(struct span s)
{
	struct span	 line, code = span_of("");
	unsigned	 n = 0;

	while (s.len > 0) {
		line = check_line(&s, code);
		code = span_head(line, 3);
		if (line.len > 3 && line.ptr[3] == '-')
			continue;
		code = span_of("");
		n++;
	}
	fuzz_claim(code.len == 0, "a reply has a last line");
	return n;
}
