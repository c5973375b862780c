/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/allowance.h"
#include "lookup/counter.h"
#include "shared/alloc.h"
#include "shared/log.h"

#define MINUTE		INT64_C(60000000000)	/* nanoseconds */

enum { PREFIX_SIZE = INET6_ADDRSTRLEN + 8 };

/* As relais.conf(5) calls them, and what there is too much of. */
static const struct {
	const char	*rule, *what;
} names[COUNTED_COUNT] = {
	[COUNTED_CONNECTIONS] = { "connections", "connections at once" },
	[COUNTED_CONNECTS] = { "connections-per-minute", "connections" },
	[COUNTED_MESSAGES] = { "messages-per-minute", "messages" },
	[COUNTED_RECIPIENTS] = { "recipients-per-minute", "recipients" },
	[COUNTED_ERRORS] = { "errors", "errors" },
	[COUNTED_UNKNOWN] = { "unknown-users", "unknown users" },
};

/* ---- the table ----------------------------------------------------------- */

static int
compare(const struct counter *a, const struct counter *b)
{
	if (a->limits != b->limits)
		return a->limits < b->limits ? -1 : 1;
	return memcmp(a->prefix, b->prefix, sizeof a->prefix);
}

RB_PROTOTYPE(counter_tree, counter, by_key, compare)
RB_GENERATE(counter_tree, counter, by_key, compare)

void
counters_init(struct counters *cs)
{
	memset(cs, 0, sizeof *cs);
	RB_INIT(&cs->tree);
	TAILQ_INIT(&cs->idle);
}

static void
forget(struct counters *cs, struct counter *c)
{
	TAILQ_REMOVE(&cs->idle, c, idle);
	RB_REMOVE(counter_tree, &cs->tree, c);
	cs->count--;
	free(c);
}

void
counters_clear(struct counters *cs)
{
	struct counter	*c;

	while ((c = TAILQ_FIRST(&cs->idle)) != NULL)
		forget(cs, c);
}

void
counters_set(struct counters *cs, const struct msg_conf_limit *m)
{
	struct limits	*l = &cs->limits[m->number];

	*l = (struct limits){ .used = true, .prefix4 = m->prefix4,
	    .prefix6 = m->prefix6 };
	(void)span_copy(m->name, l->name, sizeof l->name);
	l->ceilings[COUNTED_CONNECTIONS] = (struct ceiling){
	    m->connections, m->all_connections };
	l->ceilings[COUNTED_CONNECTS] = (struct ceiling){
	    m->connects, m->all_connects };
	l->ceilings[COUNTED_MESSAGES] = (struct ceiling){
	    m->messages, m->all_messages };
	l->ceilings[COUNTED_RECIPIENTS] = (struct ceiling){
	    m->recipients, m->all_recipients };
	l->ceilings[COUNTED_ERRORS] = (struct ceiling){
	    m->errors, m->all_errors };
	l->ceilings[COUNTED_UNKNOWN] = (struct ceiling){
	    m->unknown, m->all_unknown };
}

struct limits *
counters_limits(struct counters *cs, unsigned number)
{
	if (number > LISTENERS_MAX || !cs->limits[number].used)
		number = 0;
	return &cs->limits[number];
}

static bool
is_ipv4(const uint8_t address[16])
{
	static const uint8_t	 mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address, mapped, sizeof mapped) == 0;
}

static void
take_prefix(const struct limits *l, const uint8_t address[16], uint8_t into[16])
{
	unsigned	 bits = is_ipv4(address) ? 96 + l->prefix4 : l->prefix6;
	unsigned	 i;

	for (i = 0; i < 16; i++, bits -= bits < 8 ? bits : 8)
		into[i] = bits < 8 ? address[i] & (0xff00 >> bits) : address[i];
}

static struct counter *
make(struct counters *cs, const struct counter *key)
{
	struct counter	*c;

	if (cs->count == COUNTERS_MAX) {
		if (TAILQ_EMPTY(&cs->idle))
			return NULL;
		forget(cs, TAILQ_FIRST(&cs->idle));
	}
	c = xcalloc(1, sizeof *c);
	c->limits = key->limits;
	memcpy(c->prefix, key->prefix, sizeof c->prefix);
	RB_INSERT(counter_tree, &cs->tree, c);
	TAILQ_INSERT_TAIL(&cs->idle, c, idle);
	cs->count++;
	return c;
}

