/* SPDX-License-Identifier: ISC */
#include "shared/header.h"
#include "shared/limits.h"
#include "smtpd/heading.h"

static const char *const	 names[HEADING_KNOWN] = {
	[HEADING_FROM]		= "From",
	[HEADING_SENDER]	= "Sender",
	[HEADING_DATE]		= "Date",
	[HEADING_MESSAGE_ID]	= "Message-ID",
};

void
heading_init(struct heading *h)
{
	enum heading_field	 i;

	*h = (struct heading){ .place = HEADING_AT_START };
	for (i = 0; i < HEADING_KEPT; i++)
		buf_init(&h->body[i], SENDER_FIELD_MAX);
}

void
heading_clear(struct heading *h)
{
	enum heading_field	 i;

	for (i = 0; i < HEADING_KEPT; i++)
		buf_clear(&h->body[i]);
}

/* ---- lines --------------------------------------------------------------- */

static void
begin_field(struct heading *h, struct span name, size_t length)
{
	enum heading_field	 i = 0;

	while (i < HEADING_KNOWN && !span_is_word(name, names[i]))
		i++;
	if (i < HEADING_KNOWN)
		h->count[i]++;
	h->field = i;
	h->name = length;
	h->has_field = true;
	h->place = HEADING_IN_FIELD;
}

static bool
is_mbox_line(const struct heading *h, struct span line)
{
	return !h->begun && (span_starts(line, "From ") ||
	    span_starts(line, ">From "));
}

static void
begin_line(struct heading *h, struct span line)
{
	struct span	 name;

	switch (header_begin(span_head(line, HEADING_NAME_MAX), &name)) {
	case HEADER_FIELD:
		begin_field(h, name, span_index(line, ':') + 1);
		break;
	case HEADER_NO_FIELD:
		h->place = is_mbox_line(h, line) ? HEADING_IN_MBOX_LINE :
		    HEADING_AT_END;
		break;
	case HEADER_UNCLEAR:
		if (line.len >= HEADING_NAME_MAX)
			h->place = HEADING_AT_END;
		break;
	}
}

/* Before the first octet of a line is taken, what kind of line it is. */
static void
decide(struct heading *h, struct span line)
{
	bool	 folded = *line.ptr == ' ' || *line.ptr == '\t';

	h->parted = *line.ptr == '\r';
	if (h->parted || (folded && !h->has_field))
		h->place = HEADING_AT_END;
	else if (folded)
		h->place = HEADING_IN_FIELD;
	else
		begin_line(h, line);
}

enum heading_part
heading_look(struct heading *h, struct span s, size_t *n)
{
	if (h->place == HEADING_AT_START)
		decide(h, s);
	if (h->place == HEADING_AT_START)
		return HEADING_UNCLEAR;
	if (h->place == HEADING_AT_END)
		return HEADING_OVER;
	*n = span_index(s, '\n');
	*n += *n < s.len;
	return h->place == HEADING_IN_FIELD ? HEADING_PASSES : HEADING_DROPS;
}

/* ---- octets -------------------------------------------------------------- */

static void
keep(struct heading *h, struct span s)
{
	size_t	 name = h->name < s.len ? h->name : s.len;

	h->name -= name;
	if (h->field >= HEADING_KEPT || h->count[h->field] > 1)
		return;
	if (!buf_put(&h->body[h->field], span_skip(s, name)))
		h->too_long = true;
}

void
heading_take(struct heading *h, struct span s)
{
	if (h->place == HEADING_IN_FIELD)
		keep(h, s);
	h->begun = true;
	if (s.len > 0 && s.ptr[s.len - 1] == '\n')
		h->place = HEADING_AT_START;
}
