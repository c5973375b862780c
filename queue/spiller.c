/* SPDX-License-Identifier: ISC */
/*
 * The order of durability is here, and nowhere else: files, their fsyncs, the
 * directories' fsyncs, one index transaction, then what may go.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "queue/change.h"
#include "queue/spiller.h"
#include "shared/fd.h"
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

static bool
has_new_file(const struct change *c)
{
	return c->kind == CHANGE_STORE || c->kind == CHANGE_NOTICE;
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
	if (c->file == NULL)
		c->file = file_new(c->letter->id);
	if (extend(s, c) == -1 ||
	    file_finish(c->file, s, c->letter) == -1)
		return -1;
	file_hurry(c->file);
	return 0;
}

static void
write_files(struct spool *s, struct job_list *batch)
{
	struct change	*c;

	for (c = first_of(batch); c != NULL; c = after(c))
		c->error = write_file(s, c) == -1 ? errno : 0;
}

static void
sync_files(struct job_list *batch, bool touched[DIRECTORIES])
{
	struct change	*c;

	for (c = first_of(batch); c != NULL; c = after(c)) {
		if (!has_new_file(c) || c->error != 0)
			continue;
		if (file_sync(c->file) == -1)
			c->error = errno;
		touched[c->letter->id % DIRECTORIES] = true;
	}
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

static struct span
row_span(const struct piece *row)
{
	return span_make(row->data, row->len);
}

static int
apply_update(struct writing *w, struct change *c)
{
	struct recipient_row	 r, old;
	char			 raw[ROW_MAX];

	if (!recipient_row_decode(row_span(STAILQ_FIRST(&c->rows)), &r)) {
		errno = EINVAL;
		return -1;
	}
	if (c->keeps_reply) {
		if (writing_get(w, c->id, c->number, raw, &old) == 0) {
			r.reply = old.reply;
			r.relay = old.relay;
		} else if (errno != ENOENT)
			return -1;
	}
	return writing_set(w, c->id, c->number, &r, &c->tally);
}

/* Leaves first, so that the message always has somebody. */
static int
apply_replace(struct writing *w, struct change *c)
{
	struct recipient_row	 r;
	struct piece		*row;
	char			 raw[ROW_MAX];

	if (writing_get(w, c->id, c->number, raw, &r) == -1)
		return errno == ENOENT ?
		    writing_set(w, c->id, c->number, NULL, &c->tally) : -1;
	STAILQ_FOREACH(row, &c->rows, entry) {
		if (!recipient_row_decode(row_span(row), &r)) {
			errno = EINVAL;
			return -1;
		}
		if (writing_add(w, c->id, &r) == -1)
			return -1;
	}
	return writing_set(w, c->id, c->number, NULL, &c->tally);
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
	case CHANGE_STREAM:
	case CHANGE_DISCARD:
		return 0;
	case CHANGE_STORE:
		return apply_store(w, c);
	case CHANGE_UPDATE:
		return apply_update(w, c);
	case CHANGE_DELETE:
		return writing_set(w, c->id, c->number, NULL, &c->tally);
	case CHANGE_REPLACE:
		return apply_replace(w, c);
	case CHANGE_NOTICE:
		return apply_store(w, c) == -1 ? -1 : apply_drop(w, c);
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
		return writing_rebuilt(w);
	}
	errno = EINVAL;
	return -1;
}

static bool
is_for_index(const struct change *c)
{
	return c->error == 0 && c->kind != CHANGE_STREAM &&
	    c->kind != CHANGE_DISCARD;
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
	return writing_commit(&w);
}

/*
 * After a commit that failed half-way nobody knows what is on disk: then
 * nothing may be unlinked, and the next life looks.
 */
static void
write_index(struct index *x, struct job_list *batch)
{
	int	 result = 1, error;

	while (result == 1 && any_for_index(batch))
		result = try_index(x, batch);
	if (result != -1)
		return;
	error = errno;
	if (!index_is_sane(x))
		fatal("index: %s, and its state is unknown", strerror(error));
	log_error("index: %s", strerror(error));
	fail_all(batch, error);
}

/* ---- what may go --------------------------------------------------------- */

static void
remove_message(struct spool *s, const struct change *c)
{
	char	 id[ID_SIZE];

	if ((c->aside ? spool_set_aside(s, c->id) :
	    spool_remove(s, c->id)) == 0 || errno == ENOENT)
		return;
	id_format(id, c->id);
	log_warning("%s: its file stays until the next start: %s", id,
	    strerror(errno));
}

static void
drop_file(struct spool *s, struct change *c)
{
	char	 id[ID_SIZE];

	id_format(id, c->letter->id);
	log_error("%s: not stored: %s", id, strerror(c->error));
	file_discard(c->file, s);
	file_free(c->file);
	c->file = NULL;
}

static void
clear_away(struct spool *s, struct job_list *batch)
{
	struct change	*c;

	for (c = first_of(batch); c != NULL; c = after(c)) {
		if (has_new_file(c) && c->error != 0)
			drop_file(s, c);
		if (c->error == 0 && c->tally.removed)
			remove_message(s, c);
	}
}

void
spiller_batch(struct spool *s, struct index *x, struct job_list *batch)
{
	bool	 touched[DIRECTORIES] = { false };

	write_files(s, batch);
	sync_files(batch, touched);
	sync_directories(s, batch, touched);
	write_index(x, batch);
	clear_away(s, batch);
}

static void
work(struct jobs *j, struct job_list *batch, void *arg)
{
	struct spiller	*s = arg;

	spiller_batch(s->spool, s->index, batch);
	jobs_give_back(j, batch);
}

struct jobs *
spiller_new(struct loop *loop, struct spiller *s)
{
	return jobs_new(loop, work, s);
}
