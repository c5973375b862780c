/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "smtpd/auth.h"
#include "smtpd/recipient.h"
#include "smtpd/rights.h"
#include "smtpd/server.h"
#include "tests/model/rig.h"

enum { SLOTS = 8, HEARD_MAX = 64, SAID_MAX = 1 << 20 };

struct peer {
	enum role	 role;
};

struct stream {
	struct buf	 in, out;
	struct stream_calls calls;
	void		*arg;
	bool		 held, again, finishing, ended, freed;
};

static struct {
	struct server	 server;
	struct peer	 lookup, queue;
	struct ring	*ring;
	struct stream	*stream;	/* NULL: no client */
	struct msg	 heard[HEARD_MAX];	/* by neighbours */
	size_t		 first, count;
	uint64_t	 token;
	enum mood	 mood;
	struct buf	 said;
	unsigned	 code;		/* of a login */
	unsigned	 accused, released;
} rig;

/* ---- in place of smtpd/listener ------------------------------------------ */

struct limit *
listener_limit(const struct listener *l)
{
	(void)l;
	return rig.server.limits.item;
}

const struct trust *
listener_trust(const struct listener *l, enum trust_kind kind)
{
	static const struct trust	 nobody;

	(void)l;
	(void)kind;
	return &nobody;
}

void
listener_release(struct listener *l)
{
	(void)l;
	rig.released++;
}

struct span
listener_name(const struct listener *l)
{
	(void)l;
	return span_of("model");
}

/* ---- in place of shared/stream ------------------------------------------- */

struct stream *
stream_new(struct loop *l, int fd, const struct stream_limits *limits,
    const struct stream_calls *calls, void *arg)
{
	struct stream	*s = xcalloc(1, sizeof(*s));

	(void)l;
	(void)fd;
	buf_init(&s->in, limits->in);
	buf_init(&s->out, limits->out);
	s->calls = *calls;
	s->arg = arg;
	rig.stream = s;
	return s;
}

void
stream_free(struct stream *s)
{
	s->freed = true;
}

struct buf *
stream_in(struct stream *s)
{
	return &s->in;
}

struct buf *
stream_out(struct stream *s)
{
	return &s->out;
}

size_t
stream_waiting(const struct stream *s)
{
	return buf_len(&s->out);
}

void
stream_hold(struct stream *s, bool hold)
{
	if (s->held && !hold)
		s->again = true;
	s->held = hold;
}

void
stream_again(struct stream *s)
{
	s->again = true;
}

void
stream_give(struct stream *s, const struct stream_calls *calls, void *arg)
{
	s->calls = *calls;
	s->arg = arg;
}

void
stream_finish(struct stream *s)
{
	s->finishing = true;
}

/* ---- in place of shared/peer -------------------------------------------- */

struct ring *
peer_ring_out(struct peer *p)
{
	return p->role == ROLE_QUEUE ? rig.ring : NULL;
}

uint64_t
peer_token(struct peer *p)
{
	(void)p;
	return ++rig.token;
}

/* "NUL a NUL b" is good; what it comes to, for it dies with the call. */
static unsigned
judge(struct span octets)
{
	if (span_equal(octets, span_make("\0a\0b", 4)))
		return 235;
	return span_is(octets, "later") ? 454 : 535;
}

/* No handler that hears them looks at a span. */
void
peer_put(struct peer *p, const struct msg *m)
{
	if (!msg_allowed(m->type, ROLE_SMTPD, p->role))
		fatal("%s is not allowed", msg_row(m->type)->name);
	if (rig.count == HEARD_MAX)
		fatal("too many messages");
	if (m->type == MSG_LOGIN)
		rig.code = judge(m->login.initial);
	if (m->type == MSG_RESPONSE)
		rig.code = judge(m->response.data);
	rig.heard[(rig.first + rig.count++) % HEARD_MAX] = *m;
}

bool
peer_ask(struct peer *p, const struct msg *m)
{
	peer_put(p, m);
	return true;
}

void
peer_wait(struct peer *p, struct waiter *w, void (*ready)(void *), void *arg)
{
	(void)p;
	(void)w;
	(void)ready;
	(void)arg;
	fatal("there was credit");
}

void
waiter_clear(struct waiter *w)
{
	(void)w;
}

void
peer_accuse(struct peer *p, const char *reason)
{
	fatal("%s is accused: %s", role_name(p->role), reason);
}

