/* SPDX-License-Identifier: ISC */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "queue/jobs.h"
#include "queue/queue.h"

/*
 * A queue whose threads, clock, neighbours and death are events, drawn from a
 * seed: the loop's code is the real one, and so is the disk.  What a round
 * did, the same seed does again.
 */
enum who { LOOP, COMMITTER, SPILLER, READER, WHO_COUNT };

/* Why a round's frame is returned to. */
enum { CRASHED = 1, FAILED };

enum {
	ROUND_EVENTS	= 10000,
	SEGMENT		= 256 << 10,
	MESSAGE		= 16 << 10,	/* largest in the journal */
	BIGGEST		= 300 << 10,	/* message that is taken */
	LIFE_TIME	= 2 * 60 * 60,	/* seconds */
	NOTICE_TIME	= 60 * 60,
	DELAY_TIME	= 15 * 60,
	GATHER_TIME	= 5 * 60,
	DIGEST_TIME	= 20 * 60,
	RETRY_LOW	= 60,
	RETRY_HIGH	= 10 * 60
};

struct sim {
	uint64_t	 seed, random;
	unsigned long	 events, limit;		/* of this round */
	jmp_buf		 top;
	bool		 trace;

	int64_t		 now;			/* monotonic, ns */
	int64_t		 wall;			/* ahead of it, us */
	bool		 back;			/* it was set back */
	uint64_t	 tokens;

	struct queue	*queue;			/* NULL: there is none */
	bool		 beginning;		/* nothing may fail */
	bool		 exited, successor;
	bool		 calm;			/* nothing goes wrong more */
	bool		 always_on, never_on;	/* the journal */
	bool		 eager;			/* deliverers tell at once */
	bool		 rotten;		/* reads failed in this life */
	bool		 litters;		/* it began with hot messages */
	enum who	 running;		/* a thread's batch, or LOOP */
	unsigned	 depth;		/* of events in events */
	bool		 fails[WHO_COUNT];	/* its disk */
	unsigned	 peace;		/* between two strokes of fate */
	unsigned	 odds;		/* of a crash at a system call */
	bool		 full;			/* the disk says so */
	size_t		 blocks;		/* of memory, when empty */

	/* told at the end */
	unsigned long	 lives, crashes, stops, faults, accepted, delivered,
			 notices, delays, digests, repeated, spots;
};

struct sim	*sim(void);

/* In memory that a round shares with who began it. */
struct sim	*sim_new(void);

/*
 * A round: `live` in a process of its own, in a directory of its own below
 * `place`, that is gone behind it.  False when it said so, or died of it.
 */
bool		 round_do(const char *place, bool (*live)(void));

/* ---- chance -------------------------------------------------------------- */

uint64_t	 any(void);
unsigned	 below(unsigned n);
bool		 chance(unsigned in, unsigned of);
uint64_t	 hash(uint64_t seed, const char *text);

/* A rule was broken: told, and the round is over. */
void		 broken(const char *, ...)
    __attribute__((__format__(__printf__, 1, 2), __noreturn__));
void		 note(const char *, ...)
    __attribute__((__format__(__printf__, 1, 2)));

/* ---- memory: what the queue has dies with it ----------------------------- */

void		*own_new(size_t);		/* not the queue's: zeros */
void		 own_free(void *);
size_t		 memory_blocks(void);
void		 memory_drop(void);
void		 memory_tell(void);

/* ---- threads ------------------------------------------------------------- */

bool		 thread_run(enum who);		/* false: nothing to do */
bool		 thread_collect(enum who);
void		 threads_forget(void);

/* ---- time ---------------------------------------------------------------- */

void		 timers_forget(void);
bool		 timers_next(int64_t *due);
void		 timers_fire(void);		/* all that are due */

/* ---- disk ---------------------------------------------------------------- */

void		 disk_forget(void);		/* what a dead queue had open */

/* ---- the course of things ------------------------------------------------ */

void		 queue_begin(void);
void		 queue_begin_work(void);	/* START */
void		 queue_end(void);		/* as main does, and gone */
void		 queue_crash(void);
void		 queue_drop(void);	/* memory, descriptors, neighbours */
void		 turn(void);
void		 event(void);			/* one, whichever */
bool		 work_event(void);		/* of work, not of fate */

#endif
