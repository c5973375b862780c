/* SPDX-License-Identifier: ISC */
/*
 * The order of durability is here, and nowhere else: files, their fsyncs, the
 * directories' fsyncs, one index transaction, then what may go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/change.h"
#include "queue/spiller.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/ipc.h"
#include "shared/log.h"

static struct change *
first_of(struct job_list *batch)
{
	return (struct change *)STAILQ_FIRST(batch);
}

static struct change *
after(struct change *c)
{
	return (struct change *)STAILQ_NEXT(&c->job, entry);
}

/* What the journal has accepted with its content needs none. */
static bool
has_new_file(const struct change *c)
{
	if (c->kind == CHANGE_SPILL)
		return !c->filed;
	return (c->kind == CHANGE_STORE || c->kind == CHANGE_NOTICE) &&
	    c->position == 0;
}

/* ---- files --------------------------------------------------------------- */

/* A file that failed once stays failed. */
static int
extend(struct spool *s, struct change *c)
{
	struct file	*f = c->file;

	if (f->error != 0) {
		errno = f->error;
		return -1;
	}
	if (f->fd == -1 && file_create(f, s) == -1)
		return -1;
	return file_append(f, &c->content);
}

/* It may have been delivered, and removed by us, since it was found. */
static int
check_adopted(struct spool *s, struct change *c)
{
	int	 fd = spool_open_message(s, c->letter->id);

	if (fd == -1 && errno != ENOENT)
		return -1;
	c->vanished = fd == -1;
	fd_close(&fd);
	return 0;
}

/* Content that is no longer in memory. */
static int
read_back(struct change *c)
{
	struct piece	*p = piece_new((size_t)c->letter->size);
	ssize_t		 n = fd_pread_all(c->place.fd, p->data, p->len,
			    (off_t)c->place.offset);

	if (n != -1 && (size_t)n == p->len) {
		STAILQ_INSERT_TAIL(&c->content, p, entry);
		return 0;
	}
	free(p);
	if (n != -1)
		errno = EIO;
	return -1;
}

/* If it is damaged, the checksum that goes with it says so. */
static int
write_spill(struct spool *s, struct change *c)
{
	if (STAILQ_EMPTY(&c->content) && c->letter->size > 0 &&
	    read_back(c) == -1)
		return -1;
	file_free(c->file);
	c->file = file_new(c->letter->id);
	c->file->replaces = c->replayed;
	if (extend(s, c) == -1)
		return -1;
	c->file->crc = c->crc;
	return file_finish(c->file, s, c->letter);
}

static int
write_new(struct spool *s, struct change *c)
{
	if (c->kind == CHANGE_SPILL)
		return write_spill(s, c);
	if (c->file == NULL)
		c->file = file_new(c->letter->id);
	if (extend(s, c) == -1)
		return -1;
	c->crc = c->file->crc;
	return file_finish(c->file, s, c->letter);
}

static int
write_file(struct spool *s, struct change *c)
{
	if (c->kind == CHANGE_DISCARD) {
		file_discard(c->file, s);
		return 0;
	}
	if (c->kind == CHANGE_STREAM)
		return extend(s, c);
	if (c->kind == CHANGE_ADOPT)
		return check_adopted(s, c);
	if (!has_new_file(c))
		return 0;
	if (write_new(s, c) == -1)
		return -1;
	file_hurry(c->file);
	return 0;
}

/* All new files from `c` to `end` are closed then, also those that failed. */
static void
sync_files(struct change *c, const struct change *end,
    bool touched[DIRECTORIES])
{
	for (; c != end; c = after(c)) {
		if (!has_new_file(c))
			continue;
		if (c->error != 0) {
			if (c->file != NULL)
				fd_close(&c->file->fd);
			continue;
		}
		if (file_sync(c->file) == -1)
			c->error = errno;
		touched[c->letter->id % DIRECTORIES] = true;
	}
}

/* Some at a time: a batch has no limit, descriptors have. */
static void
write_files(struct spool *s, struct job_list *batch, bool touched[DIRECTORIES])
{
	struct change	*c, *next, *open = first_of(batch);
	unsigned	 n = 0;

	for (c = open; c != NULL; c = next) {
		next = after(c);
		c->error = write_file(s, c) == -1 ? errno : 0;
		if (!has_new_file(c) || ++n % FILES_AT_ONCE != 0)
			continue;
		sync_files(open, next, touched);
		open = next;
	}
	sync_files(open, NULL, touched);
}

/* Names that are not known to be on disk fail their changes. */
static void
fail_directory(struct job_list *batch, int i, int error)
{
	struct change	*c;

	for (c = first_of(batch); c != NULL; c = after(c))
		if (has_new_file(c) && c->error == 0 &&
		    c->letter->id % DIRECTORIES == (unsigned)i)
			c->error = error;
}

static void
sync_directories(struct spool *s, struct job_list *batch,
    const bool touched[DIRECTORIES])
{
	int	 i;

	for (i = 0; i < DIRECTORIES; i++)
		if (touched[i] && fsync(s->dirs[i]) == -1)
			fail_directory(batch, i, errno);
}

/* ---- the index ----------------------------------------------------------- */

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
	r.position = c->position;
	return writing_set(w, c->id, c->number, &r, &c->tally);
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

static int
apply_drop(struct writing *w, struct change *c)
{
	bool	 removed = false;
	size_t	 i;

	for (i = 0; i < c->count; i++) {
		if (writing_set(w, c->id, c->numbers[i], NULL,
		    &c->tally) == -1)
			return -1;
		removed = removed || c->tally.removed;
	}
	c->tally.removed = removed;
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
	count_spilled(c, rows);
	free(rows);
	return result;
}

