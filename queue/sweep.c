/* SPDX-License-Identifier: ISC */
/*
 * One directory a job.  What the reader finds to adopt comes back as letters,
 * at most ADOPT_MAX; the same directory is looked at again when they have
 * rows, so nothing needs to be remembered.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/queue.h"
#include "queue/sweep.h"
#include "queue/trailer.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

struct sweep {
	struct job	 job;
	struct spool	*spool;
	struct index	*index;
	unsigned	 dir;		/* the one to look at */
	uint64_t	 first;		/* ids above are of this life */
	uint64_t	 last;		/* that the disk knew of at start */
	bool		 rebuild;
	bool		 lost;		/* the journal is gone */
	uint64_t	*hot;		/* ids that it had at start, sorted */
	size_t		 nhot;

	/* of this directory */
	struct letter	*adopted[ADOPT_MAX];
	unsigned	 count, waiting;
	bool		 again;

	/* of all */
	unsigned	 removed, aside, total;
};

/* ---- in the reader ------------------------------------------------------- */

static void
set_aside(struct sweep *s, uint64_t id, const char *why)
{
	char	 name[ID_SIZE];

	id_format(name, id);
	if (spool_set_aside(s->spool, id) == -1) {
		log_error("%s: %s, and cannot be moved to quarantine: %s",
		    name, why, strerror(errno));
		return;
	}
	log_error("%s: %s, moved to quarantine", name, why);
	s->aside++;
}

static void
remove_leftover(struct sweep *s, const char *name)
{
	if (unlinkat(s->spool->dirs[s->dir], name, 0) == -1 &&
	    errno != ENOENT)
		log_warning("%s: a leftover stays: %s", name,
		    strerror(errno));
	else
		s->removed++;
}

/* A whole message of a lost index: its letter goes back to the loop. */
static void
adopt(struct sweep *s, int fd, uint64_t id, struct trailer *t)
{
	if (t->letter->id != id || trailer_check_content(fd, t) == -1) {
		set_aside(s, id, "a damaged message");
		return;
	}
	if (s->count == ADOPT_MAX) {
		s->again = true;
		return;
	}
	s->adopted[s->count++] = t->letter;
	t->letter = NULL;
}

/* Not yet acknowledged when all ended, or by an index that was put back to
 * what it was before. */
static void
remove_known(struct sweep *s, const char *name, uint64_t id)
{
	if (id > s->last)
		set_aside(s, id, "a message that is newer than the index");
	else
		remove_leftover(s, name);
}

/*
 * No row: done or never acknowledged if it was this index that had it.  Above
 * `first` only what is of another index is our business.
 */
static void
judge(struct sweep *s, int fd, const char *name, uint64_t id)
{
	struct trailer	 t;

	if (trailer_read(fd, &t) == -1) {
		if (errno != EBADMSG)
			log_error("%s: %s", name, strerror(errno));
		else if (id <= s->first)
			set_aside(s, id, "no whole message, and unknown");
		return;
	}
	if (t.lineage == s->spool->lineage && (!s->lost || id > s->first)) {
		if (id <= s->first)
			remove_known(s, name, id);
	} else if (s->rebuild)
		adopt(s, fd, id, &t);
	else
		set_aside(s, id, "a message of another index, and unknown");
	letter_free(t.letter);
}

static bool
has_row(struct sweep *s, uint64_t id)
{
	struct view	 v;
	bool		 has;

	view_open(&v, s->index);
	has = view_has_message(&v, id);
	view_close(&v);
	return has;
}

