/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "smtpd/auth.h"
#include "smtpd/behalf.h"
#include "smtpd/command.h"
#include "smtpd/line.h"
#include "smtpd/naming.h"
#include "smtpd/proxied.h"
#include "smtpd/server.h"

enum {
	INPUT_MAX	= 32768,
	OUTPUT_MAX	= 16384,
	LMTP_OUTPUT_MAX	= RECIPIENTS_MAX * REPLY_LINE_MAX,
	CLOSE_TIME	= 10 * 1000	/* for the last words to get out */
};

bool
session_is_lmtp(const struct session *s)
{
	return s->client.flags & LISTENER_LMTP;
}

const char *
session_protocol(const struct session *s)
{
	if (session_is_lmtp(s))
		return "LMTP";
	return s->esmtp ? "ESMTP" : "SMTP";
}

/* HELO has no name of its own under TLS, or with a login. */
const char *
session_with(const struct session *s)
{
	static const char *const names[2][4] = {
		{ "ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA" },
		{ "LMTP", "LMTPS", "LMTPA", "LMTPSA" },
	};

	if (!s->esmtp)
		return session_protocol(s);
	return names[session_is_lmtp(s)][secure_holds(s) |
	    client_has_login(&s->client) << 1];
}

/* ---- the end ------------------------------------------------------------ */

unsigned
session_failures(const struct session *s)
{
	unsigned	 i, n = 0;

	for (i = 0; i < TALLY_COUNT; i++)
		n += s->tried[i] - s->good[i];
	return n;
}

static void
session_free(struct session *s)
{
	struct server	*server = s->server;

	if (s->met)
		session_log_end(s);
	naming_give_up(s);
	admission_end(s);
	transaction_free(s->transaction);
	inquiry_free(s->inquiry);
	secure_end(s);
	auth_free(s->auth);
	timer_clear(&s->timer);
	stream_free(s->stream);
	LIST_REMOVE(s, entry);
	server->session_count--;
	listener_release(s->listener);
	free(s->helo);
	free(s->client.name);
	client_forget_login(&s->client);
	behalf_forget(s);
	free(s);
	if (server->stopping && server->session_count == 0)
		process_exit(server->process, 0);
}

/* What we say is understood: no plain text where TLS is spoken. */
static bool
speaks(const struct session *s)
{
	return s->state != STATE_HANDSHAKE &&
	    (!(s->client.flags & LISTENER_TLS) || secure_holds(s));
}

void
session_close(struct session *s, const struct reply *last)
{
	if (s->closing)
		return;
	s->closing = true;
	if (last != NULL && speaks(s))
		(void)reply_put(last, stream_out(s->stream));
	naming_give_up(s);
	transaction_free(s->transaction);
	inquiry_free(s->inquiry);
	auth_free(s->auth);
	stream_finish(s->stream);
	timer_in(&s->timer, CLOSE_TIME);
}

static void
close_for_stop(struct session *s)
{
	struct reply	 r = reply_make(421, "4.3.2",
			    "%s Service is stopping, try again later",
			    s->server->hostname);

	session_close(s, &r);
}

static void
close_for_errors(struct session *s)
{
	struct reply	 r = reply_make(421, "4.7.0", "%s Too many errors",
			    s->server->hostname);

	session_log_event(s, "too many errors");
	session_close(s, &r);
}

/*
 * A neighbour is there and says nothing; no client waits longer.  What queue
 * has whole it may store all the same: a duplicate, not a loss.
 */
static void
close_for_silence(struct session *s)
{
	struct reply	 r = reply_make(421, "4.3.0",
			    "%s No answer in time, try again later",
			    s->server->hostname);

	session_log_event(s, "no answer of ours");
	session_close(s, &r);
}

void
session_turn_away(struct session *s, const char *where,
    const struct reply *why)
{
	struct reply	 r;
	char		 enhanced[ENHANCED_SIZE];

	session_log_begin(s);
	reply_enhanced(why, enhanced);
	r = reply_make(why->code, enhanced, "%s %s", s->server->hostname,
	    why->text);
	session_log_reject(s, where, &r, NULL);
	session_close(s, &r);
}

