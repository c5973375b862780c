/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/index_read.h"
#include "queue/trailer.h"
#include "shared/fd.h"
#include "tests/crash/checker.h"
#include "tests/crash/life.h"

/* The sweep costs as much as all the rest. */
enum { GROUPS_MAX = 256, SWEEP_EVERY = 8 };

/* Of a group that may be: could it be that it was done, that it was not? */
struct group {
	uint64_t	 number;
	bool		 done, undone;
};

struct look {
	const struct promises *promises;
	struct view	 view;
	uint64_t	 incoming, waiting, aged;
	struct group	 groups[GROUPS_MAX];
	unsigned	 count;
	unsigned	 bad;
};

static void
tell(struct look *l, uint64_t id, const char *fmt, ...)
{
	va_list	 ap;
	char	 text[200];

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "%" PRIu64 ": %s\n", id, text);
	l->bad++;
}

/* ---- one message --------------------------------------------------------- */

/* What is found: the crc is that of the file. */
static uint64_t
digest(struct look *l, uint64_t id, const struct message_row *m)
{
	uint64_t		 sum = digest_message(m->size, m->flags,
				    &m->sender);
	struct recipient_row	 r;
	int64_t			 number = -1;
	uint32_t		 left = 0, fresh = 0, failed = 0;
	struct span		 name;
	bool			 rests = message_row_rests(m);

	while (view_next_recipient(&l->view, id, &number, &r)) {
		sum = digest_recipient(sum, (uint32_t)number, &r);
		left++;
		fresh += r.state == ROW_NEW;
		failed += r.state == ROW_FAILED;
		l->waiting += !rests && row_waits(&r, &name);
	}
	if (m->left != left || m->fresh != fresh || m->failed != failed)
		tell(l, id, "its counts are not those of its recipients");
	l->incoming += !rests && (fresh > 0 || failed == left);
	l->aged += !rests;
	return sum;
}

/* The checksum of its content, compared with it; -1: it is no whole file. */
static int64_t
read_file(struct look *l, uint64_t id, const struct message_row *m)
{
	struct trailer	 t;
	int		 fd = spool_open_message(life_spool(), id);
	int64_t		 crc = -1;

	if (fd == -1) {
		tell(l, id, "its file: %s", strerror(errno));
		return -1;
	}
	if (trailer_read(fd, &t) == -1) {
		tell(l, id, "its file has no trailer");
		fd_close(&fd);
		return -1;
	}
	if (t.letter->id != id || t.letter->size != m->size ||
	    t.lineage != life_spool()->lineage)
		tell(l, id, "its file is another's");
	else if (trailer_check_content(fd, &t) == -1)
		tell(l, id, "its content is damaged");
	else
		crc = t.crc;
	letter_free(t.letter);
	fd_close(&fd);
	return crc;
}

static void
vote(struct look *l, const struct fate *f, bool done, bool undone)
{
	unsigned	 i;

	for (i = 0; i < l->count; i++)
		if (l->groups[i].number == f->group)
			break;
	if (i == GROUPS_MAX)
		return;
	if (i == l->count)
		l->groups[l->count++] = (struct group){ f->group, true, true };
	l->groups[i].done = l->groups[i].done && done;
	l->groups[i].undone = l->groups[i].undone && undone;
}

/* `fits`: the fates that it could have met. */
static void
judge(struct look *l, const struct promise *p, unsigned fits)
{
	unsigned	 i;

	if (fits == 0) {
		tell(l, p->id, p->count > 1 ? "is neither as promised nor as "
		    "it may be (%u fates)" : "is not as promised", p->count);
		return;
	}
	/* A later fate may come of a life that found this one not met. */
	for (i = 1; i < p->count; i++)
		vote(l, &p->fates[i], (fits >> i) != 0,
		    (fits & ~(1U << i)) != 0);
}

