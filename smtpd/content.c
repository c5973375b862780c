/* SPDX-License-Identifier: ISC */
/*
 * A table of five places and four kinds of octet.  A CR is kept before it is
 * known whether a LF follows: if none does, the content is refused and what
 * was kept is void.  Octets in the middle of a line go by the run, not by the
 * table.
 */
#include <string.h>

#include "shared/limits.h"
#include "smtpd/content.h"

enum { NO = ~0u };

enum kind { DOT, CR, LF, OTHER, KIND_COUNT };

enum act { DROP, KEEP, BARE };

static const struct {
	enum content_place	 next;
	enum act		 act;
} steps[PLACE_COUNT][KIND_COUNT] = {
	[AT_START] = {
		[DOT]	= { AFTER_DOT,		DROP },
		[CR]	= { AFTER_CR,		KEEP },
		[LF]	= { IN_LINE,		BARE },
		[OTHER]	= { IN_LINE,		KEEP }
	},
	[IN_LINE] = {
		[DOT]	= { IN_LINE,		KEEP },
		[CR]	= { AFTER_CR,		KEEP },
		[LF]	= { IN_LINE,		BARE },
		[OTHER]	= { IN_LINE,		KEEP }
	},
	[AFTER_CR] = {
		[DOT]	= { IN_LINE,		BARE },
		[CR]	= { AFTER_CR,		BARE },
		[LF]	= { AT_START,		KEEP },
		[OTHER]	= { IN_LINE,		BARE }
	},
	[AFTER_DOT] = {
		[DOT]	= { IN_LINE,		KEEP },
		[CR]	= { AFTER_DOT_CR,	DROP },
		[LF]	= { IN_LINE,		BARE },
		[OTHER]	= { IN_LINE,		KEEP }
	},
	[AFTER_DOT_CR] = {
		[DOT]	= { IN_LINE,		BARE },
		[CR]	= { AFTER_CR,		BARE },
		[LF]	= { AT_END,		DROP },
		[OTHER]	= { IN_LINE,		BARE }
	}
};

void
content_init(struct content *c, enum content_framing framing,
    uint64_t size_max)
{
	*c = (struct content){ .framing = framing, .size_max = size_max,
	    .in_header = true };
}

static void
refuse(struct content *c, enum content_verdict why)
{
	if (c->verdict == CONTENT_GOOD)
		c->verdict = why;
}

void
content_discard(struct content *c)
{
	refuse(c, CONTENT_UNWANTED);
}

void
content_returns(struct content *c)
{
	refuse(c, CONTENT_RETURNS);
}

void
content_expect(struct content *c, uint64_t n)
{
	if (c->size_max != 0 && n > c->size_max - c->size)
		refuse(c, CONTENT_TOO_BIG);
}

static enum kind
kind_of(const struct content *c, char octet)
{
	switch (octet) {
	case '.':
		return c->framing == CONTENT_DOTTED ? DOT : OTHER;
	case '\r':
		return CR;
	case '\n':
		return LF;
	default:
		return OTHER;
	}
}

/* Octets at the head that are neither CR nor LF. */
static size_t
run_length(struct span s)
{
	size_t	 n;

	for (n = 0; n < s.len; n++)
		if (s.ptr[n] == '\r' || s.ptr[n] == '\n')
			break;
	return n;
}

static char
lower(char octet)
{
	return octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
}

/* Follows the name of the header line at hand through its first octets. */
static void
count_hops(struct content *c, struct span kept)
{
	static const char	 name[] = "received:";
	size_t			 i;

	for (i = 0; i < kept.len && c->matched != NO; i++) {
		if (lower(kept.ptr[i]) != name[c->matched]) {
			c->matched = NO;
			return;
		}
		if (name[++c->matched] != '\0')
			continue;
		c->matched = NO;
		if (++c->hops == RECEIVED_MAX)
			refuse(c, CONTENT_LOOPS);
	}
}

size_t
content_sink_put(struct content_sink *sink, struct span s)
{
	if (sink->room == 0 && !sink->more(sink))
		return 0;
	s = span_head(s, sink->room);
	memcpy(sink->at, s.ptr, s.len);
	sink->at += s.len;
	sink->room -= s.len;
	return s.len;
}

/* As many octets of `s` as there is room for; 0: there is none. */
static size_t
keep(struct content *c, struct span s, struct content_sink *sink)
{
	if (c->verdict != CONTENT_GOOD)
		return s.len;
	if (sink->room == 0 && !sink->more(sink))
		return 0;
	s = span_head(s, sink->room < s.len ? sink->room : s.len);
	c->size += s.len;
	if (c->size_max != 0 && c->size > c->size_max) {
		refuse(c, CONTENT_TOO_BIG);
		return s.len;
	}
	(void)content_sink_put(sink, s);
	if (!c->in_header)
		return s.len;
	count_hops(c, s);
	if (c->delivered.found != NULL)
		delivered_feed(&c->delivered, s);
	return s.len;
}

static void
end_header(struct content *c)
{
	if (c->in_header && c->delivered.found != NULL)
		delivered_end(&c->delivered);
	c->in_header = false;
}

/* A line begins: the empty one ends the header. */
static void
begin_line(struct content *c, enum kind first)
{
	if (first == CR)
		end_header(c);
	c->matched = 0;
}

/* One octet; false when the sink has no room for it. */
static bool
step(struct content *c, struct span octet, struct content_sink *sink)
{
	enum kind	 kind = kind_of(c, *octet.ptr);
	enum act	 act = steps[c->place][kind].act;

	if (c->place == AT_START)
		begin_line(c, kind);
	if (act == BARE)
		refuse(c, CONTENT_BARE);
	if (act == KEEP && keep(c, octet, sink) == 0)
		return false;
	c->place = steps[c->place][kind].next;
	return true;
}

enum content_status
content_feed(struct content *c, struct span *in, struct content_sink *sink)
{
	size_t	 run, kept;

	while (in->len > 0 && c->place != AT_END) {
		run = c->place == IN_LINE ? run_length(*in) : 0;
		if (run > 0)
			kept = keep(c, span_head(*in, run), sink);
		else
			kept = step(c, span_head(*in, 1), sink);
		if (kept == 0)
			return CONTENT_FULL;
		*in = span_skip(*in, kept);
	}
	if (c->place != AT_END)
		return CONTENT_MORE;
	end_header(c);
	return CONTENT_END;
}

enum content_status
content_end(struct content *c, struct content_sink *sink)
{
	const char	*octet;

	if (c->place == AFTER_CR && !c->ending)
		refuse(c, CONTENT_BARE);
	c->ending = true;
	while (c->place != AT_START && c->verdict == CONTENT_GOOD) {
		octet = c->place == AFTER_CR ? "\n" : "\r";
		if (!step(c, span_make(octet, 1), sink))
			return CONTENT_FULL;
	}
	end_header(c);
	return CONTENT_END;
}
