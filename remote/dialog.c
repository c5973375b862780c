/* SPDX-License-Identifier: ISC */
/*
 * One reply at a time is awaited: that of `step`.  With PIPELINING (RFC 2920)
 * MAIL, all RCPTs and DATA leave in one write, and only the awaiting walks
 * through the steps; without, each step's command leaves when it is reached.
 */
#include "shared/log.h"
#include "remote/auth.h"
#include "remote/dialog.h"
#include "remote/starttls.h"

struct step {
	const char	*name;		/* what a reply answers */
	const char	*doing;		/* "lost connection while …" */
	void		(*send)(struct client *);
	void		(*answered)(struct client *, const struct reply *);
	bool		 goes_on;	/* 3xx may answer it */
};

static const struct step steps[CLIENT_STEPS];

const char *
client_step_name(enum client_step step)
{
	return steps[step].name;
}

const char *
dialog_doing(enum client_step step)
{
	return steps[step].doing;
}

bool
client_takes_8bit(const struct client *c)
{
	return c->offer.extensions & OFFER_8BITMIME;
}

/* ---- commands ------------------------------------------------------------ */

static void
put_ok(bool put)
{
	if (!put)
		fatal("client: commands pass the output's ceiling");
}

static void
send_hello(struct client *c, const char *verb)
{
	const char	*name = c->manner.hop->helo;

	c->offer = (struct offer){ 0 };
	put_ok(buf_printf(stream_out(c->stream), "%s %s\r\n", verb,
	    *name != '\0' ? name : c->all->hostname));
}

static void
send_ehlo(struct client *c)
{
	send_hello(c, c->manner.lmtp ? "LHLO" : "EHLO");
}

static void
send_helo(struct client *c)
{
	send_hello(c, "HELO");
}

static void
send_rset(struct client *c)
{
	put_ok(stream_put(c->stream, span_of("RSET\r\n")));
}

static void
send_mail(struct client *c)
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

static void
send_rcpt(struct client *c)
{
	put_rcpt(c, c->answered);
}

static void
send_data(struct client *c)
{
	put_ok(stream_put(c->stream, span_of("DATA\r\n")));
}

static void
send_quit(struct client *c)
{
	put_ok(stream_put(c->stream, span_of("QUIT\r\n")));
}

/* What is behind `from` in the output is written down. */
static void
record_from(struct client *c, size_t from)
{
	if (c->record != NULL)
		recorder_said(c->record, span_skip(buf_span(stream_out(
		    c->stream)), from));
}

static void
send_ahead(struct client *c)
{
	size_t		 from = stream_waiting(c->stream);
	unsigned	 i;

	if (c->dirty)
		send_rset(c);
	send_mail(c);
	for (i = 0; i < c->mail->recipients; i++)
		put_rcpt(c, i);
	send_data(c);
	record_from(c, from);
}

/* ---- replies ------------------------------------------------------------- */

static void
tell(struct client *c, const struct reply *r)
{
	struct client_event	 e = { .step = c->step, .said = true,
				    .number = c->answered, .code = r->code,
				    .reply = *r };

	c->calls->verdict(c->arg, &e);
}

static void
become_idle(struct client *c)
{
	c->step = CLIENT_IDLE;
	timer_unset(&c->timer);
}

/*
 * What is done between EHLO and the first mail, in this order.  Each such step
 * ends in dialog_prepare, in another EHLO, or in the end of the connection;
 * once done it is no longer wanted.
 */
static const struct preparation {
	enum client_step step;
	bool		(*wanted)(const struct client *);
} preparations[] = {
	{ CLIENT_STARTTLS, starttls_is_wanted },
	{ CLIENT_AUTH, auth_is_wanted },
	{ CLIENT_IDLE, NULL }
};

void
dialog_prepare(struct client *c)
{
	const struct preparation	*p = preparations;

	while (p->wanted != NULL && !p->wanted(c))
		p++;
	if (p->wanted != NULL) {
		dialog_go(c, p->step);
		return;
	}
	become_idle(c);
	c->calls->ready(c->arg);
}

static void
on_greeting(struct client *c, const struct reply *r)
{
	c->greeted = true;
	if (reply_is_success(r))
		dialog_go(c, CLIENT_EHLO);
	else
		client_fail_said(c, r);
}

static void
on_ehlo(struct client *c, const struct reply *r)
{
	if (reply_is_success(r))
		dialog_prepare(c);
	else if (reply_is_refusal(r) && !c->manner.lmtp)
		dialog_go(c, CLIENT_HELO);
	else
		client_fail_said(c, r);
}

static void
on_helo(struct client *c, const struct reply *r)
{
	if (reply_is_success(r))
		dialog_prepare(c);
	else
		client_fail_said(c, r);
}

static void
on_rset(struct client *c, const struct reply *r)
{
	if (!reply_is_success(r)) {
		client_fail_said(c, r);
		return;
	}
	c->dirty = false;
	dialog_go(c, CLIENT_MAIL);
}

static void
end_mail(struct client *c, bool dirty)
{
	c->dirty = dirty;
	c->mail = NULL;
	become_idle(c);
	c->calls->over(c->arg);
}

static void
on_mail(struct client *c, const struct reply *r)
{
	c->mail_accepted = reply_is_success(r);
	tell(c, r);
	if (c->freed)
		return;
	if (c->mail_accepted || c->sent_ahead)
		dialog_go(c, CLIENT_RCPT);
	else
		end_mail(c, true);
}

