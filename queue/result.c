/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "queue/backoff.h"
#include "queue/notify.h"
#include "queue/queue.h"
#include "queue/report.h"
#include "queue/result.h"
#include "shared/alloc.h"
#include "shared/log.h"

enum { MICROSECONDS = 1000000 };

struct late {
	TAILQ_ENTRY(late) entry;
	uint64_t	 message;
	uint32_t	 number;
	struct reply	 reply;
	char		*relay;
	uint8_t		 passed;
};

/* ---- changes ------------------------------------------------------------- */

static void	 tell_recorded(struct change *);

static void
put_change(struct queue *q, struct recipient *r, struct change *c, int by)
{
	c->kept = tell_recorded;
	c->id = r->message->id;
	c->number = r->number;
	c->aside = r->message->broken;
	c->by = by;
	if (by != -1)
		c->epoch = q->deliverers[by].epoch;
	r->stage = STAGE_CHANGING;
	change_put(q, c);
}

static void
put_row(struct queue *q, struct recipient *r, int by,
    const struct recipient_row *row, bool keeps_reply)
{
	struct change	*c = change_new(CHANGE_UPDATE, result_finished);

	c->keeps_reply = keeps_reply;
	c->time = queue_now();
	change_set_row(c, row);
	put_change(q, r, c, by);
}

static void
put_end(struct queue *q, struct recipient *r, int by)
{
	put_change(q, r, change_new(CHANGE_DELETE, result_finished), by);
}

/* It is over, and its sender is told of it, if he wants to be. */
static void
put_told(struct queue *q, struct recipient *r, int by,
    struct recipient_row *row, bool keeps_reply)
{
	if (report_plan(q, r->message, row))
		put_row(q, r, by, row, keeps_reply);
	else
		put_end(q, r, by);
}

void
result_replace(struct queue *q, struct recipient *r, struct change *c)
{
	put_change(q, r, c, -1);
}

void
result_again(struct queue *q, struct recipient *r)
{
	struct recipient_row	 row = recipient_row(r, ROW_WAITING);

	row.due = queue_now();
	put_row(q, r, -1, &row, true);
}

void
result_park(struct queue *q, struct recipient *r)
{
	static const struct reply	 none;

	if (recipient_is_too_old(q, r, queue_now())) {
		result_expire(q, r, &none);	/* age.c may have passed it */
		return;
	}
	if (r->parked)
		recipient_free(q, r);
	else
		result_again(q, r);
}

/* ---- verdicts ------------------------------------------------------------ */

static void
tell_expired(struct queue *q, const struct recipient *r,
    const struct reply *last)
{
	uint32_t	 life = settings_life(recipient_settings(q, r),
			    addr_is_null(&r->message->sender));
	struct reply	 why = reply_make(550, "5.4.7",
			    "Not delivered within %u seconds%s%s", life,
			    last->code ? "; last: " : "", last->text);

	recipient_log(r, "expired", &why);
}

static void
expire(struct queue *q, struct recipient *r, int by,
    const struct reply *reply, struct span relay)
{
	struct recipient_row	 row = recipient_row(r, ROW_FAILED);

	tell_expired(q, r, reply);
	row.expired = 1;
	row.reply = *reply;
	row.relay = relay;
	put_told(q, r, by, &row, false);
}

void
result_expire(struct queue *q, struct recipient *r, const struct reply *last)
{
	struct recipient_row	 row = recipient_row(r, ROW_FAILED);

	tell_expired(q, r, last);
	row.expired = 1;
	put_told(q, r, -1, &row, true);
}

static void
fail(struct queue *q, struct recipient *r, int by, const struct reply *reply,
    struct span relay)
{
	struct recipient_row	 row = recipient_row(r, ROW_FAILED);

	row.reply = *reply;
	row.relay = relay;
	if (by == -1 || r->message->broken)
		recipient_log(r, "bounced", reply);
	put_told(q, r, by, &row, false);
}

/*
 * remote itself does not know the destination, which a reload has taken away:
 * where the recipient goes is asked anew at its next attempt.  What a server
 * says so comes with that server's name.
 */