/* ---- the neighbours ----------------------------------------------------- */

static struct reply
verdict(const struct addr *a, unsigned good)
{
	if (span_starts(addr_span(a), "jones@"))
		return reply_make(good, "2.1.5", "<%s>", a->text);
	if (span_starts(addr_span(a), "later@"))
		return reply_make(451, "4.3.0", "later");
	return reply_make(550, "5.1.1", "<%s>: nobody", a->text);
}

static void
tell_verdict(uint64_t token, const struct addr *a)
{
	struct msg_verdict	 m = { .token = token };

	m.reply = verdict(a, 250);
	if (!inquiry_on_verdict(&rig.server, &m) &&
	    !rights_on_verdict(&rig.server, &m))
		recipient_on_verdict(&rig.server, &m);
}

static void
on_may_send(uint64_t token)
{
	struct msg_verdict	 m = { .token = token };

	m.reply = reply_make(250, "2.1.0", "Ok");
	if (!rights_on_verdict(&rig.server, &m))
		fatal("nobody asked who may send");
}

static void
on_verify(const struct msg_verify *v)
{
	struct msg_member	 m = { v->token, v->address };
	int			 i;

	for (i = 0; v->expand && i < 2; i++)
		inquiry_on_member(&rig.server, &m);
	tell_verdict(v->token, &v->address);
}

static void
on_admit(uint64_t token)
{
	struct msg_admitted	 m = { .token = token };

	m.reply = reply_make(250, NULL, "Ok");
	admission_on_admitted(&rig.server, &m);
}

static void
tell_logged_in(uint64_t token)
{
	struct msg_logged_in	 m = { token, { 0 }, span_of("a"),
				    span_of("a") };

	m.reply = reply_make(rig.code, rig.code == 235 ? "2.7.0" :
	    rig.code == 454 ? "4.7.0" : "5.7.8", "login");
	auth_on_logged_in(&rig.server, &m);
}

static void
on_login(const struct msg_login *login)
{
	struct msg_challenge	 m = { login->token, span_of("") };

	if (login->has_initial)
		tell_logged_in(login->token);
	else
		auth_on_challenge(&rig.server, &m);
}

static void
tell_stored(uint64_t token, enum stored_outcome outcome)
{
	struct msg_stored	 m = { token, token, outcome };

	submit_on_stored(&rig.server, &m);
}

static void
on_open(uint64_t token)
{
	struct msg_opened	 m = { token, token };

	if (rig.mood == MOOD_NOT_OPENED)
		tell_stored(token, STORED_NO_SPACE);
	else
		submit_on_opened(&rig.server, &m);
}

static void
on_heard(const struct msg *m)
{
	switch (m->type) {
	case MSG_ADMIT:
		on_admit(m->admit.token);
		break;
	case MSG_RCPT:
		tell_verdict(m->rcpt.token, &m->rcpt.recipient);
		break;
	case MSG_MAY_SEND:
		on_may_send(m->may_send.token);
		break;
	case MSG_VERIFY:
		on_verify(&m->verify);
		break;
	case MSG_LOGIN:
		on_login(&m->login);
		break;
	case MSG_RESPONSE:
		if (!m->response.cancelled)
			tell_logged_in(m->response.token);
		break;
	case MSG_OPEN:
		on_open(m->open.token);
		break;
	case MSG_CONTENT:
		if (!ring_give_back(rig.ring, m->content.slot))
			fatal("a slot that is not out");
		handover_freed(&rig.server);
		break;
	case MSG_END:
		tell_stored(m->end.token, rig.mood == MOOD_NOT_STORED ?
		    STORED_FAILED : STORED_OK);
		break;
	case MSG_ABORT:
		tell_stored(m->abort.token, STORED_ABORTED);
		break;
	default:
		break;
	}
}

/* ---- turns -------------------------------------------------------------- */

static bool
read_on(struct stream *s)
{
	if (!s->again || s->held || s->finishing || buf_len(&s->in) == 0)
		return false;
	s->again = false;
	s->calls.readable(s->arg);
	return true;
}

static bool
flush(struct stream *s)
{
	if (buf_len(&s->out) == 0)
		return false;
	(void)buf_put(&rig.said, buf_span(&s->out));
	buf_drop(&s->out, buf_len(&s->out));
	if (!s->finishing)
		s->calls.drained(s->arg);
	return true;
}