static void
on_rcpt(struct client *c, const struct reply *r)
{
	/* behind a refused MAIL these are but its echoes */
	if (c->mail_accepted) {
		if (reply_is_success(r))
			c->accepted++;
		tell(c, r);
		if (c->freed)
			return;
	}
	if (++c->answered < c->mail->recipients)
		dialog_go(c, CLIENT_RCPT);
	else if (c->accepted > 0 || c->sent_ahead)
		dialog_go(c, CLIENT_DATA);
	else
		end_mail(c, true);
}

static void
on_data(struct client *c, const struct reply *r)
{
	bool	 goes_on = r->code / 100 == 3;

	if (reply_is_success(r))
		client_fail_protocol(c);
	else if (goes_on && c->accepted > 0) {
		dialog_go(c, CLIENT_CONTENT);
		c->calls->more(c->arg);
	} else if (goes_on) {
		/* for nobody: RFC 2920 section 3.1 wants a lone dot here */
		put_ok(stream_put(c->stream, span_of(".\r\n")));
		dialog_go(c, CLIENT_DOT);
	} else {
		if (c->accepted > 0)
			tell(c, r);
		if (!c->freed)
			end_mail(c, true);
	}
}

/* Before its time: a verdict, after which no command can follow. */
static void
on_content(struct client *c, const struct reply *r)
{
	if (reply_is_success(r))
		client_fail_protocol(c);
	else
		client_fail_said(c, r);
}

/* Who answers while the dot waits here has not seen it. */
static void
on_dot(struct client *c, const struct reply *r)
{
	if (stream_waiting(c->stream) > 0) {
		on_content(c, r);
		return;
	}
	if (c->accepted > 0)
		tell(c, r);
	if (!c->freed)
		end_mail(c, false);
}

static void
on_quit(struct client *c, const struct reply *r)
{
	(void)r;
	client_free(c);
}

static const struct step steps[CLIENT_STEPS] = {
	[CLIENT_CONNECT] = { "connection", "connecting", NULL, NULL },
	[CLIENT_GREETING] = { "connection",
	    "receiving the initial server greeting", NULL, on_greeting },
	[CLIENT_EHLO] = { "EHLO command", "performing the EHLO handshake",
	    send_ehlo, on_ehlo },
	[CLIENT_HELO] = { "HELO command", "performing the HELO handshake",
	    send_helo, on_helo },
	[CLIENT_STARTTLS] = { "STARTTLS command", "sending STARTTLS",
	    starttls_send, starttls_on_reply },
	[CLIENT_TLS] = { "TLS", "performing the TLS handshake",
	    starttls_shake, NULL },
	[CLIENT_AUTH] = { "AUTH command", "logging in", auth_send,
	    auth_on_reply, true },
	[CLIENT_IDLE] = { "nothing", "idle", NULL, NULL },
	[CLIENT_RSET] = { "RSET command", "sending RSET", send_rset, on_rset },
	[CLIENT_MAIL] = { "MAIL FROM command", "sending MAIL FROM",
	    send_mail, on_mail },
	[CLIENT_RCPT] = { "RCPT TO command", "sending RCPT TO",
	    send_rcpt, on_rcpt },
	[CLIENT_DATA] = { "DATA command", "sending DATA command",
	    send_data, on_data, true },
	[CLIENT_CONTENT] = { "message content", "sending message body",
	    NULL, on_content },
	[CLIENT_DOT] = { "end of DATA command",
	    "sending end of data -- message may be sent more than once",
	    NULL, on_dot },
	[CLIENT_QUIT] = { "QUIT command", "sending QUIT", send_quit, on_quit }
};

static uint32_t
step_time(const struct client *c)
{
	switch (c->step) {
	case CLIENT_CONNECT:
		return c->all->connect_time;
	case CLIENT_CONTENT:
		return c->all->content_time;
	case CLIENT_DOT:
		return c->all->final_time;
	case CLIENT_QUIT:
		return QUIT_TIME;
	case CLIENT_TLS:
		return TLS_HANDSHAKE_TIME;
	default:
		return c->all->command_time;
	}
}

void
dialog_go(struct client *c, enum client_step step)
{
	bool	 has_left = c->sent_ahead && step >= CLIENT_RSET &&
		    step <= CLIENT_DATA;
	size_t	 from;

	c->step = step;
	timer_in(&c->timer, step_time(c));
	if (steps[step].send == NULL || has_left)
		return;
	from = stream_waiting(c->stream);
	steps[step].send(c);
	if (!c->freed)
		record_from(c, from);
}

/* RFC 5321 4.1.1.1: the first line is the host's name, then a keyword each. */
void
dialog_line(struct client *c)
{
	if (c->step == CLIENT_EHLO && c->answer.lines > 1)
		offer_line(&c->offer, answer_text(&c->answer));
	else if (c->step == CLIENT_AUTH)
		auth_on_line(c, answer_text(&c->answer));
}

void
dialog_reply(struct client *c)
{
	struct reply	 r;

	answer_reply(&c->answer, &r);
	answer_init(&c->answer);
	if (c->step == CLIENT_QUIT)
		on_quit(c, &r);
	else if (r.code == 421)
		client_fail_said(c, &r);
	else if (steps[c->step].answered == NULL ||
	    (r.code / 100 == 3 && !steps[c->step].goes_on))
		client_fail_protocol(c);
	else
		steps[c->step].answered(c, &r);
}

void
dialog_begin(struct client *c)
{
	c->sent_ahead = c->offer.extensions & OFFER_PIPELINING;
	if (c->sent_ahead)
		send_ahead(c);
	dialog_go(c, c->dirty ? CLIENT_RSET : CLIENT_MAIL);
}
