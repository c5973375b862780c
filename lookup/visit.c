/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "lookup/visit.h"
#include "shared/alloc.h"

struct visit {
	RB_ENTRY(visit)	 by_token;
	uint64_t	 token;
	struct limits	*limits;
	struct counter	*row;		/* NULL: counts in all alone */
	bool		 exempt;	/* from all but the sum of them */
};

RB_HEAD(visit_tree, visit);

struct visits {
	struct counters	*counters;
	struct visit_tree tree;
	unsigned	 count;
};

static int
compare(const struct visit *a, const struct visit *b)
{
	if (a->token == b->token)
		return 0;
	return a->token < b->token ? -1 : 1;
}

RB_PROTOTYPE(visit_tree, visit, by_token, compare)
RB_GENERATE(visit_tree, visit, by_token, compare)

static struct visit *
find(const struct visits *vs, uint64_t token)
{
	struct visit	 key = { .token = token };

	return RB_FIND(visit_tree, (struct visit_tree *)&vs->tree, &key);
}

static struct counting
counting_of(const struct visits *vs, const struct visit *v, struct instant now)
{
	return (struct counting){ vs->counters, v->limits, v->row, now };
}

struct visits *
visits_new(struct counters *counters)
{
	struct visits	*vs = xcalloc(1, sizeof *vs);

	vs->counters = counters;
	RB_INIT(&vs->tree);
	return vs;
}

static void
end(struct visits *vs, struct visit *v, struct instant now)
{
	struct counting	 g = counting_of(vs, v, now);

	counter_close(&g);
	RB_REMOVE(visit_tree, &vs->tree, v);
	vs->count--;
	free(v);
}

void
visits_free(struct visits *vs)
{
	struct visit	*v;

	if (vs == NULL)
		return;
	while ((v = RB_ROOT(&vs->tree)) != NULL)
		end(vs, v, (struct instant){ 0 });
	free(vs);
}

bool
visit_is_wrong(const struct visits *vs, uint64_t token)
{
	return token == 0 || vs->count >= VISITS_MAX ||
	    find(vs, token) != NULL;
}

static void
begin(struct visits *vs, const struct visit *like)
{
	struct visit	*v = xcalloc(1, sizeof *v);
	struct counting	 g;

	*v = *like;
	RB_INSERT(visit_tree, &vs->tree, v);
	vs->count++;
	g = counting_of(vs, v, (struct instant){ 0 });
	counter_open(&g);
}

/* What is no address is as good as that of all zeros. */
static struct counter *
row_of(struct visits *vs, struct limits *limits, struct span address)
{
	uint8_t	 octets[16] = { 0 };

	if (address.len == sizeof octets)
		memcpy(octets, address.ptr, sizeof octets);
	return counter_find(vs->counters, limits, octets);
}

static struct visit
describe(struct visits *vs, uint64_t token, unsigned limits,
    struct span address, bool exempt)
{
	struct visit	 v = { .token = token, .exempt = exempt };

	v.limits = counters_limits(vs->counters, limits);
	if (!exempt)
		v.row = row_of(vs, v.limits, address);
	return v;
}

/* ---- coming and going ---------------------------------------------------- */

/* What is refused at the door is not counted, or who calls again and again
 * would never come in. */
struct reply
visit_admit(struct visits *vs, const struct msg_admit *m, struct instant now)
{
	static const enum counted	 gates[] = {
		COUNTED_CONNECTIONS, COUNTED_CONNECTS, COUNTED_ERRORS,
		COUNTED_UNKNOWN
	};
	struct visit	 v;
	struct counting	 g;
	size_t		 i;

	v = describe(vs, m->token, m->limits, m->address, m->exempt);
	g = counting_of(vs, &v, now);
	for (i = 0; i < (v.exempt ? 1 : COUNT(gates)); i++)
		if (counter_is_over(&g, gates[i]))
			return counter_refusal(&g, gates[i], 421, "4.7.0");
	if (!v.exempt)
		counter_add(&g, COUNTED_CONNECTS, 1);
	begin(vs, &v);
	return reply_make(250, NULL, "Ok");
}

void
visit_stay(struct visits *vs, const struct msg_stays *m)
{
	struct visit	 v;

	v = describe(vs, m->token, m->limits, m->address, m->exempt);
	begin(vs, &v);
}

void
visit_leave(struct visits *vs, const struct msg_left *m, struct instant now)
{
	struct visit	*v = find(vs, m->token);
	struct counting	 g;

	if (v == NULL)
		return;
	g = counting_of(vs, v, now);
	if (!v->exempt)
		counter_add(&g, COUNTED_ERRORS, m->errors);
	end(vs, v, now);
}

/* ---- recipients ---------------------------------------------------------- */

bool
visit_may_ask(struct visits *vs, const struct msg_rcpt *m, struct instant now,
    struct reply *why)
{
	struct visit	*v = find(vs, m->visit);
	struct counting	 g;
	enum counted	 what = COUNTED_COUNT;

	if (v == NULL || v->exempt)
		return true;
	g = counting_of(vs, v, now);
	if (m->first && counter_is_over(&g, COUNTED_MESSAGES))
		what = COUNTED_MESSAGES;
	else if (counter_is_over(&g, COUNTED_RECIPIENTS))
		what = COUNTED_RECIPIENTS;
	else if (counter_is_over(&g, COUNTED_UNKNOWN))
		what = COUNTED_UNKNOWN;
	if (what != COUNTED_COUNT) {
		*why = counter_refusal(&g, what, 450, "4.7.1");
		return false;
	}
	counter_add(&g, COUNTED_MESSAGES, m->first);
	counter_add(&g, COUNTED_RECIPIENTS, 1);
	return true;
}

void
visit_unknown(struct visits *vs, uint64_t visit, struct instant now)
{
	struct visit	*v = find(vs, visit);
	struct counting	 g;

	if (v == NULL || v->exempt)
		return;
	g = counting_of(vs, v, now);
	counter_add(&g, COUNTED_UNKNOWN, 1);
}
