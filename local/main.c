/* SPDX-License-Identifier: ISC */
/*
 * local has mail written into mailboxes.  It opens none itself: an agent, which
 * has become the recipient, does that, and gets the content passed on.
 */
#include <sysexits.h>

#include "local/agents.h"
#include "shared/log.h"

static struct local	 local;

static unsigned
credit(enum role role)
{
	return role == ROLE_QUEUE ? JOBS_LOCAL_MAX : 0;
}

static void
after_drop(struct process *p)
{
	local.process = p;
	results_init(&local.results);
	TAILQ_INIT(&local.jobs);
	TAILQ_INIT(&local.agents);
}

/* ---- queue --------------------------------------------------------------- */

static bool
is_running(const struct job *j)
{
	return j->agent != NULL && j->agent->delivery.job == j;
}

/* What is not begun goes to the next local, and no more of it comes here. */
static void
retire(void)
{
	struct msg	 m = { .type = MSG_RETIRE };

	if (local.queue != NULL)
		peer_put(local.queue, &m);
}

/* What this queue must not hand out, and what it may not know yet. */
static void
found_queue(struct peer *queue)
{
	struct msg	 m = { .type = MSG_RUNNING };
	struct job	*j;
	uint32_t	 running = 0;

	if (peer_ring_in(queue) == NULL)
		fatal("a queue without a ring");
	local.queue = queue;
	TAILQ_FOREACH(j, &local.jobs, entry) {
		if (j->given_up)
			continue;
		m.running.message = j->message;
		m.running.number = j->rcpts[j->next].number;
		peer_put(queue, &m);
		running++;
	}
	results_tell(&local.results, queue);
	m = (struct msg){ .type = MSG_READY };
	m.ready.running = running;
	peer_put(queue, &m);
	if (local.stopping)
		retire();
}

/* Only what an agent has the whole content of goes on; a new queue hands the
 * rest out again. */
static void
lost_queue(void)
{
	struct job	*j, *next;

	local.queue = NULL;
	for (j = TAILQ_FIRST(&local.jobs); j != NULL; j = next) {
		next = TAILQ_NEXT(j, entry);
		if (!is_running(j)) {
			job_free(j);
			continue;
		}
		j->token = 0;
		j->announced = j->next + 1;
		j->given_up = !j->agent->delivery.complete;
		delivery_starve(&j->agent->delivery);
	}
	agents_sweep(&local);
	local_check_end(&local);
}

static void
on_job(struct peer *queue, struct msg *m)
{
	(void)queue;
	job_open(&local, &m->job);
}

static void
on_job_rcpt(struct peer *queue, struct msg *m)
{
	(void)queue;
	job_add_rcpt(&local, &m->job_rcpt);
}

static void
on_recorded(struct peer *queue, struct msg *m)
{
	(void)queue;
	results_forget(&local.results, &m->recorded);
	local_check_end(&local);
}

/* Content may come for a delivery, or a job, that ended meanwhile. */
static void
on_chunk(struct peer *queue, struct msg *m)
{
	struct job	*j = job_find(&local, m->chunk.token);

	if (j == NULL) {
		delivery_free_slot(&local, &m->chunk);
	} else if (j->stale > 0) {
		j->stale--;
		delivery_free_slot(&local, &m->chunk);
		if (is_running(j))
			delivery_go_on(&j->agent->delivery);
	} else if (is_running(j)) {
		delivery_chunk(&j->agent->delivery, &m->chunk);
	} else {
		peer_accuse(queue, "sends content that nobody wanted");
	}
}

/* ---- master and agents --------------------------------------------------- */

static void
on_conf_delivery(struct peer *master, struct msg *m)
{
	(void)master;
	if (!mailbox_add(&local.mailboxes, &m->conf_delivery))
		log_warning("the mailboxes of %.*s are described twice",
		    (int)m->conf_delivery.domain.len,
		    m->conf_delivery.domain.ptr);
}

static void
on_agent_refused(struct peer *master, struct msg *m)
{
	(void)master;
	agents_refused(&local, &m->agent_refused);
}

static void
on_want(struct peer *agent, struct msg *m)
{
	if (peer_data(agent) != NULL)
		agent_want(peer_data(agent), &m->want);
}

static void
on_delivered(struct peer *agent, struct msg *m)
{
	if (peer_data(agent) != NULL)
		agent_delivered(peer_data(agent), &m->delivered);
}

static void
found(struct peer *peer)
{
	if (peer_role(peer) == ROLE_QUEUE)
		found_queue(peer);
	else if (peer_role(peer) == ROLE_AGENT)
		agents_found(&local, peer);
}

static void
lost(struct peer *peer)
{
	if (peer == local.queue)
		lost_queue();
	else if (peer_data(peer) != NULL)
		agent_lost(peer_data(peer));
	else if (peer_role(peer) == ROLE_AGENT)
		agents_stillborn(&local, peer);
}

static void
freed(struct peer *peer)
{
	struct agent	*a = peer_data(peer);

	if (a != NULL && a->delivery.job != NULL)
		delivery_go_on(&a->delivery);
}

/* ---- the end ------------------------------------------------------------- */

/* Agents finish what they have begun, and queue must have recorded it. */
void
local_check_end(struct local *l)
{
	const struct job	*j;

	if (!l->stopping)
		return;
	TAILQ_FOREACH(j, &l->jobs, entry)
		if (is_running(j))
			return;
	if (l->queue == NULL || TAILQ_EMPTY(&l->results.kept))
		process_exit(l->process, EX_OK);
}

static void
stop(void)
{
	local.stopping = true;
	retire();
	local_check_end(&local);
}

static const struct route	 inbox[] = {
	{ MSG_JOB,		on_job },
	{ MSG_JOB_RCPT,		on_job_rcpt },
	{ MSG_CHUNK,		on_chunk },
	{ MSG_RECORDED,		on_recorded },
	{ MSG_CONF_DELIVERY,	on_conf_delivery },
	{ MSG_AGENT_REFUSED,	on_agent_refused },
	{ MSG_WANT,		on_want },
	{ MSG_DELIVERED,	on_delivered },
	{ MSG_COUNT,		NULL }
};

static const struct program	 program = {
	.role = ROLE_LOCAL,
	.priv = { .files = 256 },
	.credit = credit,
	.after_drop = after_drop,
	.found = found,
	.lost = lost,
	.freed = freed,
	.stop = stop,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}
