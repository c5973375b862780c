/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>

#include "queue/apply.h"
#include "queue/queue_limits.h"
#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/ipc.h"

/* ---- history ------------------------------------------------------------- */

/* Of the replay the journal has not kept when it was. */
static uint64_t
time_of(const struct change *c)
{
	return c->time != 0 ? c->time : (uint64_t)clock_wall();
}

/* What a recipient that is not done is told of; a row without a verdict of its
 * own, untried or too old, keeps the old one. */
static int
note_verdict(struct writing *w, const struct change *c, uint32_t number,
    const struct recipient_row *r)
{
	struct event_row	 e = { .time = time_of(c), .number = number };

	if (r->state == ROW_FAILED && r->action != ACTION_FAILED)
		return 0;
	if (r->state == ROW_FAILED)
		e.kind = r->expired ? EVENT_EXPIRED : EVENT_FAILED;
	else if (r->reply.code != 0)
		e.kind = EVENT_DEFERRED;
	else
		return 0;
	e.reply = r->reply;
	e.relay = r->relay;
	return writing_event(w, c->id, &e);
}

static int
note_order(struct writing *w, const struct change *c)
{
	struct event_row	 e = { .time = time_of(c), .kind = c->event,
				    .number = UINT32_MAX, .uid = c->uid };

	if (c->count == 1)
		e.number = c->numbers[0];
	e.relay = span_of("");
	if (c->name != NULL && (c->event == EVENT_REDIRECTED ||
	    c->event == EVENT_READDRESSED))
		e.relay = span_head(span_of(c->name), RELAY_TEXT_MAX);
	else if (c->name != NULL)
		reply_set_text(&e.reply, span_of(c->name));
	return writing_event(w, c->id, &e);
}

/* ---- changes ------------------------------------------------------------- */

static int
apply_update(struct writing *w, struct change *c)
{
	struct recipient_row	 r, old = { .position = 0 };
	char			 raw[ROW_MAX];
	bool			 has;

	if (!recipient_row_decode(piece_span(STAILQ_FIRST(&c->rows)), &r)) {
		errno = EINVAL;
		return -1;
	}
	has = writing_get(w, c->id, c->number, raw, &old) == 0;
	if (!has && errno != ENOENT)
		return -1;
	if (has && c->replayed && old.position >= c->position)
		return 0;	/* it, or a later one, has been applied */
	if (has && c->keeps_reply) {
		r.reply = old.reply;
		r.relay = old.relay;
	}
	r.marks |= old.marks;	/* once told is told */
	r.position = c->position;
	if (writing_set(w, c->id, c->number, &r, &c->tally) == -1)
		return -1;
	return has && (!c->keeps_reply || r.state == ROW_FAILED) ?
	    note_verdict(w, c, c->number, &r) : 0;
}

/* The recipient itself goes, or stays to be told of. */
static int
end_parent(struct writing *w, struct change *c)
{
	struct piece		*parent = STAILQ_FIRST(&c->parent);
	struct recipient_row	 r;

	if (parent == NULL)
		return writing_set(w, c->id, c->number, NULL, &c->tally);
	if (!recipient_row_decode(piece_span(parent), &r)) {
		errno = EINVAL;
		return -1;
	}
	r.position = c->position;
	return writing_set(w, c->id, c->number, &r, &c->tally);
}

/* Leaves first, so that the message always has somebody.  Who is to be told of
 * his expansion has them. */
static int
apply_replace(struct writing *w, struct change *c)
{
	struct recipient_row	 r;
	struct piece		*row;
	char			 raw[ROW_MAX];

	if (writing_get(w, c->id, c->number, raw, &r) == -1)
		return errno == ENOENT ?
		    writing_set(w, c->id, c->number, NULL, &c->tally) : -1;
	if (r.state == ROW_FAILED && r.action == ACTION_EXPANDED)
		return 0;
	STAILQ_FOREACH(row, &c->rows, entry) {
		if (!recipient_row_decode(piece_span(row), &r)) {
			errno = EINVAL;
			return -1;
		}
		r.position = c->position;
		if (writing_add(w, c->id, &r) == -1)
			return -1;
	}
	return end_parent(w, c);
}

/* NOTICE as well: those whom it tells of. */
static int
apply_drop(struct writing *w, struct change *c)
{
	uint32_t	*numbers = c->numbers;
	size_t		 i;

	if (c->marks != 0)
		return writing_mark(w, c->id, numbers, c->count, c->marks);
	if (c->nlots == 0)
		return writing_drop(w, c->id, numbers, c->count, &c->tally);
	for (i = 0; i < c->nlots; i++) {
		if (writing_drop(w, c->lots[i].id, numbers, c->lots[i].count,
		    &c->lots[i].tally) == -1)
			return -1;
		numbers += c->lots[i].count;
	}
	return 0;
}

