/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "queue/notify.h"
#include "queue/queue.h"
#include "queue/report.h"
#include "queue/result.h"
#include "shared/alloc.h"

/* A leaf: address and destination, both with NUL. */
struct leaf {
	STAILQ_ENTRY(leaf) entry;
	size_t		 address_len, size;
	char		 text[];
};

/* An EXPAND that is not answered.  Its recipient may have left meanwhile. */
struct expansion {
	RB_ENTRY(expansion) by_token;
	uint64_t	 token;
	struct recipient *recipient;
	STAILQ_HEAD(, leaf) leaves;
	unsigned	 count;
	bool		 dropped;	/* no memory for its leaves */
};

static int
expansion_cmp(const struct expansion *a, const struct expansion *b)
{
	return a->token < b->token ? -1 : a->token > b->token;
}

RB_PROTOTYPE(expansion_tree, expansion, by_token, expansion_cmp);
RB_GENERATE(expansion_tree, expansion, by_token, expansion_cmp)

void
expand_init(struct expansions *x)
{
	TAILQ_INIT(&x->waiting);
	RB_INIT(&x->tree);
}

static struct expansion *
find(struct queue *q, uint64_t token)
{
	struct expansion	 key = { .token = token };

	return RB_FIND(expansion_tree, &q->expansions.tree, &key);
}

static void
drop_leaves(struct queue *q, struct expansion *x)
{
	struct leaf	*l;

	while ((l = STAILQ_FIRST(&x->leaves)) != NULL) {
		STAILQ_REMOVE_HEAD(&x->leaves, entry);
		q->expansions.octets -= l->size;
		free(l);
	}
}

static void
expansion_free(struct queue *q, struct expansion *x)
{
	drop_leaves(q, x);
	RB_REMOVE(expansion_tree, &q->expansions.tree, x);
	q->expansions.asked--;
	if (x->recipient != NULL)
		x->recipient->expansion = NULL;
	free(x);
}

/* ---- asking -------------------------------------------------------------- */

void
expand_add(struct queue *q, struct recipient *r)
{
	r->stage = STAGE_LOOKUP;
	r->message->looking++;
	TAILQ_INSERT_TAIL(&q->expansions.waiting, r, entry);
}

static bool
ask(struct queue *q, struct peer *lookup, struct recipient *r)
{
	struct msg		 m = { .type = MSG_EXPAND };
	struct expansion	*x;

	m.expand.token = peer_token(lookup);
	m.expand.generation = r->generation;
	m.expand.sender = r->message->sender;
	m.expand.parameters = message_origin(r->message).parameters;
	(void)addr_parse(span_of(r->address), &m.expand.recipient);
	if (!peer_ask(lookup, &m))
		return false;
	x = xcalloc(1, sizeof *x);
	x->token = m.expand.token;
	x->recipient = r;
	STAILQ_INIT(&x->leaves);
	r->expansion = x;
	RB_INSERT(expansion_tree, &q->expansions.tree, x);
	q->expansions.asked++;
	return true;
}

void
expand_pump(struct queue *q)
{
	struct peer		*lookup = process_peer(q->process,
				    ROLE_LOOKUP);
	struct recipient	*r;

	while (lookup != NULL && !q->stopping &&
	    q->expansions.asked < EXPANDING_MAX &&
	    (r = TAILQ_FIRST(&q->expansions.waiting)) != NULL) {
		if (!ask(q, lookup, r))
			break;
		TAILQ_REMOVE(&q->expansions.waiting, r, entry);
	}
}

/* The stage has been left already: `looking` is what remains. */
void
expand_unlist(struct queue *q, struct recipient *r)
{
	if (r->expansion != NULL) {
		r->expansion->recipient = NULL;
		r->expansion = NULL;
	} else
		TAILQ_REMOVE(&q->expansions.waiting, r, entry);
	r->message->looking--;
}

void
expand_lost(struct queue *q)
{
	struct expansion	*x;
	struct recipient	*r;

	while ((x = RB_MIN(expansion_tree, &q->expansions.tree)) != NULL) {
		r = x->recipient;
		expansion_free(q, x);
		if (r != NULL)
			TAILQ_INSERT_TAIL(&q->expansions.waiting, r, entry);
	}
}

void
expand_release(struct queue *q, struct message *m)
{
	struct recipient	*r, *next;

	if (m->looking > 0)
		return;
	RB_FOREACH_SAFE(r, recipient_tree, &m->recipients, next)
		if (r->stage == STAGE_EXPANDED)
			destination_add(q, r->destination, r);
	message_settle(q, m);
}

/* ---- answers ------------------------------------------------------------- */

