/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "remote/answer.h"

enum { CODE_LEN = 3 };

void
answer_init(struct answer *a)
{
	memset(a, 0, sizeof *a);
}

static bool
parse_code(const struct answer *a, unsigned *code)
{
	uint64_t	 number;

	if (a->len < CODE_LEN ||
	    !span_parse_u64(span_make(a->line, CODE_LEN), 599, &number) ||
	    number < 200)
		return false;
	*code = number;
	return true;
}

struct span
answer_text(const struct answer *a)
{
	return span_skip(span_make(a->line, a->len), CODE_LEN + 1);
}

/* Less the enhanced code, which the lines of a reply repeat. */
static struct span
take_enhanced(struct answer *a, struct span text)
{
	struct reply	 found = { 0 };
	struct span	 rest = reply_parse_enhanced(text, &found);

	if (found.class != a->code / 100)
		return text;
	if (a->lines == 1)
		a->enhanced = found;
	if (found.class != a->enhanced.class ||
	    found.subject != a->enhanced.subject ||
	    found.detail != a->enhanced.detail)
		return text;
	return rest;
}

static void
keep_text(struct answer *a, struct span text)
{
	size_t	 gap = a->text_len > 0;
	size_t	 room = sizeof a->text - a->text_len;

	text = span_trim(text);
	if (text.len == 0 || room <= gap)
		return;
	if (gap > 0)
		a->text[a->text_len++] = ' ';
	text = span_trim(span_head(text, room - gap));
	memcpy(a->text + a->text_len, text.ptr, text.len);
	a->text_len += text.len;
}

static enum answer_status
take_line(struct answer *a)
{
	unsigned	 code;
	char		 mark = a->len > CODE_LEN ? a->line[CODE_LEN] : ' ';

	a->lines++;
	if (!parse_code(a, &code) || (mark != ' ' && mark != '-') ||
	    (a->lines > 1 && code != a->code) || a->lines > REPLY_LINES_MAX)
		return ANSWER_BROKEN;
	a->code = code;
	keep_text(a, take_enhanced(a, answer_text(a)));
	a->more = mark == '-';
	return a->more ? ANSWER_LINE : ANSWER_WHOLE;
}

static enum answer_status
take_octet(struct answer *a, char c)
{
	if (++a->octets > REMOTE_REPLY_MAX || a->cr != (c == '\n'))
		return ANSWER_BROKEN;
	a->cr = c == '\r';
	if (c == '\n')
		return take_line(a);
	if (c != '\r' && a->len < sizeof a->line)
		a->line[a->len++] = c;
	return ANSWER_MORE;
}

enum answer_status
answer_feed(struct answer *a, struct span *in)
{
	enum answer_status	 status = ANSWER_MORE;

	if (a->more) {		/* the line before has been looked at */
		a->more = false;
		a->len = 0;
	}
	while (in->len > 0 && status == ANSWER_MORE && !a->broken) {
		status = take_octet(a, in->ptr[0]);
		*in = span_skip(*in, 1);
	}
	if (status == ANSWER_BROKEN)
		a->broken = true;
	return a->broken ? ANSWER_BROKEN : status;
}

void
answer_reply(const struct answer *a, struct reply *r)
{
	*r = a->enhanced;
	r->code = a->code;
	if (r->class == 0)
		r->class = a->code / 100;
	reply_set_text(r, span_make(a->text, a->text_len));
}
