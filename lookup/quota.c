/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/name.h"
#include "lookup/quota.h"
#include "shared/alloc.h"
#include "shared/log.h"

#define SECOND	INT64_C(1000000000)	/* nanoseconds */
#define MINUTE	(60 * SECOND)
#define HOUR	(60 * MINUTE)
#define DAY	(24 * HOUR)

struct quota_row {
	RB_ENTRY(quota_row) by_identity;
	TAILQ_ENTRY(quota_row) used;
	char		 identity[USER_TEXT_MAX + 1];	/* lower case */
	struct instant	 spent[QUOTA_COUNT];
	struct instant	 told[QUOTA_COUNT];	/* when the log was, last */
};

/* As relais.conf(5) calls them. */
static const struct {
	const char	*rule, *what, *when;
	bool		 messages;		/* counted once for each */
} names[QUOTA_COUNT] = {
	[QUOTA_HOUR_MESSAGES] = { "messages-per-hour", "messages", "an hour",
	    true },
	[QUOTA_DAY_MESSAGES] = { "messages-per-day", "messages", "a day",
	    true },
	[QUOTA_HOUR_RECIPIENTS] = { "recipients-per-hour", "recipients",
	    "an hour", false },
	[QUOTA_DAY_RECIPIENTS] = { "recipients-per-day", "recipients",
	    "a day", false },
};

/* ---- the table ----------------------------------------------------------- */

static int
compare(const struct quota_row *a, const struct quota_row *b)
{
	return strcmp(a->identity, b->identity);
}

RB_PROTOTYPE(quota_tree, quota_row, by_identity, compare)
RB_GENERATE(quota_tree, quota_row, by_identity, compare)

void
quotas_init(struct quotas *qs)
{
	memset(qs, 0, sizeof *qs);
	RB_INIT(&qs->tree);
	TAILQ_INIT(&qs->used);
}

static void
forget(struct quotas *qs, struct quota_row *row)
{
	TAILQ_REMOVE(&qs->used, row, used);
	RB_REMOVE(quota_tree, &qs->tree, row);
	qs->count--;
	free(row);
}

void
quotas_clear(struct quotas *qs)
{
	struct quota_row	*row;

	while ((row = TAILQ_FIRST(&qs->used)) != NULL)
		forget(qs, row);
}

void
quotas_set(struct quotas *qs, const struct msg_conf_quota *m,
    struct instant now)
{
	const struct allowance	 rules[QUOTA_COUNT] = {
		[QUOTA_HOUR_MESSAGES]	= { HOUR, m->hour_messages },
		[QUOTA_DAY_MESSAGES]	= { DAY, m->day_messages },
		[QUOTA_HOUR_RECIPIENTS]	= { HOUR, m->hour_recipients },
		[QUOTA_DAY_RECIPIENTS]	= { DAY, m->day_recipients },
	};
	struct quota_row	*row;
	enum quota		 i;

	TAILQ_FOREACH(row, &qs->used, used)
		for (i = 0; i < QUOTA_COUNT; i++)
			row->spent[i] = allowance_convert(qs->rules[i],
			    rules[i], row->spent[i], now);
	memcpy(qs->rules, rules, sizeof qs->rules);
}

static struct quota_row *
find(struct quotas *qs, struct span identity)
{
	struct quota_row	 key;

	name_lower(span_head(identity, USER_TEXT_MAX), key.identity);
	return RB_FIND(quota_tree, &qs->tree, &key);
}

static struct quota_row *
find_or_make(struct quotas *qs, struct span identity)
{
	struct quota_row	*row = find(qs, identity);

	if (row != NULL) {
		TAILQ_REMOVE(&qs->used, row, used);
		TAILQ_INSERT_TAIL(&qs->used, row, used);
		return row;
	}
	if (qs->count == QUOTAS_MAX)
		forget(qs, TAILQ_FIRST(&qs->used));
	row = xcalloc(1, sizeof *row);
	name_lower(span_head(identity, USER_TEXT_MAX), row->identity);
	RB_INSERT(quota_tree, &qs->tree, row);
	TAILQ_INSERT_TAIL(&qs->used, row, used);
	qs->count++;
	return row;
}

/* ---- counting ------------------------------------------------------------ */

/* Up to the next whole second, minute or hour. */
static struct reply
refusal(enum quota i, uint32_t ceiling, int64_t wait)
{
	static const struct {
		int64_t		 unit;
		const char	*name;
	} units[] = {
		{ HOUR, "hours" }, { MINUTE, "minutes" }, { SECOND, "seconds" }
	};
	size_t	 u = 0;

	while (u + 1 < COUNT(units) && wait <= 2 * units[u].unit)
		u++;
	return reply_make(450, "4.7.1", "Limit %s: you may send %u %s %s, try "
	    "again in %" PRId64 " %s", names[i].rule, ceiling, names[i].what,
	    names[i].when, (wait + units[u].unit - 1) / units[u].unit,
	    units[u].name);
}

static void
tell(struct quota_row *row, enum quota i, struct allowance a,
    struct instant now)
{
	struct instant	*told = &row->told[i];

	if (told->ns != 0 && now.ns - told->ns < HOUR)
		return;
	*told = now;
	log_warning("limit %s: %" PRIu64 " of %u from sasl_username=%s",
	    names[i].rule, allowance_count(a, row->spent[i], now), a.ceiling,
	    row->identity);
}

bool
quota_allows(struct quotas *qs, struct span identity, bool first,
    struct instant now, struct reply *why)
{
	struct quota_row	*row = find(qs, identity);
	enum quota		 i;

	for (i = 0; row != NULL && i < QUOTA_COUNT; i++) {
		if ((names[i].messages && !first) ||
		    !allowance_is_over(qs->rules[i], row->spent[i], now))
			continue;
		tell(row, i, qs->rules[i], now);
		*why = refusal(i, qs->rules[i].ceiling,
		    allowance_wait(qs->rules[i], row->spent[i], now));
		return false;
	}
	return true;
}

void
quota_add(struct quotas *qs, struct span identity, bool first,
    struct instant now)
{
	struct quota_row	*row = find_or_make(qs, identity);
	enum quota		 i;

	for (i = 0; i < QUOTA_COUNT; i++)
		if (first || !names[i].messages)
			allowance_spend(qs->rules[i], &row->spent[i], 1, now);
}
