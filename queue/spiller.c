/* SPDX-License-Identifier: ISC */
/*
 * The order of durability is here, and nowhere else: files, their fsyncs, the
 * directories' fsyncs, one index transaction, then what may go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/apply.h"
#include "queue/change.h"
#include "queue/spiller.h"
#include "shared/alloc.h"
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

/* How far the journal has been applied, and delays are told; nobody commits for
 * that alone. */
static int
note_progress(struct writing *w, struct job_list *batch)
{
	struct change	*c;
	uint64_t	 highest = 0, delayed = 0;

	for (c = first_of(batch); c != NULL; c = after(c)) {
		if (is_for_index(c) && c->position > highest)
			highest = c->position;
		if (c->delayed > delayed)
			delayed = c->delayed;
	}
	if (delayed > 0 && writing_delayed(w, delayed) == -1)
		return -1;
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
		if (!is_for_index(c) || change_apply(&w, c) == 0)
			continue;
		c->error = errno;
		writing_abort(&w);
		errno = c->error;
		if (is_own_fault(c->error))
			return 1;
		c->error = 0;
		return -1;
	}
	if (note_progress(&w, batch) == -1) {
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
remove_message(struct spiller *s, uint64_t message, bool aside)
{
	char	 id[ID_SIZE];

	s->dirty[message % DIRECTORIES] = true;
	if ((aside ? spool_set_aside(s->spool, message) :
	    spool_remove(s->spool, message)) == 0 || errno == ENOENT)
		return;
	id_format(id, message);
	log_warning("%s: its file stays until the next start: %s", id,
	    strerror(errno));
}

static void
remove_lots(struct spiller *s, const struct change *c)
{
	size_t	 i;

	for (i = 0; c->error == 0 && i < c->nlots; i++)
		if (c->lots[i].tally.removed)
			remove_message(s, c->lots[i].id, false);
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
			remove_message(s, c->id, c->aside);
		remove_lots(s, c);
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