static int
compare_ids(const void *a, const void *b)
{
	const uint64_t	*x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* What the journal had is not to be judged by its rows. */
static bool
was_hot(const struct sweep *s, uint64_t id)
{
	return bsearch(&id, s->hot, s->nhot, sizeof id, compare_ids) != NULL;
}

static void
look_at(struct sweep *s, const char *name)
{
	char		 proper[SPOOL_NAME_SIZE];
	struct span	 base;
	uint64_t	 id;
	bool		 part;
	int		 fd;

	part = span_cut(span_of(name), '.', &base).len > 0;
	if (!id_parse(base, &id) || id % DIRECTORIES != s->dir)
		return;
	spool_part_name(proper, id);
	if (!part)
		proper[ID_LEN] = '\0';
	if (strcmp(name, proper) != 0 || was_hot(s, id))
		return;
	if (part && id <= s->first)
		remove_leftover(s, name);
	if (part || has_row(s, id))
		return;
	fd = spool_open_message(s->spool, id);
	if (fd != -1)
		judge(s, fd, name, id);
	else if (errno != ENOENT)
		log_error("%s: %s", name, strerror(errno));
	fd_close(&fd);
}

static void
look(struct job *job)
{
	struct sweep	*s = (struct sweep *)job;
	int		 fd = openat(s->spool->dirs[s->dir], ".",
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR		*d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent	*e;

	s->count = 0;
	s->again = false;
	if (d == NULL) {
		log_error("message/%02x: %s", s->dir, strerror(errno));
		fd_close(&fd);
		return;
	}
	while ((e = readdir(d)) != NULL)
		look_at(s, e->d_name);
	(void)closedir(d);
}

/* ---- in the loop --------------------------------------------------------- */

static void
sweep_free(struct sweep *s)
{
	free(s->hot);
	free(s);
}

static void
finish(struct queue *q, struct sweep *s)
{
	if (s->removed > 0)
		log_info("%u leftover%s of unfinished work removed",
		    s->removed, s->removed == 1 ? "" : "s");
	if (s->aside > 0)
		log_error("%u file%s in quarantine: nothing is known of them",
		    s->aside, s->aside == 1 ? "" : "s");
	if (s->rebuild) {
		log_warning("the index is rebuilt: %u message%s; what was "
		    "delivered before may be delivered again", s->total,
		    s->total == 1 ? "" : "s");
		change_put(q, change_new(CHANGE_REBUILT, change_free));
	}
	sweep_free(s);
}

static void
go_on(struct queue *q, struct sweep *s)
{
	if (!s->again)
		s->dir++;
	if (s->dir < DIRECTORIES && !q->stopping)
		jobs_put(q->reader, &s->job);
	else if (s->dir == DIRECTORIES)
		finish(q, s);
	else
		sweep_free(s);
}

static void
on_adopted(struct change *c)
{
	struct queue	*q = queue_state();
	struct sweep	*s = c->owner;

	if (c->id > q->last)
		q->last = c->id;
	if (!c->vanished) {
		schedule_backlog(q, c->id);
		s->total++;
	}
	change_free(c);
	if (--s->waiting == 0)
		go_on(q, s);
}

static void
on_looked(struct job *job)
{
	struct sweep	*s = (struct sweep *)job;
	struct queue	*q = queue_state();
	struct change	*c;
	unsigned	 i;

	s->waiting = s->count;
	for (i = 0; i < s->count; i++) {
		c = change_new(CHANGE_ADOPT, on_adopted);
		c->id = s->adopted[i]->id;
		c->letter = s->adopted[i];
		c->owner = s;
		change_put(q, c);
	}
	if (s->count == 0)
		go_on(q, s);
	queue_check_end(q);
}

/* The tree is sorted by id. */
static void
remember_hot(struct queue *q, struct sweep *s)
{
	struct message	*m;

	s->hot = xcalloc(q->hots.count + 1, sizeof *s->hot);
	RB_FOREACH(m, message_tree, &q->messages.tree)
		if (m->hot)
			s->hot[s->nhot++] = m->id;
}

void
sweep_start(struct queue *q)
{
	struct sweep	*s = xcalloc(1, sizeof *s);

	s->job.work = look;
	s->job.done = on_looked;
	s->spool = &q->spool;
	s->index = q->index;
	s->first = q->first;
	s->last = q->known;
	s->lost = q->journal_lost;
	s->rebuild = s->lost || index_rebuild(q->index) == REBUILD_INDEX;
	remember_hot(q, s);
	if (s->rebuild && !s->lost)
		log_warning("there is no index, but there are messages: it is "
		    "made again from them");
	jobs_put(q->reader, &s->job);
}
