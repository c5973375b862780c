/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>

#include "queue/notify.h"
#include "queue/revise.h"
#include "queue/walk.h"
#include "shared/alloc.h"
#include "shared/log.h"

/* ---- words --------------------------------------------------------------- */

enum { WHO_SIZE = 48 };

static const struct {
	const char	*done;
	enum event	 event;
} words[ORDER_COUNT] = {
	[ORDER_HOLD]		= { "held",	    EVENT_HELD },
	[ORDER_RELEASE]		= { "released",	    EVENT_RELEASED },
	[ORDER_RETRY]		= { "retried",	    EVENT_RETRIED },
	[ORDER_DELETE]		= { "removed",	    EVENT_COUNT },
	[ORDER_BOUNCE]		= { "bounced",	    EVENT_BOUNCED },
	[ORDER_EXPIRE]		= { "expired",	    EVENT_EXPIRED },
	[ORDER_REDIRECT]	= { "redirected",   EVENT_REDIRECTED },
	[ORDER_READDRESS]	= { "readdressed",  EVENT_READDRESSED },
};

static bool
is_quarantine(const struct order *o)
{
	return o->kind == ORDER_HOLD && (o->flags & MESSAGE_QUARANTINED);
}

static void
tell(const struct errand *e, uint32_t recipients)
{
	const struct order	*o = e->order;
	bool			 has_argument = *o->argument != '\0' &&
				    o->kind >= ORDER_REDIRECT;
	char			 id[ID_SIZE], who[WHO_SIZE] = "";

	id_format(id, e->message->id);
	if (is_quarantine(o)) {
		log_warning("%s: in quarantine: %s", id, o->argument);
		return;
	}
	if (o->uid != UINT32_MAX)
		(void)snprintf(who, sizeof who, ", uid=%u, nrcpt=%u",
		    (unsigned)o->uid, (unsigned)recipients);
	log_info("%s: %s by an administrator%s%s%s", id, words[o->kind].done,
	    who, has_argument ? ", to=" : "",
	    has_argument ? o->argument : "");
}

static struct change *
change_of(struct errand *e, enum change_kind kind,
    void (*finished)(struct change *))
{
	const struct order	*o = e->order;
	struct change		*c = change_new(kind, finished);

	c->id = e->message->id;
	c->aside = e->message->broken;
	c->owner = e;
	c->uid = o->uid;
	c->time = c->hold.now = queue_now();
	c->event = is_quarantine(o) ? EVENT_QUARANTINED : words[o->kind].event;
	if (*o->argument != '\0')
		c->name = xstrdup(o->argument);
	return c;
}

static void
put(struct queue *q, struct errand *e, struct change *c)
{
	errand_begin(q, e);
	change_put(q, c);
}

/* ---- all of it ----------------------------------------------------------- */

static void
on_flags(struct change *c)
{
	struct errand	*e = c->owner;
	struct message	*m = e->message;

	m->flags = (m->flags | c->hold.on) & ~c->hold.off;
	m->tally = c->tally;
	e->recipients = c->tally.left;
	if (c->tally.left > 0)
		tell(e, c->tally.left);
	errand_end(queue_state(), e, c->tally.left > 0 ? ERRAND_DONE :
	    ERRAND_NOTHING);
	change_free(c);
}

void
revise_flags(struct queue *q, struct errand *e)
{
	struct change	*c = change_of(e, CHANGE_ORDER, on_flags);

	if (e->order->kind == ORDER_HOLD)
		c->hold.on = e->order->flags;
	else
		c->hold.off = MESSAGE_HELD | MESSAGE_QUARANTINED;
	c->hold.is_old = message_has_aged(q, e->message, c->time);
	put(q, e, c);
}

static void
on_removed(struct change *c)
{
	struct errand	*e = c->owner;
	struct message	*m = e->message;

	if (c->tally.removed)
		tell(e, e->recipients);
	m->tally = c->tally;
	m->going = false;
	errand_end(queue_state(), e, c->tally.removed ? ERRAND_DONE :
	    ERRAND_NOTHING);
	change_free(c);
}

/* What a deliverer has, or a change, will be answered for: that must find its
 * recipient. */
static bool
is_busy(struct message *m)
{
	struct recipient	*r;

	RB_FOREACH(r, recipient_tree, &m->recipients)
		if (recipient_is_busy(r))
			return true;
	return false;
}

bool
revise_remove(struct queue *q, struct errand *e)
{
	struct message		*m = e->message;
	struct recipient	*r, *next;

	if (is_busy(m))
		return false;
	m->going = true;
	e->recipients = m->tally.left;
	RB_FOREACH_SAFE(r, recipient_tree, &m->recipients, next) {
		recipient_unlist(q, r);
		recipient_free(q, r);
	}
	put(q, e, change_of(e, CHANGE_REMOVE, on_removed));
	return true;
}

/* ---- recipients ---------------------------------------------------------- */

static bool
is_concerned(const struct order *o, const struct roll *l)
{
	if (o->kind == ORDER_RETRY &&
	    (l->row.state != ROW_WAITING || l->here != NULL))
		return false;
	if (o->kind != ORDER_DELETE && l->row.state == ROW_FAILED)
		return false;
	return filter_has_recipient(&o->filter, &l->row);
}

