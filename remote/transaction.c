/* SPDX-License-Identifier: ISC */
/*
 * One mail: MAIL, its RCPTs, the content, and what is said to them.
 *
 * One reply at a time is awaited: that of `step`.  With PIPELINING (RFC 2920)
 * MAIL, all RCPTs and DATA leave in one write, and only the awaiting walks
 * through the steps; without, each step's command leaves when it is reached.
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
transaction_send_mail(struct client *c)
{
	struct buf	*out = stream_out(c->stream);

	put_ok(buf_printf(out, "MAIL FROM:<%s>", c->mail->sender->text));
	if (c->offer.extensions & OFFER_SIZE)
		put_ok(buf_printf(out, " SIZE=%llu",
		    (unsigned long long)c->mail->size));
	if ((c->offer.extensions & OFFER_8BITMIME) && c->mail->eight_bit)
		put_ok(buf_printf(out, " BODY=8BITMIME"));
	put_ok(buf_printf(out, "\r\n"));
}

static void
put_rcpt(struct client *c, unsigned i)
{
	put_ok(buf_printf(stream_out(c->stream), "RCPT TO:<%s>\r\n",
	    c->mail->recipient(c->mail->arg, i)->text));
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
	transaction_send_mail(c);
	for (i = 0; i < c->mail->recipients; i++)
		put_rcpt(c, i);
	transaction_send_data(c);
	dialog_record(c, from);
}

void
transaction_begin(struct client *c)
{
	c->answered = c->accepted = 0;
	c->mail_accepted = c->ended = false;
	memset(c->accepts, 0, sizeof c->accepts);
	c->dots = (struct dots){ DOTS_LINE };
	c->ahead = c->offer.extensions & OFFER_PIPELINING;
	if (c->ahead)
		send_ahead(c);
	dialog_go(c, c->dirty ? CLIENT_RSET : CLIENT_MAIL);
}

/* ---- replies ------------------------------------------------------------- */

static void
tell_event(struct client *c, struct client_event *e, const struct reply *r)
{
	e->step = c->step;
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
	dialog_go(c, CLIENT_MAIL);
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
	if (--c->accepted > 0)
		dialog_go(c, CLIENT_DOT);
	else
		end_mail(c, false);
}

/* Who answers while the dot waits here has not seen it. */
void
transaction_on_dot(struct client *c, const struct reply *r)
{
	if (stream_waiting(c->stream) > 0) {
		transaction_on_content(c, r);
		return;
	}
	if (c->manner.lmtp) {
		take_verdict_of_one(c, r);
		return;
	}
	if (c->accepted > 0)
		tell(c, r);
	if (!c->freed)
		end_mail(c, false);
}

/* ---- content ------------------------------------------------------------- */

enum dots_status
transaction_put(struct client *c, struct span s, bool last)
{
	struct buf		*out = stream_out(c->stream);
	enum dots_status	 status = dots_put(&c->dots, s, out);

	if (status == DOTS_OK && last)
		status = dots_end(&c->dots, out);
	c->ended = status == DOTS_OK && last;
	if (c->ended)
		dialog_go(c, CLIENT_DOT);
	return status;
}

bool
transaction_is_unsure(const struct client *c)
{
	return c->ended && stream_waiting(c->stream) == 0 && c->accepted > 0;
}