void
session_close_for_pace(struct session *s)
{
	struct reply	 r = reply_make(421, "4.7.0", "Limit slow-sessions: "
			    "too many clients send less than %u octets a "
			    "second, try again later", s->limit->minimum_rate);

	session_turn_away(s, s->command->verb, &r);
}

static void
on_timer(void *arg)
{
	struct session	*s = arg;
	struct reply	 r = reply_make(421, "4.4.2", "%s Timeout exceeded",
			    s->server->hostname);

	if (s->closing) {
		session_free(s);
		return;
	}
	if (s->state == STATE_HANDSHAKE) {
		secure_late(s);
		return;
	}
	if (s->waits) {
		close_for_silence(s);
		return;
	}
	if (s->state == STATE_PROXY) {
		proxied_late(s);
		return;
	}
	if (!s->greeted) {
		arrival_late(s);
		return;
	}
	session_log_event(s, "timeout");
	session_close(s, &r);
}

static void
on_closed(void *arg, int error)
{
	struct session	*s = arg;

	(void)error;
	if (!s->closing)
		session_log_event(s, "lost connection");
	session_free(s);
}

/* The content that is coming may still come while we stop. */
static bool
has_content(const struct session *s)
{
	return s->state == STATE_CONTENT || s->state == STATE_CHUNKS;
}

void
sessions_stop(struct server *server)
{
	struct session	*s;

	LIST_FOREACH(s, &server->sessions, entry)
		if (!has_content(s))
			close_for_stop(s);
	if (server->session_count == 0)
		process_exit(server->process, 0);
	timer_in(&server->last_call, STOP_CONTENT_TIME);
}

void
sessions_last_call(void *arg)
{
	struct server	*server = arg;
	struct session	*s;

	LIST_FOREACH(s, &server->sessions, entry)
		close_for_stop(s);
}

/* ---- replies ------------------------------------------------------------ */

/* Never closes: whoever answers may go on with what it holds. */
static void
say(struct session *s, const struct reply *r, struct span text)
{
	if (s->closing)
		return;
	if (!reply_put_text(r, text, stream_out(s->stream)))
		s->mute = true;
	if (reply_is_refusal(r))
		s->errors++;
}

void
session_reply_text(struct session *s, const struct reply *r, struct span text)
{
	const struct command	*c = s->command;

	if (r->code < 400 && c->next != STATE_STAY)
		s->state = c->next;
	if (r->code < 300)
		s->good[c->tally]++;
	say(s, r, text);
}

void
session_reply(struct session *s, const struct reply *r)
{
	session_reply_text(s, r, span_of(r->text));
}

/* To one recipient more; it is no other error than that of the first. */
static void
say_again(struct session *s, const struct reply *r)
{
	if (!s->closing && !reply_put(r, stream_out(s->stream)))
		s->mute = true;
}

void
session_end_content(struct session *s, const struct reply *r)
{
	unsigned	 n = session_is_lmtp(s) ? s->transaction->accepted : 1;

	session_reset(s);
	if (reply_is_success(r)) {
		s->good[s->command->tally]++;
		s->errors = 0;
	}
	say(s, r, span_of(r->text));
	while (n-- > 1)
		say_again(s, r);
}

void
session_reset(struct session *s)
{
	transaction_free(s->transaction);
	behalf_forget(s);
	if (s->state != STATE_NEW)
		s->state = STATE_READY;
}

/* ---- input -------------------------------------------------------------- */

static bool
take(struct session *s)
{
	struct buf	*in = stream_in(s->stream);

	if (s->state == STATE_CONTENT)
		return submit_take(s->transaction, in);
	if (s->state == STATE_PROXY)
		return proxied_take(s, in);
	if (s->chunk.open)
		return chunk_take(s, in);
	return line_take(s, in);
}

static bool
must_stop(const struct session *s)
{
	return s->server->stopping && !has_content(s);
}

static bool
errs_too_much(const struct session *s)
{
	return s->errors >= s->server->errors_max;
}

/* A proxy's header comes before the greeting, and nothing else does. */
static bool
may_speak(const struct session *s)
{
	return s->state == STATE_PROXY ||
	    (s->greeted && s->state != STATE_HANDSHAKE);
}

