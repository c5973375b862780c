/* SPDX-License-Identifier: ISC */
/*
 * The protocol as a table of steps, and those before the first mail and behind
 * the last; those of a mail stand in transaction.c.
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

/* ---- commands ------------------------------------------------------------ */

void
dialog_put(struct client *c, const char *command)
{
	if (!stream_put(c->stream, span_of(command)))
		fatal("client: commands pass the output's ceiling");
}

void
dialog_record(struct client *c, size_t from)
{
	if (c->record != NULL)
		recorder_said(c->record, span_skip(buf_span(stream_out(
		    c->stream)), from));
}

static void
send_hello(struct client *c, const char *verb)
{
	const char	*name = c->manner.hop->helo;

	c->offer = (struct offer){ 0 };
	dialog_put(c, verb);
	dialog_put(c, *name != '\0' ? name : c->all->hostname);
	dialog_put(c, "\r\n");
}

static void
send_ehlo(struct client *c)
{
	send_hello(c, c->manner.lmtp ? "LHLO " : "EHLO ");
}

static void
send_helo(struct client *c)
{
	send_hello(c, "HELO ");
}

static void
send_quit(struct client *c)
{
	dialog_put(c, "QUIT\r\n");
}

/* ---- replies ------------------------------------------------------------- */

void
dialog_become_idle(struct client *c)
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
	dialog_become_idle(c);
	c->calls->ready(c->arg);
}

/*
 * Whoever has our name is us, and the mail would go round.  Not so behind other
 * ports, nor by LMTP: there our neighbours on this machine listen.
 */
static void
look_for_ourselves(struct client *c, struct span text)
{
	if (!c->manner.lmtp && c->manner.to.port == SMTP_PORT &&
	    span_is_word(span_word(&text), c->all->hostname))
		c->is_us = true;
}

static void
fail_as_us(struct client *c)
{
	char		 host[RELAY_TEXT_MAX + 1];
	struct reply	 r;

	endpoint_format_host(&c->manner.to, host);
	r = reply_make(554, "5.4.6", "mail loops back to this host: %s has "
	    "our own name, %s", host, c->all->hostname);
	client_fail_with(c, &r);
}

static void
on_greeting(struct client *c, const struct reply *r)
{
	c->greeted = true;
	if (c->is_us)
		fail_as_us(c);
	else if (reply_is_success(r))
		dialog_go(c, CLIENT_EHLO);
	else
		client_fail_said(c, r);
}

static void
on_ehlo(struct client *c, const struct reply *r)
{
	if (c->is_us)
		fail_as_us(c);
	else if (reply_is_success(r))
		dialog_prepare(c);
	else if (reply_is_refusal(r) && !c->manner.lmtp)
		dialog_go(c, CLIENT_HELO);
	else
		client_fail_said(c, r);
}

static void
on_helo(struct client *c, const struct reply *r)
{
	if (c->is_us)
		fail_as_us(c);
	else if (reply_is_success(r))
		dialog_prepare(c);
	else
		client_fail_said(c, r);
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
	    auth_on_reply },
	[CLIENT_IDLE] = { "nothing", "idle", NULL, NULL },
	[CLIENT_RSET] = { "RSET command", "sending RSET",
	    transaction_send_rset, transaction_on_rset },
	[CLIENT_XFORWARD] = { "XFORWARD command", "sending XFORWARD",
	    transaction_send_xforward, transaction_on_xforward },
	[CLIENT_MAIL] = { "MAIL FROM command", "sending MAIL FROM",
	    transaction_send_mail, transaction_on_mail },
	[CLIENT_RCPT] = { "RCPT TO command", "sending RCPT TO",
	    transaction_send_rcpt, transaction_on_rcpt },
	[CLIENT_DATA] = { "DATA command", "sending DATA command",
	    transaction_send_data, transaction_on_data },
	[CLIENT_CONTENT] = { "message content", "sending message body",
	    NULL, transaction_on_content },
	[CLIENT_CHUNK] = { "BDAT command", "sending message body",
	    NULL, transaction_on_chunk },
	[CLIENT_DOT] = { "end of DATA command",
	    "sending end of data -- message may be sent more than once",
	    NULL, transaction_on_dot },
	[CLIENT_QUIT] = { "QUIT command", "sending QUIT", send_quit, on_quit }
};

static uint32_t
step_time(const struct client *c)
{
	switch (c->step) {
	case CLIENT_CONNECT:
		return c->all->connect_time;
	case CLIENT_TLS:
		return c->all->command_time < TLS_HANDSHAKE_TIME ?
		    c->all->command_time : TLS_HANDSHAKE_TIME;
	case CLIENT_DATA:
		return c->all->command_time < DATA_TIME ?
		    c->all->command_time : DATA_TIME;
	case CLIENT_CONTENT:
	case CLIENT_CHUNK:
		return c->all->content_time;
	case CLIENT_DOT:
		return c->all->final_time;
	case CLIENT_QUIT:
		return QUIT_TIME;
	default:
		return c->all->command_time;
	}
}

void
dialog_go(struct client *c, enum client_step step)
{
	bool	 has_left = c->ahead && step >= CLIENT_RSET &&
		    step <= CLIENT_DATA;
	size_t	 from;

	c->step = step;
	timer_in(&c->timer, step_time(c));
	if (steps[step].send == NULL || has_left)
		return;
	from = stream_waiting(c->stream);
	steps[step].send(c);
	if (!c->freed)
		dialog_record(c, from);
}

/* RFC 5321 4.1.1.1: the first line is the host's name, then a keyword each. */
void
dialog_line(struct client *c)
{
	if (c->step <= CLIENT_HELO && c->answer.lines == 1)
		look_for_ourselves(c, answer_text(&c->answer));
	else if (c->step == CLIENT_EHLO && c->answer.lines > 1)
		offer_line(&c->offer, answer_text(&c->answer));
	else if (c->step == CLIENT_AUTH)
		auth_on_line(c, answer_text(&c->answer));
}

/* May 3xx answer it? */
static bool
goes_on(enum client_step step)
{
	return step == CLIENT_DATA || step == CLIENT_AUTH;
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
	    (r.code / 100 == 3 && !goes_on(c->step)))
		client_fail_protocol(c);
	else
		steps[c->step].answered(c, &r);
}
