/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "tests/smuggle/receiver.h"

/* Octets of the line's end that stands at the head; 0: none does. */
static size_t
end_length(unsigned kind, struct span s)
{
	if (span_starts(s, "\r\n"))
		return 2;
	if (kind & RECEIVER_CRCRLF && span_starts(s, "\r\r\n"))
		return 3;
	if (kind & RECEIVER_LF && span_starts(s, "\n"))
		return 1;
	if (kind & RECEIVER_CR && span_starts(s, "\r"))
		return 1;
	return 0;
}

/* The line at the head, less its end; `*in` behind it; false without end. */
static bool
take_line(unsigned kind, struct span *in, struct span *line)
{
	size_t	 i, end;

	for (i = 0; i < in->len; i++) {
		end = end_length(kind, span_skip(*in, i));
		if (end == 0)
			continue;
		*line = span_head(*in, i);
		*in = span_skip(*in, i + end);
		return true;
	}
	return false;
}

static void
keep(struct received *r, struct span s)
{
	memcpy(r->text + r->len, s.ptr, s.len);
	r->len += s.len;
}

void
receive(unsigned kind, struct span in, struct received *r)
{
	struct span	 line;

	r->ended = false;
	r->len = 0;
	while (!r->ended && take_line(kind, &in, &line)) {
		r->ended = span_is(line, ".");
		if (r->ended || 2 * (r->len + line.len) > RECEIVED_SIZE)
			break;
		if (span_starts(line, "."))
			line = span_skip(line, 1);
		keep(r, line);
		keep(r, span_of("\r\n"));
	}
	r->rest = in;
}
