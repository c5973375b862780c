/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "queue/notify.h"
#include "queue/queue.h"
#include "queue/report.h"
#include "queue/telling.h"
#include "shared/alloc.h"
#include "shared/log.h"

enum { MICROSECONDS = 1000000 };

/* ---- when ---------------------------------------------------------------- */

/* What a former life cannot be asked about must not wait: what is broken. */
bool
report_plan(struct queue *q, const struct message *m,
    struct recipient_row *row)
{
	uint64_t	 now = queue_now();

	row->due = now;
	if (addr_is_null(&m->sender))
		return true;
	if (!recipient_wants(row->parameters, row->action))
		return false;
	if (m->broken)
		return true;
	row->due = digest_plan(q, m, row);
	if (row->due != 0)
		row->marks |= MARK_DIGEST;
	else
		row->due = now + (uint64_t)q->notices.gather * MICROSECONDS;
	return true;
}

/* ---- what ---------------------------------------------------------------- */

enum subject { NOTHING, FAILURES, SUCCESSES };

static bool
is_untold(const struct recipient_row *r)
{
	return r->state == ROW_FAILED && !(r->marks & MARK_DIGEST);
}

static enum subject
subject_of(const struct recipient_row *r)
{
	return r->action == ACTION_FAILED ? FAILURES : SUCCESSES;
}

/* All of a message that nobody else waits in, or of whom one is due. */
static enum subject
find_subject(struct queue *q, const struct message *m)
{
	bool			 is_ripe = m->tally.failed == m->tally.left;
	uint64_t		 now = queue_now();
	struct recipient_row	 row;
	enum subject		 found = NOTHING;
	int64_t			 number = -1;
	struct view		 v;

	view_open(&v, q->index);
	while ((!is_ripe || found != FAILURES) &&
	    view_next_recipient(&v, m->id, &number, &row)) {
		if (!is_untold(&row))
			continue;
		if (found != FAILURES)
			found = subject_of(&row);
		is_ripe = is_ripe || row.due <= now;
	}
	view_close(&v);
	return is_ripe ? found : NOTHING;
}

static bool
is_for(const struct telling *t, const struct recipient_row *r)
{
	return t->kind == NOTICE_DOUBLE || (t->subject == FAILURES) ==
	    (subject_of(r) == FAILURES);
}

static void
collect(struct queue *q, struct telling *t)
{
	struct message_row	 m;
	struct recipient_row	 row;
	int64_t			 number = -1;
	struct view		 v;
	uint64_t		 id = t->lots[0].id;

	view_open(&v, q->index);
	t->nmessages = 0;
	if (view_message(&v, id, &m)) {
		telling_about(t, id, &m);
		while (t->count < t->max &&
		    view_next_recipient(&v, id, &number, &row))
			if (is_untold(&row) && is_for(t, &row))
				(void)telling_add(t, (uint32_t)number, &row);
	}
	view_close(&v);
}

/* ---- it is told ---------------------------------------------------------- */

static void
settle(struct queue *q, struct change *c)
{
	struct message	*m = message_find(q, c->id);

	message_left(m, c->id, &c->tally);
	m->reporting = false;
	message_settle(q, m);
}

static void
on_told(struct queue *q, struct telling *t, struct change *c)
{
	telling_free(t);
	settle(q, c);
}

static void
on_dropped(struct change *c)
{
	settle(queue_state(), c);
	change_free(c);
	schedule_told(queue_state());
}

/* Rows that cannot be read have been told of; they stay until somebody looks
 * after the index. */
static void
forget(struct queue *q, struct telling *t)
{
	struct message	*m = message_find(q, t->lots[0].id);

	telling_free(t);
	m->reporting = false;
	m->tally.failed = 0;
	message_settle(q, m);
}

/* Nobody is told of a notice that could not be delivered. */
static void
drop(struct queue *q, struct telling *t)
{
	struct change	*c = change_new(CHANGE_DROP, on_dropped);
	char		 id[ID_SIZE];

	c->id = t->lots[0].id;
	c->aside = t->aside;
	c->numbers = t->numbers;
	c->count = t->count;
	t->numbers = NULL;
	telling_free(t);
	id_format(id, c->id);
	log_info("%s: no notice for a notice: %zu recipient%s given up", id,
	    c->count, c->count == 1 ? "" : "s");
	change_put(q, c);
}

/* ---- telling ------------------------------------------------------------- */

static void
tell(struct queue *q, struct telling *t)
{
	collect(q, t);
	if (t->count == 0)
		forget(q, t);
	else if (addr_is_null(&t->to))
		drop(q, t);
	else
		telling_make(q, t);
}

/* A notice that comes back: to somebody here, or to nobody.  What was made of
 * one is the last. */
static void
address_double(const struct queue *q, const struct message *m,
    struct telling *t)
{
	t->kind = NOTICE_DOUBLE;
	t->words = "postmaster non-delivery notification";
	t->flags = MESSAGE_DOUBLE;
	if (!(m->flags & MESSAGE_DOUBLE))
		t->to = q->notices.double_bounces;
}

static void
address(const struct queue *q, const struct message *m, struct telling *t)
{
	t->to = m->sender;
	if (addr_is_null(&m->sender))
		address_double(q, m, t);
	else if (t->subject == FAILURES)
		t->words = "sender non-delivery notification";
	else
		t->words = "sender delivery status notification";
}

bool
report_start(struct queue *q, struct message *m)
{
	enum subject	 subject = find_subject(q, m);
	struct telling	*t;

	if (subject == NOTHING)
		return false;
	t = telling_new(m->tally.failed < NOTICE_RECIPIENTS_MAX ?
	    m->tally.failed : NOTICE_RECIPIENTS_MAX);
	t->subject = subject;
	t->lots[0].id = m->id;
	t->size = m->size;
	t->aside = m->broken;
	telling_return(t, message_origin(m).parameters);
	t->made = telling_put;
	t->told = on_told;
	address(q, m, t);
	m->reporting = true;
	tell(q, t);
	return true;
}

bool
report_due(struct queue *q, struct view *v, const struct wait_key *k)
{
	struct message		*m = message_find(q, k->id);
	struct recipient_row	 row;

	if (m != NULL && message_is_moving(m))
		return true;
	if (q->reports >= REPORTS_MAX)
		return false;
	if (!view_recipient(v, k->id, k->number, &row) ||
	    row.state != ROW_FAILED)
		return true;
	if (row.marks & MARK_DIGEST)
		return digest_start(q, v, k);
	m = message_load(q, v, k->id);
	if (m != NULL && !m->reporting && !report_start(q, m))
		message_settle(q, m);
	return true;
}
