/* SPDX-License-Identifier: ISC */
#include "queue/inspect.h"
#include "queue/walk.h"
#include "shared/log.h"

/* ---- the list ------------------------------------------------------------ */

static void
put_message(struct peer *p, uint64_t token, const struct walk *w)
{
	const struct message_row	*r = &w->row;
	struct msg			 m = { .type = MSG_LISTED };

	m.listed.token = token;
	m.listed.message = w->id;
	m.listed.arrived = r->arrived;
	m.listed.size = r->size;
	m.listed.state = w->state;
	m.listed.sender = r->sender;
	m.listed.recipients = r->left < LIST_RECIPIENTS_MAX ? r->left :
	    LIST_RECIPIENTS_MAX;
	m.listed.client = r->origin.client;
	m.listed.identity = r->origin.identity;
	m.listed.flags = r->flags;
	m.listed.parameters = r->origin.parameters;
	peer_put(p, &m);
}

static enum recipient_state
state_of(const struct recipient_row *row, const struct recipient *r)
{
	if (row->state == ROW_FAILED)
		return RECIPIENT_FAILED;
	if (r != NULL && r->stage == STAGE_RUNNING)
		return RECIPIENT_RUNNING;
	if (row->state == ROW_NEW && (r == NULL || r->destination == NULL))
		return RECIPIENT_NEW;
	return RECIPIENT_WAITING;
}

/* The row, and the recipient if it is being worked on. */
static void
fill_recipient(struct msg_listed_rcpt *m, const struct recipient_row *row,
    const struct recipient *r)
{
	(void)addr_parse(row->address, &m->recipient);
	(void)addr_parse(row->original, &m->original);
	m->state = state_of(row, r);
	m->due = row->state == ROW_WAITING && r == NULL ?
	    row->due : 0;
	m->attempts = row->attempts;
	m->destination = row->destination;
	m->reply = row->reply;
	m->generation = row->generation;
	m->marks = row->marks;
	m->parameters = row->parameters;
	m->relay = row->relay;
}

static unsigned
put_recipients(struct walk *w, struct peer *p, uint64_t token)
{
	struct msg	 m = { .type = MSG_LISTED_RCPT };
	struct roll	 l = roll_of(w->queue, &w->view, w->id);
	unsigned	 n = 0;

	m.listed_rcpt.token = token;
	m.listed_rcpt.message = w->id;
	while (n < LIST_RECIPIENTS_MAX && roll_next(&l)) {
		fill_recipient(&m.listed_rcpt, &l.row, l.here);
		m.listed_rcpt.number = (uint32_t)l.number;
		peer_put(p, &m);
		n++;
	}
	return n;
}

/* A page ends with its number of messages, or when it is long. */
void
on_list(struct peer *p, struct msg *m)
{
	struct filter	 f = filter_of_list(&m->list);
	struct msg	 end = { .type = MSG_LIST_END };
	struct walk	 w;
	unsigned	 n = 0, recipients = 0;

	walk_begin(&w, queue_state(), &f, m->list.after);
	while (n < m->list.count && recipients < LIST_PAGE_MAX &&
	    walk_next(&w)) {
		put_message(p, m->list.token, &w);
		recipients += put_recipients(&w, p, m->list.token);
		n++;
	}
	end.list_end.next = walk_rest(&w);
	end.list_end.token = m->list.token;
	walk_end(&w);
	peer_put(p, &end);
}

void
on_tally(struct peer *p, struct msg *m)
{
	struct filter	 f = filter_of_tally(&m->tally);
	struct msg	 told = { .type = MSG_TALLIED };
	struct walk	 w;

	walk_begin(&w, queue_state(), &f, m->tally.after);
	while (walk_next(&w)) {
		told.tallied.messages++;
		told.tallied.recipients += w.recipients;
		told.tallied.octets += w.row.size;
	}
	told.tallied.next = walk_rest(&w);
	told.tallied.token = m->tally.token;
	walk_end(&w);
	peer_put(p, &told);
}

/* ---- admins -------------------------------------------------------------- */

/* A number each, since the next one may be where one that is gone was. */
void
admin_found(struct queue *q, struct peer *p)
{
	peer_set_data(p, (void *)(uintptr_t)++q->admins);
}

unsigned
admin_number(const struct peer *p)
{
	return (unsigned)(uintptr_t)peer_data(p);
}

struct peer *
admin_find(struct queue *q, unsigned number)
{
	struct peer	*p = NULL;

	do
		p = process_next_peer(q->process, ROLE_CONTROL, p);
	while (p != NULL && admin_number(p) != number);
	return p;
}

/* ---- retry --------------------------------------------------------------- */

static void
put_retried(struct queue *q, const struct change *c)
{
	struct peer	*p = admin_find(q, c->epoch);
	struct msg	 m = { .type = MSG_RETRIED };
	struct message	*one = message_find(q, c->id);

	m.retried.token = c->token;
	m.retried.count = c->retried.count;
	if (c->id == 0)
		m.retried.count += q->hots.count;
	else if (one != NULL && one->hot)
		m.retried.count = 1;
	if (p != NULL)
		peer_put(p, &m);
}

static void
on_retried(struct change *c)
{
	struct queue	*q = queue_state();

	if (c->retried.more && !q->stopping) {
		c->retry = c->retried;
		change_put(q, c);
		return;
	}
	destinations_retry(q, c->retried.now);
	schedule_due(q, c->retried.now);
	put_retried(q, c);
	change_free(c);
}

void
on_retry(struct peer *p, struct msg *m)
{
	struct queue	*q = queue_state();
	struct change	*c = change_new(CHANGE_RETRY, on_retried);

	c->id = m->retry.message;
	c->token = m->retry.token;
	c->epoch = admin_number(p);
	c->retry.id = m->retry.message;
	c->retry.now = queue_now();
	change_put(q, c);
}
