/* SPDX-License-Identifier: ISC */
/* control and monitor: what admins ask. */
#include <string.h>

#include "tests/sim/model.h"
#include "tests/sim/peer.h"

enum { QUESTIONS = 4 };
enum kind { NOTHING, RETRIES, DELETES, LISTS, PLACES, ORDERS, TALLIES };

struct question {
	enum kind	 kind;
	uint64_t	 token;
	struct mail	*mail;
	uint64_t	 last;		/* id that was listed, or told of */
	enum queue_order order;
	char		 behind[DESTINATION_TEXT_MAX + 1];
};

static struct {
	struct neighbour control, monitor;
	struct question	 questions[QUESTIONS];
	bool		 released;	/* all of it, in this calm */
} at;

static struct question *
find(uint64_t token, enum kind kind)
{
	struct question	*x;

	for (x = at.questions; x < at.questions + QUESTIONS; x++)
		if (x->kind == kind && x->token == token)
			return x;
	broken("an admin has an answer to no question");
}

/* What an admin asked for last counts, when there was no answer. */
static void
on_deleted(struct question *x, const struct msg_deleted *m)
{
	note("message %u: removal %u", x->mail->number, m->outcome);
	if (m->outcome == DELETED_OK)
		x->mail->fate = FATE_REMOVED;
	else if (x->mail->fate == FATE_REMOVING)
		x->mail->fate = FATE_PROMISED;
	x->kind = NOTHING;
}

static void
on_listed(const struct msg_listed *m)
{
	struct question	*x = find(m->token, LISTS);
	struct mail	*mail = mail_find(m->message);

	if (m->message <= x->last)
		broken("a list goes back");
	x->last = m->message;
	if (mail == NULL && addr_is_null(&m->sender))
		return;		/* a notice that is on disk since now */
	if (mail == NULL || m->size != mail->size ||
	    !addr_equal(&m->sender, &mail->sender) ||
	    mail->fate == FATE_NEVER || mail->fate == FATE_REMOVED)
		broken("%llx is listed", (unsigned long long)m->message);
}

/* ---- orders -------------------------------------------------------------- */

static void
ask_order(struct question *x, struct mail *mail, uint64_t after)
{
	struct msg	 m = { .type = MSG_ORDER };

	x->kind = ORDERS;
	x->mail = mail;
	x->last = after;
	m.order.token = x->token;
	m.order.order = x->order;
	m.order.after = after;
	m.order.id = mail == NULL ? 0 : mail->id;
	m.order.uid = 7;
	m.order.dry = mail == NULL && x->order != ORDER_RELEASE &&
	    x->order != ORDER_HOLD;
	m.order.argument = span_of("");
	say(&at.control, &m);
}

static void
on_release(struct mail *mail)
{
	unsigned	 i;

	for (i = 0; i < model_count(); i++)
		if (mail == NULL || mail == model_at(i))
			model_at(i)->held = false;
}

/* Of an admin who hears nothing it is not known whether it was done. */
static void
begin_order(struct question *x, struct mail *mail)
{
	x->order = (enum queue_order)below(ORDER_READDRESS);
	if (x->order == ORDER_RELEASE)
		on_release(mail);
	if (x->order == ORDER_DELETE && mail != NULL)
		mail->fate = FATE_REMOVING;
	ask_order(x, mail, 0);
}

static void
on_ordered_one(const struct msg_ordered_one *m)
{
	struct question	*x = find(m->token, ORDERS);
	struct mail	*mail = mail_find(m->message);

	note("%llx: order %u: %u", (unsigned long long)m->message, x->order,
	    m->outcome);
	if (m->message <= x->last && x->mail == NULL &&
	    m->outcome == ORDERED_NOTHING)
		broken("an order goes back");
	if (x->mail != NULL && mail != x->mail)
		broken("an order is for another message");
	if (mail == NULL || m->outcome != ORDERED_DONE)
		return;
	if (x->order == ORDER_HOLD)
		mail->held = true;
	if (x->order == ORDER_DELETE && x->mail != NULL)
		mail->fate = FATE_REMOVED;
}

static void
on_ordered(const struct msg_ordered *m)
{
	struct question	*x = find(m->token, ORDERS);

	if (x->mail != NULL && x->mail->fate == FATE_REMOVING)
		x->mail->fate = FATE_PROMISED;
	x->kind = NOTHING;
	if (m->next == 0 || x->mail != NULL) {
		at.released = sim()->calm && x->order == ORDER_RELEASE;
		return;
	}
	x->token = token();
	ask_order(x, NULL, m->next);
}

/* In the end nothing is to be held; what was, by whom nobody knows, as well. */
static bool
release_all(struct question *x)
{
	bool		 held = !at.released;
	unsigned	 i;

	for (i = 0; i < model_count(); i++)
		held = held || model_at(i)->held;
	if (!held)
		return false;
	x->token = token();
	x->order = ORDER_RELEASE;
	on_release(NULL);
	ask_order(x, NULL, 0);
	return true;
}

/* ---- lists --------------------------------------------------------------- */

