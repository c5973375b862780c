/* SPDX-License-Identifier: ISC */
#include "queue/walk.h"

static struct message *
next_hot(struct queue *q, uint64_t id)
{
	return q->hots.count == 0 ? NULL : hot_next(q, id);
}

void
walk_begin(struct walk *w, struct queue *q, const struct filter *f,
    uint64_t after)
{
	uint64_t	 begins = filter_begins(f);

	*w = (struct walk){ .queue = q, .filter = f };
	w->id = after > begins ? after : begins;
	w->hot = next_hot(q, w->id);
	view_open(&w->view, q->index);
}

void
walk_end(struct walk *w)
{
	view_close(&w->view);
}

uint64_t
walk_rest(const struct walk *w)
{
	return w->over ? 0 : w->id;
}

static enum message_state
state_of(const struct message_row *r, const struct message *active)
{
	if (r->flags & MESSAGE_QUARANTINED)
		return MESSAGE_IS_QUARANTINED;
	if (r->flags & MESSAGE_HELD)
		return MESSAGE_IS_HELD;
	if (active != NULL)
		return MESSAGE_ACTIVE;
	return r->fresh > 0 ? MESSAGE_INCOMING : MESSAGE_WAITING;
}

static void
take_hot(struct walk *w)
{
	struct message	*m = w->hot;

	w->id = m->id;
	w->active = m;
	w->row = (struct message_row){ .arrived = m->arrived,
	    .size = m->size, .flags = m->flags, .left = m->count,
	    .sender = m->sender };
	w->row.origin = message_origin(m);
	w->hot = next_hot(w->queue, m->id);
}

/* What is being spilled is on both sides: memory knows better. */
static bool
take(struct walk *w)
{
	uint64_t	 id = w->id;
	bool		 has = view_next_message(&w->view, &id, &w->row);

	if (w->hot != NULL && (!has || w->hot->id <= id))
		take_hot(w);
	else if (has) {
		w->id = id;
		w->active = message_find(w->queue, id);
	} else
		return false;
	w->state = state_of(&w->row, w->active);
	return w->id <= filter_ends(w->filter);
}

struct roll
roll_of(struct queue *q, struct view *v, uint64_t id)
{
	return (struct roll){ .queue = q, .view = v, .id = id, .number = -1 };
}

static bool
next_in_memory(struct roll *l, struct message *m)
{
	struct recipient	 key = { .number = (uint32_t)(l->number + 1) };
	struct recipient	*r;

	r = RB_NFIND(recipient_tree, &m->recipients, &key);
	if (r == NULL)
		return false;
	l->here = r;
	l->number = r->number;
	l->row = recipient_row(r, r->destination ? ROW_WAITING : ROW_NEW);
	return true;
}

bool
roll_next(struct roll *l)
{
	struct message	*m = message_find(l->queue, l->id);

	if (m != NULL && m->hot)
		return next_in_memory(l, m);
	if (!view_next_recipient(l->view, l->id, &l->number, &l->row))
		return false;
	l->here = m == NULL ? NULL : recipient_find(m, (uint32_t)l->number);
	if (l->here != NULL && l->here->destination != NULL)
		l->row.destination = span_of(l->here->destination->name);
	return true;
}

static void
count_recipients(struct walk *w)
{
	struct roll	 l = roll_of(w->queue, &w->view, w->id);

	w->recipients = 0;
	while (roll_next(&l)) {
		w->rows++;
		w->recipients += filter_has_recipient(w->filter, &l.row);
	}
}

static bool
is_meant(struct walk *w)
{
	w->recipients = w->row.left;
	if (!filter_has_message(w->filter, w->id, &w->row, w->state))
		return false;
	if (filter_is_of_recipients(w->filter))
		count_recipients(w);
	return w->recipients > 0;
}

bool
walk_next(struct walk *w)
{
	while (w->looks < WALK_MESSAGES_MAX && w->rows < WALK_ROWS_MAX) {
		w->looks++;
		if (!take(w)) {
			w->over = true;
			return false;
		}
		if (is_meant(w))
			return true;
	}
	return false;
}