static int
apply_adopt(struct writing *w, struct change *c)
{
	if (!c->vanished && writing_store(w, c->letter) == -1 &&
	    errno != EEXIST)
		return -1;
	return 0;
}

static int
apply(struct writing *w, struct change *c)
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
		return apply_drop(w, c);
	case CHANGE_DESTINATION:
		return writing_destination(w, span_of(c->name), c->closed,
		    c->failures);
	case CHANGE_REMOVE:
		return writing_remove(w, c->id, &c->tally);
	case CHANGE_RETRY:
		c->retried = c->retry;
		return writing_retry(w, &c->retried);
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

static bool
is_for_index(const struct change *c)
{
	switch (c->kind) {
	case CHANGE_STREAM:
	case CHANGE_DISCARD:
	case CHANGE_UNLINK:
	case CHANGE_SETTLE:
		return false;
	case CHANGE_STORE:
	case CHANGE_NOTICE:
		return c->error == 0 && (!c->hot || c->position != 0);
	default:
		return c->error == 0;
	}
}

static bool
any_for_index(struct job_list *batch)
{
	struct change	*c;

	for (c = first_of(batch); c != NULL; c = after(c))
		if (is_for_index(c))
			return true;
	return false;
}

static void
fail_all(struct job_list *batch, int error)
{
	struct change	*c;

	for (c = first_of(batch); c != NULL; c = after(c))
		if (is_for_index(c))
			c->error = error;
}

/* The fault of the change, and not of the index or the disk? */
static bool
is_own_fault(int error)
{
	return error == EIO || error == EEXIST || error == EINVAL ||
	    error == ENOENT;
}

/* How far the journal has been applied. */
static int
note_position(struct writing *w, struct job_list *batch)
{
	struct change	*c;
	uint64_t	 highest = 0;

	for (c = first_of(batch); c != NULL; c = after(c))
		if (is_for_index(c) && c->position > highest)
			highest = c->position;
	return highest > 0 ? writing_position(w, highest) : 0;
}

/*
 * One pass over the batch.  0: committed.  1: one change is at fault and was
 * failed; again without it.  -1 with errno: none of them.
 */
static int
try_index(struct index *x, struct job_list *batch)
{
	struct writing	 w;
	struct change	*c;

	if (writing_begin(&w, x) == -1)
		return -1;
	for (c = first_of(batch); c != NULL; c = after(c)) {
		if (!is_for_index(c) || apply(&w, c) == 0)
			continue;
		c->error = errno;
		writing_abort(&w);
		errno = c->error;
		if (is_own_fault(c->error))
			return 1;
		c->error = 0;
		return -1;
	}
	if (note_position(&w, batch) == -1) {
		writing_abort(&w);
		return -1;
	}
	return writing_commit(&w);
}

/*
 * After a commit that failed half-way nobody knows what is on disk: then
 * nothing may be unlinked, and the next life looks.
 */
static void
write_index(const struct spool *s, struct index *x, struct job_list *batch)
{
	int	 result = 1, error;

	while (result == 1 && any_for_index(batch))
		result = try_index(x, batch);
	if (result != -1)
		return;
	error = errno;
	if (error == EIO && spool_is_full(s))
		error = ENOSPC;		/* LMDB says so of a short write */
	if (!index_is_sane(x))
		fatal("index: %s, and its state is unknown", strerror(error));
	log_error("index: %s", strerror(error));
	fail_all(batch, error);
}

/* ---- what may go --------------------------------------------------------- */

static void
remove_message(struct spiller *s, const struct change *c)
{
	char	 id[ID_SIZE];

	s->dirty[c->id % DIRECTORIES] = true;
	if ((c->aside ? spool_set_aside(s->spool, c->id) :
	    spool_remove(s->spool, c->id)) == 0 || errno == ENOENT)
		return;
	id_format(id, c->id);
	log_warning("%s: its file stays until the next start: %s", id,
	    strerror(errno));
}

/* Before the journal forgets that they were to go, the names are gone. */
static int
settle_directories(struct spiller *s)
{
	int	 i;

	for (i = 0; i < DIRECTORIES; i++) {
		if (!s->dirty[i])
			continue;
		if (fsync(s->spool->dirs[i]) == -1)
			return -1;
		s->dirty[i] = false;
	}
	return 0;
}

static void
drop_file(struct spool *s, struct change *c)
{
	char	 id[ID_SIZE];

	id_format(id, c->letter->id);
	log_error("%s: not stored: %s", id, strerror(c->error));
	if (c->file != NULL)
		file_discard(c->file, s);
	file_free(c->file);
	c->file = NULL;
}

static void
clear_away(struct spiller *s, struct job_list *batch)
{
	struct change	*c;

	for (c = first_of(batch); c != NULL; c = after(c)) {
		if (has_new_file(c) && c->error != 0)
			drop_file(s->spool, c);
		if (c->kind == CHANGE_UNLINK ||
		    (c->error == 0 && c->tally.removed))
			remove_message(s, c);
		if (c->kind == CHANGE_SETTLE && settle_directories(s) == -1)
			c->error = errno;
	}
}

void
spiller_batch(struct spiller *s, struct job_list *batch)
{
	bool	 touched[DIRECTORIES] = { false };

	write_files(s->spool, batch, touched);
	sync_directories(s->spool, batch, touched);
	write_index(s->spool, s->index, batch);
	clear_away(s, batch);
}

static void
work(struct jobs *j, struct job_list *batch, void *arg)
{
	spiller_batch(arg, batch);
	jobs_give_back(j, batch);
}

struct jobs *
spiller_new(struct loop *loop, struct spiller *s)
{
	return jobs_new(loop, work, s);
}
