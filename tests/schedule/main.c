/* SPDX-License-Identifier: ISC */
/*
 * usage: schedule [SEEDS [SEED]]
 *
 * As many worlds as SEEDS says, each with a seed, a spool and a clock of its
 * own; SIM_TRACE=1 tells what happened in them.  The clock goes from one event
 * to the next: all threads are as quick as the loop, and only neighbours take
 * time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "queue/life.h"
#include "tests/schedule/world.h"

enum { TURNS_MAX = 100000, STEPS_MAX = 1000000, STOP_TURNS = 100 };

static struct sim	*the;

/* ---- one turn ------------------------------------------------------------ */

static bool
work(void)
{
	bool	 any_work = false;
	int	 i;

	for (i = COMMITTER; i < WHO_COUNT; i++) {
		any_work |= thread_run((enum who)i);
		any_work |= thread_collect((enum who)i);
	}
	return any_work;
}

/* Until nothing more comes of it. */
void
turn(void)
{
	unsigned	 n = 0;

	do {
		life_turn(the->queue);
		outbox_flush();
		claims_lines();
		feed_answer();
		if (++n > TURNS_MAX)
			broken("a turn has no end");
	} while (work());
	life_turn(the->queue);
	outbox_flush();
	claims_lines();
	the->events++;
}

/* No disk is slow, and nobody else is quicker. */
void
event(void)
{
}

/* ---- lives --------------------------------------------------------------- */

static void
begin(void)
{
	the->lives++;
	the->queue = own_new(sizeof *the->queue);
	the->exited = false;
	the->running = LOOP;
	the->beginning = true;
	note("queue begins");
	life_open(the->queue, NULL);
	feed_join();
	couriers_join();
	life_start(the->queue);
	the->beginning = false;
	claims_begin();
	turn();
	if (!the->queue->working)
		broken("queue does not begin to work");
}

static void
forget(void)
{
	feed_queue_died();
	couriers_queue_died();
	peers_forget();
	disk_forget();
	memory_drop();
	timers_forget();
	threads_forget();
	own_free(the->queue);
	the->queue = NULL;
	the->running = LOOP;
}

static void
stop(bool successor)
{
	unsigned	 n = 0;

	the->successor = successor;
	life_stop(the->queue);
	while (!the->exited && n++ < STOP_TURNS)
		turn();
	if (!the->exited)
		broken("queue does not end");
	life_close(the->queue);
	the->queue->index = NULL;
}

static void
strike(enum stroke what)
{
	note("stroke %d", what);
	if (what == REMOTE_DIES) {
		courier_dies();
		return;
	}
	if (what != QUEUE_CRASHES)
		stop(what == QUEUE_IS_REPLACED);
	forget();
	begin();
}

/* ---- time ---------------------------------------------------------------- */

static bool
next_stroke(int64_t *when)
{
	const struct world	*w = world();

	if (w->struck == w->nstrokes)
		return false;
	*when = w->strokes[w->struck].when;
	return true;
}

static bool
next_time(int64_t *when)
{
	static bool	(*const next[])(int64_t *) = { timers_next, feed_next,
			    couriers_next, next_stroke };
	int64_t		 one;
	bool		 found = false;
	size_t		 i;

	for (i = 0; i < sizeof next / sizeof next[0]; i++)
		if (next[i](&one) && (!found || one < *when)) {
			*when = one;
			found = true;
		}
	return found;
}

static void
step(void)
{
	struct world	*w = world();
	int64_t		 when = 0;

	if (!next_time(&when))
		broken("nothing will ever happen");
	if (when > the->now)
		the->now = when;
	timers_fire();
	couriers_due();
	feed_due();
	if (w->struck < w->nstrokes &&
	    w->strokes[w->struck].when <= the->now)
		strike(w->strokes[w->struck++].what);
	turn();
	claims_hold();
}

/* ---- a world ------------------------------------------------------------- */

static bool
live(void)
{
	unsigned	 n = 0;

	if (setjmp(the->top) != 0)
		return false;
	world_draw();
	begin();
	while (!claims_are_over()) {
		if (the->now > world()->end || n++ > STEPS_MAX)
			claims_end();
		step();
	}
	claims_end();
	stop(false);
	return true;
}

static void
prepare(uint64_t seed)
{
	the->seed = the->random = seed;
	(void)any();
	the->events = 0;
	the->queue = NULL;
	the->tokens = 0;
	the->depth = 2;		/* no events within others */
	the->now = SECONDS;
	the->wall = 1795000000000000;
}

int
main(int argc, char **argv)
{
	unsigned long	 seeds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	uint64_t	 seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned long	 turns = 0, passed = 0, failed = 0;
	char		 place[] = "/dev/shm/relais-schedule.XXXXXX";

	the = sim_new();
	if (mkdtemp(place) == NULL) {
		perror(place);
		return 1;
	}
	for (; passed + failed < seeds; seed++) {
		prepare(seed);
		if (round_do(place, live))
			passed++;
		else
			failed++;
		turns += the->events;
	}
	(void)rmdir(place);
	printf("%lu worlds, %lu turns, %lu lives\n", seeds, turns, the->lives);
	printf("%lu passed, %lu failed\n", passed, failed);
	return failed > 0;
}