static bool
listen_once(void)
{
	struct msg	 m;

	if (rig.count == 0)
		return false;
	m = rig.heard[rig.first];
	rig.first = (rig.first + 1) % HEARD_MAX;
	rig.count--;
	on_heard(&m);
	return true;
}

static void
close_stream(struct stream *s)
{
	bool	 over = s->finishing || (s->ended && !s->held);

	if (!over)
		return;
	s->calls.closed(s->arg, 0);
	if (!s->freed)
		fatal("a stream is left");
	buf_clear(&s->in);
	buf_clear(&s->out);
	free(s);
	rig.stream = NULL;
}

static void
run(void)
{
	bool	 more = true;

	while (more) {
		more = listen_once();
		if (rig.stream != NULL && read_on(rig.stream))
			more = true;
		if (rig.stream != NULL && flush(rig.stream))
			more = true;
		if (!more && rig.stream != NULL)
			close_stream(rig.stream);
		more = more || rig.count > 0;
	}
}

/* ---- for the test ------------------------------------------------------- */

void
rig_init(void)
{
	struct server	*s = &rig.server;
	int		 writer, reader;

	rig.lookup.role = ROLE_LOOKUP;
	rig.queue.role = ROLE_QUEUE;
	if (ring_create(SLOTS, &writer, &reader) == -1 ||
	    (rig.ring = ring_open_writer(writer, SLOTS)) == NULL)
		fatal("ring: %s", strerror(errno));
	snprintf(s->hostname, sizeof(s->hostname), "mail.example.org");
	paces_init(s);
	limits_init(&s->limits);
	s->lookup = &rig.lookup;
	s->size_max = 1 << 20;
	s->recipients_max = RECIPIENTS_MAX;
	s->errors_max = SESSION_ERRORS_MAX;
	(void)snprintf(s->mechanisms, sizeof(s->mechanisms),
	    "PLAIN SCRAM-SHA-256-PLUS");
	submit_found(s, &rig.queue);
	buf_init(&rig.said, SAID_MAX);
}

struct session *
rig_session(void)
{
	return LIST_FIRST(&rig.server.sessions);
}

static void
come(unsigned flags, const char *login)
{
	struct client	 client = { .flags = flags };

	if (login != NULL)
		client_login(&client, span_of(login), "PLAIN");
	session_new(&rig.server, NULL, -1, &client);
	run();
}

void
rig_open(enum rig_client client)
{
	unsigned	 flags = LISTENER_VRFY | LISTENER_EXPN | LISTENER_AUTH;

	if (client == RIG_UNKNOWN)
		flags |= LISTENER_AUTH_FIRST;
	if (client == RIG_SUBMITTER)
		flags |= LISTENER_SUBMISSION;
	come(flags, client == RIG_SUBMITTER ? "jones" : NULL);
}

void
rig_open_with(unsigned flags)
{
	come(flags, NULL);
}

void
rig_hang_up(void)
{
	if (rig.stream != NULL)
		rig.stream->ended = true;
	run();
}

void
rig_send(struct span octets, enum mood mood)
{
	struct span	 some;

	rig.mood = mood;
	while (rig.stream != NULL && octets.len > 0) {
		some = span_head(octets, buf_space(&rig.stream->in));
		if (some.len == 0)
			fatal("the input is full");
		(void)buf_put(&rig.stream->in, some);
		octets = span_skip(octets, some.len);
		rig.stream->again = true;
		run();
	}
}

struct span
rig_said(void)
{
	static char	 kept[SAID_MAX];
	struct span	 said = buf_span(&rig.said);

	memcpy(kept, said.ptr, said.len);
	said = span_make(kept, said.len);
	buf_drop(&rig.said, said.len);
	return said;
}

bool
rig_is_closed(void)
{
	return rig.stream == NULL;
}

bool
rig_is_clean(void)
{
	const struct server	*s = &rig.server;

	return rig.stream == NULL && s->session_count == 0 &&
	    LIST_EMPTY(&s->sessions) && RB_EMPTY(&s->transactions) &&
	    RB_EMPTY(&s->inquiries) && RB_EMPTY(&s->logins) &&
	    s->recipient_octets == 0 &&
	    s->handover.waiters == 0 && s->handover.filling == 0 &&
	    ring_free_slots(rig.ring) == SLOTS;
}