static bool
is_waiting(const struct session *s)
{
	return !may_speak(s) || s->inquiry != NULL ||
	    auth_is_waiting(s->auth) ||
	    transaction_is_waiting(s->transaction);
}

/* Replies that the client does not read are its limit, too. */
static bool
may_go_on(const struct session *s)
{
	return !s->closing && !s->mute && !must_stop(s) &&
	    !errs_too_much(s) && !is_waiting(s) &&
	    stream_waiting(s->stream) <= OUTPUT_MAX / 2;
}

static int64_t
patience(const struct session *s)
{
	if (s->waits)
		return s->server->answer_time;
	if (s->state == STATE_CONTENT || s->chunk.open)
		return s->server->data_time;
	return s->state == STATE_NEW ? s->server->greeting_time :
	    s->server->command_time;
}

void
session_wait(struct session *s)
{
	timer_in(&s->timer, patience(s));
}

/*
 * Time runs anew when the turn changes between the client and us.  Input that
 * came ahead of an answer is held, so that an end of file behind it is not
 * seen before it; nor is it seen that such a client has gone.
 */
static void
settle(struct session *s, bool progress)
{
	bool	 waits = is_waiting(s);

	stream_hold(s->stream, waits && buf_len(stream_in(s->stream)) > 0);
	if (!s->greeted || s->state == STATE_HANDSHAKE)
		return;		/* the timer is that of the beginning */
	if (waits != s->waits) {
		progress = true;
		pace_again(s->transaction);
	}
	s->waits = waits;
	if (progress || !timer_is_set(&s->timer))
		session_wait(s);
}

void
session_resume(struct session *s)
{
	bool	 progress = false;

	while (may_go_on(s) && take(s))
		progress = true;
	if (s->closing)
		return;
	if (s->mute)
		session_close(s, NULL);
	else if (errs_too_much(s))
		close_for_errors(s);
	else if (must_stop(s))
		close_for_stop(s);
	else
		settle(s, progress);
}

static void
on_readable(void *arg)
{
	session_resume(arg);
}

static void
on_drained(void *arg)
{
	struct session	*s = arg;

	if (!s->closing && buf_len(stream_in(s->stream)) > 0)
		session_resume(s);
}

/* ---- a new one ----------------------------------------------------------- */

static const struct stream_calls calls = { on_readable, on_drained,
				    on_closed };

static struct session *
make(struct server *server, struct listener *l, const struct client *client)
{
	struct session	*s = xcalloc(1, sizeof(*s));

	s->server = server;
	s->listener = l;
	s->client = *client;
	s->limit = listener_limit(l);
	s->state = STATE_NEW;
	timer_init(&s->timer, server->loop, on_timer, s);
	LIST_INSERT_HEAD(&server->sessions, s, entry);
	return s;
}

void
session_new(struct server *server, struct listener *l, int fd,
    const struct client *client)
{
	struct stream_limits limits = { INPUT_MAX, OUTPUT_MAX };
	struct session	*s = make(server, l, client);

	if (session_is_lmtp(s))
		limits.out = LMTP_OUTPUT_MAX;
	s->stream = stream_new(server->loop, fd, &limits, &calls, s);
	server->session_count++;
	if (!proxied_begin(s))
		session_meet(s);
}

/* The accounts of a connection: who it is, what it did wrong. */
static void
give_account(const struct session *from, struct session *to)
{
	to->visit = from->visit;
	to->told = from->told;
	to->errors = from->errors;
	to->met = from->met;
	to->announced = from->announced;
	to->may_xclient = from->may_xclient;
	to->may_xforward = from->may_xforward;
	memcpy(to->tried, from->tried, sizeof(to->tried));
	memcpy(to->good, from->good, sizeof(to->good));
}

void
session_replace(struct session *old)
{
	struct session	*s = make(old->server, old->listener, &old->client);

	s->client.login = s->client.method = NULL;
	s->relay = policy_may_relay(&s->server->policy, &s->client);
	s->greeted = true;
	give_account(old, s);
	secure_give(old, s);
	s->stream = old->stream;
	stream_give(s->stream, &calls, s);
	session_wait(s);
	timer_clear(&old->timer);
	LIST_REMOVE(old, entry);
	free(old->helo);
	client_forget_login(&old->client);
	behalf_forget(old);
	free(old);
}
