/* SPDX-License-Identifier: ISC */
#include "queue/index_read.h"
#include "queue/inspect.h"
#include "queue/life.h"
#include "queue/queue.h"
#include "queue/reader.h"
#include "queue/result.h"
#include "queue/sweep.h"
#include "shared/clock.h"
#include "shared/log.h"

uint64_t
queue_now(void)
{
	const struct queue	*q = queue_state();

	return walltime_now(&q->walltime, loop_now(q->loop));
}

uint64_t
queue_next_id(struct queue *q)
{
	uint64_t	 now = queue_now();

	q->last = now > q->last ? now : q->last + 1;
	return q->last;
}

/* ---- the beginning ------------------------------------------------------- */

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
	delays_start(q);
	ages_start(q);
	hots_begin(q);
}

void
queue_check_ready(struct queue *q)
{
	if (q->started && deliverers_have_told(q))
		work(q);
}

void
life_open(struct queue *q, struct process *p)
{
	q->process = p;
	q->loop = process_loop(p);
	envelopes_init(q);
	messages_init(&q->messages);
	hots_init(&q->hots);
	expand_init(&q->expansions);
	destinations_init(&q->destinations);
	deliverers_init(q);
	content_init(&q->content);
	schedule_init(q);
	delays_init(q);
	digests_init(&q->digests);
	orders_init(q);
	silence_init(q);
	timer_init(&q->patience, q->loop, work, q);
	spool_open(&q->spool);
	q->index = index_open(&q->spool);
	q->last = index_last(q->index);
	q->writer.spool = &q->spool;
	q->writer.index = q->index;
	q->spiller = spiller_new(q->loop, &q->writer);
	q->reader = reader_new(q->loop);
	journal_open(q);
	walltime_begin(&q->walltime, clock_wall(), q->last, clock_now());
	q->known = q->last;
	q->first = queue_next_id(q);
}

void
life_start(struct queue *q)
{
	if (q->started)
		return;
	q->started = true;
	journal_begin(q);
	timer_in(&q->patience, HOLD_TIME);
	sweep_start(q);
	queue_check_ready(q);
}

static void
on_conf_host(struct peer *p, struct msg *m)
{
	struct queue	*q = queue_state();

	(void)p;
	(void)span_copy(m->conf_host.hostname, q->hostname,
	    sizeof q->hostname);
}

static void
on_conf_queue(struct peer *p, struct msg *m)
{
	struct queue	*q = queue_state();

	(void)p;
	q->retry_first = m->conf_queue.retry_first;
	q->retry_max = m->conf_queue.retry_max;
	q->life = m->conf_queue.life;
	q->notice_life = m->conf_queue.notice_life;
	q->crashes = m->conf_queue.crashes;
	q->probes = m->conf_queue.probes;
	q->size_max = m->conf_queue.size_max;
	q->journal.limit = m->conf_queue.journal_limit;
	q->journal.segment = m->conf_queue.journal_segment;
	q->journal.message = m->conf_queue.journal_message;
}

static void
on_conf_notices(struct peer *p, struct msg *m)
{
	struct notices	*n = &queue_state()->notices;

	(void)p;
	n->delay = m->conf_notices.delay;
	n->gather = m->conf_notices.gather;
	n->digest_after = m->conf_notices.digest_after;
	n->digest_time = m->conf_notices.digest_time;
	n->double_bounces = m->conf_notices.double_bounces;
	n->language = m->conf_notices.language;
	n->content_max = m->conf_notices.content_max;
}

/* ---- neighbours ---------------------------------------------------------- */

static bool
is_deliverer(const struct peer *p)
{
	return peer_role(p) == ROLE_REMOTE || peer_role(p) == ROLE_LOCAL;
}

void
life_found(struct queue *q, struct peer *p)
{
	if (is_deliverer(p))
		deliverer_found(q, p);
	else if (peer_role(p) == ROLE_CONTROL)
		admin_found(q, p);
}

void
life_lost(struct queue *q, struct peer *p)
{
	if (peer_role(p) == ROLE_SMTPD || peer_role(p) == ROLE_CONTROL)
		envelopes_lost(q, p);
	else if (peer_role(p) == ROLE_LOOKUP)
		expand_lost(q);
	else if (is_deliverer(p))
		deliverer_lost(q, p);
}

/* ---- turns and the end --------------------------------------------------- */

/* In this order: what one brings up the next can use in the same turn. */
void
life_turn(struct queue *q)
{
	if (q->working) {
		orders_pump(q);
		schedule_pump(q);
		destinations_feed(q);
		expand_pump(q);
		dispatch_pump(q);
		content_pump(q);
	}
	hots_spill(q);
	journal_pump(q);
	jobs_flush(q->journal.jobs);
	jobs_flush(q->reader);
	jobs_flush(q->spiller);
}

static bool
is_idle(const struct queue *q)
{
	return jobs_outstanding(q->spiller) == 0 &&
	    jobs_outstanding(q->reader) == 0 &&
	    jobs_outstanding(q->journal.jobs) == 0 &&
	    TAILQ_EMPTY(&q->hots.leaving);
}

/* Of a queue that never began, the journal is as it found it. */
static void
tell_left(const struct queue *q)
{
	if (!q->ends_clean || q->journal.is_clean)
		return;
	if (q->hots.count > 0)
		log_error("%u messages stay in the journal: copy it along "
		    "with the files", q->hots.count);
	else if (q->started)
		log_error("changes of messages stay in the journal: copy it "
		    "along with the files");
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
	tell_left(q);
	process_exit(q->process, 0);
}

/* For good, the spool is files only; a successor finds all in the journal. */
void
life_stop(struct queue *q)
{
	q->stopping = true;
	q->ends_clean = !process_has_successor(q->process);
	if (q->ends_clean)
		journal_spill_all(q);
	queue_check_end(q);
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
	{ MSG_TALLY,		on_tally },
	{ MSG_DESTINATIONS,	on_destinations },
	{ MSG_RETRY,		on_retry },
	{ MSG_DELETE,		on_delete },
	{ MSG_ORDER,		on_order },
	{ MSG_SHOW,		on_show },
	{ MSG_HISTORY,		on_history },
	{ MSG_UNSURE,		on_unsure },
	{ MSG_CONF_HOST,	on_conf_host },
	{ MSG_CONF_QUEUE,	on_conf_queue },
	{ MSG_CONF_NOTICES,	on_conf_notices },
	{ MSG_CONF_DESTINATION,	on_conf_destination },
	{ MSG_COUNT,		NULL }
};

const struct route *
life_inbox(void)
{
	return inbox;
}

void
life_close(struct queue *q)
{
	settings_clear(q);
	digests_forget(&q->digests);
	jobs_free(q->reader);
	jobs_free(q->spiller);
	journal_close(q);
	index_close(q->index);
	spool_close(&q->spool);
}