void
on_target(struct peer *p, struct msg *m)
{
	struct queue		*q = queue_state();
	const struct msg_target	*t = &m->target;
	struct expansion	*x = find(q, t->token);
	struct leaf		*l;
	size_t			 size = t->recipient.len +
				    t->destination.len + 2;

	if ((t->destination.len > 0 && destination_by(t->destination) == -1) ||
	    addr_is_null(&t->recipient)) {
		peer_accuse(p, "gives a target that is none");
		return;
	}
	if (x == NULL)
		return;
	if (++x->count > ALIAS_TARGETS_MAX) {
		peer_accuse(p, "gives too many targets");
		return;
	}
	if (x->dropped || q->expansions.octets + size > LEAVES_TEXT_MAX) {
		x->dropped = true;
		drop_leaves(q, x);
		return;
	}
	l = xcalloc(1, sizeof *l + size);
	l->address_len = t->recipient.len;
	l->size = size;
	memcpy(l->text, t->recipient.text, t->recipient.len);
	memcpy(l->text + t->recipient.len + 1, t->destination.ptr,
	    t->destination.len);
	q->expansions.octets += size;
	STAILQ_INSERT_TAIL(&x->leaves, l, entry);
}

static struct span
leaf_address(const struct leaf *l)
{
	return span_make(l->text, l->address_len);
}

static struct span
leaf_destination(const struct leaf *l)
{
	return span_of(l->text + l->address_len + 1);
}

/* One leaf needs no change: whatever is recorded next has it. */
static void
become(struct queue *q, struct recipient *r, const struct leaf *l)
{
	if (!span_equal(leaf_address(l), span_of(r->address))) {
		if (*r->original == '\0') {
			free(r->original);
			r->original = r->address;
		} else
			free(r->address);
		r->address = span_dup(leaf_address(l));
	}
	r->destination = destination_get(q, leaf_destination(l));
	r->destination->users++;
	r->parked = false;
	r->stage = STAGE_EXPANDED;
}

/* RFC 3461 section 5.2.7: of several leaves nobody tells that he has it; that
 * it was expanded is what the sender hears. */
static void
inherit(struct recipient *r, struct change *c, struct recipient_row *row,
    char words[RCPT_PARAMETERS_MAX + 1])
{
	struct recipient_row	 parent;

	row->parameters = notify_of_leaves(row->parameters, words);
	if (!result_is_told(r, ACTION_EXPANDED))
		return;
	parent = recipient_row(r, ROW_FAILED);
	parent.action = ACTION_EXPANDED;
	if (!report_plan(queue_state(), r->message, &parent))
		return;
	change_keep_parent(c, &parent);
}

static void
replace(struct queue *q, struct recipient *r, const struct expansion *x)
{
	struct change		*c = change_new(CHANGE_REPLACE,
				    result_finished);
	struct recipient_row	 row = recipient_row(r, ROW_WAITING);
	const struct leaf	*l;
	char			 words[RCPT_PARAMETERS_MAX + 1];

	if (x->count > 1)
		inherit(r, c, &row, words);
	row.due = queue_now();
	row.generation = r->generation + 1;
	row.attempts = 0;
	row.tried = 0;
	STAILQ_FOREACH(l, &x->leaves, entry) {
		row.address = leaf_address(l);
		row.destination = leaf_destination(l);
		row.original = span_of(*r->original ? r->original :
		    r->address);
		change_add_row(c, &row);
	}
	result_replace(q, r, c);
}

/* Lists within lists, each a new letter's worth of leaves: a loop. */
static void
give_up(struct queue *q, struct recipient *r)
{
	struct reply	 reply = reply_make(554, "5.4.6",
			    "Too many expansions of one recipient");

	result_apply(q, r, -1, &reply, span_of("none"));
}

static void
settle_recipient(struct queue *q, struct expansion *x,
    const struct msg_expanded *e)
{
	struct recipient	*r = x->recipient;
	struct reply		 reply = e->reply;

	recipient_unlist(q, r);
	if (x->dropped)
		reply = reply_make(451, "4.3.2",
		    "Too many recipients at once behind this address");
	if (x->dropped || x->count == 0)
		result_apply(q, r, -1, &reply, span_of("none"));
	else if (x->count == 1 &&
	    leaf_destination(STAILQ_FIRST(&x->leaves)).len > 0)
		become(q, r, STAILQ_FIRST(&x->leaves));
	else if (r->generation == GENERATIONS_MAX)
		give_up(q, r);
	else
		replace(q, r, x);
}

void
on_expanded(struct peer *p, struct msg *m)
{
	struct queue			*q = queue_state();
	const struct msg_expanded	*e = &m->expanded;
	struct expansion		*x = find(q, e->token);
	struct message			*message;

	if (x == NULL)
		return;
	if (x->count != e->count) {
		peer_accuse(p, "counts its targets wrong");
		return;
	}
	if (x->recipient != NULL) {
		message = x->recipient->message;
		settle_recipient(q, x, e);
		expansion_free(q, x);
		expand_release(q, message);
	} else
		expansion_free(q, x);
}
