/* SPDX-License-Identifier: ISC */
#include <bsd/stdlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/replay.h"
#include "shared/log.h"

enum { FIRST_SEGMENTS = 2 };

bool
journal_is_on(const struct queue *q)
{
	return q->journal.is_on;
}

/* Before the configuration is there the segments are the loop's. */
void
journal_put(struct queue *q, struct change *c)
{
	if (q->started)
		jobs_put(q->journal.jobs, &c->job);
	else
		STAILQ_INSERT_TAIL(&q->journal.early, &c->job, entry);
}

static void
put_early(struct queue *q)
{
	struct job_list	 list = STAILQ_HEAD_INITIALIZER(list);
	struct job	*j;

	STAILQ_CONCAT(&list, &q->journal.early);
	while ((j = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, entry);
		change_put(q, (struct change *)j);
	}
}

/* ---- segments ------------------------------------------------------------ */

/* The base of the segment that is written. */
static uint64_t
newest(const struct journal *j)
{
	return j->base[j->order[j->count - 1]];
}

static uint64_t
fill(const struct journal *j)
{
	return j->count == 0 ? 0 : j->position - newest(j);
}

/* Octets in use, those of segments that are full as a whole. */
static uint64_t
used(const struct journal *j)
{
	return fill(j) + (j->count > 1 ?
	    (uint64_t)(j->count - 1) * j->segment : 0);
}

enum journal_room
journal_room(const struct queue *q)
{
	const struct journal	*j = &q->journal;

	if (j->ending || j->closing)
		return JOURNAL_SCARCE;
	if (used(j) > j->limit / 4 * 3)
		return JOURNAL_FULL;
	return used(j) > j->limit / 2 ? JOURNAL_SCARCE : JOURNAL_FREE;
}

static void	 recycle(struct queue *);

static void
on_recycled(struct change *c)
{
	struct queue	*q = queue_state();
	struct journal	*j = &q->journal;

	j->count--;
	memmove(j->order, j->order + 1, j->count * sizeof *j->order);
	j->recycling = false;
	change_free(c);
	recycle(q);
}

/* Its messages are gone from the disk; now the committer may have it. */
static void
on_settled(struct change *c)
{
	struct queue	*q = queue_state();
	struct change	*r = change_new(CHANGE_RECYCLE, on_recycled);

	change_free(c);
	r->base = q->journal.base[q->journal.order[0]];
	change_put(q, r);
}

static void
recycle(struct queue *q)
{
	struct journal	*j = &q->journal;

	if (j->recycling || j->count < 2 || j->held[j->order[0]] > 0 ||
	    !j->is_on)
		return;
	j->recycling = true;
	change_spill(q, change_new(CHANGE_SETTLE, on_settled));
}

void
journal_hold(struct queue *q, unsigned slot)
{
	q->journal.held[slot]++;
}

void
journal_release(struct queue *q, unsigned slot)
{
	q->journal.held[slot]--;
	if (q->journal.held[slot] == 0)
		recycle(q);
}

/* ---- what stays behind --------------------------------------------------- */

/*
 * When the newest segment is half full, the ones before it are to be free
 * soon.  Most of what they hold is about to be delivered, and would become
 * files for nothing: it has some seconds, unless room is needed.
 */
static void
let_old_leave(struct queue *q)
{
	struct journal	*j = &q->journal;

	j->old_leave = true;
	if (used(j) > j->limit / 4)
		hots_spill_below(q, newest(j));
	else if (!timer_is_set(&j->leaving)) {
		j->leave_below = newest(j);
		timer_in(&j->leaving, OLD_TIME);
	}
}

/* What the timer was not set for, because it was, has its time now. */
static void
on_leaving(void *arg)
{
	struct queue	*q = arg;
	struct journal	*j = &q->journal;

	hots_spill_below(q, j->leave_below);
	if (j->old_leave && j->leave_below != newest(j))
		let_old_leave(q);
}

void
journal_note(struct queue *q, const struct change *c)
{
	struct journal	*j = &q->journal;
	unsigned	 slot = c->place.slot;

	if (c->error == ENOTRECOVERABLE)
		j->is_dead = true;
	if (c->error != 0 || c->position == 0)
		return;
	j->position = c->position;
	if (j->count == 0 || newest(j) != c->base) {
		j->base[slot] = c->base;
		j->order[j->count++] = slot;
		j->old_leave = false;
		recycle(q);
	}
	if (!j->old_leave && fill(j) > j->segment / 2)
		let_old_leave(q);
}

/* ---- the beginning ------------------------------------------------------- */

/* Oldest first, as they were left. */
static void
put_in_order(struct journal *j)
{
	struct segments	*s = &j->segments;
	uint64_t	 above = 0;
	int		 i, best;

	for (;;) {
		best = -1;
		for (i = 0; i < SEGMENTS_MAX; i++)
			if (s->slot[i].state == SEGMENT_USED &&
			    (j->count == 0 || s->slot[i].base > above) &&
			    (best == -1 ||
			    s->slot[i].base < s->slot[best].base))
				best = i;
		if (best == -1)
			return;
		above = j->base[best] = s->slot[best].base;
		j->order[j->count++] = (unsigned)best;
	}
}

void
journal_open(struct queue *q)
{
	struct journal	*j = &q->journal;
	struct segments	*s = &j->segments;

	STAILQ_INIT(&j->early);
	timer_init(&j->leaving, q->loop, on_leaving, q);
	segments_open(s, &q->spool);
	j->is_on = true;	/* while what it holds is taken up */
	replay(q);
	put_in_order(j);
	j->position = s->previous;
	q->journal_lost = index_journal(q->index) != 0 &&
	    s->lineage != index_journal(q->index);
	if (index_rebuild(q->index) == REBUILD_JOURNAL)
		q->journal_lost = true;	/* and its files are not all taken up */
	else if (q->journal_lost)
		log_error("the journal is gone, and with it mail that it "
		    "alone had; files of which nothing is known are kept, and "
		    "may be delivered again");
	if (s->clock > q->last)
		q->last = s->clock;
	committer_init(&j->committer, s);
	j->jobs = committer_new(q->loop, &j->committer);
}

