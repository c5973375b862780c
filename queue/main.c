/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "queue/index_read.h"
#include "queue/inspect.h"
#include "queue/queue.h"
#include "queue/reader.h"
#include "queue/result.h"
#include "queue/sweep.h"
#include "shared/clock.h"
#include "shared/log.h"

/* Until master says otherwise. */
enum {
	RETRY_FIRST	= 5 * 60,
	RETRY_LONGEST	= 60 * 60,
	LIFE		= 5 * 24 * 60 * 60,
	NOTICE_LIFE	= 24 * 60 * 60,
	SIZE_MAX_MIB	= 50,

	OPEN_FILES	= 2 * STREAMS_MAX + DIRECTORIES + READS_MAX +
			  SEGMENTS_MAX
};

static struct queue	 queue = {
	.hostname = "localhost",
	.retry_first = RETRY_FIRST, .retry_max = RETRY_LONGEST,
	.life = LIFE, .notice_life = NOTICE_LIFE,
	.size_max = (uint64_t)SIZE_MAX_MIB << 20
};

struct queue *
queue_state(void)
{
	return &queue;
}

uint64_t
queue_now(void)
{
	return walltime_now(&queue.walltime, clock_now());
}

uint64_t
queue_next_id(struct queue *q)
{
	uint64_t	 now = queue_now();

	q->last = now > q->last ? now : q->last + 1;
	return q->last;
}

/* ---- the beginning ------------------------------------------------------- */

static void	 work(void *);

static unsigned
credit(enum role r)
{
	if (r == ROLE_SMTPD)
		return OPEN_ENVELOPES_MAX;
	return r == ROLE_CONTROL || r == ROLE_MONITOR ? ADMIN_SESSIONS_MAX : 0;
}

/*
 * Nothing is looked up or handed out before remote and local have told what
 * they are still doing for an older queue.
 */
static void
work(void *arg)
{
	struct queue	*q = arg;

	if (q->working)
		return;
	q->working = true;
	timer_unset(&q->patience);
	schedule_start(q);
	hots_begin(q);
}

void
queue_check_ready(struct queue *q)
{
	if (q->started && deliverers_have_told(q))
		work(q);
}

static void
after_drop(struct process *p)
{
	queue.process = p;
	queue.loop = process_loop(p);
	envelopes_init(&queue);
	messages_init(&queue.messages);
	hots_init(&queue.hots);
	expand_init(&queue.expansions);
	destinations_init(&queue.destinations);
	deliverers_init(&queue);
	content_init(&queue.content);
	schedule_init(&queue);
	timer_init(&queue.patience, queue.loop, work, &queue);
	spool_open(&queue.spool);
	queue.index = index_open(&queue.spool);
	queue.last = index_last(queue.index);
	queue.writer.spool = &queue.spool;
	queue.writer.index = queue.index;
	queue.spiller = spiller_new(queue.loop, &queue.writer);
	queue.reader = reader_new(queue.loop);
	journal_open(&queue);
	walltime_begin(&queue.walltime, clock_wall(), queue.last, clock_now());
	queue.known = queue.last;
	queue.first = queue_next_id(&queue);
}

static void
start(void)
{
	if (queue.started)
		return;
	queue.started = true;
	journal_begin(&queue);
	timer_in(&queue.patience, HOLD_TIME);
	sweep_start(&queue);
	queue_check_ready(&queue);
}

static void
on_conf_host(struct peer *p, struct msg *m)
{
	(void)p;
	(void)span_copy(m->conf_host.hostname, queue.hostname,
	    sizeof queue.hostname);
}

static void
on_conf_queue(struct peer *p, struct msg *m)
{
	(void)p;
	queue.retry_first = m->conf_queue.retry_first;
	queue.retry_max = m->conf_queue.retry_max;
	queue.life = m->conf_queue.life;
	queue.notice_life = m->conf_queue.notice_life;
	queue.size_max = m->conf_queue.size_max;
	queue.journal.limit = m->conf_queue.journal_limit;
	queue.journal.segment = m->conf_queue.journal_segment;
	queue.journal.message = m->conf_queue.journal_message;
}