static void
fail(struct recipient_row *r, const struct order *o)
{
	r->state = ROW_FAILED;
	r->due = queue_now();	/* its sender is told at once */
	r->action = ACTION_FAILED;
	r->expired = o->kind == ORDER_EXPIRE;
	if (r->expired)
		return;
	r->reply = reply_make(550, "5.7.0", "%s", *o->argument != '\0' ?
	    o->argument : "Returned by an administrator");
	r->relay = span_of("none");
}

/* Without a destination it is looked up anew, when it is due. */
static void
move(struct recipient_row *r, const struct order *o)
{
	r->state = ROW_WAITING;
	r->due = queue_now();
	r->attempts = 0;
	r->tried = 0;
	if (o->kind == ORDER_REDIRECT) {
		r->destination = span_of(o->argument);
		return;
	}
	if (r->original.len == 0)
		r->original = r->address;
	r->address = span_of(o->argument);
	r->destination = span_of("");
}

/* Due now, or gone: that needs no row. */
static void
add_row(struct change *c, const struct order *o, struct recipient_row *r)
{
	if (o->kind == ORDER_RETRY || o->kind == ORDER_DELETE)
		return;
	if (o->kind == ORDER_BOUNCE || o->kind == ORDER_EXPIRE)
		fail(r, o);
	else
		move(r, o);
	change_add_row(c, r);
}

/* Nobody is told of it, so nothing of it stays. */
static bool
goes(const struct order *o, const struct recipient_row *r)
{
	if (o->kind == ORDER_DELETE)
		return true;
	return (o->kind == ORDER_BOUNCE || o->kind == ORDER_EXPIRE) &&
	    !recipient_wants(r->parameters, ACTION_FAILED);
}

/* Those that go, and those that do not, are two changes. */
static void
add(struct change *c, struct errand *e, struct roll *l)
{
	enum change_kind	 kind = goes(e->order, &l->row) ? CHANGE_DROP :
				    CHANGE_ORDER;

	if (c->count == ORDER_ROWS_MAX || (c->count > 0 && c->kind != kind)) {
		e->more = true;
		return;
	}
	c->kind = kind;
	c->numbers[c->count++] = (uint32_t)l->number;
	add_row(c, e->order, &l->row);
}

/* False when one of them is in somebody's hands. */
static bool
collect(struct queue *q, struct errand *e, struct change *c)
{
	struct view	 v;
	struct roll	 l = roll_of(q, &v, e->message->id);
	bool		 good = true;

	l.number = e->number;
	e->more = false;
	view_open(&v, q->index);
	while (good && !e->more && roll_next(&l)) {
		if (!is_concerned(e->order, &l))
			continue;
		if (l.here != NULL)
			good = false;
		else
			add(c, e, &l);
	}
	view_close(&v);
	return good;
}

/* The log has each recipient that its sender will be told of. */
static void
tell_failed(const struct errand *e, const struct change *c)
{
	struct recipient_row	 row;
	struct recipient	 r = { .message = e->message };
	struct reply		 late = reply_make(550, "5.4.7",
				    "Expired by an administrator");
	struct piece		*p;

	STAILQ_FOREACH(p, &c->rows, entry) {
		if (!recipient_row_decode(piece_span(p), &row) ||
		    row.state != ROW_FAILED)
			continue;
		r.address = span_dup(row.address);
		r.original = span_dup(row.original);
		recipient_log(&r, row.expired ? "expired" : "bounced",
		    row.expired ? &late : &row.reply);
		free(r.address);
		free(r.original);
	}
}

/* Their destinations, closed or not, are tried. */
static void
open_destinations(struct queue *q, const struct change *c)
{
	struct recipient_row	 row;
	struct view		 v;
	size_t			 i;

	view_open(&v, q->index);
	for (i = 0; i < c->count; i++)
		if (view_recipient(&v, c->id, c->numbers[i], &row))
			destination_retry(q, row.destination, c->time);
	view_close(&v);
}

static void
on_recipients(struct change *c)
{
	struct queue	*q = queue_state();
	struct errand	*e = c->owner;
	struct message	*m = e->message;

	m->tally = c->tally;
	e->under_way = false;
	e->recipients += (uint32_t)c->count;
	if (e->order->kind == ORDER_RETRY)
		open_destinations(q, c);
	if (e->more)
		errand_stir(q, m);
	else {
		tell(e, e->recipients);
		errand_end(q, e, ERRAND_DONE);
	}
	change_free(c);
}

bool
revise_recipients(struct queue *q, struct errand *e)
{
	struct change	*c = change_of(e, CHANGE_ORDER, on_recipients);

	c->numbers = xcalloc(ORDER_ROWS_MAX, sizeof *c->numbers);
	if (!collect(q, e, c)) {
		change_free(c);
		return false;
	}
	if (c->count == 0) {
		change_free(c);
		errand_end(q, e, e->recipients > 0 ? ERRAND_DONE :
		    ERRAND_NOTHING);
		return true;
	}
	e->number = c->numbers[c->count - 1];
	tell_failed(e, c);
	put(q, e, c);
	return true;
}
