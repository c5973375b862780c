/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "shared/clock.h"
#include "shared/id.h"
#include "shared/log.h"
#include "smtpd/behalf.h"
#include "smtpd/completion.h"
#include "smtpd/parameters.h"
#include "smtpd/rights.h"
#include "smtpd/server.h"
#include "smtpd/trace.h"

static struct server *
server_of(const struct transaction *t)
{
	return t->session->server;
}

/* ---- the envelope ------------------------------------------------------- */

/* Queue holds nothing of it any more, or is gone itself. */
static void
drop_envelope(struct transaction *t)
{
	slot_stop_waiting(t);
	if (server_of(t)->queue != NULL)
		slot_give_back(t);
	t->slot = -1;
	t->sink.room = 0;
	t->slots_out = 0;
	transaction_answered(t);
}

static bool
is_envelope(const struct transaction *t)
{
	return t->question.token != 0 && t->awaits != AWAITS_VERDICT;
}

/* Whether END has been said decides: then it is queue's, come what may. */
void
submit_abandon(struct transaction *t)
{
	struct msg	 m = { .type = MSG_ABORT };

	if (!is_envelope(t))
		return;
	m.abort.token = t->question.token;
	if (!t->ended && server_of(t)->queue != NULL)
		peer_put(server_of(t)->queue, &m);
	drop_envelope(t);
}

static struct reply
refusal(enum stored_outcome outcome)
{
	switch (outcome) {
	case STORED_NO_SPACE:
		return reply_make(452, "4.3.1", "Insufficient system storage");
	case STORED_TOO_BIG:
		return reply_make(552, "5.3.4",
		    "Message size exceeds fixed limit");
	default:
		return reply_make(451, "4.3.0", "Queue is not available, "
		    "try again later");
	}
}

static void
put_recipients(struct transaction *t)
{
	struct span	 list = buf_span(&t->recipients);
	struct msg	 m = { .type = MSG_RECIPIENT };

	m.recipient.token = t->question.token;
	while (recipient_take(&list, &m.recipient.recipient,
	    &m.recipient.parameters)) {
		peer_put(server_of(t)->queue, &m);
		m.recipient.number++;
	}
}

static unsigned
flags_of(const struct transaction *t)
{
	unsigned	 flags = t->eight_bit ? MESSAGE_8BIT : 0;

	if (client_is_local(&t->session->client))
		flags |= MESSAGE_LOCAL;
	return flags;
}

static void	 ask_open(void *);

static void
wait_for_credit(struct transaction *t)
{
	question_wait(&t->question, server_of(t)->queue, ask_open);
}

static void
ask_open(void *arg)
{
	struct transaction	*t = arg;
	struct peer		*queue = server_of(t)->queue;
	struct msg		 m = { .type = MSG_OPEN };
	char			 client[CLIENT_SIZE], who[IDENTITY_SIZE];
	char			 parameters[PARAMETERS_MAX + 1];

	client_format(client, &t->session->client, CLIENT_WITH_PORT);
	client_identity(who, &t->session->client);
	m.open.token = peer_token(queue);
	m.open.sender = t->sender;
	m.open.size = t->declared;
	m.open.flags = flags_of(t);
	m.open.client = span_of(client);
	m.open.identity = span_of(who);
	m.open.parameters = parameters_of(t, parameters);
	if (!peer_ask(queue, &m)) {
		wait_for_credit(t);
		return;
	}
	transaction_ask(t, m.open.token);
	put_recipients(t);
}

/* The rest of the content comes all the same, and then hears why. */
static void
on_failed_amid(struct transaction *t, enum stored_outcome outcome)
{
	drop_envelope(t);
	t->failure = outcome;
	content_discard(&t->content);
}

/*
 * DATA is refused; the recipients stay, and the client may try again.  To BDAT
 * it is said behind the chunk.
 */
