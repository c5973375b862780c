/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/report.h"
#include "queue/sender.h"
#include "shared/alloc.h"
#include "shared/log.h"

enum { MICROSECONDS = 1000000, DELAY_SIZE = 24 };

static int
recipient_cmp(const struct recipient *a, const struct recipient *b)
{
	return a->number < b->number ? -1 : a->number > b->number;
}

static int
message_cmp(const struct message *a, const struct message *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_GENERATE(recipient_tree, recipient, by_number, recipient_cmp)
RB_GENERATE(message_tree, message, by_id, message_cmp)

void
messages_init(struct messages *l)
{
	RB_INIT(&l->tree);
	l->count = l->recipients = 0;
}

/* Hot ones, and those that orders are for, have a room of their own. */
bool
messages_have_room(const struct queue *q)
{
	return q->messages.count - q->hots.count < ACTIVE_MESSAGES_MAX +
	    q->errands.count &&
	    q->messages.recipients < ACTIVE_RECIPIENTS_MAX +
	    q->hots.recipients;
}

struct message *
message_find(struct queue *q, uint64_t id)
{
	struct message	 key = { .id = id };

	return RB_FIND(message_tree, &q->messages.tree, &key);
}

struct recipient *
recipient_find(struct message *m, uint32_t number)
{
	struct recipient	 key = { .number = number };

	return RB_FIND(recipient_tree, &m->recipients, &key);
}

/* ---- coming and going ---------------------------------------------------- */

static struct message *
message_new(struct queue *q, uint64_t id)
{
	struct message	*m = xcalloc(1, sizeof *m);

	m->id = id;
	m->active = queue_now();
	RB_INIT(&m->recipients);
	STAILQ_INIT(&m->content);
	STAILQ_INIT(&m->behind);
	TAILQ_INIT(&m->errands);
	RB_INSERT(message_tree, &q->messages.tree, m);
	q->messages.count++;
	return m;
}

/* What its turns go by. */
static void
set_line(const struct queue *q, struct message *m, const struct origin *o)
{
	m->line = sender_number(&m->sender, q->spool.lineage);
	m->priority = origin_priority(o);
}

struct message *
message_from_letter(struct queue *q, const struct letter *l)
{
	struct message	*m = message_new(q, l->id);
	struct origin	 origin = letter_origin(l);

	m->arrived = l->arrived;
	m->size = l->size;
	m->flags = l->flags;
	m->sender = l->sender;
	m->tally.left = m->tally.fresh = l->count;
	set_line(q, m, &origin);
	return m;
}

struct message *
message_load(struct queue *q, struct view *v, uint64_t id)
{
	struct message		*m = message_find(q, id);
	struct message_row	 r;

	if (m != NULL)
		return m->going || !TAILQ_EMPTY(&m->errands) ? NULL : m;
	if (!view_message(v, id, &r))
		return NULL;
	m = message_new(q, id);
	m->arrived = r.arrived;
	m->size = r.size;
	m->flags = r.flags;
	m->sender = r.sender;
	message_keep_origin(m, &r.origin);
	set_line(q, m, &r.origin);
	m->tally = (struct tally){ r.left, r.fresh, r.failed, false };
	return m;
}

void
message_tell(const struct message *m)
{
	char	 id[ID_SIZE];

	id_format(id, m->id);
	log_info("%s: from=<%s>, size=%llu, nrcpt=%u (queue active)", id,
	    m->sender.text, (unsigned long long)m->size, m->tally.left);
}

struct recipient *
recipient_new(struct queue *q, struct message *m, uint32_t number,
    const struct recipient_row *row)
{
	struct recipient	*r = xcalloc(1, sizeof *r);

	r->message = m;
	r->number = number;
	r->attempts = row->attempts;
	r->tried = row->tried;
	r->generation = row->generation;
	r->address = span_dup(row->address);
	r->original = span_dup(row->original);
	if (row->parameters.len > 0)
		r->parameters = span_dup(row->parameters);
	r->marks = row->marks;
	r->losses = row->losses;
	r->by = -1;
	RB_INSERT(recipient_tree, &m->recipients, r);
	m->count++;
	q->messages.recipients++;
	q->hots.recipients += m->hot;
	return r;
}

void
recipient_unlist(struct queue *q, struct recipient *r)
{
	enum stage	 was = r->stage;

	r->stage = STAGE_NONE;
	if (was == STAGE_LOOKUP)
		expand_unlist(q, r);
	else if (was == STAGE_READY)
		destination_unlist(q, r);
	else if (was == STAGE_RUNNING)
		dispatch_unlist(q, r);
}

void
recipient_free(struct queue *q, struct recipient *r)
{
	struct message	*m = r->message;

	RB_REMOVE(recipient_tree, &m->recipients, r);
	m->count--;
	q->messages.recipients--;
	q->hots.recipients -= m->hot;
	if (r->destination != NULL)
		destination_leave(q, r->destination);
	free(r->address);
	free(r->original);
	free(r->parameters);
	free(r);
}

void
message_keep_origin(struct message *m, const struct origin *o)
{
	free(m->client);
	free(m->identity);
	free(m->parameters);
	m->client = span_dup(o->client);
	m->identity = span_dup(o->identity);
	m->parameters = span_dup(o->parameters);
}

struct origin
message_origin(const struct message *m)
{
	if (m->letter != NULL)
		return letter_origin(m->letter);
	if (m->client == NULL)
		return (struct origin){ span_of(""), span_of(""), span_of("") };
	return (struct origin){ span_of(m->client), span_of(m->identity),
	    span_of(m->parameters) };
}

void
message_free(struct queue *q, struct message *m)
{
	if (m->hot)
		hot_end(q, m);
	free(m->client);
	free(m->identity);
	free(m->parameters);
	RB_REMOVE(message_tree, &q->messages.tree, m);
	q->messages.count--;
	free(m);
}

bool
message_rests(const struct message *m)
{
	return message_flags_rest(m->flags) || !TAILQ_EMPTY(&m->errands);
}

void
recipient_rest(struct queue *q, struct recipient *r)
{
	recipient_unlist(q, r);
	if (!r->message->hot)
		recipient_free(q, r);
}

bool
message_is_moving(const struct message *m)
{
	return m->hot || m->spilling || m->going;
}

void
message_left(struct message *m, uint64_t id, const struct tally *t)
{
	char	 text[ID_SIZE];

	if (m != NULL)
		m->tally = *t;
	if (!t->removed)
		return;
	id_format(text, id);
	log_info("%s: removed", text);
}

bool
recipient_is_busy(const struct recipient *r)
{
	return r->stage == STAGE_RUNNING || r->stage == STAGE_CHANGING;
}

struct recipient *
recipient_take_up(struct queue *q, struct view *v, const struct wait_key *k)
{
	struct message		*m = message_find(q, k->id);
	struct recipient_row	 row;
	struct recipient	*r;

	if (m != NULL && recipient_find(m, k->number) != NULL)
		return NULL;
	if (!view_recipient(v, k->id, k->number, &row) ||
	    row.state != ROW_WAITING ||
	    (m = message_load(q, v, k->id)) == NULL)
		return NULL;
	r = recipient_new(q, m, k->number, &row);
	r->parked = true;
	return r;
}

/* Nobody waits any more, or a former life had a reason. */
static bool
may_report(struct message *m)
{
	bool	 untold = m->untold;

	m->untold = false;
	return m->tally.failed > 0 &&
	    (untold || m->tally.failed == m->tally.left);
}

void
message_settle(struct queue *q, struct message *m)
{
	if (!TAILQ_EMPTY(&m->errands)) {
		errand_stir(q, m);
		return;
	}
	if (m->count > 0 || m->reporting || m->going || m->spilling)
		return;
	if (q->stopping || message_flags_rest(m->flags) || !may_report(m) ||
	    !report_start(q, m))
		message_free(q, m);
}

/* ---- what is known of them ----------------------------------------------- */

const struct settings *
recipient_settings(struct queue *q, const struct recipient *r)
{
	return r->destination != NULL ? r->destination->settings :
	    settings_of(q, span_of(""));
}

static bool
is_past(const struct message *m, const struct settings *s, uint64_t now)
{
	uint64_t	 life = settings_life(s, addr_is_null(&m->sender));

	return now >= m->arrived && now - m->arrived >= life * MICROSECONDS;
}

bool
message_has_aged(struct queue *q, const struct message *m, uint64_t now)
{
	return is_past(m, settings_of(q, span_of("")), now);
}

bool
recipient_is_too_old(struct queue *q, const struct recipient *r, uint64_t now)
{
	return !message_flags_rest(r->message->flags) &&
	    is_past(r->message, recipient_settings(q, r), now);
}

struct span
recipient_parameters(const struct recipient *r)
{
	return span_of(r->parameters != NULL ? r->parameters : "");
}

struct recipient_row
recipient_row(const struct recipient *r, enum row_state state)
{
	struct recipient_row	 row = { .state = state };

	row.generation = r->generation;
	row.position = r->position;
	row.attempts = r->attempts;
	row.tried = r->tried;
	row.address = span_of(r->address);
	row.original = span_of(r->original);
	row.destination = span_of(r->destination ? r->destination->name : "");
	row.relay = span_of("");
	row.parameters = recipient_parameters(r);
	row.marks = r->marks;
	row.losses = r->losses;
	return row;
}

/* Two digits that count, as the log readers of the field expect. */
static void
format_delay(char into[DELAY_SIZE], uint64_t from, uint64_t to)
{
	double	 s = to > from ? (double)(to - from) / MICROSECONDS : 0;

	(void)snprintf(into, DELAY_SIZE, s < 0.005 ? "0" : s < 1 ? "%.2f" :
	    s < 10 ? "%.1f" : "%.0f", s);
}

void
recipient_log(const struct recipient *r, const char *status,
    const struct reply *reply)
{
	const struct message	*m = r->message;
	char			 id[ID_SIZE], dsn[ENHANCED_SIZE];
	char			 all[DELAY_SIZE], before[DELAY_SIZE];
	char			 here[DELAY_SIZE], text[REPLY_TEXT_MAX + 4];
	char			*p;
	uint64_t		 now = queue_now();

	id_format(id, m->id);
	reply_enhanced(reply, dsn);
	format_delay(all, m->arrived, now);
	format_delay(before, m->arrived, m->active);
	format_delay(here, m->active, now);
	(void)span_copy(span_of(reply->text), text, sizeof text);
	for (p = text; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	log_info("%s: to=<%s>%s%s%s, relay=none, delay=%s, delays=%s/%s/0/0, "
	    "dsn=%s, status=%s (%s)", id, r->address,
	    *r->original ? ", orig_to=<" : "", r->original,
	    *r->original ? ">" : "", all, before, here, dsn, status, text);
}