/* The index must know of it before anything else stands in it; and that files
 * of the one before it are to be taken up, until they are. */
static int
tell_index(struct queue *q, uint64_t lineage)
{
	struct writing	 w;

	if (writing_begin(&w, q->index) == -1)
		return -1;
	if (writing_journal(&w, lineage) == -1 || (q->journal_lost &&
	    writing_rebuild(&w, REBUILD_JOURNAL) == -1)) {
		writing_abort(&w);
		return -1;
	}
	return writing_commit(&w);
}

/* Above whatever the index has heard of. */
static void
place_end(struct queue *q)
{
	struct segments	*s = &q->journal.segments;
	uint64_t	 known = index_position(q->index);

	if (index_clean(q->index) > known)
		known = index_clean(q->index);
	if (s->position > known)
		return;
	s->position = (known / BATCH_BLOCK + 1) * BATCH_BLOCK;
	s->previous = s->position;
	s->current = -1;
}

static int
begin(struct queue *q)
{
	struct journal	*j = &q->journal;
	struct segments	*s = &j->segments;

	place_end(q);
	if (s->lineage == 0)
		do
			arc4random_buf(&s->lineage, sizeof s->lineage);
		while (s->lineage == 0);
	while (segments_files(s) < FIRST_SEGMENTS)
		if (segments_add(s) == -1)
			return -1;
	s->clock = q->last;
	if (committer_begin(&j->committer) == -1)
		return -1;
	return tell_index(q, s->lineage);
}

/* What it holds becomes files, as a half full one would have it. */
static void
end(struct queue *q)
{
	struct journal	*j = &q->journal;

	if (j->count == 0) {
		j->is_on = false;
		j->is_clean = true;
		if (index_journal(q->index) != 0 && tell_index(q, 0) == -1)
			log_error("index: %s", strerror(errno));
		if (segments_remove(&j->segments) == -1)
			log_warning("journal: %s", strerror(errno));
		return;
	}
	j->ending = true;
	j->segments.max = j->segments.wanted = segments_files(&j->segments);
	place_end(q);
	journal_spill_all(q);
}

static void
begin_or_end(struct queue *q)
{
	struct journal	*j = &q->journal;

	j->segments.size = j->segment;
	j->segments.wanted = j->segment == 0 ? 0 :
	    (unsigned)(j->limit / j->segment);
	if (j->segments.wanted > SEGMENTS_MAX)
		j->segments.wanted = SEGMENTS_MAX;
	j->segments.max = j->segments.wanted;
	if (j->limit > 0 && begin(q) == 0) {
		recycle(q);
		return;
	}
	if (j->limit > 0)
		log_error("no room for the journal: %s; every message is a "
		    "file", strerror(errno));
	end(q);
}

void
journal_begin(struct queue *q)
{
	begin_or_end(q);
	put_early(q);
}

/* ---- the end ------------------------------------------------------------- */

void
journal_spill_all(struct queue *q)
{
	hots_spill_below(q, UINT64_MAX);
}

static bool
is_empty(const struct queue *q)
{
	const struct journal	*j = &q->journal;
	unsigned		 i;

	if (q->hots.count > 0 || jobs_outstanding(j->jobs) > 0 ||
	    jobs_outstanding(q->spiller) > 0)
		return false;
	for (i = 0; i < SEGMENTS_MAX; i++)
		if (j->held[i] > 0)
			return false;
	return true;
}

static void
on_clean(struct change *c)
{
	struct queue	*q = queue_state();
	struct journal	*j = &q->journal;

	change_free(c);
	j->is_clean = true;
	j->is_on = j->closing = false;
	if (j->ending && segments_remove(&j->segments) == -1)
		log_warning("journal: %s", strerror(errno));
	queue_check_end(q);
}

/*
 * From here on the index has everything.  What comes now waits for the word
 * that says so, and goes to it directly.
 */
static void
close_down(struct queue *q)
{
	struct journal	*j = &q->journal;
	struct change	*c = change_new(CHANGE_CLEAN, on_clean);

	j->closing = true;
	c->position = j->position + 1;
	change_spill(q, c);
}

void
journal_pump(struct queue *q)
{
	struct journal	*j = &q->journal;

	if (j->is_on && !j->closing && (j->ending || q->ends_clean) &&
	    q->started && is_empty(q))
		close_down(q);
}

void
journal_close(struct queue *q)
{
	struct job	*j;

	while ((j = STAILQ_FIRST(&q->journal.early)) != NULL) {
		STAILQ_REMOVE_HEAD(&q->journal.early, entry);
		change_free((struct change *)j);
	}
	timer_clear(&q->journal.leaving);
	jobs_free(q->journal.jobs);
	committer_clear(&q->journal.committer);
	segments_close(&q->journal.segments);
	tokens_clear(&q->journal.tokens);
}

/* ---- envelopes of former lives ------------------------------------------- */

void
on_unsure(struct peer *p, struct msg *m)
{
	struct queue	*q = queue_state();
	struct msg	 out = { .type = MSG_STORED };

	out.stored.token = m->unsure.token;
	out.stored.message = m->unsure.message;
	out.stored.outcome = tokens_has(&q->journal.tokens,
	    m->unsure.envelope, m->unsure.message) ? STORED_OK :
	    STORED_FAILED;
	peer_put(p, &out);
}