static int
apply_store(struct writing *w, struct change *c)
{
	if (writing_store(w, c->letter) == -1)
		return -1;
	return writing_last(w, c->last);
}

static int
apply_notice(struct writing *w, struct change *c)
{
	if (c->position == 0 && apply_store(w, c) == -1)
		return -1;
	return apply_drop(w, c);
}

static void
count_spilled(struct change *c, const struct spill_row *rows)
{
	size_t	 i;

	c->tally = (struct tally){ .left = (uint32_t)c->count };
	for (i = 0; i < c->count; i++) {
		c->tally.fresh += rows[i].row.state == ROW_NEW;
		c->tally.failed += rows[i].row.state == ROW_FAILED;
	}
}

/* One whose first attempt was its end, or not its last one. */
static int
note_spilled(struct writing *w, const struct change *c,
    const struct spill_row *rows)
{
	unsigned	 n = 0;
	size_t		 i;

	for (i = 0; i < c->count && n < EVENTS_MAX; i++) {
		if (rows[i].row.state != ROW_FAILED &&
		    rows[i].row.reply.code == 0)
			continue;
		n++;
		if (note_verdict(w, c, rows[i].number, &rows[i].row) == -1)
			return -1;
	}
	return 0;
}

static int
apply_spill(struct writing *w, struct change *c)
{
	struct spill_row	*rows = xcalloc(c->count + 1, sizeof *rows);
	struct piece		*p = STAILQ_FIRST(&c->rows);
	int			 result = 0;
	size_t			 i;

	for (i = 0; i < c->count; i++, p = STAILQ_NEXT(p, entry)) {
		rows[i].number = c->numbers[i];
		if (!recipient_row_decode(piece_span(p), &rows[i].row)) {
			errno = EINVAL;
			result = -1;
		}
	}
	if (result == 0)
		result = writing_spill(w, c->letter, c->next, rows, c->count);
	if (result == 0)
		result = writing_last(w, c->last);
	if (result == 0)
		result = note_spilled(w, c, rows);
	count_spilled(c, rows);
	free(rows);
	return result;
}

/* Without rows those that wait are due now. */
static int
apply_rows(struct writing *w, struct change *c)
{
	struct piece		*row = STAILQ_FIRST(&c->rows);
	struct recipient_row	 r;
	size_t			 i;

	for (i = 0; i < c->count; i++) {
		if (row == NULL) {
			if (writing_due(w, c->id, c->numbers[i], c->hold.now,
			    &c->tally) == -1)
				return -1;
			continue;
		}
		if (!recipient_row_decode(piece_span(row), &r)) {
			errno = EINVAL;
			return -1;
		}
		if (writing_set(w, c->id, c->numbers[i], &r,
		    &c->tally) == -1)
			return -1;
		row = STAILQ_NEXT(row, entry);
	}
	return 0;
}

/* It is not in the journal, so what is there of before must not undo it: the
 * rows keep the positions that they have. */
static int
apply_order(struct writing *w, struct change *c)
{
	if (writing_hold(w, c->id, &c->hold, &c->tally) == -1 ||
	    apply_rows(w, c) == -1)
		return -1;
	return note_order(w, c);
}

static int
apply_adopt(struct writing *w, struct change *c)
{
	if (!c->vanished && writing_store(w, c->letter) == -1 &&
	    errno != EEXIST)
		return -1;
	return 0;
}

int
change_apply(struct writing *w, struct change *c)
{
	switch (c->kind) {
	case CHANGE_STORE:
		return apply_store(w, c);
	case CHANGE_UPDATE:
		return apply_update(w, c);
	case CHANGE_DELETE:
		return writing_set(w, c->id, c->number, NULL, &c->tally);
	case CHANGE_REPLACE:
		return apply_replace(w, c);
	case CHANGE_NOTICE:
		return apply_notice(w, c);
	case CHANGE_DROP:
	case CHANGE_MARK:
		return apply_drop(w, c);
	case CHANGE_DESTINATION:
		return writing_destination(w, span_of(c->name), c->closed,
		    c->failures);
	case CHANGE_REMOVE:
		return writing_remove(w, c->id, &c->tally);
	case CHANGE_RETRY:
		c->retried = c->retry;
		return writing_retry(w, &c->retried);
	case CHANGE_ORDER:
		return apply_order(w, c);
	case CHANGE_ADOPT:
		return apply_adopt(w, c);
	case CHANGE_REBUILT:
		return writing_rebuild(w, REBUILD_NOTHING);
	case CHANGE_SPILL:
		return apply_spill(w, c);
	case CHANGE_CLEAN:
		return writing_journal(w, 0) == -1 ? -1 :
		    writing_clean(w, c->position);
	default:
		break;
	}
	errno = EINVAL;
	return -1;
}
