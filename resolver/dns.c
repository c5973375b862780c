/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <arpa/nameser.h>
#include <bsd/stdlib.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/limits.h"
#include "resolver/dns.h"
#include "resolver/lane.h"

struct server {
	struct lane	*first[DNS_LANES];
	struct lane	*later[DNS_ROUNDS - 2];
	struct lane	*last;		/* this one and `bare`: without EDNS */
	struct lane	*bare;
	struct lane	*tcp[DNS_LANES_TCP];
	STAILQ_HEAD(, asked) waiting;	/* for one of these */
	unsigned	 misses;	/* tries in a row without any reply */
	struct instant	 shunned;	/* until then */
	struct instant	 plain;		/* no EDNS until then */
	bool		 knows_edns;
};

/* One question, and how far it has come. */
struct asked {
	STAILQ_ENTRY(asked) entry;	/* while it has not left */
	struct dns	*dns;
	struct packet_name name;
	unsigned	 type;
	unsigned	 step;		/* tries: round after round */
	uint8_t		 order[DNS_SERVERS_MAX];
	unsigned	 failed;	/* servers that said so: a bit each */
	struct server	*server;	/* of this try */
	struct instant	 since;		/* it is asked */
	struct instant	 tcp_since;	/* it waits for TCP */
	bool		 tcp, edns;
	bool		 refused_edns;
	void		(*answered)(void *, const struct dns_answer *);
	void		*arg;
};

STAILQ_HEAD(asked_list, asked);

struct dns {
	struct loop	*loop;
	struct timer	 pace;		/* of what has not left */
	struct timer	 pause;		/* of what was not taken */
	struct asked_list waiting, pausing;
	struct server	 servers[DNS_SERVERS_MAX];
	unsigned	 count;
	bool		 is_given;	/* not the system's */
};

/* ---- the end ------------------------------------------------------------- */

static void
answer(struct asked *a, struct span reply)
{
	struct dns_answer	 x = { reply, false };

	if (reply.len > 0 && lane_is_local(a->server->first[0]))
		x.secure = packet_is_secure(reply);
	a->answered(a->arg, &x);
	free(a);
}

static void
go_on(struct dns *d)
{
	if (!timer_is_set(&d->pace))
		timer_in(&d->pace, 0);
}

static void
again(struct asked *a)
{
	STAILQ_INSERT_HEAD(&a->dns->waiting, a, entry);
	go_on(a->dns);
}

static void
pause_for_a_while(struct asked *a)
{
	STAILQ_INSERT_TAIL(&a->dns->pausing, a, entry);
	if (!timer_is_set(&a->dns->pause))
		timer_in(&a->dns->pause, DNS_PAUSE);
}

/* The next server, or the first of them once more. */
static void
try_next(struct asked *a, bool hurry)
{
	a->step++;
	a->tcp = a->refused_edns = false;
	if (hurry || a->step % a->dns->count != 0)
		again(a);
	else
		pause_for_a_while(a);
}

/* ---- how a try ended ----------------------------------------------------- */

static unsigned
index_of(const struct asked *a)
{
	return (unsigned)(a->server - a->dns->servers);
}

static void
learn(struct asked *a)
{
	struct server	*s = a->server;

	if (a->edns)
		s->knows_edns = true;
	else if (!s->knows_edns)
		s->plain = clock_after(loop_now(a->dns->loop), DNS_PLAIN);
}

/* SERVFAIL, REFUSED and their like: this server will not say another thing in
 * a moment (RFC 9520 section 3.1). */
static void
on_failure(struct asked *a, unsigned code)
{
	if (a->edns && (code == ns_r_formerr || code == ns_r_notimpl)) {
		a->refused_edns = true;
		again(a);
		return;
	}
	a->failed |= 1u << index_of(a);
	try_next(a, true);
}

static bool
is_cut(const struct asked *a, struct span reply)
{
	return packet_is_cut(reply) || (!a->tcp && reply.len == LANE_CUT &&
	    !packet_is_whole(reply));
}

static void
on_reply(struct asked *a, struct span reply)
{
	unsigned	 code;

	if (!packet_is_reply(reply, &a->name, a->type)) {
		try_next(a, true);
		return;
	}
	code = packet_code(reply);
	if (code != ns_r_noerror && code != ns_r_nxdomain) {
		on_failure(a, code);
	} else if (!is_cut(a, reply)) {
		learn(a);
		answer(a, reply);
	} else if (!a->tcp) {
		a->tcp = true;
		a->tcp_since = loop_now(a->dns->loop);
		again(a);
	} else
		try_next(a, true);
}

