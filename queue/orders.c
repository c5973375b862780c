/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "queue/inspect.h"
#include "queue/orders.h"
#include "queue/revise.h"
#include "queue/walk.h"
#include "shared/alloc.h"
#include "shared/log.h"

/* One part a turn: what gathered goes on in the next. */
static void
on_more(void *arg)
{
	(void)arg;
}

void
orders_init(struct queue *q)
{
	timer_init(&q->orders.more, q->loop, on_more, q);
	TAILQ_INIT(&q->orders.waiting);
	errands_init(q);
}

/* ---- answers ------------------------------------------------------------- */

static void
put_one(struct queue *q, const struct order *o, uint64_t id,
    uint32_t recipients, enum ordered_outcome outcome)
{
	struct peer	*p = admin_find(q, o->admin);
	struct msg	 m = { .type = MSG_ORDERED_ONE };

	m.ordered_one.token = o->token;
	m.ordered_one.message = id;
	m.ordered_one.recipients = recipients;
	m.ordered_one.outcome = outcome;
	if (p != NULL)
		peer_put(p, &m);
}

static void
put_end(struct queue *q, const struct order *o)
{
	struct peer	*p = admin_find(q, o->admin);
	struct msg	 m = { .type = MSG_ORDERED };

	m.ordered.token = o->token;
	m.ordered.next = o->next;
	if (p != NULL)
		peer_put(p, &m);
}

static void
put_deleted(struct queue *q, const struct order *o,
    enum deleted_outcome outcome)
{
	struct peer	*p = admin_find(q, o->admin);
	struct msg	 m = { .type = MSG_DELETED };

	m.deleted.token = o->token;
	m.deleted.count = outcome == DELETED_OK;
	m.deleted.outcome = outcome;
	if (p != NULL)
		peer_put(p, &m);
}

static void
order_free(struct order *o)
{
	free(o->argument);
	free(o);
}

static void
finish(struct queue *q, struct order *o)
{
	if (!o->is_delete)
		put_end(q, o);
	order_free(o);
}

void
order_ended(struct queue *q, struct errand *e, enum errand_outcome outcome)
{
	static const enum ordered_outcome	 ordered[] = {
		[ERRAND_DONE]		= ORDERED_DONE,
		[ERRAND_NOTHING]	= ORDERED_NOTHING,
		[ERRAND_BUSY]		= ORDERED_BUSY
	};
	static const enum deleted_outcome	 deleted[] = {
		[ERRAND_DONE]		= DELETED_OK,
		[ERRAND_NOTHING]	= DELETED_UNKNOWN,
		[ERRAND_BUSY]		= DELETED_BUSY
	};
	struct order	*o = e->order;

	if (o->is_delete)
		put_deleted(q, o, deleted[outcome]);
	else
		put_one(q, o, e->message->id, e->recipients,
		    ordered[outcome]);
	if (--o->errands == 0)
		finish(q, o);
}

/* ---- which messages ------------------------------------------------------ */

/* It is so already: known from the message's flags alone.  What the journal
 * alone has is tried for the first time. */
static bool
is_so(const struct order *o, uint32_t flags, bool hot)
{
	if (o->kind == ORDER_HOLD)
		return (flags & o->flags) == o->flags;
	if (o->kind == ORDER_RELEASE)
		return !message_flags_rest(flags);
	return o->kind == ORDER_RETRY && (hot || message_flags_rest(flags));
}

static void
take(struct queue *q, struct order *o, struct walk *w)
{
	struct message	*m = message_find(q, w->id);

	if (is_so(o, w->row.flags, m != NULL && m->hot)) {
		put_one(q, o, w->id, 0, ORDERED_NOTHING);
		return;
	}
	if (o->dry) {
		put_one(q, o, w->id, w->recipients, ORDERED_DONE);
		return;
	}
	if (m == NULL)
		m = message_load(q, &w->view, w->id);
	if (m == NULL)
		return;
	(void)errand_new(q, m, o);
	o->errands++;
}

