/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "queue/filter.h"
#include "shared/pattern.h"

enum { REASON_HEAD = ENHANCED_SIZE + 8 };

/* Of ids to times of arrival, microseconds: ids are given one by one. */
static const uint64_t	 SLACK = 60 * 1000000ull;

struct wish {
	FILTER_FIELDS(IPC_FIELD)
};

/* The rows of ipc.def keep each text within its place here. */
static struct filter
make(const struct wish *w)
{
	struct filter	 f = { .id = w->id, .since = w->since,
			    .before = w->before, .size_min = w->size_min,
			    .size_max = w->size_max, .states = w->states };

	(void)span_copy(w->sender_is, f.sender, sizeof f.sender);
	(void)span_copy(w->recipient_is, f.recipient, sizeof f.recipient);
	(void)span_copy(w->destination_is, f.destination,
	    sizeof f.destination);
	(void)span_copy(w->identity_is, f.identity, sizeof f.identity);
	(void)span_copy(w->reason_has, f.reason, sizeof f.reason);
	return f;
}

#define COPY(type, name, max)	.name = m->name,

struct filter
filter_of_list(const struct msg_list *m)
{
	return make(&(struct wish){ FILTER_FIELDS(COPY) });
}

struct filter
filter_of_tally(const struct msg_tally *m)
{
	return make(&(struct wish){ FILTER_FIELDS(COPY) });
}

struct filter
filter_of_order(const struct msg_order *m)
{
	return make(&(struct wish){ FILTER_FIELDS(COPY) });
}

/* ---- messages ------------------------------------------------------------ */

static bool
is_in_time(const struct filter *f, uint64_t arrived)
{
	return arrived >= f->since && (f->before == 0 || arrived < f->before);
}

static bool
has_size(const struct filter *f, uint64_t size)
{
	return size >= f->size_min && (f->size_max == 0 || size <= f->size_max);
}

bool
filter_has_message(const struct filter *f, uint64_t id,
    const struct message_row *r, enum message_state state)
{
	if ((f->id != 0 && f->id != id) || !is_in_time(f, r->arrived) ||
	    !has_size(f, r->size) ||
	    (f->states != 0 && (f->states & 1u << state) == 0))
		return false;
	if (f->sender[0] != '\0' &&
	    !pattern_has_address(f->sender, &r->sender))
		return false;
	return f->identity[0] == '\0' ||
	    pattern_has_identity(f->identity, r->origin.identity);
}

uint64_t
filter_begins(const struct filter *f)
{
	if (f->id != 0)
		return f->id - 1;
	return f->since > SLACK ? f->since - SLACK : 0;
}

/* What was imported has come later than it arrived. */
uint64_t
filter_ends(const struct filter *f)
{
	return f->id != 0 ? f->id : UINT64_MAX;
}

/* ---- recipients ---------------------------------------------------------- */

bool
filter_is_of_recipients(const struct filter *f)
{
	return f->recipient[0] != '\0' || f->destination[0] != '\0' ||
	    f->reason[0] != '\0';
}

static bool
is_address(const char *pattern, struct span text)
{
	struct addr	 a;

	return text.len > 0 && addr_parse(text, &a) == ADDR_OK &&
	    pattern_has_address(pattern, &a);
}

/* "*" is any octets: after a part that does not go on, the last one that was
 * met takes one more. */
static bool
matches(const char *pattern, struct span s)
{
	const char	*star = NULL;
	size_t		 i = 0, mark = 0;

	while (i < s.len) {
		if (*pattern == '*') {
			star = ++pattern;
			mark = i;
		} else if (*pattern != '\0' &&
		    *pattern == tolower((unsigned char)s.ptr[i])) {
			pattern++;
			i++;
		} else if (star != NULL) {
			pattern = star;
			i = ++mark;
		} else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* In one line, as it is shown. */
static bool
has_reason(const char *part, const struct reply *r)
{
	char	 text[REASON_HEAD + REPLY_TEXT_MAX + 4], code[ENHANCED_SIZE];
	char	*p;

	if (r->code == 0)
		return false;
	reply_enhanced(r, code);
	(void)snprintf(text, sizeof text, "%u %s %s", r->code, code, r->text);
	for (p = text; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	return strcasestr(text, part) != NULL;
}

bool
filter_has_recipient(const struct filter *f, const struct recipient_row *r)
{
	if (f->recipient[0] != '\0' && !is_address(f->recipient, r->address) &&
	    !is_address(f->recipient, r->original))
		return false;
	if (f->destination[0] != '\0' &&
	    !matches(f->destination, r->destination))
		return false;
	return f->reason[0] == '\0' || has_reason(f->reason, &r->reply);
}
