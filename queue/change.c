/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "queue/change.h"
#include "queue/queue.h"
#include "shared/alloc.h"
#include "shared/log.h"

struct change *
change_new(enum change_kind kind, void (*finished)(struct change *))
{
	struct change	*c = xcalloc(1, sizeof *c);

	c->kind = kind;
	c->finished = finished;
	c->by = -1;
	STAILQ_INIT(&c->content);
	STAILQ_INIT(&c->rows);
	STAILQ_INIT(&c->parent);
	return c;
}

void
change_free(struct change *c)
{
	if (c == NULL)
		return;
	timer_clear(&c->again);
	letter_free(c->letter);
	file_free(c->file);
	pieces_clear(&c->content);
	pieces_clear(&c->rows);
	pieces_clear(&c->parent);
	free(c->numbers);
	free(c->lots);
	free(c->name);
	free(c);
}

static void
add(struct pieces *rows, const struct recipient_row *r)
{
	char		 raw[ROW_MAX];
	struct pack	 p;
	struct piece	*row;

	pack_init(&p, raw, sizeof raw);
	recipient_row_encode(r, &p);
	if (p.failed)
		fatal("a recipient's row is too long");
	row = piece_new(p.len);
	memcpy(row->data, raw, p.len);
	STAILQ_INSERT_TAIL(rows, row, entry);
}

void
change_add_row(struct change *c, const struct recipient_row *r)
{
	add(&c->rows, r);
}

static void
note_due(struct change *c, const struct recipient_row *r)
{
	struct span	 unused;

	c->due = row_waits(r, &unused) ? r->due : 0;
	c->tells = r->state == ROW_FAILED;
}

void
change_keep_parent(struct change *c, const struct recipient_row *r)
{
	note_due(c, r);
	add(&c->parent, r);
}

void
change_set_row(struct change *c, const struct recipient_row *r)
{
	note_due(c, r);
	change_add_row(c, r);
}

/* ---- what failed --------------------------------------------------------- */

static void
on_again(void *arg)
{
	struct change	*c = arg;

	c->error = 0;
	c->again_at(queue_state(), c);
}

static void
do_in(struct change *c, int64_t ms, void (*at)(struct queue *,
    struct change *))
{
	c->again_at = at;
	if (c->again.loop == NULL)
		timer_init(&c->again, queue_state()->loop, on_again, c);
	timer_in(&c->again, ms);
}

/* Tried again where it failed, later and later. */
static void
try_again(struct change *c, void (*at)(struct queue *, struct change *))
{
	char	 id[ID_SIZE];

	id_format(id, c->id);
	log_error("%s: not recorded, tried again: %s", id,
	    strerror(c->error));
	c->patience = c->patience == 0 ? CHANGE_AGAIN : c->patience * 2;
	if (c->patience > LOOK_MAX)
		c->patience = LOOK_MAX;
	do_in(c, c->patience, at);
}

static bool
may_fail(const struct change *c)
{
	return c->kind == CHANGE_STREAM || c->kind == CHANGE_STORE;
}

/* ---- files and the index ------------------------------------------------- */

static void
on_spiller(struct job *job)
{
	struct change	*c = (struct change *)job;
	struct queue	*q = queue_state();

	if (c->error == 0 || may_fail(c)) {
		if (c->held)
			journal_release(q, c->place.slot);
		c->held = false;
		c->finished(c);
	} else
		try_again(c, change_spill);
	queue_check_end(q);
}

void
change_spill(struct queue *q, struct change *c)
{
	c->job.done = on_spiller;
	jobs_put(q->spiller, &c->job);
}

/* ---- the journal --------------------------------------------------------- */

static void	 commit(struct queue *, struct change *);

static void
tell_kept(struct change *c)
{
	if (c->kept != NULL)
		c->kept(c);
	c->kept = NULL;
}

/* What was written before the journal refused it. */
static void
discard_file(struct queue *q, struct change *c)
{
	struct change	*d = change_new(CHANGE_DISCARD, change_free);

	d->id = c->id;
	d->file = c->file;
	c->file = NULL;
	change_spill(q, d);
}

/*
 * Rows and file are there: the token alone is missing, and only a death of
 * this process in this moment would show it.  Of a journal that is dead nobody
 * knows what it says of the file, until it is read again.
 */
static void
forgive(struct queue *q, struct change *c)
{
	if (c->error == 0)
		return;
	if (c->hot && c->file != NULL && !q->journal.is_dead)
		discard_file(q, c);
	else if (!c->hot)
		c->error = 0;
}

/* In the journal; what is hot ends here, the rest goes to the index. */
static void
go_on(struct queue *q, struct change *c)
{
	struct message	*m = message_find(q, c->id);

	tell_kept(c);
	if (c->kind == CHANGE_SPILLED || c->kind == CHANGE_RECYCLE)
		c->finished(c);
	else if (m != NULL && m->hot) {
		if (hot_apply(q, m, c))
			c->finished(c);
	} else {
		change_hold(q, c);
		change_spill(q, c);
	}
}

static void
on_committer(struct job *job)
{
	struct change	*c = (struct change *)job;
	struct queue	*q = queue_state();

	journal_note(q, c);
	if (c->kind == CHANGE_STORE) {
		forgive(q, c);
		c->finished(c);
	} else if (c->error != 0)
		try_again(c, commit);
	else
		go_on(q, c);
	queue_check_end(q);
}

/*
 * It may have been switched off while this one was tried again; while the index
 * is being told so, nothing passes that it could hear of before.
 */
static void
commit(struct queue *q, struct change *c)
{
	if (q->journal.closing) {
		do_in(c, CHANGE_WAIT, commit);
		return;
	}
	if (!journal_is_on(q)) {
		c->hot = false;
		c->kept = NULL;		/* it is not: the spiller is next */
		go_on(q, c);
		return;
	}
	c->last = q->last;
	c->job.done = on_committer;
	journal_put(q, c);
}

void
change_hold(struct queue *q, struct change *c)
{
	if (c->position == 0)
		return;
	c->held = true;
	journal_hold(q, c->place.slot);
}

/* ---- which way ----------------------------------------------------------- */

/* The file is on disk, and for what is not hot the rows as well. */
static void
on_written(struct job *job)
{
	struct change	*c = (struct change *)job;
	struct queue	*q = queue_state();

	if (c->error == 0 && journal_is_on(q) && q->started &&
	    !(q->journal.closing && c->kind == CHANGE_STORE))
		commit(q, c);
	else if (c->error == 0 || c->kind == CHANGE_STORE)
		c->finished(c);
	else
		try_again(c, change_put);
	queue_check_end(q);
}

static void
write_first(struct queue *q, struct change *c)
{
	c->job.done = on_written;
	jobs_put(q->spiller, &c->job);
}

static bool
is_for_journal(const struct change *c)
{
	switch (c->kind) {
	case CHANGE_STORE:
	case CHANGE_UPDATE:
	case CHANGE_DELETE:
	case CHANGE_REPLACE:
	case CHANGE_NOTICE:
	case CHANGE_DROP:
	case CHANGE_MARK:
	case CHANGE_REMOVE:
	case CHANGE_SPILLED:
	case CHANGE_RECYCLE:
		return true;
	default:
		return false;
	}
}

void
change_put(struct queue *q, struct change *c)
{
	c->last = q->last;
	c->delayed = q->delays.done;
	if (!journal_is_on(q) || !is_for_journal(c))
		change_spill(q, c);
	else if ((c->kind == CHANGE_STORE && !c->hot) || c->file != NULL)
		write_first(q, c);
	else
		commit(q, c);
}
