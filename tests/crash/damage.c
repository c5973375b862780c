/* SPDX-License-Identifier: ISC */
/*
 * Flips octets of files of a whole spool, one at a time, and looks what queue
 * makes of it: refuses to begin, says what is wrong, or takes no harm; but
 * never dies, and never takes for true what nobody wrote.
 *
 * usage: damage [-a] [-j JOBS] [-n OCTETS] [-s SEED] LOG PLACE NAME
 *
 * The spool is what LOG leaves at its end; NAME is that of the files, or "ID"
 * for those of messages.  PLACE: a directory, best in memory, to build spools
 * in.  -a: each octet is flipped, up to a block behind the last that is not
 * zero: once all of it, and once a bit; otherwise OCTETS of them, evenly.  The
 * last line counts what came of it; 1 is returned if any of that was bad, and 3
 * if -a finds mail of too few kinds in the index.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <err.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/id.h"
#include "tests/crash/number.h"
#include "tests/crash/spot.h"
#include "tests/crash/runner.h"
#include "tests/crash/truth.h"

enum {
	JOBS_MAX = 64, TOLD_MAX = 5, PATH_SIZE = 1024, BLOCK = 4096,
	EXIT_FEW = 3
};

/* How one flip ends; the last four are bad. */
enum end { SAME, TOLD, REFUSES, GARBAGE, LOST, DIES, HANGS, ENDS };

static const char *const	 names[ENDS] = {
	"same", "told", "refused", "garbage", "lost", "died", "hung"
};

struct result {
	uint64_t	 ends[ENDS];
};

static struct {
	uint64_t	 octets, seed, jobs;
	bool		 all;
	const char	*log, *place, *name;

	struct log	 l;
	struct disk	 disk;
	struct state	 state;
	uint64_t	 files, size;

	/* of one worker */
	unsigned	 nth;
	char		 dir[PATH_SIZE];
	struct spot	*at;
	struct runner	*runner;
	struct result	*result;
} damage = { .octets = 1000, .jobs = 1 };

/* ---- one flip ------------------------------------------------------------ */

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
	return truth_is_told(text) ? TOLD : SAME;
}

static void
flip(const char *name, struct content *c, size_t at, unsigned char mask)
{
	unsigned char	*octet = (unsigned char *)c->own + at;
	unsigned char	 was = *octet;
	enum verdict	 v;
	enum end	 e;

	*octet ^= mask;
	spot_put(damage.at, &damage.state);
	v = runner_check(damage.runner, damage.l.count);
	e = end_of(v, runner_text(damage.runner));
	damage.result->ends[e]++;
	if (e >= GARBAGE && damage.result->ends[e] <= TOLD_MAX) {
		(void)printf("%s: %s, octet %zu %#x is %#x\n%s", name,
		    names[e], at, was, *octet, runner_text(damage.runner));
		(void)fflush(stdout);
	}
	*octet = was;
}

/* ---- all flips of a worker ----------------------------------------------- */

static bool
is_meant(const struct entry *e)
{
	uint64_t	 id;

	if (disk_is_dir(&damage.disk, e->file))
		return false;
	return strcmp(damage.name, "ID") != 0 ?
	    strcmp(damage.name, e->name) == 0 :
	    id_parse(span_of(e->name), &id);
}

static struct dice
dice_for(uint64_t n)
{
	struct dice	 d = { damage.seed };

	d.state = dice_throw(&d) + n;
	return d;
}

static bool
is_ours(uint64_t n)
{
	return n % damage.jobs == damage.nth;
}

static void
flip_all(const char *name, struct content *c)
{
	struct dice	 d;
	size_t		 i, end = c->size;

	while (end > 0 && c->own[end - 1] == 0)
		end--;
	end = (end + BLOCK - 1) / BLOCK * BLOCK + BLOCK;
	for (i = 0; i < end && i < c->size; i++) {
		if (!is_ours(i))
			continue;
		d = dice_for(i);
		flip(name, c, i, 0xff);
		flip(name, c, i, (unsigned char)(1U << dice_below(&d, 8)));
	}
}

/* As many as it has of all octets. */
static void
flip_evenly(const char *name, struct content *c)
{
	static const unsigned char	 masks[] = { 0xff, 1, 0x80, 0x10 };
	uint64_t			 n = damage.octets * c->size /
					    damage.size, i;
	struct dice			 d;
	size_t				 from, to;

	if (n > c->size)
		n = c->size;
	for (i = 0; i < n; i++) {
		if (!is_ours(i))
			continue;
		d = dice_for(i);
		from = i * c->size / n;
		to = (i + 1) * c->size / n;
		from += dice_below(&d, (uint32_t)(to - from));
		flip(name, c, from, masks[dice_below(&d, sizeof masks)]);
	}
}