/* It may be the domain's servers that are silent, and not this one. */
static void
on_silence(struct asked *a)
{
	struct server	*s = a->server;

	if (!a->tcp && ++s->misses >= DNS_MISSES)
		s->shunned = clock_after(loop_now(a->dns->loop), DNS_SHUN);
	try_next(a, true);
}

static void
on_end(void *arg, enum lane_end end, struct span reply)
{
	struct asked	*a = arg;
	struct dns	*d = a->dns;

	if (end == LANE_TIME_OUT) {
		on_silence(a);
	} else if (end == LANE_REPLY) {
		a->server->misses = 0;
		a->server->shunned = loop_now(d->loop);
		on_reply(a, reply);
	} else
		try_next(a, false);
	go_on(d);		/* a lane may be free for one who waits */
}

/* ---- a try --------------------------------------------------------------- */

/* An id that is ours: c-ares would count, and two equal ids in flight let the
 * answers cross over. */
static void
send_by(struct asked *a, struct lane *lane)
{
	struct packet_question	 q = {
		.id = arc4random() & 0xffff,
		.edns = a->edns ? DNS_EDNS : 0,
		.type = a->type, .name = &a->name
	};
	uint8_t			 question[PACKET_QUESTION_MAX];
	size_t			 len = packet_write(&q, question);

	lane_send(lane, span_make(question, len), on_end, a);
}

/* One at a time: servers may hang up after each.  Never amid a callback of
 * c-ares, which has the connection of before open still. */
static struct lane *
find_tcp(const struct server *s)
{
	unsigned	 i;

	for (i = 0; i < DNS_LANES_TCP; i++)
		if (lane_open(s->tcp[i]) == 0)
			return s->tcp[i];
	return NULL;
}

static void
go_on_by_tcp(struct server *s)
{
	struct asked	*a;
	struct lane	*lane;

	while ((a = STAILQ_FIRST(&s->waiting)) != NULL) {
		if (clock_ms_between(a->tcp_since, loop_now(a->dns->loop)) >
		    DNS_PATIENCE) {
			STAILQ_REMOVE_HEAD(&s->waiting, entry);
			answer(a, span_of(""));
			continue;
		}
		lane = find_tcp(s);
		if (lane == NULL)
			return;
		STAILQ_REMOVE_HEAD(&s->waiting, entry);
		send_by(a, lane);
	}
}

/* Any of them, at random; rather one whose port is fresh. */
static struct lane *
draw_lane(const struct asked *a)
{
	unsigned	 round = a->step / a->dns->count, i, n;

	if (round == DNS_ROUNDS - 1)
		return a->server->last;
	if (!a->edns)
		return a->server->bare;
	if (round > 0)
		return a->server->later[round - 1];
	n = arc4random_uniform(DNS_LANES);
	for (i = 0; i < DNS_LANES; i++)
		if (lane_used(a->server->first[(n + i) % DNS_LANES]) <
		    DNS_PORT_USES)
			return a->server->first[(n + i) % DNS_LANES];
	return a->server->first[n];
}

/* The last round goes without EDNS: there are some who drop what has it. */
static bool
wants_edns(const struct asked *a)
{
	return !a->refused_edns && a->step / a->dns->count < DNS_ROUNDS - 1 &&
	    !clock_before(loop_now(a->dns->loop), a->server->plain);
}

static bool
find_server(struct asked *a)
{
	struct dns	*d = a->dns;
	unsigned	 i;

	if (clock_ms_between(a->since, loop_now(d->loop)) > DNS_TIME_ALL)
		return false;
	for (; a->step < DNS_ROUNDS * d->count; a->step++) {
		i = a->order[a->step % d->count];
		if (a->failed & 1u << i)
			continue;
		a->server = &d->servers[i];
		return true;
	}
	return false;
}

static void
try(struct asked *a)
{
	if (!find_server(a)) {
		answer(a, span_of(""));
		return;
	}
	a->edns = wants_edns(a);
	if (!a->tcp) {
		send_by(a, draw_lane(a));
		return;
	}
	STAILQ_INSERT_TAIL(&a->server->waiting, a, entry);
	go_on_by_tcp(a->server);
}

