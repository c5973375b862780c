/* SPDX-License-Identifier: ISC */
/*
 * One mail: MAIL, its RCPTs, the content, and what is said to them.
 *
 * One reply at a time is awaited: that of `step`.  With PIPELINING (RFC 2920)
 * MAIL, all RCPTs and DATA leave in one write, and only the awaiting walks
 * through the steps; without, each step's command leaves when it is reached.
 *
 * With CHUNKING (RFC 3030) there is no DATA: content leaves by BDAT, and the
 * replies to it come in meanwhile.  Of a small message that may be all in the
 * same write, and takes one round trip; but only on a connection on which a
 * message has come through by BDAT, since to a server that does not know it
 * content would be commands.
 */
#include <string.h>

#include "shared/log.h"
#include "remote/dialog.h"

/* ---- commands ------------------------------------------------------------ */

static void
put_ok(bool put)
{
	if (!put)
		fatal("client: commands pass the output's ceiling");
}

void
transaction_send_rset(struct client *c)
{
	dialog_put(c, "RSET\r\n");
}

void
transaction_send_xforward(struct client *c)
{
	put_ok(xforward_put(c->mail->xforward, c->offer.xforward,
	    c->forwarded, stream_out(c->stream)));
}

/* The next command with something to say, or XFORWARD_COMMANDS. */
static unsigned
next_xforward(const struct client *c, unsigned from)
{
	if (c->mail->xforward == NULL)
		return XFORWARD_COMMANDS;
	while (from < XFORWARD_COMMANDS &&
	    !xforward_has(c->offer.xforward, from))
		from++;
	return from;
}

static void
put_wishes(struct client *c, const char *wishes)
{
	if ((c->offer.extensions & OFFER_DSN) && wishes != NULL)
		put_ok(buf_printf(stream_out(c->stream), "%s", wishes));
}

void
transaction_send_mail(struct client *c)
{
	struct buf	*out = stream_out(c->stream);

	put_ok(buf_printf(out, "MAIL FROM:<%s>", c->mail->sender->text));
	if (c->offer.extensions & OFFER_SIZE)
		put_ok(buf_printf(out, " SIZE=%llu",
		    (unsigned long long)c->mail->size));
	if ((c->offer.extensions & OFFER_8BITMIME) && c->mail->eight_bit)
		put_ok(buf_printf(out, " BODY=8BITMIME"));
	put_wishes(c, c->mail->wishes);
	put_ok(buf_printf(out, "\r\n"));
}

static void
put_rcpt(struct client *c, unsigned i)
{
	const struct client_mail	*m = c->mail;

	put_ok(buf_printf(stream_out(c->stream), "RCPT TO:<%s>",
	    m->recipient(m->arg, i)->text));
	put_wishes(c, m->wishes_of != NULL ? m->wishes_of(m->arg, i) : NULL);
	dialog_put(c, "\r\n");
}

void
transaction_send_rcpt(struct client *c)
{
	put_rcpt(c, c->answered);
}

void
transaction_send_data(struct client *c)
{
	dialog_put(c, "DATA\r\n");
}

static void
send_ahead(struct client *c)
{
	size_t		 from = stream_waiting(c->stream);
	unsigned	 i;

	if (c->dirty)
		transaction_send_rset(c);
	while (c->forwarded < XFORWARD_COMMANDS) {
		transaction_send_xforward(c);
		c->forwarded = next_xforward(c, c->forwarded + 1);
	}
	c->forwarded = next_xforward(c, 0);
	transaction_send_mail(c);
	for (i = 0; i < c->mail->recipients; i++)
		put_rcpt(c, i);
	if (!c->chunked)
		transaction_send_data(c);
	dialog_record(c, from);
}

static void
begin_envelope(struct client *c)
{
	dialog_go(c, c->forwarded < XFORWARD_COMMANDS ? CLIENT_XFORWARD :
	    CLIENT_MAIL);
}

bool
transaction_leaves_whole(const struct client *c, uint64_t size)
{
	unsigned	 both = OFFER_PIPELINING | OFFER_CHUNKING;

	return (c->offer.extensions & both) == both && c->chunks_work &&
	    size <= RING_SLOT;
}

void
transaction_begin(struct client *c)
{
	c->answered = c->accepted = c->chunks = 0;
	c->forwarded = next_xforward(c, 0);
	c->mail_accepted = c->ended = c->refused = false;
	memset(c->accepts, 0, sizeof c->accepts);
	c->ahead = c->offer.extensions & OFFER_PIPELINING;
	c->chunked = (c->offer.extensions & OFFER_CHUNKING) &&
	    !c->manner.no_chunks;
	c->dots = (struct dots){ DOTS_LINE, c->chunked };
	if (c->ahead)
		send_ahead(c);
	if (c->dirty)
		dialog_go(c, CLIENT_RSET);
	else
		begin_envelope(c);
	if (c->chunked && transaction_leaves_whole(c, c->mail->size))
		c->calls->more(c->arg);
}

