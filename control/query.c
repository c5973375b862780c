/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <string.h>

#include "control/query.h"
#include "shared/alloc.h"
#include "shared/id.h"
#include "shared/pattern.h"
#include "shared/xtext.h"

static const char *const states[MESSAGE_STATE_COUNT] = {
	[MESSAGE_INCOMING] = "incoming",
	[MESSAGE_ACTIVE] = "active",
	[MESSAGE_WAITING] = "waiting",
	[MESSAGE_IS_HELD] = "held",
	[MESSAGE_IS_QUARANTINED] = "quarantined"
};

const char *
message_state_name(enum message_state state)
{
	return states[state];
}

/* ---- values, out of xtext ------------------------------------------------ */

/* What is 0 would be no condition, and mean every message. */
static bool
is_condition(const uint64_t *number)
{
	return *number != 0;
}

/* A copy that lives as long as the query; false when there is no room. */
static bool
keep(struct query *q, struct span text, struct span *kept)
{
	if (!span_copy(text, q->room + q->used, sizeof q->room - q->used))
		return false;
	*kept = span_make(q->room + q->used, text.len);
	q->used += text.len + 1;
	return true;
}

static bool
take_number(struct query *q, struct span value, void *field)
{
	(void)q;
	return span_parse_u64(value, UINT64_MAX, field) &&
	    is_condition(field);
}

static bool
take_id(struct query *q, struct span value, void *field)
{
	(void)q;
	return id_parse(value, field) && is_condition(field);
}

static bool
take_flag(struct query *q, struct span value, void *field)
{
	(void)q;
	*(bool *)field = true;
	return span_is(value, "1");
}

/* Names with commas between. */
static bool
take_states(struct query *q, struct span value, void *field)
{
	uint32_t	*mask = field;
	struct span	 name;
	unsigned	 i;

	(void)q;
	do {
		value = span_cut(value, ',', &name);
		for (i = 0; i < COUNT(states); i++)
			if (span_is(name, states[i]))
				break;
		if (i == COUNT(states))
			return false;
		*mask |= UINT32_C(1) << i;
	} while (value.len > 0);
	return true;
}

static bool
take_address(struct query *q, struct span value, void *field)
{
	char	 pattern[ADDR_TEXT_MAX + 1];

	return value.len > 0 && pattern_parse_address(value, pattern) &&
	    keep(q, span_of(pattern), field);
}

static bool
take_identity(struct query *q, struct span value, void *field)
{
	char	 pattern[ADDR_TEXT_MAX + 1];

	return value.len > 0 && value.len <= USER_TEXT_MAX &&
	    pattern_lower(value, pattern) && keep(q, span_of(pattern), field);
}

static bool
take_argument(struct query *q, struct span value, void *field)
{
	return value.len > 0 && value.len <= DESTINATION_TEXT_MAX &&
	    keep(q, value, field);
}

/* In lower case, too. */
static bool
take_destination(struct query *q, struct span value, void *field)
{
	char	*at = q->room + q->used;

	if (!take_argument(q, value, field))
		return false;
	for (; *at != '\0'; at++)
		*at = tolower((unsigned char)*at);
	return true;
}

static bool
take_reason(struct query *q, struct span value, void *field)
{
	return value.len > 0 && value.len <= REASON_TEXT_MAX &&
	    keep(q, value, field);
}

/* ---- keys ---------------------------------------------------------------- */

enum { FIRST_CONDITION = 3 };

static const struct key {
	const char	*name;
	bool		(*take)(struct query *, struct span, void *field);
	size_t		 field;
	const char	*wrong;
} keys[] = {
	{ "after", take_id, offsetof(struct query, after),
	    "not a message's id" },
	{ "dry", take_flag, offsetof(struct query, dry), "not dry=1" },
	{ "argument", take_argument, offsetof(struct query, argument),
	    "not an argument" },
	{ "id", take_id, offsetof(struct query, filter.id),
	    "not a message's id" },
	{ "since", take_number, offsetof(struct query, filter.since),
	    "not a time" },
	{ "before", take_number, offsetof(struct query, filter.before),
	    "not a time" },
	{ "larger", take_number, offsetof(struct query, filter.size_min),
	    "not a size" },
	{ "smaller", take_number, offsetof(struct query, filter.size_max),
	    "not a size" },
	{ "state", take_states, offsetof(struct query, filter.states),
	    "not a state" },
	{ "sender", take_address, offsetof(struct query, filter.sender_is),
	    "not a pattern of senders" },
	{ "recipient", take_address,
	    offsetof(struct query, filter.recipient_is),
	    "not a pattern of recipients" },
	{ "destination", take_destination,
	    offsetof(struct query, filter.destination_is),
	    "not a pattern of destinations" },
	{ "identity", take_identity,
	    offsetof(struct query, filter.identity_is),
	    "not a pattern of identities" },
	{ "reason", take_reason, offsetof(struct query, filter.reason_has),
	    "not a part of a reply" },
};

/* Once each; "ALL" is no key, and no condition. */
static const char *
take_word(struct query *q, struct span word)
{
	char		 text[ADMIN_LINE_MAX];
	struct span	 name, value = span_cut(word, '=', &name);
	unsigned	 i;

	if (span_is(word, "ALL")) {
		q->all = true;
		return NULL;
	}
	for (i = 0; i < COUNT(keys) && !span_is(name, keys[i].name);)
		i++;
	if (i == COUNT(keys) || name.len == word.len)
		return "no such word in a request";
	if (q->said & UINT32_C(1) << i)
		return "a key is there twice";
	q->said |= UINT32_C(1) << i;
	if (!xtext_decode_text(value, text, sizeof text))
		return "a value is not in xtext";
	if (!keys[i].take(q, span_of(text), (char *)q + keys[i].field))
		return keys[i].wrong;
	q->narrow = q->narrow || i >= FIRST_CONDITION;
	return NULL;
}

const char *
query_parse(struct query *q, struct span words)
{
	const struct span	 empty = span_of("");
	const char		*wrong = NULL;
	struct span		 word;

	memset(q, 0, sizeof *q);
	q->argument = q->filter.sender_is = q->filter.recipient_is =
	    q->filter.destination_is = q->filter.identity_is =
	    q->filter.reason_has = empty;
	while (wrong == NULL && (word = span_word(&words)).len > 0)
		wrong = take_word(q, word);
	if (wrong == NULL && q->all && q->narrow)
		return "either ALL, or conditions";
	return wrong;
}
