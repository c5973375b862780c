/* SPDX-License-Identifier: ISC */
#include "smtpd/auth.h"
#include "smtpd/command.h"
#include "smtpd/params.h"
#include "smtpd/server.h"

/* ---- the end of a chunk -------------------------------------------------- */

static struct reply
refusal(const struct session *s)
{
	const struct transaction	*t = s->transaction;

	if (s->chunk.malformed)
		return reply_make(501, "5.5.4", "Syntax: BDAT size [LAST]");
	if (t->accepted > 0)
		return submit_refusal(t);
	return command_no_recipients(s);
}

/* Logged once for a message, for many more chunks may be on their way. */
static void
refuse_message(struct session *s)
{
	struct reply	 r = refusal(s);

	if (!s->transaction->told)
		session_log_reject(s, "BDAT", &r, NULL);
	s->transaction->told = true;
	if (s->chunk.last)
		session_end_content(s, &r);
	else
		session_reply(s, &r);
}

static void
refuse(struct session *s)
{
	struct reply	 r = auth_required();

	if (s->transaction != NULL) {
		refuse_message(s);
	} else if (s->chunk.malformed) {
		r = refusal(s);
		session_reply(s, &r);
	} else if (auth_is_missing(s)) {
		session_reply(s, &r);
	} else {
		command_out_of_order(s);
	}
}

static bool
is_good(const struct session *s)
{
	return s->transaction != NULL &&
	    s->transaction->content.verdict == CONTENT_GOOD;
}

/* All its octets are here.  False when the last one must wait for room. */
static bool
end(struct session *s)
{
	struct reply	 r = reply_make(250, "2.0.0", "%llu octets received",
			    (unsigned long long)s->chunk.size);

	if (s->chunk.last && is_good(s) &&
	    submit_end(s->transaction) == CONTENT_FULL)
		return false;
	s->chunk.open = false;
	if (!is_good(s))
		refuse(s);
	else if (!s->chunk.last)
		session_reply(s, &r);
	return true;
}

bool
chunk_take(struct session *s, struct buf *in)
{
	struct chunk		*c = &s->chunk;
	struct span		 rest = buf_span(in);
	enum content_status	 status = CONTENT_MORE;
	size_t			 n;

	if (rest.len > c->left)
		rest = span_head(rest, c->left);
	n = rest.len;
	if (n == 0 && c->left > 0)
		return false;
	if (s->transaction != NULL) {
		status = submit_feed(s->transaction, &rest);
		n -= rest.len;
	}
	buf_drop(in, n);
	c->left -= n;
	if (status == CONTENT_FULL)
		return n > 0;
	return c->left > 0 || end(s);
}

/* ---- its begin ----------------------------------------------------------- */

static void
expect(struct session *s)
{
	struct transaction	*t = s->transaction;
	bool			 first = s->state != STATE_CHUNKS;

	if (first) {
		transaction_expect(t, CONTENT_CHUNKED);
		pace_begin(t);
	}
	if (s->chunk.malformed || t->accepted == 0)
		content_discard(&t->content);
	content_expect(&t->content, s->chunk.left);
	s->state = STATE_CHUNKS;
	if (t->content.verdict != CONTENT_GOOD)
		submit_abandon(t);
	else if (first)
		submit_open(t);
}

void
chunk_begin(struct session *s, struct span arg)
{
	struct chunk		 c = { .open = true };
	enum chunk_status	 status;

	status = params_parse_chunk(arg, &c.size, &c.last);
	if (status == CHUNK_UNFRAMED) {
		chunk_unframed(s);
		return;
	}
	c.left = c.size;
	c.malformed = status == CHUNK_MALFORMED;
	s->chunk = c;
	if (s->transaction != NULL)
		expect(s);
}

/*
 * Content may be on its way, and nobody knows where it ends.  Lines of it must
 * not be taken for commands, so nothing is taken any more.
 */
void
chunk_unframed(struct session *s)
{
	struct reply	 r = reply_make(501, "5.5.4",
			    "Syntax: BDAT size [LAST]");

	session_log_reject(s, "BDAT", &r, NULL);
	session_reply(s, &r);
	session_close(s, NULL);
}