static void
on_not_opened(struct transaction *t, enum stored_outcome outcome)
{
	struct reply	 r = refusal(outcome);

	t->awaits = AWAITS_NOTHING;
	if (t->content.framing == CONTENT_CHUNKED) {
		on_failed_amid(t, outcome);
		return;
	}
	drop_envelope(t);
	session_log_reject(t->session, "DATA", &r, NULL);
	session_reply(t->session, &r);
}

void
submit_open(struct transaction *t)
{
	struct server	*server = server_of(t);

	if (server->queue == NULL && !timer_is_set(&server->queue_away)) {
		on_not_opened(t, STORED_FAILED);
		return;
	}
	t->awaits = AWAITS_OPENED;
	if (server->queue != NULL)
		ask_open(t);
}

/* ---- the content -------------------------------------------------------- */

struct reply
submit_refusal(const struct transaction *t)
{
	switch (t->content.verdict) {
	case CONTENT_BARE:
		return reply_make(550, "5.5.2",
		    "Bare CR or LF in the content");
	case CONTENT_TOO_BIG:
		return refusal(STORED_TOO_BIG);
	case CONTENT_LOOPS:
		return reply_make(554, "5.4.6", "Too many hops");
	case CONTENT_RETURNS:
		return reply_make(554, "5.4.6", "Mail loop: delivered here "
		    "before, says Delivered-To");
	default:
		if (completion_refusal(t->completion) != NULL)
			return *completion_refusal(t->completion);
		if (t->failure != STORED_OK)
			return refusal(t->failure);
		return reply_make(503, "5.5.1",
		    "A part of the message is lost, RSET first");
	}
}

static void
refuse_content(struct transaction *t)
{
	struct reply	 r = submit_refusal(t);

	session_log_reject(t->session, "END-OF-MESSAGE", &r, NULL);
	session_end_content(t->session, &r);
}

/* It is whole and good. */
static void
close_envelope(struct transaction *t)
{
	struct msg	 m = { .type = MSG_END };

	slot_send(t);
	m.end.token = t->question.token;
	m.end.size = t->sent;
	m.end.recipients = t->accepted;
	peer_put(server_of(t)->queue, &m);
	t->ended = true;
	t->envelope = t->question.token;
	t->awaits = AWAITS_STORED;
}

static void
put_trace(struct transaction *t)
{
	struct session	*s = t->session;
	struct span	 list = buf_span(&t->recipients), line, wishes;
	struct addr	 only;
	struct buf	 b;
	char		 tls[SECURE_TEXT_SIZE];
	struct trace	 trace = { &s->client, s->helo, s->server->hostname,
			    session_with(s), t->message, NULL,
			    clock_wall(), t->tags, t->tag_count, tls };

	secure_describe(s, tls);
	if (t->accepted == 1 && recipient_take(&list, &only, &wishes))
		trace.recipient = &only;
	buf_init(&b, TRACE_MAX);
	if (!trace_put(&b, &trace))
		fatal("the Received line is too long");
	line = buf_span(&b);
	memcpy(t->sink.at, line.ptr, line.len);
	t->sink.at += line.len;
	t->sink.room -= line.len;
	buf_clear(&b);
}

/* Our own line goes first, so there is a slot before any content is read. */
static bool
is_ready(struct transaction *t)
{
	if (t->content.verdict != CONTENT_GOOD)
		return true;
	if (!slot_more(&t->sink))
		return false;
	if (!t->traced)
		put_trace(t);
	t->traced = true;
	return true;
}

/* All content goes this way; NULL: the last chunk has come.  Waiting for the
 * rights of its senders, it is CONTENT_FULL. */
static enum content_status
feed(struct transaction *t, struct span *in)
{
	struct completion	*c = t->completion;
	enum content_status	 status;

	if (c == NULL)
		return in == NULL ? content_end(&t->content, &t->sink) :
		    content_feed(&t->content, in, &t->sink);
	do {
		status = completion_feed(c, &t->content, in, &t->sink);
		if (!completion_is_over(c))
			break;
		rights_judge(t);
	} while (!transaction_is_waiting(t));
	return status;
}