/* A part, which ends early when it means much. */
static void
begin(struct queue *q, struct order *o)
{
	struct walk	 w;
	unsigned	 n = 0, recipients = 0;

	walk_begin(&w, q, &o->filter, o->after);
	while (n++ < ORDER_MESSAGES_MAX && recipients < WALK_ROWS_MAX &&
	    walk_next(&w)) {
		recipients += w.recipients;
		take(q, o, &w);
	}
	o->next = walk_rest(&w);
	walk_end(&w);
	if (o->errands > 0)
		return;
	if (o->is_delete)
		put_deleted(q, o, DELETED_UNKNOWN);
	finish(q, o);
}

void
orders_pump(struct queue *q)
{
	struct order	*o;

	errands_pump(q);
	o = TAILQ_FIRST(&q->orders.waiting);
	if (o == NULL || q->stopping ||
	    q->errands.count + ORDER_MESSAGES_MAX > ERRANDS_MAX)
		return;
	TAILQ_REMOVE(&q->orders.waiting, o, entry);
	begin(q, o);
	timer_in(&q->orders.more, 0);
}

/* ---- what comes ---------------------------------------------------------- */

/* Its argument is what the order is about; nothing is done with another. */
static bool
has_sense(const struct order *o)
{
	struct addr	 a;
	struct span	 argument = span_of(o->argument);

	if (o->kind == ORDER_REDIRECT)
		return argument.len == 0 || destination_by(argument) != -1;
	if (o->kind == ORDER_READDRESS)
		return addr_parse(argument, &a) == ADDR_OK &&
		    !addr_is_null(&a);
	return true;
}

void
on_order(struct peer *p, struct msg *m)
{
	const struct msg_order	*w = &m->order;
	struct queue		*q = queue_state();
	struct order		*o = xcalloc(1, sizeof *o);

	o->admin = admin_number(p);
	o->token = w->token;
	o->after = w->after;
	o->kind = w->order;
	o->dry = w->dry;
	o->uid = w->uid;
	o->flags = MESSAGE_HELD;
	o->argument = span_dup(w->argument);
	o->filter = filter_of_order(w);
	if (has_sense(o))
		TAILQ_INSERT_TAIL(&q->orders.waiting, o, entry);
	else
		finish(q, o);
}

/* What deliverers are at, they may not have told yet. */
void
on_delete(struct peer *p, struct msg *m)
{
	struct queue	*q = queue_state();
	struct order	*o = xcalloc(1, sizeof *o);

	o->admin = admin_number(p);
	o->is_delete = true;
	o->token = m->delete.token;
	o->kind = ORDER_DELETE;
	o->uid = UINT32_MAX;
	o->argument = xstrdup("");
	o->filter.id = m->delete.message;
	if (q->working && m->delete.message != 0) {
		TAILQ_INSERT_TAIL(&q->orders.waiting, o, entry);
		return;
	}
	put_deleted(q, o, m->delete.message != 0 ? DELETED_BUSY :
	    DELETED_UNKNOWN);
	order_free(o);
}

void
hold_message(struct queue *q, struct message *m, uint32_t flags,
    const char *why)
{
	struct order	*o = xcalloc(1, sizeof *o);

	o->kind = ORDER_HOLD;
	o->uid = UINT32_MAX;
	o->flags = flags;
	o->argument = xstrdup(why);
	o->errands = 1;
	errand_new(q, m, o)->patient = true;
}

/* ---- one message --------------------------------------------------------- */

/* A hot one that goes whole needs none. */
bool
order_wants_rows(const struct order *o)
{
	return o->kind != ORDER_DELETE || filter_is_of_recipients(&o->filter);
}

void
order_try(struct queue *q, struct errand *e)
{
	struct order	*o = e->order;
	struct message	*m = e->message;
	bool		 busy = false;

	if (is_so(o, m->flags, m->hot))
		errand_end(q, e, ERRAND_NOTHING);
	else if (o->kind == ORDER_HOLD || o->kind == ORDER_RELEASE)
		revise_flags(q, e);
	else if (!order_wants_rows(o))
		busy = !revise_remove(q, e);
	else
		busy = !revise_recipients(q, e);
	if (busy && o->is_delete)
		errand_end(q, e, ERRAND_BUSY);
}
