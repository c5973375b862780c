/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "queue/index.h"
#include "queue/index_read.h"
#include "queue/trailer.h"
#include "shared/fd.h"
#include "tests/crash/life.h"
#include "tests/crash/truth.h"

enum { TRUTHS_MAX = 1024, SAID_MAX = 2048 };

/* Who is to get what. */
struct truth {
	uint64_t	 id;
	uint32_t	 number;
	uint64_t	 digest;	/* of the sender and the address */
};

static struct all {
	struct truth	 list[TRUTHS_MAX];
	size_t		 count;
	unsigned	 warnings;	/* that are given of what is whole */
	bool		 journal, has_all_kinds;
} *all;				/* shared by all processes */

static bool	 seen[TRUTHS_MAX];	/* which of them, in this one */

void
truth_init(bool journal)
{
	all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED |
	    MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		err(1, "mmap");
	all->journal = journal;
}

/* ---- rows ---------------------------------------------------------------- */

static uint64_t
digest(const struct message_row *m, const struct recipient_row *r)
{
	struct recipient_row	 only = { .state = ROW_NEW };

	only.address = r->address;
	only.original = r->original;
	only.destination = only.relay = span_of("");
	return digest_recipient(digest_message(m->size, 0, &m->sender), 0,
	    &only);
}

typedef void	 recipient_function(uint64_t id, uint32_t number,
		    uint64_t digest);

static void
each_recipient(recipient_function *take)
{
	struct view		 v;
	struct message_row	 m;
	struct recipient_row	 r;
	uint64_t		 id = 0;
	int64_t			 number;

	view_open(&v, life_index());
	while (view_next_message(&v, &id, &m)) {
		number = -1;
		while (view_next_recipient(&v, id, &number, &r))
			take(id, (uint32_t)number, digest(&m, &r));
	}
	view_close(&v);
}

static struct truth *
truth_of(uint64_t id, uint32_t number)
{
	size_t	 i;

	for (i = 0; i < all->count; i++)
		if (all->list[i].id == id && all->list[i].number == number)
			return &all->list[i];
	return NULL;
}

/* ---- what was said ------------------------------------------------------- */

/* Standard error is a file. */
static void
read_said(char text[SAID_MAX + 1])
{
	ssize_t	 n = pread(STDERR_FILENO, text, SAID_MAX, 0);

	text[n < 0 ? 0 : n] = '\0';
}

static unsigned
count_warnings(const char *text)
{
	const char	*at;
	unsigned	 n = 0;

	for (at = text; (at = strstr(at, "error: ")) != NULL; at++)
		n++;
	for (at = text; (at = strstr(at, "warning: ")) != NULL; at++)
		n++;
	return n;
}

bool
truth_is_told(const char *text)
{
	return count_warnings(text) > all->warnings;
}

/* ---- learning ------------------------------------------------------------ */

static void
learn_one(uint64_t id, uint32_t number, uint64_t sum)
{
	if (all->count == TRUTHS_MAX)
		errx(1, "too many recipients");
	all->list[all->count++] = (struct truth){ id, number, sum };
}

static bool
has_all_states(struct view *v)
{
	bool			 has[ROW_FAILED + 1] = { false };
	struct message_row	 m;
	struct recipient_row	 r;
	uint64_t		 id = 0;
	int64_t			 number;

	while (view_next_message(v, &id, &m)) {
		number = -1;
		while (view_next_recipient(v, id, &number, &r))
			has[r.state] = true;
	}
	return has[ROW_NEW] && has[ROW_WAITING] && has[ROW_FAILED];
}

/* Who waits makes rows in the other tables. */
static bool
has_closed_destination(struct view *v)
{
	struct destination_row	 d;
	struct due_key		 k = { .name = span_of("") };

	while (view_next_due(v, &k))
		if (view_destination(v, k.name, &d) && d.failures > 0)
			return true;
	return false;
}

static bool
has_all_kinds(void)
{
	struct view	 v;
	uint64_t	 mail = 0, notice = 0;
	bool		 has;

	view_open(&v, life_index());
	has = view_next_age(&v, AGE_MAIL, &mail) &&
	    view_next_age(&v, AGE_NOTICE, &notice) && has_all_states(&v) &&
	    has_closed_destination(&v);
	view_close(&v);
	return has;
}

