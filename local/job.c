/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>

#include "local/agents.h"
#include "local/job.h"
#include "shared/account.h"
#include "shared/alloc.h"
#include "shared/id.h"
#include "shared/log.h"

static const char	 prefix[] = "local:";

struct job *
job_find(struct local *l, uint64_t token)
{
	struct job	*j;

	if (token == 0)
		return NULL;
	TAILQ_FOREACH(j, &l->jobs, entry)
		if (j->token == token)
			return j;
	return NULL;
}

void
job_free(struct job *j)
{
	TAILQ_REMOVE(&j->local->jobs, j, entry);
	if (j->agent != NULL)
		agent_drop_job(j->agent, j);
	free(j->rcpts);
	free(j);
}

/* ---- from queue ---------------------------------------------------------- */

void
job_open(struct local *l, const struct msg_job *m)
{
	struct job	*j;
	struct span	 user = span_skip(m->destination, sizeof prefix - 1);

	if (m->token == 0 || m->recipients == 0 ||
	    job_find(l, m->token) != NULL ||
	    !span_starts(m->destination, prefix)) {
		peer_accuse(l->queue, "sends a job that cannot be");
		return;
	}
	j = xcalloc(1, sizeof *j);
	j->local = l;
	j->token = m->token;
	j->message = m->message;
	j->size = m->size;
	j->arrived = m->arrived;
	j->active = m->active;
	j->came = clock_wall();
	if (account_is_name(user))
		(void)span_copy(user, j->user, sizeof j->user);
	j->sender = m->sender;
	j->announced = m->recipients;
	j->rcpts = xcalloc(j->announced, sizeof *j->rcpts);
	TAILQ_INSERT_TAIL(&l->jobs, j, entry);
}

static bool
is_new_number(const struct job *j, uint32_t number)
{
	unsigned	 i;

	for (i = 0; i < j->gathered; i++)
		if (j->rcpts[i].number == number)
			return false;
	return true;
}

void
job_add_rcpt(struct local *l, const struct msg_job_rcpt *m)
{
	struct job	*j = job_find(l, m->token);
	struct reply	 why;
	struct job_rcpt	*r;

	if (j == NULL || j->gathered == j->announced ||
	    !is_new_number(j, m->number)) {
		peer_accuse(l->queue, "sends a recipient that cannot be");
		return;
	}
	r = &j->rcpts[j->gathered++];
	r->number = m->number;
	r->recipient = m->recipient;
	r->original = m->original;
	if (j->gathered < j->announced)
		return;
	if (j->user[0] != '\0') {
		agents_take_job(l, j);
		return;
	}
	why = reply_make(451, "4.3.5", "this is no user's name");
	job_refuse(j, &why);
}

/* ---- results ------------------------------------------------------------- */

enum { SECONDS_SIZE = 24 };

/* Two digits that matter: 0.05, 1.2, 12. */
static const char *
seconds(int64_t from, int64_t to, char into[SECONDS_SIZE])
{
	double	 s = to > from ? (to - from) / 1e6 : 0;

	if (s < 1)
		(void)snprintf(into, SECONDS_SIZE, "%.2g",
		    s < 0.01 ? 0 : s);
	else
		(void)snprintf(into, SECONDS_SIZE, "%.*f", s < 10, s);
	return into;
}

static const char *
status_of(const struct reply *reply)
{
	if (reply_is_success(reply))
		return "sent";
	return reply_is_refusal(reply) ? "bounced" : "deferred";
}

/* Delays: before queue took it up, there, for the agent, delivery itself. */
static void
log_result(const struct job *j, const struct job_rcpt *r,
    const struct reply *reply, int64_t begun)
{
	char	 all[SECONDS_SIZE], a[SECONDS_SIZE], b[SECONDS_SIZE],
		 c[SECONDS_SIZE], d[SECONDS_SIZE], id[ID_SIZE],
		 dsn[ENHANCED_SIZE];
	int64_t	 now = clock_wall(), start = begun != 0 ? begun : now;
	bool	 aliased = !addr_is_null(&r->original) &&
		    !addr_equal(&r->original, &r->recipient);

	id_format(id, j->message);
	reply_enhanced(reply, dsn);
	log_info("%s: to=<%s>%s%s%s, relay=local, delay=%s, "
	    "delays=%s/%s/%s/%s, dsn=%s, status=%s (%s)", id,
	    r->recipient.text, aliased ? ", orig_to=<" : "",
	    aliased ? r->original.text : "", aliased ? ">" : "",
	    seconds(j->arrived, now, all), seconds(j->arrived, j->active, a),
	    seconds(j->active, j->came, b), seconds(j->came, start, c),
	    seconds(start, now, d), dsn, status_of(reply), reply->text);
}

void
job_result(struct job *j, const struct reply *reply, int64_t begun)
{
	const struct job_rcpt	*r = &j->rcpts[j->next++];

	log_result(j, r, reply, begun);
	results_add(&j->local->results, j->local->queue, j->message,
	    r->number, reply);
}

void
job_done(struct job *j, const struct reply *why)
{
	struct local	*l = j->local;
	struct msg	 m = { .type = MSG_DONE };

	m.done.token = j->token;
	m.done.reachable = why == NULL;
	m.done.why = why != NULL ? *why : reply_make(250, "2.0.0", "Ok");
	if (l->queue != NULL && j->token != 0)
		peer_put(l->queue, &m);
	job_free(j);
}

void
job_refuse(struct job *j, const struct reply *why)
{
	while (j->next < j->announced)
		job_result(j, why, 0);
	job_done(j, why);
}
