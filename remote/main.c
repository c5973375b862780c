/* SPDX-License-Identifier: ISC */
/*
 * remote: the SMTP client.  It takes jobs of queue, asks resolver for
 * addresses, speaks to other servers, and tells queue what came of it.
 */
#include "shared/log.h"
#include "remote/delivery.h"
#include "remote/secure.h"

static struct remote	 remote;

static const struct program	 program;

int
main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}

/* ---- life ---------------------------------------------------------------- */

static void
before_drop(struct process *p)
{
	size_t	 i;

	remote.process = p;
	remote.loop = process_loop(p);
	if (process_boot(p)->flags & BOOT_BINDS)
		process_may_bind(p);
	remote.clients = (struct clients){ .loop = remote.loop,
	    .secure = secure_new(),
	    .hostname = "localhost", .connect_time = 30 * 1000,
	    .command_time = 300 * 1000, .content_time = 180 * 1000,
	    .final_time = 600 * 1000 };
	pool_init(&remote.pool, remote.loop);
	archive_init(&remote.archive, remote.loop);
	rewrites_init(&remote.rewrites);
	hops_init(&remote.hops);
	advices_init(&remote.advices);
	content_room_init(&remote.room);
	results_init(&remote.results);
	ways_init(&remote.ways, remote.loop);
	dials_init(&remote.dials, remote.loop);
	for (i = 0; i < JOB_BUCKETS; i++)
		LIST_INIT(&remote.jobs[i]);
}

static unsigned
credit(enum role role)
{
	if (role == ROLE_MONITOR)
		return TRACES_MAX;
	return role == ROLE_QUEUE && !remote.draining ? JOBS_REMOTE_MAX : 0;
}

static void
each_job(void (*act)(struct delivery *))
{
	struct delivery	*d, *next;
	size_t		 i;

	for (i = 0; i < JOB_BUCKETS; i++)
		for (d = LIST_FIRST(&remote.jobs[i]); d != NULL; d = next) {
			next = delivery_next(d);
			act(d);
		}
}

/* What a new queue must know before it hands out anything. */
static void
announce(void)
{
	struct msg	 m = { .type = MSG_READY };
	struct delivery	*d;
	size_t		 i;

	if (remote.queue == NULL || !remote.started)
		return;
	for (i = 0; i < JOB_BUCKETS; i++)
		for (d = LIST_FIRST(&remote.jobs[i]); d != NULL;
		    d = delivery_next(d))
			m.ready.running += delivery_tell_running(d,
			    remote.queue);
	results_replay(&remote.results, remote.queue);
	peer_put(remote.queue, &m);
}

static void
start(void)
{
	remote.started = true;
	announce();
}

static void
retire(void)
{
	struct msg	 m = { .type = MSG_RETIRE };

	if (remote.queue == NULL || !remote.draining)
		return;
	m.retire.jobs = remote.job_count;
	peer_put(remote.queue, &m);
}

static void
found(struct peer *p)
{
	if (peer_role(p) == ROLE_QUEUE) {
		remote.queue = p;
		announce();
		retire();
	} else if (peer_role(p) == ROLE_RESOLVER) {
		remote.resolver = p;
		ways_resolver(&remote.ways, p);
	} else if (peer_role(p) == ROLE_CONNECTOR)
		dials_connector(&remote.dials, p);
}

static void
lost(struct peer *p)
{
	if (p == remote.queue) {
		remote.queue = NULL;
		remote.retired = false;
		results_lost(&remote.results);
		each_job(delivery_lose_queue);
	} else if (p == remote.resolver) {
		remote.resolver = NULL;
		ways_resolver(&remote.ways, NULL);
	} else if (p == remote.dials.connector)
		dials_connector(&remote.dials, NULL);
}

static void
stop(void)
{
	remote.stopping = true;
	pool_clear(&remote.pool);
}

/* What queue sends before it knows is done, too. */
static void
drain(void)
{
	remote.draining = true;
	pool_clear(&remote.pool);
	retire();
}

/* Results wait for their RECORDED as long as there is somebody to say it, and
 * while there is time also for the next queue. */
static bool
may_end(void)
{
	if (remote.job_count > 0 || remote.clients.count > 0)
		return false;
	if (remote.stopping)
		return remote.queue == NULL ||
		    results_is_empty(&remote.results);
	return remote.draining && results_is_empty(&remote.results) &&
	    (remote.queue == NULL || remote.retired);
}

static void
end_of_turn(void)
{
	if (may_end())
		process_exit(remote.process, 0);
}

/* ---- the inbox ----------------------------------------------------------- */

static void
on_conf_host(struct peer *p, struct msg *m)
{
	(void)p;
	(void)span_copy(m->conf_host.hostname, remote.clients.hostname,
	    sizeof remote.clients.hostname);
	(void)span_copy(m->conf_host.hostname, remote.ways.selves.name,
	    sizeof remote.ways.selves.name);
}

static void
on_conf_self(struct peer *p, struct msg *m)
{
	if (!selves_put(&remote.ways.selves, &m->conf_self))
		peer_accuse(p, "sends an address of ours that is none");
}