static bool
is_unknown(const struct queue *q, int by, const struct reply *reply,
    struct span relay)
{
	return by != -1 && q->deliverers[by].by == BY_REMOTE &&
	    relay.len == 0 && reply->code == 451 && reply->class == 4 &&
	    reply->subject == 3 && reply->detail == 5;
}

static void
forget_destination(struct queue *q, struct recipient *r)
{
	struct destination	*d = r->destination;

	r->destination = NULL;
	if (d != NULL)
		destination_leave(q, d);
}

/* Whole seconds, so that what failed together is tried together. */
static void
defer(struct queue *q, struct recipient *r, int by, const struct reply *reply,
    struct span relay)
{
	const struct settings	*s = recipient_settings(q, r);
	uint64_t		 now = queue_now();
	struct recipient_row	 row;

	r->attempts++;
	if (recipient_is_too_old(q, r, now)) {
		expire(q, r, by, reply, relay);
		return;
	}
	if (by == -1)
		recipient_log(r, "deferred", reply);
	if (is_unknown(q, by, reply, relay))
		forget_destination(q, r);
	row = recipient_row(r, ROW_WAITING);
	row.due = (now / MICROSECONDS + 1 + backoff_seconds(r->attempts,
	    s->retry_first, s->retry_max)) * MICROSECONDS;
	row.reply = *reply;
	row.relay = relay;
	put_row(q, r, by, &row, false);
}

bool
result_is_told(const struct recipient *r, enum notice_action action)
{
	return r->parameters != NULL && !addr_is_null(&r->message->sender) &&
	    recipient_wants(recipient_parameters(r), action);
}

static void
succeed(struct queue *q, struct recipient *r, int by,
    const struct msg_result *m)
{
	bool			 is_final = m->passed == PASSED_FINAL ||
				    q->deliverers[by].by == BY_LOCAL;
	struct recipient_row	 row;

	if (m->passed == PASSED_ON || !result_is_told(r, ACTION_DELIVERED)) {
		put_end(q, r, by);
		return;
	}
	r->tried = queue_now();
	row = recipient_row(r, ROW_FAILED);
	row.action = is_final ? ACTION_DELIVERED : ACTION_RELAYED;
	row.reply = m->reply;
	row.relay = m->relay;
	put_told(q, r, by, &row, false);
}

void
result_apply(struct queue *q, struct recipient *r, int by,
    const struct reply *reply, struct span relay)
{
	struct reply	 broken;

	if (r->message->broken) {
		broken = reply_make(554, "5.3.0",
		    "The content of this message was damaged on this host");
		fail(q, r, by, &broken, span_of("none"));
		return;
	}
	r->tried = queue_now();
	if (reply_is_refusal(reply))
		fail(q, r, by, reply, relay);
	else
		defer(q, r, by, reply, relay);
}

/* ---- from deliverers ----------------------------------------------------- */

static void
put_recorded(struct deliverer *dl, uint64_t id, uint32_t number)
{
	struct msg	 m = { .type = MSG_RECORDED };

	m.recorded.message = id;
	m.recorded.number = number;
	peer_put(dl->peer, &m);
}

/* Durable is durable, in the journal or in the index. */
static void
tell_recorded(struct change *c)
{
	struct deliverer	*dl;

	if (c->by == -1)
		return;
	dl = &queue_state()->deliverers[c->by];
	if (c->epoch == dl->epoch)
		put_recorded(dl, c->id, c->number);
	c->by = -1;
}

static void
late_free(struct deliverer *dl, struct late *l)
{
	TAILQ_REMOVE(&dl->late, l, entry);
	dl->nlate--;
	free(l->relay);
	free(l);
}

void
results_forget(struct deliverer *dl)
{
	struct late	*l;

	while ((l = TAILQ_FIRST(&dl->late)) != NULL)
		late_free(dl, l);
}