/* ---- replies ------------------------------------------------------------- */

static void
tell_event(struct client *c, struct client_event *e, const struct reply *r)
{
	e->step = c->step == CLIENT_DOT && c->chunked ? CLIENT_CHUNK :
	    c->step;
	e->said = true;
	e->number = c->answered;
	e->code = r->code;
	e->reply = *r;
	c->calls->verdict(c->arg, e);
}

static void
tell(struct client *c, const struct reply *r)
{
	tell_event(c, &(struct client_event){ 0 }, r);
}

static void
end_mail(struct client *c, bool dirty)
{
	c->dirty = dirty;
	c->mail = NULL;
	c->ended = false;
	dialog_become_idle(c);
	c->calls->over(c->arg);
}

void
transaction_on_rset(struct client *c, const struct reply *r)
{
	if (!reply_is_success(r)) {
		client_fail_said(c, r);
		return;
	}
	c->dirty = false;
	begin_envelope(c);
}

/* Mail goes also without. */
void
transaction_on_xforward(struct client *c, const struct reply *r)
{
	(void)r;
	c->forwarded = next_xforward(c, c->forwarded + 1);
	begin_envelope(c);
}

void
transaction_on_mail(struct client *c, const struct reply *r)
{
	c->mail_accepted = reply_is_success(r);
	tell(c, r);
	if (c->freed)
		return;
	if (c->mail_accepted || c->ahead)
		dialog_go(c, CLIENT_RCPT);
	else
		end_mail(c, true);
}

/* RFC 5321 section 4.5.3.1.10: 552 was once said for it, too. */
static bool
says_too_many(const struct reply *r)
{
	return (r->code == 452 || r->code == 552) &&
	    ((r->subject == 5 && r->detail == 3) ||
	    (r->subject == 0 && r->detail == 0));
}

static void
tell_recipient(struct client *c, const struct reply *r)
{
	struct client_event	 e = { .one = true };

	if (reply_is_success(r)) {
		c->accepts[c->answered] = true;
		c->accepted++;
	} else
		e.too_many = says_too_many(r) && c->accepted > 0;
	if (e.too_many && c->room == 0)
		c->room = c->accepted;
	tell_event(c, &e, r);
}

/* Some of it may have left already. */
static void
go_on_in_chunks(struct client *c)
{
	c->answered = 0;
	c->refused = c->accepted == 0;
	if (c->ended && c->chunks == 0)
		dialog_go(c, CLIENT_DOT);
	else if (c->refused && c->chunks == 0)
		end_mail(c, true);
	else {
		dialog_go(c, CLIENT_CHUNK);
		if (transaction_wants_more(c))
			c->calls->more(c->arg);
	}
}

void
transaction_on_rcpt(struct client *c, const struct reply *r)
{
	/* behind a refused MAIL these are but its echoes */
	if (c->mail_accepted) {
		tell_recipient(c, r);
		if (c->freed)
			return;
	}
	if (++c->answered < c->mail->recipients)
		dialog_go(c, CLIENT_RCPT);
	else if (c->chunked)
		go_on_in_chunks(c);
	else if (c->accepted > 0 || c->ahead)
		dialog_go(c, CLIENT_DATA);
	else
		end_mail(c, true);
}

/* 354 for nobody.  RFC 2920 section 3.1 wants a lone dot then; how many replies
 * that has in LMTP nobody can tell. */
static void
end_for_nobody(struct client *c)
{
	if (c->manner.lmtp) {
		c->lost_count = true;
		end_mail(c, true);
		return;
	}
	dialog_put(c, ".\r\n");
	dialog_go(c, CLIENT_DOT);
}

static void
begin_content(struct client *c)
{
	c->answered = 0;
	dialog_go(c, CLIENT_CONTENT);
	c->calls->more(c->arg);
}

void
transaction_on_data(struct client *c, const struct reply *r)
{
	bool	 goes_on = r->code / 100 == 3;

	if (reply_is_success(r))
		client_fail_protocol(c);
	else if (goes_on && c->accepted > 0)
		begin_content(c);
	else if (goes_on)
		end_for_nobody(c);
	else {
		if (c->accepted > 0)
			tell(c, r);
		if (!c->freed)
			end_mail(c, true);
	}
}

/* Before its time: a verdict, after which no command can follow. */
void
transaction_on_content(struct client *c, const struct reply *r)
{
	if (reply_is_success(r))
		client_fail_protocol(c);
	else
		client_fail_said(c, r);
}