static void
look_at_message(struct look *l, uint64_t id, const struct message_row *m)
{
	const struct promise	*p = promises_find(l->promises, id);
	const struct fate	*f;
	uint64_t		 rows = digest(l, id, m);
	int64_t			 crc = read_file(l, id, m);
	unsigned		 i, fits = 0;

	if (crc == -1)
		return;
	if (p == NULL) {
		tell(l, id, "nobody wrote it");
		return;
	}
	for (i = 0; i < p->count; i++) {
		f = &p->fates[i];
		if (!f->gone && f->size == m->size && f->crc == crc &&
		    f->rows == rows)
			fits |= 1U << i;
	}
	judge(l, p, fits);
}

static void
look_for_absent(struct look *l, const struct promise *p)
{
	unsigned	 i, fits = 0;

	if (view_has_message(&l->view, p->id))
		return;
	for (i = 0; i < p->count; i++)
		if (p->fates[i].gone)
			fits |= 1U << i;
	if (fits == 0)
		tell(l, p->id, "is lost");
	else
		judge(l, p, fits);
}

/* ---- the whole ----------------------------------------------------------- */

static void
look_at_tables(struct look *l)
{
	struct wait_key	 w;
	struct due_key	 d = { .name = span_of("") };
	uint64_t	 id = 0, aged = 0;
	unsigned	 class;

	while (view_next_incoming(&l->view, &id))
		l->incoming--;
	for (class = 0; class < AGE_COUNT; class++)
		for (id = 0; view_next_age(&l->view, class, &id); )
			aged++;
	while (view_next_due(&l->view, &d)) {
		w = (struct wait_key){ .name = d.name, .lane = d.lane };
		while (view_next_in_lane(&l->view, &w))
			l->waiting--;
	}
	if (l->incoming != 0 || l->waiting != 0 || aged != l->aged)
		tell(l, 0, "the tables of the index do not agree");
}

static void
look_at_groups(struct look *l)
{
	unsigned	 i;

	for (i = 0; i < l->count; i++)
		if (!l->groups[i].done && !l->groups[i].undone)
			tell(l, l->groups[i].number, "a group is half done");
}

static unsigned
look_at_index(const struct promises *p)
{
	struct look		 l = { .promises = p };
	struct message_row	 m;
	uint64_t		 id = 0;
	size_t			 i;

	view_open(&l.view, life_index());
	while (view_next_message(&l.view, &id, &m))
		look_at_message(&l, id, &m);
	for (i = 0; i < p->count; i++)
		look_for_absent(&l, &p->list[i]);
	look_at_tables(&l);
	look_at_groups(&l);
	view_close(&l.view);
	return l.bad;
}

/* ---- behind the sweep every file has its rows ---------------------------- */

static void
look_at_directory(struct look *l, unsigned nth)
{
	struct dirent	*e;
	uint64_t	 id;
	DIR		*d = fdopendir(openat(life_spool()->dirs[nth], ".",
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	if (d == NULL)
		abort();
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' &&
		    (!id_parse(span_of(e->d_name), &id) ||
		    !view_has_message(&l->view, id)))
			tell(l, 0, "the sweep left %s", e->d_name);
	(void)closedir(d);
}

/* Only where something may be: there are many directories. */
static unsigned
look_at_names(const struct promises *p)
{
	struct look	 l = { .bad = 0 };
	bool		 used[DIRECTORIES] = { false };
	size_t		 i;

	for (i = 0; i < p->count; i++)
		used[p->list[i].id % DIRECTORIES] = true;
	view_open(&l.view, life_index());
	for (i = 0; i < DIRECTORIES; i++)
		if (used[i])
			look_at_directory(&l, (unsigned)i);
	view_close(&l.view);
	return l.bad;
}

bool
check_state(const char *dir, const struct promises *p)
{
	static unsigned	 checks;
	unsigned	 bad;

	life_begin(dir);
	bad = look_at_index(p);
	if (bad == 0 && checks++ % SWEEP_EVERY == 0) {
		life_sweep();
		bad = look_at_index(p) + look_at_names(p);
	}
	life_end();
	return bad == 0;
}
