/* SPDX-License-Identifier: ISC */
/*
 * usage: queue_sim [EVENTS [SEED]]
 *
 * Rounds of ROUND_EVENTS events, each with a spool, a model and a seed of its
 * own; a round that failed is done again by its seed alone.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "queue/life.h"
#include "tests/sim/model.h"
#include "tests/sim/peer.h"

enum { CALM_STEPS = 3000000, OPEN_FTW = 16, MEMORY_SLACK = 4 };

static struct sim	*the;

/* ---- fate ---------------------------------------------------------------- */

static void
ask_for_end(bool successor)
{
	if (the->queue->stopping)
		return;
	note("stop, successor %d", successor);
	the->successor = successor;
	life_stop(the->queue);
}

static void
neighbours_come(void)
{
	switch (below(4)) {
	case 0:
		smtpd_join();
		return;
	case 1:
		lookup_join();
		return;
	case 2:
		if (the->queue->started)
			deliver_join();
		return;
	default:
		admin_join();
	}
}

static void
somebody_dies(void)
{
	switch (below(4)) {
	case 0:
		smtpd_die();
		return;
	case 1:
		lookup_die();
		return;
	case 2:
		deliver_die();
		return;
	default:
		admin_die();
	}
}

static void
weather(void)
{
	enum who	 who = 1 + below(WHO_COUNT - 1);
	int64_t		 was;

	if (chance(1, 3))
		the->full = !the->full && chance(1, 4);
	if (chance(1, 8)) {
		was = the->wall;
		the->wall += ((int64_t)below(7200) - 3600) * 1000000;
		the->back = the->back || the->wall < was;
	}
	if (who == COMMITTER && !the->fails[who] && !chance(1, 4))
		return;
	the->fails[who] = !the->fails[who];
	the->rotten |= who == READER;
	note("disk of %d %s", who, the->fails[who] ? "fails" : "is well");
}

static void
fate_event(void)
{
	switch (below(24)) {
	case 0: case 1: case 2: case 3:
		longjmp(the->top, CRASHED);
	case 4: case 5: case 6:
		the->odds = 20;		/* within the next batches */
		return;
	case 7: case 8: case 9: case 10:
		somebody_dies();
		return;
	case 11: case 12: case 13:
		weather();
		return;
	case 14: case 15:
		deliver_retire();
		return;
	case 16:
		ask_for_end(chance(1, 2));
		return;
	default:
		return;
	}
}

/* ---- a round ------------------------------------------------------------- */

/* A stop that does not come to its end is ended by master. */
static void
look_after(void)
{
	if (the->exited)
		queue_end();
	else if (the->queue->stopping && chance(1, 3000))
		longjmp(the->top, CRASHED);
	else if (the->queue->journal.is_dead && chance(1, 300))
		ask_for_end(false);
}

static void
step(void)
{
	if (the->queue == NULL) {
		queue_begin();
		return;
	}
	if (!the->queue->started && chance(1, 3))
		queue_begin_work();
	else if (chance(1, 20))
		neighbours_come();
	else if (!the->calm && chance(1, the->peace))
		fate_event();
	else if (!work_event())
		return;
	the->events++;
	if (chance(3, 4) || the->calm)
		turn();
	if (the->events % 16 == 0)
		audit_turn();
	look_after();
}

static bool
is_idle(void)
{
	const struct queue	*q = the->queue;

	return q != NULL && q->working && smtpd_is_idle() &&
	    deliver_is_idle() && q->messages.count == 0 &&
	    q->hots.count == 0 && model_is_over();
}

static void
calm_down(void)
{
	unsigned	 i;

	the->calm = true;
	the->odds = 0;
	the->full = false;
	for (i = 0; i < WHO_COUNT; i++)
		the->fails[i] = false;
	if (the->queue != NULL && the->queue->journal.is_dead)
		ask_for_end(false);
}

static void
come_to_rest(void)
{
	unsigned long	 n = 0;
	int64_t		 due;

	while (!is_idle()) {
		if (++n > CALM_STEPS) {
			audit_end();
			broken("there is no end");
		}
		step();
		if (the->queue != NULL && the->queue->working && n % 64 == 0 &&
		    timers_next(&due) && due > the->now) {
			the->now = due;
			timers_fire();
			turn();
		}
	}
	audit_end();
}

static int
tell_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_F)
		printf("\tleft: %s, %lld octets\n", path,
		    (long long)st->st_size);
	return 0;
}

/*
 * All is over: nothing is left, neither on disk nor in memory.  What the sweep
 * could not read, and what was half spilled when queue died and then delivered
 * hot, goes at the next start only; and what has an id above the clock, since
 * that was set back, when its time has come.
 */