static void
wait_for_slot(struct transaction *t)
{
	if (!transaction_is_waiting(t))
		slot_wait(t);
}

enum content_status
submit_feed(struct transaction *t, struct span *in)
{
	enum content_status	 status = CONTENT_FULL;
	size_t			 before = in->len;

	if (is_ready(t))
		status = feed(t, in);
	t->arrived += before - in->len;
	if (t->content.verdict != CONTENT_GOOD)
		submit_abandon(t);
	if (status == CONTENT_FULL)
		wait_for_slot(t);
	else if (status == CONTENT_MORE)
		slot_pause(t);
	return status;
}

enum content_status
submit_end(struct transaction *t)
{
	enum content_status	 status = feed(t, NULL);

	if (status == CONTENT_FULL)
		wait_for_slot(t);
	else if (t->content.verdict == CONTENT_GOOD)
		close_envelope(t);
	else
		submit_abandon(t);
	return status;
}

/* What came is not through yet, though there is nothing more to read. */
static bool
is_pending(const struct transaction *t)
{
	return t->completion != NULL && completion_is_pending(t->completion);
}

bool
submit_take(struct transaction *t, struct buf *in)
{
	struct span		 rest = buf_span(in);
	size_t			 taken = rest.len;
	enum content_status	 status;

	if (taken == 0 && !is_pending(t))
		return false;
	status = submit_feed(t, &rest);
	taken -= rest.len;
	buf_drop(in, taken);
	if (status == CONTENT_END && t->content.verdict == CONTENT_GOOD)
		close_envelope(t);
	else if (status == CONTENT_END)
		refuse_content(t);
	return taken > 0;
}

/* ---- what queue says ---------------------------------------------------- */

static void
put_tags(const struct transaction *t, struct buf *b)
{
	unsigned	 i;

	for (i = 0; i < t->tag_count; i++)
		(void)buf_printf(b, "%s%s", i == 0 ? ", tag=" : ",",
		    t->tags[i]);
	if (t->urged != NULL)
		(void)buf_printf(b, ", priority=%d", t->urged->priority);
}

static void
log_client(const struct transaction *t)
{
	char		 id[ID_SIZE], client[CLIENT_SIZE];
	struct buf	 more;

	buf_init(&more, BEHALF_MAX + ADDR_TEXT_MAX + SECURE_LOG_MAX +
	    TAGS_MAX * (TAG_MAX + 1) + 32);
	put_tags(t, &more);
	behalf_put(t->session, &more);
	if (t->author != NULL)
		(void)buf_printf(&more, ", sasl_sender=%s", t->author);
	secure_put(t->session, &more);
	id_format(id, t->message);
	client_format(client, &t->session->client, CLIENT_NAME);
	log_info("%s: client=%s%.*s", id, client, (int)buf_len(&more),
	    buf_span(&more).ptr);
	buf_clear(&more);
}

/* A chunk needs no invitation: it is on its way. */
static void
begin_content(struct transaction *t)
{
	struct session	*s = t->session;
	struct reply	 r = reply_make(354, NULL,
			    "End data with <CR><LF>.<CR><LF>");

	log_client(t);
	t->sink = (struct content_sink){ .more = slot_more, .arg = t };
	t->awaits = AWAITS_NOTHING;
	if (s->client.flags & LISTENER_SUBMISSION)
		t->completion = completion_new();
	if (t->content.framing == CONTENT_CHUNKED)
		return;
	pace_begin(t);
	session_reply(s, &r);
}

void
submit_on_opened(struct server *server, const struct msg_opened *m)
{
	struct transaction	*t = transaction_find(server, m->token);
	struct session		*s;

	if (t == NULL)
		return;
	if (t->awaits != AWAITS_OPENED) {
		peer_accuse(server->queue, "opens what was not asked for");
		return;
	}
	s = t->session;
	t->message = m->message;
	begin_content(t);
	session_resume(s);
}