/* Not all at once: the answers have to fit the socket's buffer, and the
 * questions that of the server. */
static void
on_pace(void *arg)
{
	struct dns	*d = arg;
	struct asked	*a;
	unsigned	 i;

	for (i = 0; i < d->count; i++)
		go_on_by_tcp(&d->servers[i]);
	for (i = 0; i < DNS_BURST; i++) {
		a = STAILQ_FIRST(&d->waiting);
		if (a == NULL)
			return;
		STAILQ_REMOVE_HEAD(&d->waiting, entry);
		try(a);
	}
	timer_in(&d->pace, 1);
}

static void
on_pause(void *arg)
{
	struct dns	*d = arg;

	STAILQ_CONCAT(&d->waiting, &d->pausing);
	go_on(d);
}

/* In their order, but for those that were silent a while ago. */
static void
put_in_order(struct asked *a)
{
	struct dns	*d = a->dns;
	struct instant	 now = loop_now(d->loop);
	unsigned	 i, n = 0;

	for (i = 0; i < d->count; i++)
		if (!clock_before(now, d->servers[i].shunned))
			a->order[n++] = i;
	for (i = 0; i < d->count; i++)
		if (clock_before(now, d->servers[i].shunned))
			a->order[n++] = i;
}

void
dns_ask(struct dns *d, const struct packet_name *name, unsigned type,
    void (*answered)(void *, const struct dns_answer *), void *arg)
{
	struct asked	*a = xcalloc(1, sizeof *a);

	a->dns = d;
	a->name = *name;
	a->type = type;
	a->since = loop_now(d->loop);
	a->answered = answered;
	a->arg = arg;
	put_in_order(a);
	STAILQ_INSERT_TAIL(&d->waiting, a, entry);
	go_on(d);
}

/* ---- servers ------------------------------------------------------------- */

static void
server_init(struct server *s, struct loop *loop)
{
	unsigned	 i;

	STAILQ_INIT(&s->waiting);
	for (i = 0; i < DNS_LANES; i++)
		s->first[i] = lane_new(loop, LANE_EDNS, DNS_TIME);
	for (i = 0; i < DNS_ROUNDS - 2; i++)
		s->later[i] = lane_new(loop, LANE_EDNS, DNS_TIME << (i + 1));
	s->last = lane_new(loop, LANE_PLAIN, DNS_TIME << (DNS_ROUNDS - 1));
	s->bare = lane_new(loop, LANE_PLAIN, DNS_TIME);
	for (i = 0; i < DNS_LANES_TCP; i++)
		s->tcp[i] = lane_new(loop, LANE_TCP, DNS_TIME_TCP);
}

static bool
set_server(struct server *s, const char *text)
{
	unsigned	 i;
	bool		 good = lane_set_server(s->last, text) &&
			    lane_set_server(s->bare, text);

	for (i = 0; i < DNS_LANES; i++)
		good = good && lane_set_server(s->first[i], text);
	for (i = 0; i < DNS_ROUNDS - 2; i++)
		good = good && lane_set_server(s->later[i], text);
	for (i = 0; i < DNS_LANES_TCP; i++)
		good = good && lane_set_server(s->tcp[i], text);
	return good;
}

struct dns *
dns_open(struct loop *loop)
{
	struct dns	*d = xcalloc(1, sizeof *d);
	char		 found[DNS_SERVERS_MAX][LANE_SERVER_SIZE];
	unsigned	 i, n = lane_find_servers(found, DNS_SERVERS_MAX);

	d->loop = loop;
	timer_init(&d->pace, loop, on_pace, d);
	timer_init(&d->pause, loop, on_pause, d);
	STAILQ_INIT(&d->waiting);
	STAILQ_INIT(&d->pausing);
	for (i = 0; i < DNS_SERVERS_MAX; i++)
		server_init(&d->servers[i], loop);
	for (i = 0; i < n; i++)
		if (set_server(&d->servers[d->count], found[i]))
			d->count++;
	return d;
}

bool
dns_add_server(struct dns *d, struct span server)
{
	char	 text[HOST_TEXT_MAX + 1];

	if (!d->is_given)
		d->count = 0;
	d->is_given = true;
	if (d->count == DNS_SERVERS_MAX || server.len == 0 ||
	    span_index(server, ',') < server.len ||
	    !span_copy(server, text, sizeof text) ||
	    !set_server(&d->servers[d->count], text))
		return false;
	d->count++;
	return true;
}