static void
look_for_leftovers(void)
{
	struct queue	*q = the->queue;
	struct view	 v;
	unsigned	 i;

	view_open(&v, q->index);
	if (view_messages(&v) != 0)
		broken("%llu messages are left in the index",
		    (unsigned long long)view_messages(&v));
	view_close(&v);
	if (!the->litters && !the->rotten && !the->back &&
	    spool_has_messages(&q->spool)) {
		(void)nftw("message", tell_file, OPEN_FTW, FTW_PHYS);
		broken("files are left");
	}
	if (q->envelopes.staged != 0 || q->envelopes.text != 0 ||
	    q->envelopes.streams != 0 || q->envelopes.leaving != 0)
		broken("envelopes: %zu octets, %zu of text, %u streams",
		    q->envelopes.staged, q->envelopes.text,
		    q->envelopes.streams);
	if (q->expansions.octets != 0 || q->content.reading != 0)
		broken("leaves or chunks are left");
	for (i = 0; i < SEGMENTS_MAX; i++)
		if (q->journal.held[i] != 0)
			broken("segment %u is held by nobody, %u times", i,
			    q->journal.held[i]);
}

/* Once more around, for what unlinks later. */
static void
finish_threads(void)
{
	unsigned	 i;
	int64_t		 due;

	for (i = 0; i < 4000; i++) {
		(void)thread_run(1 + i % (WHO_COUNT - 1));
		(void)thread_collect(1 + i % (WHO_COUNT - 1));
		if (i % 1000 == 999 && timers_next(&due) && due > the->now)
			the->now = due;
		timers_fire();
		turn();
	}
}

static void
rest(bool *over)
{
	calm_down();
	come_to_rest();
	finish_threads();
	look_for_leftovers();
	destinations_forget(the->queue);
	digests_forget(&the->queue->digests);
	if (memory_blocks() > the->blocks + MEMORY_SLACK) {
		memory_tell();
		broken("%zu blocks of memory, %zu at the beginning",
		    memory_blocks(), the->blocks);
	}
	ask_for_end(false);
	finish_threads();
	if (!the->exited)
		broken("it does not end");
	queue_end();
	*over = true;
}

/* What a stopped queue leaves is whole without its journal. */
static void
begin_once_more(void)
{
	queue_begin();
	queue_begin_work();
	finish_threads();
	look_for_leftovers();
}

static bool
live(void)
{
	static bool	 over;

	over = false;
	switch (setjmp(the->top)) {
	case FAILED:
		return false;
	case CRASHED:
		queue_crash();
		break;
	default:
		queue_begin();
		queue_begin_work();
		finish_threads();
		the->blocks = memory_blocks();
		break;
	}
	while (the->events < the->limit)
		step();
	if (!over)
		rest(&over);
	begin_once_more();
	return true;
}

static void
begin_round(uint64_t seed, unsigned long limit)
{
	static const unsigned	 peace[] = { 60, 300, 300, 2000 };
	unsigned	 mode;

	the->seed = the->random = seed;
	(void)any();
	the->events = 0;
	the->queue = NULL;
	the->tokens = 0;
	the->limit = limit;
	the->calm = the->full = the->back = false;
	memset(the->fails, 0, sizeof the->fails);
	the->now = 1000000000;
	the->wall = 1795000000000000;
	the->odds = 0;
	the->eager = seed % 6 == 0;
	the->peace = peace[below(4)];
	mode = below(10);
	the->always_on = mode < 7;
	the->never_on = mode == 7;
}

static void
tell(unsigned long events, double seconds)
{
	printf("%lu events, %.0f a second; %lu lives, %lu crashes, %lu ends, "
	    "%lu points on disk, %lu faults\n", events,
	    (double)events / seconds, the->lives, the->crashes, the->stops,
	    the->spots, the->faults);
	printf("%lu messages accepted, %lu deliveries, %lu of them repeats "
	    "that nobody could know of, %lu notices, of %lu delays, %lu of "
	    "several messages\n", the->accepted, the->delivered,
	    the->repeated, the->notices, the->delays, the->digests);
}

int
main(int argc, char **argv)
{
	unsigned long	 limit = argc > 1 ? strtoul(argv[1], NULL, 10) :
			    10 * ROUND_EVENTS;
	uint64_t	 seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned long	 done = 0, events = 0, n, passed = 0, failed = 0;
	char		 place[] = "/dev/shm/relais-sim.XXXXXX";
	struct timespec	 from, to;

	the = sim_new();
	if (mkdtemp(place) == NULL) {
		perror(place);
		return 1;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	for (; done < limit; seed++) {
		n = limit - done < ROUND_EVENTS ? limit - done : ROUND_EVENTS;
		begin_round(seed, n);
		if (round_do(place, live))
			passed++;
		else
			failed++;
		done += n;
		events += the->events;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	(void)rmdir(place);
	tell(events, (double)(to.tv_sec - from.tv_sec) +
	    (double)(to.tv_nsec - from.tv_nsec) / 1e9);
	printf("%lu passed, %lu failed\n", passed, failed);
	return failed > 0;
}
