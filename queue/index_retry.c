/* SPDX-License-Identifier: ISC */
/*
 * "Now" for what waits: the due times of recipients that lie ahead are drawn
 * to now, and closed destinations become due for their probe.  Rows that are
 * due already are not touched, so a dead destination costs next to nothing.
 */
#include <errno.h>
#include <string.h>

#include "queue/index_own.h"
#include "queue/index_read.h"
#include "queue/index_write.h"
#include "queue/queue_limits.h"

static int
draw_destination(struct writing *w, struct span name, uint64_t now)
{
	struct view		 v = { w->index, w->txn };
	struct destination_row	 r;

	if (!view_destination(&v, name, &r) || r.closed <= now)
		return 0;
	return writing_destination(w, name, now, r.failures);
}

int
writing_due(struct writing *w, uint64_t id, uint32_t number, uint64_t now,
    struct tally *tally)
{
	char			 raw[ROW_MAX];
	struct recipient_row	 r;

	if (writing_get(w, id, number, raw, &r) == -1)
		return errno == ENOENT ? 0 : -1;
	if (r.state != ROW_WAITING)
		return 0;
	if (draw_destination(w, r.destination, now) == -1)
		return -1;
	if (r.due <= now)
		return 0;
	r.due = now;
	return writing_set(w, id, number, &r, tally) == -1 ? -1 : 1;
}

static int
draw_recipient(struct writing *w, const struct retry *t, uint64_t id,
    uint32_t number)
{
	struct tally	 tally;

	return writing_due(w, id, number, t->now, &tally);
}

static int
retry_message(struct writing *w, struct retry *t)
{
	struct view		 v = { w->index, w->txn };
	struct recipient_row	 r;
	int64_t			 number = -1;
	unsigned		 room = RETRY_MAX;
	int			 drawn;

	t->count = view_has_message(&v, t->id);
	while (room > 0 && view_next_recipient(&v, t->id, &number, &r)) {
		drawn = draw_recipient(w, t, t->id, (uint32_t)number);
		if (drawn == -1)
			return -1;
		room -= (unsigned)drawn;
	}
	t->more = room == 0;
	return 0;
}

static int
retry_lane(struct writing *w, const struct retry *t, struct wait_key lane,
    unsigned *room)
{
	struct wait_key	 k = lane;
	int		 drawn = 1;

	while (drawn == 1 && *room > 0 &&
	    table_first_wait(w->index, w->txn, &k)) {
		drawn = draw_recipient(w, t, k.id, k.number);
		*room -= drawn == 1;
		k = lane;
	}
	return drawn == -1 ? -1 : 0;
}

static int
retry_destination(struct writing *w, struct retry *t, unsigned *room)
{
	struct wait_key	 k = { .name = span_make(t->name, t->len),
			    .due = t->now + 1 };

	if (draw_destination(w, k.name, t->now) == -1)
		return -1;
	for (k.lane = 0; k.lane < LANES; k.lane++)
		if (retry_lane(w, t, k, room) == -1)
			return -1;
	return 0;
}

/* The destination behind the one in `t`, or the first. */
static bool
next_destination(struct writing *w, struct retry *t)
{
	char		 raw[KEY_MAX];
	struct pack	 p;
	struct found	 f;

	pack_init(&p, raw, sizeof raw);
	if (t->begun)
		pack_octets(&p, span_make(t->name, t->len));
	pack_u8(&p, 0);
	if (t->begun)
		pack_u8(&p, 0);
	if (table_seek(w->index, w->txn, TABLE_DESTINATION, pack_span(&p),
	    &f) != 0 || f.key.mv_size == 0 ||
	    f.key.mv_size - 1 > sizeof t->name)
		return false;
	t->begun = true;
	t->len = f.key.mv_size - 1;
	memcpy(t->name, f.key.mv_data, t->len);
	return true;
}

/* With `more` the destination of the last call may have rows left. */
static int
retry_all(struct writing *w, struct retry *t)
{
	struct view	 v = { w->index, w->txn };
	unsigned	 room = RETRY_MAX;

	t->count = view_messages(&v);
	if (t->begun && retry_destination(w, t, &room) == -1)
		return -1;
	while (room > 0 && next_destination(w, t)) {
		if (retry_destination(w, t, &room) == -1)
			return -1;
	}
	t->more = room == 0;
	return 0;
}

int
writing_retry(struct writing *w, struct retry *t)
{
	return t->id != 0 ? retry_message(w, t) : retry_all(w, t);
}
