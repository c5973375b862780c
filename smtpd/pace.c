/* SPDX-License-Identifier: ISC */
#include "smtpd/pace.h"
#include "smtpd/server.h"

static struct server *
server_of(const struct transaction *t)
{
	return t->session->server;
}

/* ---- who is slow --------------------------------------------------------- */

static void
stop_being_slow(struct transaction *t)
{
	if (!t->slow)
		return;
	t->slow = false;
	LIST_REMOVE(t, among_slow);
	t->session->limit->slow_count--;
}

static bool
are_neighbours(const struct limit *l, const struct client *a,
    const struct client *b)
{
	unsigned	 bits = client_is_ipv4(a) ? 96 + l->prefix4 :
			    l->prefix6;

	return address_has_prefix(a->address, b->address, bits);
}

/* Would one more be too many?  The list is no longer than slow_all, if that is
 * a limit. */
static bool
are_enough(const struct limit *l, const struct client *c)
{
	const struct transaction	*t;
	unsigned			 n = 0;

	if (l->slow_all > 0 && l->slow_count >= l->slow_all)
		return true;
	if (l->slow_each == 0)
		return false;
	LIST_FOREACH(t, &l->slow, among_slow)
		if (are_neighbours(l, c, &t->session->client) &&
		    ++n >= l->slow_each)
			return true;
	return false;
}

static bool
has_been_slow(const struct transaction *t, int64_t ms)
{
	return t->arrived * 1000 <
	    (uint64_t)t->session->limit->minimum_rate * ms;
}

/* False: the session was closed, and `t` is gone. */
static bool
judge(struct transaction *t, int64_t ms)
{
	struct session	*s = t->session;
	struct limit	*l = s->limit;

	if (session_is_exempt(s) || transaction_is_waiting(t))
		return true;
	if (!has_been_slow(t, ms)) {
		stop_being_slow(t);
		return true;
	}
	if (t->slow)
		return true;
	if (are_enough(l, &s->client)) {
		session_close_for_pace(s);
		return false;
	}
	t->slow = true;
	LIST_INSERT_HEAD(&l->slow, t, among_slow);
	l->slow_count++;
	return true;
}

/* ---- when it is looked at ------------------------------------------------ */

static void
on_timer(void *arg)
{
	struct server		*server = arg;
	struct transaction	*t;
	int64_t			 ms;

	while ((t = TAILQ_FIRST(&server->paces.list)) != NULL) {
		ms = clock_ms_between(t->since, loop_now(server->loop));
		if (ms < PACE_TIME)
			break;
		if (judge(t, ms))
			pace_again(t);
	}
	if (t != NULL)
		timer_set(&server->paces.timer,
		    clock_after(t->since, PACE_TIME));
}

void
paces_init(struct server *server)
{
	TAILQ_INIT(&server->paces.list);
	timer_init(&server->paces.timer, server->loop, on_timer, server);
}

static void
append(struct transaction *t)
{
	struct server	*server = server_of(t);

	t->since = loop_now(server->loop);
	t->arrived = 0;
	TAILQ_INSERT_TAIL(&server->paces.list, t, pacing);
	if (!timer_is_set(&server->paces.timer))
		timer_in(&server->paces.timer, PACE_TIME);
}

void
pace_begin(struct transaction *t)
{
	t->paced = true;
	append(t);
}

void
pace_again(struct transaction *t)
{
	if (t == NULL || !t->paced)
		return;
	TAILQ_REMOVE(&server_of(t)->paces.list, t, pacing);
	append(t);
}

void
pace_end(struct transaction *t)
{
	if (!t->paced)
		return;
	stop_being_slow(t);
	t->paced = false;
	TAILQ_REMOVE(&server_of(t)->paces.list, t, pacing);
}