static void
on_conf_remote(struct peer *p, struct msg *m)
{
	(void)p;
	remote.clients.connect_time = m->conf_remote.connect_time;
	remote.clients.command_time = m->conf_remote.command_time;
	remote.clients.content_time = m->conf_remote.content_time;
	remote.clients.final_time = m->conf_remote.final_time;
}

static void
on_conf_hop(struct peer *p, struct msg *m)
{
	(void)p;
	hops_put(&remote.hops, &m->conf_hop);
}

static void
on_conf_rewrite(struct peer *p, struct msg *m)
{
	(void)p;
	if (!rewrites_put(&remote.rewrites, &m->conf_rewrite))
		log_warning("what addresses become is not understood: %.*s",
		    (int)m->conf_rewrite.from.len, m->conf_rewrite.from.ptr);
}

static void
on_conf_anchors(struct peer *p, struct msg *m)
{
	(void)p;
	secure_set_anchors(remote.clients.secure, m->fds[0],
	    m->conf_anchors.path);
	m->fds[0] = -1;
}

static void
on_conf_advice(struct peer *p, struct msg *m)
{
	(void)p;
	advices_put(&remote.advices, &m->conf_advice);
}

/* While stopping nothing is begun: queue keeps what it does not hear of. */
static void
on_job(struct peer *p, struct msg *m)
{
	if (m->job.recipients == 0)
		peer_accuse(p, "sends a job for nobody");
	else if (delivery_find(&remote, m->job.token) != NULL)
		peer_accuse(p, "sends a job twice");
	else if (p == remote.queue && !remote.stopping)
		delivery_new(&remote, &m->job);
}

static void
on_job_rcpt(struct peer *p, struct msg *m)
{
	struct delivery	*d = delivery_find(&remote, m->job_rcpt.token);

	if (d != NULL && !delivery_recipient(d, &m->job_rcpt))
		peer_accuse(p, "sends a recipient that its job has not");
}

/* The slot goes back also when the job that wanted it has ended. */
static void
on_chunk(struct peer *p, struct msg *m)
{
	struct delivery	*d = delivery_find(&remote, m->chunk.token);
	struct msg	 freed = { .type = MSG_FREED };

	if (d != NULL && !delivery_chunk(d, &m->chunk)) {
		peer_accuse(p, "sends content that was not asked for");
		return;
	}
	if (m->chunk.length == 0 || m->chunk.failed)
		return;		/* there is no slot */
	freed.freed.slot = m->chunk.slot;
	peer_put(p, &freed);
}

static void
on_recorded(struct peer *p, struct msg *m)
{
	results_recorded(&remote.results, p, &m->recorded);
}

static void
on_retired(struct peer *p, struct msg *m)
{
	(void)m;
	remote.retired = remote.draining && p == remote.queue;
}

static void
on_address(struct peer *p, struct msg *m)
{
	struct way	*w = ways_find(&remote.ways, m->address.token);

	if (w != NULL && !way_address(w, &m->address))
		peer_accuse(p, "sends an address that is none");
}

static void
on_resolved(struct peer *p, struct msg *m)
{
	struct way	*w = ways_find(&remote.ways, m->resolved.token);

	if (w != NULL && !way_resolved(w, &m->resolved))
		peer_accuse(p, "miscounts its addresses");
}

static void
on_trace(struct peer *p, struct msg *m)
{
	archive_trace(&remote.archive, p, &m->trace);
}

static void
on_connected(struct peer *p, struct msg *m)
{
	if (!dials_connected(&remote.dials, m))
		peer_accuse(p, "sends no socket, or one too many");
}

static const struct route inbox[] = {
	{ MSG_CONF_HOST,	on_conf_host },
	{ MSG_CONF_REMOTE,	on_conf_remote },
	{ MSG_CONF_HOP,		on_conf_hop },
	{ MSG_CONF_REWRITE,	on_conf_rewrite },
	{ MSG_CONF_SELF,	on_conf_self },
	{ MSG_CONF_ANCHORS,	on_conf_anchors },
	{ MSG_CONF_ADVICE,	on_conf_advice },
	{ MSG_JOB,		on_job },
	{ MSG_JOB_RCPT,		on_job_rcpt },
	{ MSG_CHUNK,		on_chunk },
	{ MSG_RECORDED,		on_recorded },
	{ MSG_RETIRED,		on_retired },
	{ MSG_ADDRESS,		on_address },
	{ MSG_RESOLVED,		on_resolved },
	{ MSG_CONNECTED,	on_connected },
	{ MSG_TRACE,		on_trace },
	{ MSG_COUNT,		NULL }
};

static const struct program program = {
	.role = ROLE_REMOTE,
	.priv = {
		.calls = PRIV_CONNECT,
		/* a job may have two, in a race */
		.files = 2 * JOBS_REMOTE_MAX + POOL_MAX + QUITTING_MAX + 64
	},
	.credit = credit,
	.before_drop = before_drop,
	.start = start,
	.found = found,
	.lost = lost,
	.stop = stop,
	.drain = drain,
	.end_of_turn = end_of_turn,
	.inbox = inbox
};