bool
truth_learn(const char *dir, const struct promises *p)
{
	char	 text[SAID_MAX + 1];

	(void)p;
	all->count = 0;
	life_begin(dir);
	life_sweep();
	each_recipient(learn_one);
	all->has_all_kinds = has_all_kinds();
	life_end();
	read_said(text);
	all->warnings = count_warnings(text);
	return true;
}

bool
truth_has_all_kinds(void)
{
	return all->has_all_kinds;
}

/* ---- comparing ----------------------------------------------------------- */

/* Of an index that was made again only the messages are known, and that what
 * was done comes again. */
static bool
is_message(uint64_t id)
{
	size_t	 i;

	for (i = 0; i < all->count; i++)
		if (all->list[i].id == id)
			return true;
	return false;
}

static bool
is_whole(uint64_t id)
{
	struct trailer	 t;
	int		 fd = spool_open_message(life_spool(), id);
	bool		 whole = false;

	if (fd != -1 && trailer_read(fd, &t) == 0) {
		whole = t.letter->id == id &&
		    trailer_check_content(fd, &t) == 0;
		letter_free(t.letter);
	}
	fd_close(&fd);
	return whole;
}

/*
 * A record that says what became of somebody is damaged: a message that was
 * accepted once, and is whole, comes again.  That is told, unless the record
 * is in the last batch, which might never have been finished.  Or its file has
 * gone already: then its sender is told that it cannot be delivered.
 */
static bool
is_repeat(uint64_t id)
{
	char	 name[ID_SIZE];

	id_format(name, id);
	return all->journal && (is_whole(id) ||
	    faccessat(spool_dir(life_spool(), id), name, F_OK, 0) == -1);
}

static void
compare_one(uint64_t id, uint32_t number, uint64_t sum)
{
	struct truth	*t = truth_of(id, number);

	if (index_is_new(life_index()) && is_message(id)) {
		if (t != NULL)
			seen[t - all->list] = true;
		return;
	}
	if (t == NULL && is_repeat(id))
		return;
	if (t == NULL || t->digest != sum)
		(void)fprintf(stderr, "GARBAGE: %" PRIu64 "/%" PRIu32 "\n",
		    id, number);
	else
		seen[t - all->list] = true;
}

/* What an admin finds in quarantine is not lost. */
static bool
is_aside(uint64_t id)
{
	char	 name[ID_SIZE];

	id_format(name, id);
	return faccessat(life_spool()->quarantine, name, F_OK, 0) == 0;
}

/* What would not go out as it came in is refused by content.c, in this way. */
static void
look_at(const struct truth *t, bool told)
{
	if (!seen[t - all->list] && !told && !is_aside(t->id))
		(void)fprintf(stderr, "LOST: %" PRIu64 "/%" PRIu32 "\n",
		    t->id, t->number);
	if (seen[t - all->list] && !is_whole(t->id))
		(void)fprintf(stderr, "warning: its file is damaged\n");
}

/* All are delivered: the index is written to as well. */
static void
deliver_all(void)
{
	struct job_list	 list = STAILQ_HEAD_INITIALIZER(list);
	struct change	*c;
	size_t		 i;

	for (i = 0; i < all->count; i++) {
		c = change_new(CHANGE_DELETE, change_free);
		c->id = all->list[i].id;
		c->number = all->list[i].number;
		STAILQ_INSERT_TAIL(&list, &c->job, entry);
	}
	life_batch(&list);
	while ((c = (struct change *)STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, entry);
		change_free(c);
	}
}

bool
truth_check(const char *dir, const struct promises *p)
{
	char	 text[SAID_MAX + 1];
	bool	 told;
	size_t	 i;

	(void)p;
	memset(seen, 0, sizeof seen);
	life_begin(dir);
	life_sweep();
	each_recipient(compare_one);
	read_said(text);
	told = truth_is_told(text);
	for (i = 0; i < all->count; i++)
		look_at(&all->list[i], told);
	deliver_all();
	life_end();
	return true;
}
