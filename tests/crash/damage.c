/* SPDX-License-Identifier: ISC */
/*
 * Flips octets of files of a whole spool, one at a time, and looks what queue
 * makes of it: refuses to begin, says what is wrong, or takes no harm; but
 * never dies, and never takes for true what nobody wrote.
 *
 * usage: damage [-n OCTETS] [-s SEED] LOG PLACE NAME
 *
 * The spool is what LOG leaves at its end; NAME is that of the files, or "ID"
 * for those of messages.  The last line counts what came of it; 1 is returned
 * if any of that was bad.
 */
#include <sys/mman.h>

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/index.h"
#include "queue/index_read.h"
#include "queue/trailer.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "tests/crash/life.h"
#include "tests/crash/spot.h"
#include "tests/crash/runner.h"

enum { TRUTHS_MAX = 1024, TOLD_MAX = 5, PATH_SIZE = 1024 };

/* How one flip ends; the last four are bad. */
enum end { SAME, TOLD, REFUSES, GARBAGE, LOST, DIES, HANGS, ENDS };

static const char *const	 names[ENDS] = {
	"same", "told", "refused", "garbage", "lost", "died", "hung"
};

/* Who is to get what, before anything was flipped. */
struct truth {
	uint64_t	 id;
	uint32_t	 number;
	uint64_t	 digest;	/* of the sender and the address */
	bool		 seen;
};

static struct {
	uint64_t	 octets, seed;
	const char	*log, *place, *name;
	struct truth	*truths;	/* shared with the child */
	size_t		*count;

	struct log	 l;
	struct disk	 disk;
	struct state	 state;
	struct spot	*at;
	struct runner	*runner;
	struct dice	 dice;
	uint64_t	 ends[ENDS], files, size;
} damage;

/* ---- in the child -------------------------------------------------------- */

