/* SPDX-License-Identifier: ISC */
#include "queue/inspect.h"
#include "queue/queue.h"
#include "shared/log.h"

/* ---- the list ------------------------------------------------------------ */

static void
put_message(struct peer *p, uint64_t token, uint64_t id,
    const struct message_row *r, const struct message *active)
{
	struct msg	 m = { .type = MSG_LISTED };

	m.listed.token = token;
	m.listed.message = id;
	m.listed.arrived = r->arrived;
	m.listed.size = r->size;
	m.listed.state = active != NULL ? MESSAGE_ACTIVE :
	    r->fresh > 0 ? MESSAGE_INCOMING : MESSAGE_WAITING;
	m.listed.sender = r->sender;
	m.listed.recipients = r->left < LIST_RECIPIENTS_MAX ? r->left :
	    LIST_RECIPIENTS_MAX;
	m.listed.client = r->origin.client;
	m.listed.identity = r->origin.identity;
	peer_put(p, &m);
}

/* The next id above that the index or memory has; `r` is filled for the
 * index's own.  False at the end. */
static bool
next_message(struct queue *q, struct view *v, uint64_t *id,
    struct message_row *r, struct message **hot)
{
	uint64_t	 row = *id;
	bool		 has = view_next_message(v, &row, r);

	*hot = hot_next(q, *id);
	if (*hot == NULL || (has && row < (*hot)->id)) {
		*hot = NULL;
		*id = row;
		return has;
	}
	*id = (*hot)->id;
	return true;
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

/* The row as it is on disk, and the recipient if it is being worked on. */
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
	m->destination = r != NULL && r->destination != NULL ?
	    span_of(r->destination->name) : row->destination;
	m->reply = row->reply;
}

static unsigned
put_recipients(struct queue *q, struct peer *p, struct view *v,
    uint64_t token, uint64_t id)
{
	struct msg		 m = { .type = MSG_LISTED_RCPT };
	struct message		*active = message_find(q, id);
	struct recipient_row	 row;
	struct recipient	*r;
	int64_t			 number = -1;
	unsigned		 n = 0;

	m.listed_rcpt.token = token;
	m.listed_rcpt.message = id;
	while (n < LIST_RECIPIENTS_MAX &&
	    view_next_recipient(v, id, &number, &row)) {
		r = active ? recipient_find(active, (uint32_t)number) : NULL;
		fill_recipient(&m.listed_rcpt, &row, r);
		m.listed_rcpt.number = (uint32_t)number;
		peer_put(p, &m);
		n++;
	}
	return n;
}

/* One that the journal alone has. */
static unsigned
put_hot(struct peer *p, uint64_t token, struct message *hot)
{
	struct message_row	 row = { .arrived = hot->arrived,
				    .size = hot->size, .left = hot->count,
				    .sender = hot->sender };
	struct msg		 m = { .type = MSG_LISTED_RCPT };
	struct recipient	*r;
	struct recipient_row	 rr;

	row.origin = message_origin(hot);
	put_message(p, token, hot->id, &row, hot);
	m.listed_rcpt.token = token;
	m.listed_rcpt.message = hot->id;
	RB_FOREACH(r, recipient_tree, &hot->recipients) {
		rr = recipient_row(r, r->destination ? ROW_WAITING : ROW_NEW);
		fill_recipient(&m.listed_rcpt, &rr, r);
		m.listed_rcpt.number = r->number;
		peer_put(p, &m);
	}
	return hot->count;
}

/* A page ends with its number of messages, or when it is long. */
void
on_list(struct peer *p, struct msg *m)
{
	struct queue		*q = queue_state();
	struct msg		 end = { .type = MSG_LIST_END };
	struct message_row	 row;
	struct view		 v;
	struct message		*hot;
	uint64_t		 id = m->list.after, token = m->list.token;
	unsigned		 n = 0, recipients = 0;
	bool			 more = false;

	view_open(&v, q->index);
	while ((more = next_message(q, &v, &id, &row, &hot)) &&
	    n++ < m->list.count && recipients < LIST_PAGE_MAX) {
		if (hot != NULL)
			recipients += put_hot(p, token, hot);
		else {
			put_message(p, token, id, &row, message_find(q, id));
			recipients += put_recipients(q, p, &v, token, id);
		}
		end.list_end.next = id;
	}
	view_close(&v);
	if (!more)
		end.list_end.next = 0;
	end.list_end.token = token;
	peer_put(p, &end);
}