/* ---- neighbours ---------------------------------------------------------- */

static bool
is_deliverer(const struct peer *p)
{
	return peer_role(p) == ROLE_REMOTE || peer_role(p) == ROLE_LOCAL;
}

static void
found(struct peer *p)
{
	if (is_deliverer(p))
		deliverer_found(&queue, p);
}

static void
lost(struct peer *p)
{
	if (peer_role(p) == ROLE_SMTPD)
		envelopes_lost(&queue, p);
	else if (peer_role(p) == ROLE_LOOKUP)
		expand_lost(&queue);
	else if (is_deliverer(p))
		deliverer_lost(&queue, p);
}

/* ---- turns and the end --------------------------------------------------- */

/* In this order: what one brings up the next can use in the same turn. */
static void
end_of_turn(void)
{
	if (queue.working) {
		schedule_pump(&queue);
		destinations_feed(&queue);
		expand_pump(&queue);
		dispatch_pump(&queue);
		content_pump(&queue);
	}
	hots_spill(&queue);
	journal_pump(&queue);
	jobs_flush(queue.journal.jobs);
	jobs_flush(queue.reader);
	jobs_flush(queue.spiller);
}

static bool
is_idle(const struct queue *q)
{
	return jobs_outstanding(q->spiller) == 0 &&
	    jobs_outstanding(q->reader) == 0 &&
	    jobs_outstanding(q->journal.jobs) == 0 &&
	    TAILQ_EMPTY(&q->hots.leaving);
}

/* Changes that fail are not waited for: the next life does them again. */
void
queue_check_end(struct queue *q)
{
	if (!q->stopping || !is_idle(q))
		return;
	journal_pump(q);
	if (!is_idle(q))
		return;
	if (q->ends_clean && !q->journal.is_clean)
		log_error("%u messages stay in the journal: copy it along "
		    "with the files", q->hots.count);
	process_exit(q->process, 0);
}

/* For good, the spool is files only; a successor finds all in the journal. */
static void
stop(void)
{
	queue.stopping = true;
	queue.ends_clean = !process_has_successor(queue.process);
	if (queue.ends_clean)
		journal_spill_all(&queue);
	queue_check_end(&queue);
}

static const struct route inbox[] = {
	{ MSG_OPEN,		on_open },
	{ MSG_RECIPIENT,	on_recipient },
	{ MSG_CONTENT,		on_content },
	{ MSG_END,		on_end },
	{ MSG_ABORT,		on_abort },
	{ MSG_TARGET,		on_target },
	{ MSG_EXPANDED,		on_expanded },
	{ MSG_WANT,		on_want },
	{ MSG_RESULT,		on_result },
	{ MSG_DONE,		on_done },
	{ MSG_RUNNING,		on_running },
	{ MSG_READY,		on_ready },
	{ MSG_RETIRE,		on_retire },
	{ MSG_LIST,		on_list },
	{ MSG_RETRY,		on_retry },
	{ MSG_DELETE,		on_delete },
	{ MSG_UNSURE,		on_unsure },
	{ MSG_CONF_HOST,	on_conf_host },
	{ MSG_CONF_QUEUE,	on_conf_queue },
	{ MSG_COUNT,		NULL }
};

static const struct priv_path paths[] = {
	{ ".", PRIV_READ | PRIV_WRITE },
	{ NULL, 0 }
};

static const struct program program = {
	.role = ROLE_QUEUE,
	.priv = {
		.calls = PRIV_FILES | PRIV_THREADS,
		.paths = paths,
		.files = OPEN_FILES,
		.writes_files = true,
		.maps_files = true
	},
	.credit = credit,
	.after_drop = after_drop,
	.start = start,
	.found = found,
	.lost = lost,
	.stop = stop,
	.end_of_turn = end_of_turn,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	int	 status = program_run(&program, argc, argv);

	jobs_free(queue.reader);
	jobs_free(queue.spiller);
	journal_close(&queue);
	index_close(queue.index);
	spool_close(&queue.spool);
	return status;
}