struct counter *
counter_find(struct counters *cs, struct limits *l, const uint8_t address[16])
{
	struct counter	 key = { .limits = l }, *c;

	take_prefix(l, address, key.prefix);
	c = RB_FIND(counter_tree, &cs->tree, &key);
	if (c == NULL)
		return make(cs, &key);
	if (c->count.open == 0) {
		TAILQ_REMOVE(&cs->idle, c, idle);
		TAILQ_INSERT_TAIL(&cs->idle, c, idle);
	}
	return c;
}

/* ---- counting ------------------------------------------------------------ */

/* What happens is counted by the minute. */
static struct allowance
per_minute(uint32_t ceiling)
{
	return (struct allowance){ MINUTE, ceiling };
}

/* Of the last minute, when one more comes. */
static uint64_t
with_one_more(const struct count *c, enum counted what, uint32_t ceiling,
    struct instant now)
{
	if (what == COUNTED_CONNECTIONS)
		return (uint64_t)c->open + 1;
	return allowance_count(per_minute(ceiling), c->spent[what], now);
}

static bool
is_over(const struct count *c, enum counted what, uint32_t ceiling,
    struct instant now)
{
	return ceiling > 0 && with_one_more(c, what, ceiling, now) > ceiling;
}

bool
counter_is_over(const struct counting *g, enum counted what)
{
	const struct ceiling	*top = &g->limits->ceilings[what];

	return is_over(&g->limits->all, what, top->all, g->now) ||
	    (g->row != NULL &&
	    is_over(&g->row->count, what, top->each, g->now));
}

void
counter_add(const struct counting *g, enum counted what, unsigned n)
{
	const struct ceiling	*top = &g->limits->ceilings[what];

	allowance_spend(per_minute(top->all), &g->limits->all.spent[what], n,
	    g->now);
	if (g->row != NULL)
		allowance_spend(per_minute(top->each),
		    &g->row->count.spent[what], n, g->now);
}

void
counter_open(const struct counting *g)
{
	g->limits->all.open++;
	if (g->row != NULL && g->row->count.open++ == 0)
		TAILQ_REMOVE(&g->counters->idle, g->row, idle);
}

void
counter_close(const struct counting *g)
{
	g->limits->all.open--;
	if (g->row != NULL && --g->row->count.open == 0)
		TAILQ_INSERT_TAIL(&g->counters->idle, g->row, idle);
}

/* ---- refusals ------------------------------------------------------------ */

static void
format_prefix(char into[PREFIX_SIZE], const struct counter *row)
{
	const struct limits	*l = row->limits;
	bool			 v4 = is_ipv4(row->prefix);
	char			 text[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(v4 ? AF_INET : AF_INET6, row->prefix + (v4 ? 12 : 0),
	    text, sizeof text);
	snprintf(into, PREFIX_SIZE, "%s/%u", text,
	    v4 ? l->prefix4 : l->prefix6);
}

static void
tell(const struct counting *g, enum counted what, bool in_all)
{
	const struct ceiling	*top = &g->limits->ceilings[what];
	struct count		*c = in_all ? &g->limits->all : &g->row->count;
	uint32_t		 ceiling = in_all ? top->all : top->each;
	char			 who[PREFIX_SIZE] = "all clients";

	if (g->now.ns - c->told.ns >= MINUTE) {
		c->told = g->now;
		c->told_of = 0;
	}
	if (c->told_of & 1u << what)
		return;
	c->told_of |= 1u << what;
	if (!in_all)
		format_prefix(who, g->row);
	log_warning("limit %s%s at %s: %" PRIu64 " of %u from %s",
	    in_all ? "total-" : "", names[what].rule, g->limits->name,
	    with_one_more(c, what, ceiling, g->now), ceiling, who);
}

struct reply
counter_refusal(const struct counting *g, enum counted what, unsigned code,
    const char *enhanced)
{
	bool	 in_all = is_over(&g->limits->all, what,
			    g->limits->ceilings[what].all, g->now);

	tell(g, what, in_all);
	return reply_make(code, enhanced,
	    "Limit %s%s: too many %s%s, try again later",
	    in_all ? "total-" : "", names[what].rule, names[what].what,
	    in_all ? "" : " from your network");
}
