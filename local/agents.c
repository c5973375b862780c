/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "local/agents.h"
#include "shared/alloc.h"
#include "shared/log.h"

/* Some places are left to agents that were sent home and still end. */
enum {
	AGENT_PLACES	= AGENTS_MAX - 8,
	AGENT_PATIENCE	= 60 * 1000,
	AGENT_SILENCE	= 300 * 1000,	/* of one that delivers */
	AGENT_PAUSE	= 250,
	AGENT_TRIES	= 120,
	AGENT_SHARE	= 64		/* jobs, while others wait */
};

static void	 start_waiting(struct local *);
static void	 on_timer(void *);

/* ---- which there are ----------------------------------------------------- */

static struct agent *
find(struct local *l, struct span user)
{
	struct agent	*a;

	TAILQ_FOREACH(a, &l->agents, entry)
		if (span_is(user, a->user))
			return a;
	return NULL;
}

static struct agent *
agent_new(struct local *l, const char *user)
{
	struct agent	*a = xcalloc(1, sizeof *a);

	a->local = l;
	(void)span_copy(span_of(user), a->user, sizeof a->user);
	TAILQ_INIT(&a->jobs);
	timer_init(&a->timer, process_loop(l->process), on_timer, a);
	TAILQ_INSERT_TAIL(&l->agents, a, entry);
	return a;
}

static void
set_state(struct agent *a, enum agent_state state)
{
	a->local->live_agents += (state != AGENT_WAITS) -
	    (a->state != AGENT_WAITS);
	a->state = state;
}

/* Its jobs are gone already. */
static void
agent_free(struct agent *a)
{
	set_state(a, AGENT_WAITS);
	timer_clear(&a->timer);
	if (a->peer != NULL)
		process_dismiss(a->local->process, a->peer);
	TAILQ_REMOVE(&a->local->agents, a, entry);
	free(a);
}

static void
ask_for(struct agent *a)
{
	struct msg	 m = { .type = MSG_AGENT_WANTED };
	struct peer	*master = process_master(a->local->process);

	set_state(a, AGENT_ASKED_FOR);
	timer_in(&a->timer, AGENT_PATIENCE);
	m.agent_wanted.user = span_of(a->user);
	if (master != NULL)
		peer_put(master, &m);
}

static struct agent *
find_idle(const struct local *l)
{
	struct agent	*a;

	TAILQ_FOREACH(a, &l->agents, entry)
		if (a->state == AGENT_HERE && TAILQ_EMPTY(&a->jobs))
			return a;
	return NULL;
}

static struct agent *
find_waiting(const struct local *l)
{
	struct agent	*a;

	TAILQ_FOREACH(a, &l->agents, entry)
		if (a->state == AGENT_WAITS && !TAILQ_EMPTY(&a->jobs) &&
		    !timer_is_set(&a->timer))
			return a;
	return NULL;
}

/* Whoever waits gets a place, if need be that of one who has nothing to do. */
static void
start_waiting(struct local *l)
{
	struct agent	*a, *idle;

	while (!l->stopping && (a = find_waiting(l)) != NULL) {
		if (l->live_agents >= AGENT_PLACES) {
			idle = find_idle(l);
			if (idle == NULL)
				return;
			agent_free(idle);
		}
		ask_for(a);
	}
}

/* ---- deliveries ---------------------------------------------------------- */

static void
rest(struct agent *a)
{
	TAILQ_REMOVE(&a->local->agents, a, entry);
	TAILQ_INSERT_TAIL(&a->local->agents, a, entry);
	timer_in(&a->timer, AGENT_IDLE);
	start_waiting(a->local);
}

/* Others wait and this one had a fair share: it is asked for again, behind
 * them. */
static bool
must_yield(const struct agent *a)
{
	return a->jobs_done >= AGENT_SHARE &&
	    a->local->live_agents >= AGENT_PLACES &&
	    find_waiting(a->local) != NULL;
}

static void
yield(struct agent *a)
{
	struct local	*l = a->local;

	process_dismiss(l->process, a->peer);
	a->peer = NULL;
	set_state(a, AGENT_WAITS);
	TAILQ_REMOVE(&l->agents, a, entry);
	TAILQ_INSERT_TAIL(&l->agents, a, entry);
	start_waiting(l);
}

/* The next recipient of the first job, if there is one. */
static void
work(struct agent *a)
{
	static const char	 text[] = "the agent takes no mail";
	struct job		*j = TAILQ_FIRST(&a->jobs);
	struct reply		 why;

	if (a->state != AGENT_HERE || !peer_is_open(a->peer) ||
	    a->delivery.job != NULL || a->local->stopping)
		return;
	if (j == NULL) {
		rest(a);
		return;
	}
	if (must_yield(a)) {
		yield(a);
		return;
	}
	timer_in(&a->timer, AGENT_SILENCE);
	if (delivery_begin(&a->delivery, j, a->peer))
		return;
	why = reply_make(451, "4.3.0", "%s", text);
	job_refuse(j, &why);
	peer_accuse(a->peer, "grants no credit");
}

/* Verdict for the recipient that was being delivered.  If its queue took the
 * content along, the next one hands it out again, and there is none. */
static void
conclude(struct agent *a, const struct reply *reply)
{
	struct job	*j = a->delivery.job;
	int64_t		 begun = a->delivery.begun;

	timer_unset(&a->timer);
	delivery_end(&a->delivery);
	if (j->given_up) {
		job_free(j);
		return;
	}
	job_result(j, reply, begun);
	if (j->next == j->announced) {
		a->jobs_done++;
		job_done(j, NULL);
	}
}