/* The recipient is being changed for another reason: first that, then this. */
static void
late_put(struct deliverer *dl, const struct msg_result *m)
{
	struct late	*l = xcalloc(1, sizeof *l);

	l->message = m->message;
	l->number = m->number;
	l->reply = m->reply;
	l->relay = span_dup(m->relay);
	l->passed = m->passed;
	TAILQ_INSERT_TAIL(&dl->late, l, entry);
	dl->nlate++;
}

/*
 * What a deliverer may report: what it has in a job, what it said it was
 * running, and before READY whatever the older queue gave to it.
 */
static bool
may_report(const struct deliverer *dl, const struct recipient *r, int by)
{
	if (r->stage == STAGE_RUNNING)
		return r->by == by;
	return !dl->ready;
}

static void
take_result(struct queue *q, struct deliverer *dl,
    const struct msg_result *m)
{
	int			 by = (int)(dl - q->deliverers);
	struct recipient	*r = recipient_recall(q, m->message,
				    m->number);
	struct message		*message;

	if (r == NULL) {
		put_recorded(dl, m->message, m->number);
		return;
	}
	message = r->message;
	if (r->stage == STAGE_CHANGING && !dl->ready &&
	    dl->nlate < ACTIVE_RECIPIENTS_MAX) {
		late_put(dl, m);
		return;
	}
	if (r->stage == STAGE_CHANGING || !may_report(dl, r, by)) {
		peer_accuse(dl->peer, "reports what it was not given");
		if (r->stage == STAGE_NONE)
			recipient_free(q, r);
		message_settle(q, message);
		return;
	}
	recipient_unlist(q, r);
	r->losses = 0;		/* nobody died of it */
	if (reply_is_success(&m->reply))
		succeed(q, r, by, m);
	else
		result_apply(q, r, by, &m->reply, m->relay);
	expand_release(q, message);
}

void
on_result(struct peer *p, struct msg *m)
{
	struct queue	*q = queue_state();

	take_result(q, deliverer_of(p), &m->result);
}

static void
take_late(struct queue *q, struct deliverer *dl, uint64_t id, uint32_t number)
{
	struct msg_result	 m = { .message = id, .number = number };
	struct late		*l;
	char			*relay;

	TAILQ_FOREACH(l, &dl->late, entry)
		if (l->message == id && l->number == number)
			break;
	if (l == NULL)
		return;
	m.reply = l->reply;
	m.passed = l->passed;
	relay = xstrdup(l->relay);
	m.relay = span_of(relay);
	late_free(dl, l);
	take_result(q, dl, &m);
	free(relay);
}

/* ---- durable ------------------------------------------------------------- */

static void
wake_leaves(struct queue *q, const struct change *c)
{
	struct recipient_row	 row;
	struct piece		*p;

	STAILQ_FOREACH(p, &c->rows, entry)
		if (recipient_row_decode(piece_span(p), &row))
			destination_wake(q, row.destination);
}

/* What is due later wakes by the clock; what is due now and was parked, with
 * the next job that ends, or with the destination's own due time. */
static void
note_due(struct queue *q, const struct change *c, const struct recipient *r)
{
	struct destination	*d = r->destination;

	if (c->kind == CHANGE_REPLACE && !c->hot)
		wake_leaves(q, c);
	if (c->due == 0)
		return;
	if (c->tells) {
		schedule_due(q, c->due);
		return;
	}
	if (d != NULL)
		destination_save(q, d);
	if (d != NULL && c->due <= queue_now()) {
		d->more = true;
		destination_hungers(q, d);
	} else
		schedule_due(q, c->due);
}

void
result_finished(struct change *c)
{
	struct queue		*q = queue_state();
	struct message		*m = message_find(q, c->id);
	struct recipient	*r = recipient_find(m, c->number);
	struct deliverer	*dl;

	tell_recorded(c);
	note_due(q, c, r);
	recipient_free(q, r);
	message_left(m, c->id, &c->tally);
	expand_release(q, m);
	for (dl = q->deliverers; dl < q->deliverers + DELIVERERS; dl++)
		if (dl->nlate > 0)
			take_late(q, dl, c->id, c->number);
	change_free(c);
}