/* ---- admins -------------------------------------------------------------- */

/* A number each, since the next one may be where one that is gone was. */
void
admin_found(struct queue *q, struct peer *p)
{
	peer_set_data(p, (void *)(uintptr_t)++q->admins);
}

static unsigned
admin_number(const struct peer *p)
{
	return (unsigned)(uintptr_t)peer_data(p);
}

/* Whoever asked may be gone: then nobody is told, and it is NULL. */
static struct peer *
admin_who_asked(struct queue *q, const struct change *c)
{
	struct peer	*p = NULL;

	do
		p = process_next_peer(q->process, ROLE_CONTROL, p);
	while (p != NULL && admin_number(p) != c->epoch);
	return p;
}

/* ---- retry --------------------------------------------------------------- */

static void
put_retried(struct queue *q, const struct change *c)
{
	struct peer	*p = admin_who_asked(q, c);
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

/* ---- removal ------------------------------------------------------------- */

static void
put_deleted(struct peer *p, uint64_t token, enum deleted_outcome outcome)
{
	struct msg	 m = { .type = MSG_DELETED };

	m.deleted.token = token;
	m.deleted.count = outcome == DELETED_OK;
	m.deleted.outcome = outcome;
	peer_put(p, &m);
}

static void
on_removed(struct change *c)
{
	struct queue	*q = queue_state();
	struct message	*m = message_find(q, c->id);
	struct peer	*p = admin_who_asked(q, c);
	char		 id[ID_SIZE];

	id_format(id, c->id);
	if (c->tally.removed)
		log_info("%s: removed by an administrator", id);
	m->tally = c->tally;
	m->going = false;
	message_settle(q, m);
	if (p != NULL)
		put_deleted(p, c->token, c->tally.removed ? DELETED_OK :
		    DELETED_UNKNOWN);
	change_free(c);
}

/* What a deliverer has, or a change, will be answered for: that must find its
 * recipient. */
static bool
is_busy(struct message *m)
{
	struct recipient	*r;

	RB_FOREACH(r, recipient_tree, &m->recipients)
		if (r->stage == STAGE_RUNNING || r->stage == STAGE_CHANGING)
			return true;
	return m->reporting || m->going || m->spilling;
}

static void
remove_message(struct queue *q, struct message *m, struct peer *p,
    uint64_t token)
{
	struct change		*c = change_new(CHANGE_REMOVE, on_removed);
	struct recipient	*r, *next;

	m->going = true;
	RB_FOREACH_SAFE(r, recipient_tree, &m->recipients, next) {
		recipient_unlist(q, r);
		recipient_free(q, r);
	}
	c->id = m->id;
	c->aside = m->broken;
	c->epoch = admin_number(p);
	c->token = token;
	change_put(q, c);
}

/* What deliverers are at, they may not have told yet. */
void
on_delete(struct peer *p, struct msg *m)
{
	struct queue	*q = queue_state();
	uint64_t	 token = m->delete.token;
	struct message	*message;
	struct view	 v;

	if (!q->working) {
		put_deleted(p, token, DELETED_BUSY);
		return;
	}
	message = message_find(q, m->delete.message);
	if (message == NULL) {
		view_open(&v, q->index);
		message = message_load(q, &v, m->delete.message);
		view_close(&v);
	}
	if (message == NULL)
		put_deleted(p, token, DELETED_UNKNOWN);
	else if (is_busy(message))
		put_deleted(p, token, DELETED_BUSY);
	else
		remove_message(q, message, p, token);
}