void
agents_take_job(struct local *l, struct job *j)
{
	struct agent	*a = find(l, span_of(j->user));

	if (a == NULL)
		a = agent_new(l, j->user);
	j->agent = a;
	TAILQ_INSERT_TAIL(&a->jobs, j, turn);
	if (a->state == AGENT_WAITS)
		start_waiting(l);
	else
		work(a);
}

void
agent_drop_job(struct agent *a, struct job *j)
{
	TAILQ_REMOVE(&a->jobs, j, turn);
	j->agent = NULL;
}

/* ---- what is said -------------------------------------------------------- */

void
agents_found(struct local *l, struct peer *peer)
{
	struct agent	*a = find(l, peer_name(peer));

	if (a == NULL || a->state != AGENT_ASKED_FOR) {
		process_dismiss(l->process, peer);
		return;
	}
	if (peer_ring_out(peer) == NULL)
		fatal("an agent without a ring");
	a->peer = peer;
	peer_set_data(peer, a);
	set_state(a, AGENT_HERE);
	a->jobs_done = a->tries = 0;
	timer_unset(&a->timer);
	work(a);
}

static void
refuse_jobs(struct agent *a, const struct reply *why)
{
	struct job	*j;

	while ((j = TAILQ_FIRST(&a->jobs)) != NULL)
		job_refuse(j, why);
}

static void
refuse(struct agent *a, const struct reply *why)
{
	struct local	*l = a->local;

	refuse_jobs(a, why);
	agent_free(a);
	start_waiting(l);
	local_check_end(l);
}

/* Agents that were sent home may still be ending: master says 4.3.2. */
static bool
has_no_room(const struct reply *why)
{
	return reply_is_later(why) && why->subject == 3 && why->detail == 2;
}

void
agents_refused(struct local *l, const struct msg_agent_refused *m)
{
	struct agent	*a = find(l, m->user);
	struct reply	 why = m->why;

	if (a == NULL || a->state != AGENT_ASKED_FOR)
		return;
	if (has_no_room(&why) && a->tries++ < AGENT_TRIES) {
		set_state(a, AGENT_WAITS);
		timer_in(&a->timer, AGENT_PAUSE);
		return;
	}
	if (!reply_is_later(&why) && !reply_is_refusal(&why))
		why = reply_make(451, "4.3.0", "there is no agent");
	refuse(a, &why);
}

/* It ended before it said hello: it refused its user, or could not begin. */
void
agents_stillborn(struct local *l, struct peer *peer)
{
	struct agent	*a = find(l, peer_name(peer));
	struct reply	 why;

	if (a == NULL || a->state != AGENT_ASKED_FOR)
		return;
	why = reply_make(451, "4.3.0", "no delivery as this user");
	refuse(a, &why);
}

/*
 * A disk that does not answer, or a user who has stopped his agent with
 * kill(2): neither may keep the jobs that queue has left for others.
 */
static void
on_silence(struct agent *a)
{
	timer_in(&a->timer, AGENT_SILENCE);
	if (a->delivery.sent > 0)
		return;		/* it waits for queue */
	a->stands_still = true;
	peer_accuse(a->peer, "stands still amid a delivery");
}

static void
on_timer(void *arg)
{
	struct agent	*a = arg;
	struct local	*l = a->local;
	struct reply	 why;

	if (a->delivery.job != NULL) {
		on_silence(a);
		return;
	}
	if (a->state == AGENT_ASKED_FOR) {
		why = reply_make(451, "4.3.0", "no agent came");
		refuse(a, &why);
		return;
	}
	if (a->state == AGENT_HERE || TAILQ_EMPTY(&a->jobs))
		agent_free(a);
	start_waiting(l);
}

void
agents_sweep(struct local *l)
{
	struct agent	*a, *next;

	for (a = TAILQ_FIRST(&l->agents); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if (a->state == AGENT_WAITS && TAILQ_EMPTY(&a->jobs))
			agent_free(a);
	}
}

void
agent_lost(struct agent *a)
{
	struct local	*l = a->local;
	struct reply	 why = reply_make(451, "4.3.0", "the agent died");

	a->peer = NULL;
	timer_unset(&a->timer);
	set_state(a, AGENT_WAITS);
	if (a->delivery.job != NULL) {
		conclude(a, &why);
	}
	if (a->stands_still)
		refuse_jobs(a, &why);
	a->stands_still = false;
	if (TAILQ_EMPTY(&a->jobs))
		agent_free(a);
	start_waiting(l);
	local_check_end(l);
}

void
agent_want(struct agent *a, const struct msg_want *m)
{
	if (a->delivery.job == NULL || m->token != a->delivery.token)
		peer_accuse(a->peer, "wants what is not for it");
	else {
		timer_in(&a->timer, AGENT_SILENCE);
		delivery_want(&a->delivery, m->offset);
	}
}

/* What an agent says of its own user's mail is believed, but it cannot have
 * kept what it has not read. */
void
agent_delivered(struct agent *a, const struct msg_delivered *m)
{
	struct local	*l = a->local;
	struct reply	 reply = m->reply;

	if (a->delivery.job == NULL || m->token != a->delivery.token) {
		peer_accuse(a->peer, "delivers what is not for it");
		return;
	}
	if (reply_is_success(&reply) && !a->delivery.complete) {
		peer_accuse(a->peer, "delivers what it has not read");
		return;
	}
	if (!reply_is_verdict(&reply))
		reply = reply_make(451, "4.3.0", "the agent says nothing");
	conclude(a, &reply);
	work(a);
	local_check_end(l);
}