static void
on_stored(struct transaction *t, enum stored_outcome outcome)
{
	struct reply	 r = refusal(outcome);
	char		 id[ID_SIZE];

	id_format(id, t->message);
	if (outcome == STORED_OK)
		r = reply_make(250, "2.0.0", "Ok: queued as %s", id);
	else
		session_log_reject(t->session, "END-OF-MESSAGE", &r, NULL);
	t->awaits = AWAITS_NOTHING;
	session_end_content(t->session, &r);
}

/* Only what was ended can be stored, and nobody aborted what we still know. */
static bool
is_plausible(const struct transaction *t, const struct msg_stored *m)
{
	if (t->awaits == AWAITS_VERDICT || m->outcome == STORED_ABORTED)
		return false;
	if (m->outcome == STORED_OK)
		return t->awaits == AWAITS_STORED && m->message == t->message;
	return true;
}

static void
end_envelope(struct transaction *t, enum stored_outcome outcome)
{
	struct session	*s = t->session;

	if (t->awaits == AWAITS_OPENED)
		on_not_opened(t, outcome);
	else if (t->awaits == AWAITS_STORED)
		on_stored(t, outcome);
	else
		on_failed_amid(t, outcome);
	session_resume(s);
}

void
submit_on_stored(struct server *server, const struct msg_stored *m)
{
	struct transaction	*t = transaction_find(server, m->token);

	if (t == NULL)
		return;		/* we had taken it back, or the client left */
	if (is_plausible(t, m))
		end_envelope(t, m->outcome);
	else
		peer_accuse(server->queue, "stored what was not its to store");
}

/* ---- its coming and going ----------------------------------------------- */

static void	 ask_unsure(void *);

/* An older queue took all of it, and went without a word. */
static void
ask_unsure(void *arg)
{
	struct transaction	*t = arg;
	struct peer		*queue = server_of(t)->queue;
	struct msg		 m = { .type = MSG_UNSURE };

	m.unsure.token = peer_token(queue);
	m.unsure.envelope = t->envelope;
	m.unsure.message = t->message;
	if (peer_ask(queue, &m))
		transaction_ask(t, m.unsure.token);
	else
		question_wait(&t->question, queue, ask_unsure);
}

static void
ask_again(struct transaction *t)
{
	if (transaction_is_unasked(t, AWAITS_OPENED))
		ask_open(t);
	else if (transaction_is_unasked(t, AWAITS_STORED))
		ask_unsure(t);
}

void
submit_found(struct server *server, struct peer *queue)
{
	struct ring	*ring = peer_ring_out(queue);
	struct session	*s;

	if (ring == NULL) {
		peer_accuse(queue, "has no ring");
		return;
	}
	handover_init(&server->handover, ring);
	server->queue = queue;
	timer_unset(&server->queue_away);
	LIST_FOREACH(s, &server->sessions, entry)
		ask_again(s->transaction);
}

void
submit_give_up(void *arg)
{
	struct server	*server = arg;
	struct session	*s;

	LIST_FOREACH(s, &server->sessions, entry) {
		if (!transaction_is_unasked(s->transaction, AWAITS_OPENED) &&
		    !transaction_is_unasked(s->transaction, AWAITS_STORED))
			continue;
		end_envelope(s->transaction, STORED_FAILED);
	}
}

/*
 * An envelope without an id is as good as not asked for.  One that was ended
 * may be stored: the next queue knows.  What became of one that is under way is
 * nothing, and its client is told at the end.
 */
void
submit_lost(struct server *server)
{
	struct session		*s;
	struct transaction	*t;

	server->queue = NULL;
	LIST_FOREACH(s, &server->sessions, entry) {
		t = s->transaction;
		if (t == NULL)
			continue;
		if (t->awaits == AWAITS_OPENED ||
		    t->awaits == AWAITS_STORED) {
			drop_envelope(t);
		} else if (is_envelope(t)) {
			end_envelope(t, STORED_FAILED);
		}
	}
	timer_in(&server->queue_away, AWAY_TIME);
}