static void
on_place(const struct msg_destination *m)
{
	struct question	*x = find(m->token, PLACES);
	char		 name[DESTINATION_TEXT_MAX + 1];

	(void)span_copy(m->name, name, sizeof name);
	if (strcmp(name, x->behind) <= 0)
		broken("%s comes behind %s", name, x->behind);
	memcpy(x->behind, name, sizeof name);
}

static void
hear(void *arg, struct msg *m)
{
	(void)arg;
	switch (m->type) {
	case MSG_RETRIED:
		find(m->retried.token, RETRIES)->kind = NOTHING;
		return;
	case MSG_DELETED:
		on_deleted(find(m->deleted.token, DELETES), &m->deleted);
		return;
	case MSG_ORDERED_ONE:
		on_ordered_one(&m->ordered_one);
		return;
	case MSG_ORDERED:
		on_ordered(&m->ordered);
		return;
	case MSG_TALLIED:
		find(m->tallied.token, TALLIES)->kind = NOTHING;
		return;
	case MSG_LISTED:
		on_listed(&m->listed);
		return;
	case MSG_LISTED_RCPT:
		(void)find(m->listed_rcpt.token, LISTS);
		return;
	case MSG_LIST_END:
		find(m->list_end.token, LISTS)->kind = NOTHING;
		return;
	case MSG_DESTINATION:
		on_place(&m->destination);
		return;
	case MSG_DESTINATIONS_END:
		find(m->destinations_end.token, PLACES)->kind = NOTHING;
		return;
	default:
		broken("an admin hears %s", msg_row(m->type)->name);
	}
}

static struct mail *
any_mail(void)
{
	unsigned	 n = model_count();
	struct mail	*m;

	if (n == 0)
		return NULL;
	m = model_at(n - 1 - below(n < 40 ? n : 40));
	return m->fate == FATE_PROMISED && !m->closed && !m->notice ? m :
	    NULL;
}

static void
ask_retry(struct question *x, struct mail *mail)
{
	struct msg	 m = { .type = MSG_RETRY };

	x->kind = RETRIES;
	m.retry.token = x->token;
	m.retry.message = mail == NULL ? 0 : mail->id;
	say(&at.control, &m);
}

static void
ask_delete(struct question *x, struct mail *mail)
{
	struct msg	 m = { .type = MSG_DELETE };

	x->kind = DELETES;
	x->mail = mail;
	mail->fate = FATE_REMOVING;
	m.delete.token = x->token;
	m.delete.message = mail->id;
	say(&at.control, &m);
}

static void
ask_list(struct question *x)
{
	struct msg	 m = { .type = MSG_LIST };

	x->kind = LISTS;
	x->last = 0;
	m.list.token = x->token;
	m.list.count = 1 + below(LIST_ROWS_MAX);
	say(&at.monitor, &m);
}

static void
ask_tally(struct question *x)
{
	struct msg	 m = { .type = MSG_TALLY };

	x->kind = TALLIES;
	m.tally.token = x->token;
	m.tally.states = chance(1, 2) ? 1u << MESSAGE_IS_HELD : 0;
	say(&at.monitor, &m);
}

static void
ask_places(struct question *x)
{
	struct msg	 m = { .type = MSG_DESTINATIONS };

	x->kind = PLACES;
	x->behind[0] = '\0';
	m.destinations.token = x->token;
	m.destinations.after = span_of("");
	m.destinations.count = 1 + below(LIST_ROWS_MAX);
	say(&at.monitor, &m);
}

bool
admin_event(void)
{
	struct question	*x = &at.questions[below(QUESTIONS)];
	struct mail	*mail;

	if (x->kind != NOTHING || at.control.peer == NULL ||
	    at.monitor.peer == NULL)
		return false;
	if (sim()->calm)
		return release_all(x);
	x->token = token();
	mail = any_mail();
	if (chance(1, 3))
		begin_order(x, mail != NULL && chance(9, 10) ? mail : NULL);
	else if (chance(1, 3))
		ask_list(x);
	else if (chance(1, 6))
		ask_tally(x);
	else if (chance(1, 4))
		ask_places(x);
	else if (mail != NULL && chance(1, 3))
		ask_delete(x, mail);
	else
		ask_retry(x, mail);
	return true;
}

void
admin_queue_died(void)
{
	memset(at.questions, 0, sizeof at.questions);
	at.released = false;
}

static void
join(struct neighbour *n, enum role r)
{
	if (n->peer != NULL)
		return;
	n->role = r;
	n->hear = hear;
	neighbour_join(n);
}

void
admin_join(void)
{
	join(&at.control, ROLE_CONTROL);
	join(&at.monitor, ROLE_MONITOR);
}

void
admin_die(void)
{
	struct question	*x;

	if (at.control.peer != NULL)
		neighbour_part(&at.control);
	for (x = at.questions; x < at.questions + QUESTIONS; x++)
		if (x->kind == RETRIES || x->kind == DELETES ||
		    x->kind == ORDERS)
			x->kind = NOTHING;
}
