/* SPDX-License-Identifier: ISC */
#include "queue/queue.h"

static struct recipient *
take_up(struct queue *q, struct view *v, const struct wait_key *k)
{
	bool			 known = message_find(q, k->id) != NULL;
	struct recipient	*r = recipient_take_up(q, v, k);

	if (r != NULL && !known)
		message_tell(r->message);
	return r;
}

/* Who is not proven gets a probe: one message. */
static bool
is_enough(const struct queue *q, const struct destination *d,
    const struct recipient *last, uint64_t next)
{
	if (last != NULL && last->message->id == next)
		return d->nready >= READY_MAX;
	if (!share_has_memory(q, d))
		return true;
	return share_standing(d) == STANDING_PROVEN ?
	    d->nready >= share_ready(q, d) : last != NULL;
}

static bool
waits_for_word(const struct destination *d)
{
	return d->jobs > 0 && (share_is_mute(d) ||
	    share_standing(d) != STANDING_PROVEN);
}

/* ---- lanes --------------------------------------------------------------- */

/* The lanes of a destination: where each is, and whether that is due. */
struct lanes {
	struct view	*view;
	struct wait_key	 keys[LANES];
	bool		 due[LANES];
	unsigned	 lane;		/* whose turn it is */
	uint64_t	 now, next;	/* next: the first that is not due */
};

static bool
step(struct lanes *w, unsigned lane)
{
	struct wait_key	*k = &w->keys[lane];
	bool		 ahead = view_next_in_lane(w->view, k);

	w->due[lane] = ahead && k->due <= w->now;
	if (ahead && !w->due[lane] && k->due < w->next)
		w->next = k->due;
	return w->due[lane];
}

/* Without a row that tells which lanes have something, all may have. */
static void
begin(struct lanes *w, struct view *v, struct span name)
{
	struct destination_row	 row;
	bool			 told = view_destination(v, name, &row);
	unsigned		 lane;

	*w = (struct lanes){ .view = v, .now = queue_now(),
	    .next = UINT64_MAX };
	for (lane = 0; lane < LANES; lane++) {
		w->keys[lane].name = name;
		w->keys[lane].lane = lane;
		if (!told || row.dues[lane] != 0)
			(void)step(w, lane);
	}
}

/* The lane whose turn it is, of those that have something due. */
static bool
find_turn(struct lanes *w, const struct destination *d)
{
	unsigned	 n;

	for (n = 1; n <= LANES; n++) {
		w->lane = (d->lane + n) % LANES;
		if (w->due[w->lane])
			return true;
	}
	return false;
}

/* The next message of a lane, with all its recipients there; false: there is
 * enough. */
static bool
take_message(struct queue *q, struct lanes *w, struct destination *d,
    struct recipient **last)
{
	const struct wait_key	*k = &w->keys[w->lane];
	uint64_t		 id = k->id;
	struct recipient	*r;

	do {
		if (is_enough(q, d, *last, k->id))
			return false;
		d->lane = w->lane;
		r = take_up(q, w->view, k);
		if (r == NULL)
			continue;
		r->destination = d;
		d->users++;
		destination_take(q, d, r);
		*last = r;
	} while (step(w, w->lane) && k->id == id);
	return true;
}

void
destination_fill(struct queue *q, struct view *v, struct destination *d)
{
	struct recipient	*last = lines_next(&d->ready);
	struct lanes		 w;

	d->more = true;		/* for the next job that ends */
	if (destination_is_closed(d)) {
		destination_wait_to_open(q, d);
		return;
	}
	if (d->nready > share_ready(q, d) / 2 || waits_for_word(d))
		return;
	if (!share_has_memory(q, d)) {
		schedule_stall(q);	/* no job of it may be there to end */
		return;
	}
	begin(&w, v, span_of(d->name));
	d->more = false;
	while (!d->more && find_turn(&w, d))
		d->more = !take_message(q, &w, d, &last);
	if (!d->more && w.next != UINT64_MAX)
		schedule_due(q, w.next);
}
