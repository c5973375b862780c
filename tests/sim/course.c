/* SPDX-License-Identifier: ISC */
/* The lives of the queue, and the events in them. */
#include <sys/stat.h>

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "queue/life.h"
#include "shared/id.h"
#include "tests/sim/model.h"
#include "tests/sim/peer.h"

enum { SECOND = 1000000000, HOUR = 3600, EAGER_WORDS = 60, OPEN_FTW = 16 };

/* ---- lives --------------------------------------------------------------- */

static void
configure(void)
{
	struct sim	*s = sim();
	struct queue	*q = s->queue;

	(void)span_copy(span_of("mx.example"), q->hostname,
	    sizeof q->hostname);
	q->retry_first = RETRY_LOW;
	q->retry_max = RETRY_HIGH;
	q->life = LIFE_TIME;
	q->notice_life = NOTICE_TIME;
	q->size_max = BIGGEST;
	q->journal.segment = SEGMENT;
	q->journal.limit = s->never_on || (!s->always_on && chance(1, 3)) ?
	    0 : (uint64_t)(4 + 4 * below(3)) * SEGMENT;
	q->journal.message = MESSAGE;
	q->notices = (struct notices){ .delay = DELAY_TIME,
	    .gather = below(3) * GATHER_TIME, .digest_after = 1 + below(3),
	    .digest_time = below(2) * DIGEST_TIME };
}

/* What a dead queue gave an id above this one's clock, which did not hear of
 * it, is not this one's to sweep. */
static int
look_ahead(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	uint64_t	 id;

	(void)st;
	if (type == FTW_F && strlen(path + ftw->base) >= ID_LEN &&
	    id_parse(span_make(path + ftw->base, ID_LEN), &id) &&
	    id > sim()->queue->first)
		sim()->back = true;
	return 0;
}

void
queue_begin(void)
{
	struct sim	*s = sim();

	s->lives++;
	s->queue = own_new(sizeof *s->queue);
	s->exited = s->successor = false;
	s->rotten = s->fails[READER];
	s->running = LOOP;
	s->depth = 0;
	s->beginning = true;
	s->odds = !s->calm && chance(1, 12) ? 200 : 0;
	note("begin");
	life_open(s->queue, NULL);
	s->litters = s->queue->hots.count > 0;
	(void)nftw("message", look_ahead, OPEN_FTW, FTW_PHYS);
	notices_find();
	audit_start();
	configure();
	deliver_expect();
	if (chance(1, 4)) {
		smtpd_join();
		lookup_join();
	}
	s->beginning = false;
}

void
queue_begin_work(void)
{
	struct sim	*s = sim();
	unsigned	 i;

	s->beginning = true;
	life_start(s->queue);
	s->beginning = false;
	s->odds = 0;
	if (s->eager)
		deliver_join();
	for (i = 0; s->eager && i < EAGER_WORDS; i++)
		(void)deliver_event();
	turn();
}

void
queue_drop(void)
{
	struct sim	*s = sim();

	smtpd_queue_died();
	lookup_queue_died();
	deliver_queue_died();
	admin_queue_died();
	peers_forget();
	disk_forget();
	memory_drop();
	timers_forget();
	threads_forget();
	own_free(s->queue);
	s->queue = NULL;
	s->running = LOOP;
}

/* Behind an orderly end nobody needs it. */
static void
forget_journal(void)
{
	char	 name[16];
	int	 i;

	for (i = 0; i < SEGMENTS_MAX; i++) {
		(void)snprintf(name, sizeof name, "journal/%02x",
		    (unsigned)i & 0xff);
		(void)unlink(name);
	}
}

void
queue_end(void)
{
	struct sim	*s = sim();
	bool		 spare;

	note("ends");
	s->stops++;
	orphans_judge();
	spare = s->queue->journal.is_clean && chance(1, 3);
	life_close(s->queue);
	s->queue->index = NULL;
	queue_drop();
	if (spare)
		forget_journal();
}

void
queue_crash(void)
{
	note("crash");
	sim()->crashes++;
	orphans_judge();
	queue_drop();
}

/* ---- one turn ------------------------------------------------------------ */

void
turn(void)
{
	life_turn(sim()->queue);
	outbox_flush();
	notices_learn();
}

/* ---- work ---------------------------------------------------------------- */

static bool
thread_event(void)
{
	return thread_run(1 + below(WHO_COUNT - 1));
}

static bool
collect_event(void)
{
	return thread_collect(1 + below(WHO_COUNT - 1));
}

/* Small steps, mostly to the next timer; while the queue waits for what
 * deliverers know, nothing is to pass that makes it impatient. */
static bool
time_event(void)
{
	struct sim	*s = sim();
	int64_t		 due;

	if (!s->queue->working) {
		s->now += (int64_t)below(1000) * 1000;
		return false;
	}
	if (timers_next(&due) && due > s->now && chance(1, 3) && chance(1, 2))
		s->now = due;
	else if (!s->calm && chance(1, 200))
		s->now += (int64_t)below(HOUR) * SECOND;
	else
		s->now += (int64_t)below(100) * 1000000;
	timers_fire();
	return true;
}

bool
work_event(void)
{
	switch (below(16)) {
	case 0: case 1: case 2:
		return thread_event();
	case 3: case 4: case 5:
		return collect_event();
	case 6: case 7: case 8:
		return smtpd_event();
	case 9: case 10:
		return lookup_event();
	case 11: case 12: case 13: case 14:
		return deliver_event();
	default:
		return chance(1, 20) ? admin_event() : time_event();
	}
}

/* In the middle of a thread's work. */
void
event(void)
{
	struct sim	*s = sim();
	enum who	 was = s->running;

	s->depth++;
	s->running = LOOP;
	if (work_event()) {
		s->events++;
		turn();
	}
	s->running = was;
	s->depth--;
}
