/* SPDX-License-Identifier: ISC */
/*
 * What admins order: mail is held, as theirs or in quarantine, and released,
 * and a recipient's mail is returned.  The journal has nothing of it, so what
 * that has of the same mail may be done before or behind: in a batch there is
 * one or the other.
 */
#include "queue/index_read.h"
#include "shared/alloc.h"
#include "tests/crash/life.h"
#include "tests/crash/model.h"
#include "tests/crash/promise.h"

enum { HELD = MESSAGE_HELD | MESSAGE_QUARANTINED };

static bool
plan_bounce(struct model *m, struct plan *p)
{
	struct mail	*mail = &m->mails[p->mail];
	struct guest	*g = &mail->guests[dice_below(&m->dice, mail->count)];

	if (g->row.state == ROW_FAILED)
		return false;
	p->event = EVENT_BOUNCED;
	p->number = g->number;
	p->row = g->row;
	p->row.state = ROW_FAILED;
	p->row.due = PROMISE_FUTURE + m->last;
	p->row.reply = reply_make(550, "5.7.0", "Not from here");
	p->row.relay = span_of("none");
	return true;
}

bool
model_plan_order(struct model *m, struct plan *p)
{
	p->mail = model_throw(m, model_is_quiet);
	if (p->mail == MAILS_MAX || m->mails[p->mail].touched)
		return false;
	p->id = m->mails[p->mail].id;
	if (dice_below(&m->dice, 3) == 0)
		return plan_bounce(m, p);
	p->hold.now = 1;
	if (m->mails[p->mail].flags != 0) {
		p->event = EVENT_RELEASED;
		p->hold.off = HELD;
	} else if (dice_below(&m->dice, 3) == 0) {
		p->event = EVENT_QUARANTINED;
		p->hold.on = HELD;
	} else {
		p->event = EVENT_HELD;
		p->hold.on = MESSAGE_HELD;
	}
	return true;
}

/* An order leaves the position that a row has, so that replay knows what it
 * has done already. */
static void
give_row(struct change *c, const struct plan *p)
{
	struct recipient_row	 row = p->row, old;
	struct view		 v;

	view_open(&v, life_index());
	if (view_recipient(&v, p->id, p->number, &old))
		row.position = old.position;
	view_close(&v);
	c->numbers = xcalloc(1, sizeof *c->numbers);
	c->numbers[c->count++] = p->number;
	change_add_row(c, &row);
}

/* It is of rows: what has none yet gets them first. */
void
model_give_order(struct change *c, const struct plan *p)
{
	life_spill(p->id);
	c->hold = p->hold;
	c->event = p->event;
	c->time = 1;
	if (p->event == EVENT_BOUNCED)
		give_row(c, p);
}

/* Who waited is due when it is released. */
void
model_apply_order(struct mail *mail, const struct plan *p)
{
	unsigned	 i;

	mail->reserved = true;
	mail->flags = (mail->flags | p->hold.on) & ~p->hold.off;
	if (p->event == EVENT_BOUNCED)
		model_guest(mail, p->number)->row = p->row;
	for (i = 0; p->event == EVENT_RELEASED && i < mail->count; i++)
		if (mail->guests[i].row.state == ROW_WAITING)
			mail->guests[i].row.due = p->hold.now;
}
