/* SPDX-License-Identifier: ISC */
/*
 * Builds disks that a power cut may leave, at every point of a log, and checks
 * each of them.
 *
 * usage: states [-j JOBS] [-k KEEP] [-n STATES] [-s SEED] LOG PLACE
 *
 * PLACE: a directory, best in memory, to build them in.  KEEP: a directory
 * where bad states are left.  The last line is "S states, L lost, P points"; 1
 * is returned when one was lost.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "tests/crash/checker.h"
#include "tests/crash/number.h"
#include "tests/crash/spot.h"
#include "tests/crash/runner.h"

enum { JOBS_MAX = 64, PATH_SIZE = 1024, TOLD_MAX = 3 };

struct options {
	uint64_t	 states, seed, jobs;
	const char	*keep, *place;
};

struct result {
	uint64_t	 states, lost, points;
};

struct worker {
	const struct options *o;
	const struct log *log;
	struct result	*result;
	unsigned	 nth;
	size_t		 from, to;	/* its points */
	uint64_t	 share;
	uint64_t	*seen;		/* sums of states, hashed */
	size_t		 seen_room;

	struct dice	 dice;
	struct disk	 disk;
	struct state	 state;
	struct spot	*place;
	struct runner	*runner;
	char		 dir[PATH_SIZE];
	uint64_t	 promises;	/* marks before this point */
};

/* ---- one state ----------------------------------------------------------- */

/* Is it new?  The same disk is another one when more was promised. */
static bool
see(struct worker *w)
{
	struct dice	 d = { w->state.sum + w->promises };
	uint64_t	 sum = dice_throw(&d) | 1;
	size_t		 i = sum % w->seen_room;

	while (w->seen[i] != 0 && w->seen[i] != sum)
		i = (i + 1) % w->seen_room;
	if (w->seen[i] == sum)
		return false;
	w->seen[i] = sum;
	return true;
}

static void
tell(struct worker *w, enum verdict v, unsigned nth)
{
	const struct record	*r = &w->log->records[w->disk.at - 1];
	char			 path[PATH_SIZE * 2];

	if (w->result->lost > TOLD_MAX)
		return;
	(void)printf("FAIL %s behind record %zu of %zu (op %" PRIu32 " file %"
	    PRIu64 "), choice %u\n%s", verdict_name(v), w->disk.at,
	    w->log->count, r->head.op, r->head.file, nth,
	    runner_text(w->runner));
	(void)fflush(stdout);
	if (w->o->keep == NULL)
		return;
	(void)snprintf(path, sizeof path, "%s/%u-%" PRIu64, w->o->keep, w->nth,
	    w->result->lost);
	spot_put(spot_new(path, &w->disk), &w->state);
}

static void
try(struct worker *w, unsigned nth)
{
	enum verdict	 v;

	state_choose(&w->state, &w->disk, nth, &w->dice);
	if (!see(w))
		return;
	spot_put(w->place, &w->state);
	v = runner_check(w->runner, w->disk.at);
	w->result->states++;
	if (v == GOOD)
		return;
	w->result->lost++;
	tell(w, v, nth);
}

/* ---- all points ---------------------------------------------------------- */

/* The states that are still wanted are spread over the points that come. */
static void
walk(struct worker *w, unsigned round)
{
	const struct record	*r;
	unsigned		 i, first = round == 0 ? 0 : STATE_EDGES;
	uint64_t		 left, each;

	disk_init(&w->disk, w->log);
	state_init(&w->state, &w->disk);
	w->place = spot_new(w->dir, &w->disk);
	w->promises = 0;
	while (w->disk.at < w->to && disk_step(&w->disk)) {
		r = &w->log->records[w->disk.at - 1];
		w->promises += r->head.op == LOG_MARK;
		if (w->disk.at <= w->from || r->head.op == LOG_BEGIN)
			continue;
		left = w->to - w->disk.at + 1;
		each = w->share < w->result->states ? 0 :
		    (w->share - w->result->states + left - 1) / left;
		for (i = 0; i < each; i++)
			try(w, first + i);
	}
	spot_free(w->place);
	state_clear(&w->state, &w->disk);
	disk_clear(&w->disk);
}

static void
work(struct worker *w)
{
	uint64_t	 before;
	unsigned	 round = 0;

	w->seen_room = w->share * 4 + 64;
	w->seen = xcalloc(w->seen_room, sizeof *w->seen);
	w->dice.state = w->o->seed * JOBS_MAX + w->nth;
	(void)snprintf(w->dir, sizeof w->dir, "%s/%u", w->o->place, w->nth);
	w->runner = runner_new(w->log, check_state, w->dir);
	do {
		before = w->result->states;
		walk(w, round++);
	} while (w->result->states < w->share && w->result->states != before);
	w->result->points = w->to - w->from;
	runner_free(w->runner);
}

/* ---- all workers --------------------------------------------------------- */

static pid_t
start(const struct options *o, const struct log *l, struct result *r,
    unsigned nth)
{
	struct worker	 w = { .o = o, .log = l, .result = r, .nth = nth };
	pid_t		 pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid != 0)
		return pid;
	w.from = l->count * nth / o->jobs;
	w.to = l->count * (nth + 1) / o->jobs;
	w.share = o->states / o->jobs;
	work(&w);
	exit(0);
}

static bool
run(const struct options *o, const struct log *l, struct result *sum)
{
	struct result	*r = mmap(NULL, JOBS_MAX * sizeof *r, PROT_READ |
			    PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t		 pids[JOBS_MAX];
	unsigned	 i;
	int		 status;
	bool		 good = true;

	if (r == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < o->jobs; i++)
		pids[i] = start(o, l, &r[i], i);
	for (i = 0; i < o->jobs; i++) {
		if (waitpid(pids[i], &status, 0) == -1 || status != 0)
			good = false;
		sum->states += r[i].states;
		sum->lost += r[i].lost;
		sum->points += r[i].points;
	}
	return good;
}

static bool
take_options(struct options *o, int argc, char **argv)
{
	int	 c;

	while ((c = getopt(argc, argv, "j:k:n:s:")) != -1) {
		if (c == 'j')
			o->jobs = number(optarg);
		else if (c == 'k')
			o->keep = optarg;
		else if (c == 'n')
			o->states = number(optarg);
		else if (c == 's')
			o->seed = number(optarg);
		else
			return false;
	}
	return optind + 2 == argc && o->jobs > 0 && o->jobs <= JOBS_MAX;
}

int
main(int argc, char **argv)
{
	struct options	 o = { .states = 1000, .jobs = 1 };
	struct result	 sum = { 0, 0, 0 };
	struct log	 l;

	if (!take_options(&o, argc, argv))
		errx(2, "usage: states [-j JOBS] [-k KEEP] [-n STATES] "
		    "[-s SEED] LOG PLACE");
	o.place = argv[optind + 1];
	log_read(&l, argv[optind]);
	if (!run(&o, &l, &sum))
		errx(2, "a worker failed");
	(void)printf("%" PRIu64 " states, %" PRIu64 " lost, %" PRIu64
	    " points\n", sum.states, sum.lost, sum.points);
	return sum.lost > 0;
}