/* RFC 2033 section 4.2: one reply for each RCPT that was accepted. */
static void
take_verdict_of_one(struct client *c, const struct reply *r)
{
	while (!c->accepts[c->answered])
		c->answered++;
	tell_event(c, &(struct client_event){ .one = true }, r);
	if (c->freed)
		return;
	c->answered++;
	c->chunks_work = c->chunks_work || (c->chunked && reply_is_success(r));
	if (--c->accepted > 0)
		dialog_go(c, CLIENT_DOT);
	else
		end_mail(c, false);
}

/* A server that offers BDAT and then does not know it: our content will have
 * been its commands. */
static bool
is_unknown(const struct reply *r)
{
	return r->code == 500 || r->code == 502 || r->code == 504;
}

static void
refuse_chunks(struct client *c, const struct reply *r)
{
	c->refused = true;
	if (is_unknown(r) && !c->chunks_work)
		client_fail_chunks(c);
	else
		tell(c, r);
}

/* RFC 3030 section 2: behind a chunk that failed, all else fails as well.  In
 * LMTP nobody can tell how many replies that is. */
void
transaction_on_chunk(struct client *c, const struct reply *r)
{
	if (c->chunks == 0) {
		transaction_on_content(c, r);
		return;
	}
	c->chunks--;
	if (!reply_is_success(r) && !c->refused)
		refuse_chunks(c, r);
	if (c->freed)
		return;
	c->lost_count = c->refused && c->manner.lmtp;
	if (c->lost_count || (c->refused && !c->ended && c->chunks == 0))
		end_mail(c, true);
	else if (c->ended && c->chunks == 0)
		dialog_go(c, CLIENT_DOT);
}

/* Who answers while the dot waits here has not seen it. */
void
transaction_on_dot(struct client *c, const struct reply *r)
{
	bool	 taken = reply_is_success(r);

	if (stream_waiting(c->stream) > 0) {
		transaction_on_content(c, r);
		return;
	}
	if (c->manner.lmtp && c->accepted > 0) {
		take_verdict_of_one(c, r);
		return;
	}
	if (c->chunked && !taken && !c->refused)
		refuse_chunks(c, r);
	else if (!c->refused && c->accepted > 0)
		tell(c, r);
	if (c->freed)
		return;
	c->chunks_work = c->chunks_work ||
	    (c->chunked && taken && !c->refused);
	end_mail(c, c->chunked && !taken);
}

/* ---- content ------------------------------------------------------------- */

/* How long it takes is minded where nothing else is awaited. */
static void
note_piece(struct client *c)
{
	if (c->step != CLIENT_CONTENT && c->step != CLIENT_CHUNK)
		return;
	if (c->ended && c->chunks == 0)
		dialog_go(c, CLIENT_DOT);
	else
		timer_in(&c->timer, c->all->content_time);
}

static enum dots_status
put_chunk(struct client *c, struct span s, bool last)
{
	struct buf		*out = stream_out(c->stream);
	size_t			 before = buf_len(out);
	struct span		 put;
	enum dots_status	 status;

	status = dots_put_chunk(&c->dots, s, last, out);
	put = span_skip(buf_span(out), before);
	if (put.len == 0)
		return status;
	recorder_said(c->record, span_head(put, span_index(put, '\n') + 1));
	if (!last)
		c->chunks++;
	return status;
}

static enum dots_status
put_text(struct client *c, struct span s, bool last)
{
	struct buf		*out = stream_out(c->stream);
	enum dots_status	 status = dots_put(&c->dots, s, out);

	if (status == DOTS_OK && last)
		status = dots_end(&c->dots, out);
	return status;
}

enum dots_status
transaction_put(struct client *c, struct span s, bool last)
{
	enum dots_status	 status;

	status = c->chunked ? put_chunk(c, s, last) : put_text(c, s, last);
	recorder_content(c->record, s.len);
	c->ended = status == DOTS_OK && last;
	if (status == DOTS_OK)
		note_piece(c);
	return status;
}

bool
transaction_wants_more(const struct client *c)
{
	return (c->step == CLIENT_CONTENT || c->step == CLIENT_CHUNK) &&
	    !c->ended && !c->refused;
}

/* As far as replies have told. */
static bool
may_be_for_somebody(const struct client *c)
{
	if (c->step == CLIENT_RCPT)
		return c->mail_accepted;
	return c->step < CLIENT_RCPT || c->accepted > 0;
}

bool
transaction_is_unsure(const struct client *c)
{
	return c->ended && !c->refused && stream_waiting(c->stream) == 0 &&
	    may_be_for_somebody(c);
}