static uint64_t
digest(const struct message_row *m, const struct recipient_row *r)
{
	struct recipient_row	 only = { .state = ROW_NEW };

	only.address = r->address;
	only.original = r->original;
	only.destination = only.relay = span_of("");
	return digest_recipient(digest_message(m->size, &m->sender), 0, &only);
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

static void
learn_one(uint64_t id, uint32_t number, uint64_t sum)
{
	if (*damage.count == TRUTHS_MAX)
		errx(1, "too many recipients");
	damage.truths[(*damage.count)++] = (struct truth){ id, number, sum,
	    false };
}

static bool
learn(const char *dir, const struct promises *p)
{
	(void)p;
	*damage.count = 0;
	life_begin(dir);
	each_recipient(learn_one);
	life_end();
	return true;
}

static struct truth *
truth_of(uint64_t id, uint32_t number)
{
	size_t	 i;

	for (i = 0; i < *damage.count; i++)
		if (damage.truths[i].id == id &&
		    damage.truths[i].number == number)
			return &damage.truths[i];
	return NULL;
}

/* Of an index that was made again only the messages are known, and that what
 * was done comes again. */
static bool
is_message(uint64_t id)
{
	size_t	 i;

	for (i = 0; i < *damage.count; i++)
		if (damage.truths[i].id == id)
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
	return strcmp(damage.name, "00") == 0 && (is_whole(id) ||
	    faccessat(spool_dir(life_spool(), id), name, F_OK, 0) == -1);
}

static void
compare_one(uint64_t id, uint32_t number, uint64_t sum)
{
	struct truth	*t = truth_of(id, number);

	if (index_is_new(life_index()) && is_message(id)) {
		if (t != NULL)
			t->seen = true;
		return;
	}
	if (t == NULL && is_repeat(id))
		return;
	if (t == NULL || t->digest != sum)
		(void)fprintf(stderr, "GARBAGE: %" PRIu64 "/%" PRIu32 "\n",
		    id, number);
	else
		t->seen = true;
}

/* What an admin finds in quarantine is not lost. */
static bool
is_told(uint64_t id, bool said)
{
	char	 name[ID_SIZE];

	id_format(name, id);
	return said || faccessat(life_spool()->quarantine, name, F_OK, 0) == 0;
}

/* All are delivered: the index is written to as well. */
static void
deliver_all(void)
{
	struct job_list	 list = STAILQ_HEAD_INITIALIZER(list);
	struct change	*c;
	size_t		 i;

	for (i = 0; i < *damage.count; i++) {
		c = change_new(CHANGE_DELETE, change_free);
		c->id = damage.truths[i].id;
		c->number = damage.truths[i].number;
		STAILQ_INSERT_TAIL(&list, &c->job, entry);
	}
	life_batch(&list);
	while ((c = (struct change *)STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, entry);
		change_free(c);
	}
}

/* What would not go out as it came in is refused by content.c, in this way. */
static void
read_file(uint64_t id)
{
	if (!is_whole(id))
		(void)fprintf(stderr, "told: its file is damaged\n");
}

static bool
check_damaged(const char *dir, const struct promises *p)
{
	bool	 said;
	size_t	 i;

	(void)p;
	for (i = 0; i < *damage.count; i++)
		damage.truths[i].seen = false;
	life_begin(dir);
	life_sweep();
	each_recipient(compare_one);
	said = lseek(STDERR_FILENO, 0, SEEK_CUR) > 0;
	for (i = 0; i < *damage.count; i++)
		if (damage.truths[i].seen)
			read_file(damage.truths[i].id);
		else if (!is_told(damage.truths[i].id, said))
			(void)fprintf(stderr, "LOST: %" PRIu64 "/%" PRIu32
			    "\n", damage.truths[i].id,
			    damage.truths[i].number);
	deliver_all();
	life_end();
	return true;
}

/* ---- flips --------------------------------------------------------------- */

static enum end
end_of(enum verdict v, const char *text)
{
	if (v == DIED)
		return DIES;
	if (v == HUNG)
		return HANGS;
	if (strstr(text, "GARBAGE") != NULL)
		return GARBAGE;
	if (strstr(text, "LOST") != NULL)
		return LOST;
	if (v == REFUSED)
		return REFUSES;
	return *text == '\0' ? SAME : TOLD;
}

static void
flip(const char *name, struct content *c, size_t at)
{
	static const unsigned char	 masks[] = { 0xff, 1, 0x80, 0x10 };
	unsigned char			*octet = (unsigned char *)c->own + at;
	unsigned char			 was = *octet;
	enum verdict			 v;
	enum end			 e;

	*octet ^= masks[dice_below(&damage.dice, sizeof masks)];
	spot_put(damage.at, &damage.state);
	v = runner_check(damage.runner, damage.l.count);
	e = end_of(v, runner_text(damage.runner));
	damage.ends[e]++;
	if (e >= GARBAGE && damage.ends[e] <= TOLD_MAX)
		(void)printf("%s: %s, octet %zu %#x is %#x\n%s", name,
		    names[e], at, was, *octet, runner_text(damage.runner));
	*octet = was;
}

static bool
is_meant(const struct entry *e)
{
	uint64_t	 id;

	return strcmp(damage.name, "ID") != 0 ?
	    strcmp(damage.name, e->name) == 0 :
	    id_parse(span_of(e->name), &id);
}

/* In every file as many as it has of all octets, evenly. */
static void
flip_file(const struct entry *e)
{
	struct content	*c = &damage.state.files[e->file];
	uint64_t	 n = damage.octets * c->size / damage.size, i;
	size_t		 from, to;

	c->own = xreallocarray(c->own, c->size + 1, 1);
	memcpy(c->own, c->data, c->size);
	c->data = c->own;
	if (n > c->size)
		n = c->size;
	for (i = 0; i < n; i++) {
		from = i * c->size / n;
		to = (i + 1) * c->size / n;
		flip(e->name, c, from + dice_below(&damage.dice,
		    (uint32_t)(to - from)));
	}
}

static void
run(void)
{
	struct runner	*teacher = runner_new(&damage.l, learn,
			    damage.place);
	struct names	*all = &damage.state.names;
	size_t		 i;

	spot_put(damage.at, &damage.state);
	if (runner_check(teacher, damage.l.count) != GOOD)
		errx(2, "the spool: %s", runner_text(teacher));
	runner_free(teacher);
	for (i = 0; i < all->count; i++)
		if (is_meant(&all->list[i])) {
			damage.files++;
			damage.size +=
			    damage.state.files[all->list[i].file].size;
		}
	for (i = 0; i < all->count; i++)
		if (is_meant(&all->list[i]) &&
		    damage.state.files[all->list[i].file].size > 0)
			flip_file(&all->list[i]);
}

static void
prepare(void)
{
	damage.truths = mmap(NULL, TRUTHS_MAX * sizeof *damage.truths +
	    sizeof *damage.count, PROT_READ | PROT_WRITE, MAP_SHARED |
	    MAP_ANONYMOUS, -1, 0);
	if (damage.truths == MAP_FAILED)
		err(1, "mmap");
	damage.count = (size_t *)(damage.truths + TRUTHS_MAX);
	log_read(&damage.l, damage.log);
	disk_init(&damage.disk, &damage.l);
	while (disk_step(&damage.disk))
		;
	state_init(&damage.state, &damage.disk);
	state_choose(&damage.state, &damage.disk, STATE_EDGES - 1,
	    &damage.dice);
	damage.at = spot_new(damage.place, &damage.disk);
	damage.runner = runner_new(&damage.l, check_damaged, damage.place);
}

static uint64_t
number(const char *text)
{
	uint64_t	 n;

	if (!span_parse_u64(span_of(text), UINT64_MAX, &n))
		errx(2, "%s: no number", text);
	return n;
}

int
main(int argc, char **argv)
{
	int		 c;
	unsigned	 i;

	damage.octets = 1000;
	while ((c = getopt(argc, argv, "n:s:")) != -1) {
		if (c == 'n')
			damage.octets = number(optarg);
		else if (c == 's')
			damage.dice.state = number(optarg);
		else
			return 2;
	}
	if (optind + 3 != argc)
		return 2;
	damage.log = argv[optind];
	damage.place = argv[optind + 1];
	damage.name = argv[optind + 2];
	prepare();
	run();
	runner_free(damage.runner);
	spot_free(damage.at);
	(void)printf("%" PRIu64 " files of %" PRIu64 " octets:", damage.files,
	    damage.size);
	for (i = 0; i < ENDS; i++)
		(void)printf(" %" PRIu64 " %s%s", damage.ends[i], names[i],
		    i + 1 < ENDS ? "," : "\n");
	return damage.ends[GARBAGE] + damage.ends[LOST] + damage.ends[DIES] +
	    damage.ends[HANGS] > 0;
}