static void
flip_file(const struct entry *e)
{
	struct content	*c = &damage.state.files[e->file];

	if (c->size == 0)
		return;
	c->own = xreallocarray(NULL, c->size, 1);
	memcpy(c->own, c->data, c->size);
	c->data = c->own;
	if (damage.all)
		flip_all(e->name, c);
	else
		flip_evenly(e->name, c);
}

static void
open_place(check_function *check)
{
	(void)snprintf(damage.dir, sizeof damage.dir, "%s/%u", damage.place,
	    damage.nth);
	damage.at = spot_new(damage.dir, &damage.disk);
	damage.runner = runner_new(&damage.l, check, damage.dir);
}

static void
close_place(void)
{
	runner_free(damage.runner);
	spot_free(damage.at);
}

static void
work(void)
{
	struct names	*all = &damage.state.names;
	size_t		 i;

	open_place(truth_check);
	for (i = 0; i < all->count; i++)
		if (is_meant(&all->list[i]))
			flip_file(&all->list[i]);
	close_place();
}

/* ---- all workers --------------------------------------------------------- */

static void
learn(void)
{
	open_place(truth_learn);
	spot_put(damage.at, &damage.state);
	if (runner_check(damage.runner, damage.l.count) != GOOD)
		errx(2, "the spool: %s", runner_text(damage.runner));
	close_place();
	if (damage.all && strcmp(damage.name, "data.mdb") == 0 &&
	    !truth_has_all_kinds())
		exit(EXIT_FEW);
}

static pid_t
start(unsigned nth, struct result *r)
{
	pid_t	 pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	damage.nth = nth;
	damage.result = r;
	work();
	exit(0);
}

static bool
work_all(struct result *sum)
{
	struct result	*r = mmap(NULL, JOBS_MAX * sizeof *r, PROT_READ |
			    PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t		 pids[JOBS_MAX];
	unsigned	 i, e;
	int		 status;
	bool		 good = true;

	if (r == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < damage.jobs; i++)
		pids[i] = start(i, &r[i]);
	for (i = 0; i < damage.jobs; i++) {
		if (waitpid(pids[i], &status, 0) == -1 || status != 0)
			good = false;
		for (e = 0; e < ENDS; e++)
			sum->ends[e] += r[i].ends[e];
	}
	return good;
}

static void
prepare(void)
{
	struct names	*all = &damage.state.names;
	struct dice	 dice = { damage.seed };
	size_t		 i;

	truth_init(strcmp(damage.name, "00") == 0);
	log_read(&damage.l, damage.log);
	disk_init(&damage.disk, &damage.l);
	while (disk_step(&damage.disk))
		;
	state_init(&damage.state, &damage.disk);
	state_choose(&damage.state, &damage.disk, STATE_EDGES - 1, &dice);
	for (i = 0; i < all->count; i++)
		if (is_meant(&all->list[i])) {
			damage.files++;
			damage.size +=
			    damage.state.files[all->list[i].file].size;
		}
}

static bool
take_options(int argc, char **argv)
{
	int	 c;

	while ((c = getopt(argc, argv, "aj:n:s:")) != -1) {
		if (c == 'a')
			damage.all = true;
		else if (c == 'j')
			damage.jobs = number(optarg);
		else if (c == 'n')
			damage.octets = number(optarg);
		else if (c == 's')
			damage.seed = number(optarg);
		else
			return false;
	}
	return optind + 3 == argc && damage.jobs > 0 &&
	    damage.jobs <= JOBS_MAX;
}

static bool
tell(const struct result *r)
{
	uint64_t	 sum = 0;
	unsigned	 i;

	for (i = 0; i < ENDS; i++)
		sum += r->ends[i];
	(void)printf("%" PRIu64 " files of %" PRIu64 " octets, %" PRIu64
	    " flips:", damage.files, damage.size, sum);
	for (i = 0; i < ENDS; i++)
		(void)printf(" %" PRIu64 " %s%s", r->ends[i], names[i],
		    i + 1 < ENDS ? "," : "\n");
	return sum > 0 && r->ends[GARBAGE] + r->ends[LOST] + r->ends[DIES] +
	    r->ends[HANGS] == 0;
}

int
main(int argc, char **argv)
{
	struct result	 sum = { { 0 } };

	if (!take_options(argc, argv))
		errx(2, "usage: damage [-a] [-j JOBS] [-n OCTETS] [-s SEED] "
		    "LOG PLACE NAME");
	damage.log = argv[optind];
	damage.place = argv[optind + 1];
	damage.name = argv[optind + 2];
	prepare();
	learn();
	if (!work_all(&sum))
		errx(2, "a worker failed");
	return !tell(&sum);
}
