/* SPDX-License-Identifier: ISC */
/*
 * The connection: how it begins, which ways it has to end, and what its owner
 * may do with it.  What is said on it stands in dialog.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/auth.h"
#include "remote/dialog.h"
#include "remote/starttls.h"

/*
 * The output holds one piece of content, or all commands of a mail, in less
 * than its half: the stream reads on, so that an early verdict is heard.
 */
static const struct stream_limits limits = {
	.in = REMOTE_REPLY_MAX, .out = 4 * RING_SLOT
};

/* ---- the end ------------------------------------------------------------- */

static void
on_free(void *arg)
{
	free(arg);
}

void
client_free(struct client *c)
{
	if (c == NULL || c->freed)
		return;
	c->freed = true;
	c->all->count--;
	if (c->step == CLIENT_QUIT)
		c->all->quitting--;
	stream_free(c->stream);
	timer_clear(&c->timer);
	auth_end(c);
	host_give(c->manner.host);
	c->manner.host = NULL;
	loop_defer(c->all->loop, &c->freeing, on_free, c);
}

static void
fail(struct client *c, struct client_event *e)
{
	e->step = c->step;
	e->number = c->answered;
	e->unsure = !e->said && transaction_is_unsure(c);
	if (!e->said)
		recorder_note(c->record, "%s", e->reply.text);
	client_free(c);
	if (c->step != CLIENT_QUIT)
		c->calls->failed(c->arg, e);
}

void
client_fail_said(struct client *c, const struct reply *r)
{
	struct client_event	 e = { .said = true, .code = r->code,
				    .reply = *r };

	fail(c, &e);
}

void
client_fail(struct client *c, const struct client_event *e)
{
	struct client_event	 copy = *e;

	fail(c, &copy);
}

void
client_fail_with(struct client *c, const struct reply *r)
{
	client_fail(c, &(struct client_event){ .reply = *r });
}

/* "<what> HOST<did> while doing so": our own words about a connection. */
static void
fail_ours(struct client *c, const char *enhanced, const char *what,
    const char *did)
{
	struct client_event	 e = { .timed_out = *did != '\0' };
	char			 host[RELAY_TEXT_MAX + 1];

	endpoint_format_host(&c->manner.to, host);
	e.reply = reply_make(451, enhanced, "%s %s%s while %s", what, host,
	    did, dialog_doing(c->step));
	fail(c, &e);
}

static void
fail_lost(struct client *c)
{
	fail_ours(c, "4.4.2", "lost connection with", "");
}

static void
fail_silent(struct client *c)
{
	fail_ours(c, "4.4.2", "conversation with", " timed out");
}

void
client_fail_protocol(struct client *c)
{
	fail_ours(c, "4.5.0", "protocol error of", "");
}

void
client_fail_chunks(struct client *c)
{
	struct client_event	 e = { .no_chunks = true };
	char			 host[RELAY_TEXT_MAX + 1];

	endpoint_format_host(&c->manner.to, host);
	e.reply = reply_make(451, "4.5.0", "%s offers CHUNKING and does not "
	    "know BDAT", host);
	fail(c, &e);
}

/* ---- what the stream tells ----------------------------------------------- */

static void
on_readable(void *arg)
{
	struct client		*c = arg;
	enum answer_status	 status = ANSWER_LINE;
	struct span		 in;
	size_t			 before;

	while (!c->freed && buf_len(stream_in(c->stream)) > 0) {
		in = buf_span(stream_in(c->stream));
		before = in.len;
		status = answer_feed(&c->answer, &in);
		buf_drop(stream_in(c->stream), before - in.len);
		if (status != ANSWER_MORE)
			recorder_heard(c->record, span_make(c->answer.line,
			    c->answer.len));
		if (status == ANSWER_LINE || status == ANSWER_WHOLE)
			dialog_line(c);
		if (status == ANSWER_WHOLE)
			dialog_reply(c);
		else if (status == ANSWER_BROKEN)
			client_fail_protocol(c);
	}
}

static void
on_drained(void *arg)
{
	struct client	*c = arg;

	if (!c->freed && transaction_wants_more(c)) {
		timer_in(&c->timer, c->all->content_time);
		c->calls->more(c->arg);
	}
}

static void
on_closed(void *arg, int error)
{
	struct client	*c = arg;

	if (c->freed)
		return;
	if (error == ETIMEDOUT)
		fail_silent(c);
	else
		fail_lost(c);
}

/* ---- the beginning ------------------------------------------------------- */

static const struct stream_calls stream_calls = {
	on_readable, on_drained, on_closed
};

static enum client_step
first_step(const struct client *c)
{
	return c->manner.hop->immediate ? CLIENT_TLS : CLIENT_GREETING;
}

static void
on_timer(void *arg)
{
	struct client	*c = arg;

	if (c->step == CLIENT_TLS)
		starttls_on_silence(c);
	else
		fail_silent(c);
}

struct client *
client_new(struct clients *all, int fd, const struct client_manner *manner,
    const struct client_calls *calls, void *arg)
{
	struct client	*c = xcalloc(1, sizeof *c);

	c->all = all;
	c->manner = *manner;
	client_set_owner(c, calls, arg);
	answer_init(&c->answer);
	timer_init(&c->timer, all->loop, on_timer, c);
	all->count++;
	c->stream = stream_new(all->loop, fd, &limits, &stream_calls, c);
	dialog_go(c, first_step(c));
	return c;
}

/* ---- for the owner ------------------------------------------------------- */

/* What waits to be read would make of the close a reset, by which the other
 * side may lose QUIT: so nothing is left behind that can be known. */
void
client_quit(struct client *c)
{
	if (c->step != CLIENT_IDLE || c->lost_count ||
	    c->all->quitting >= QUITTING_MAX) {
		client_free(c);
		return;
	}
	c->all->quitting++;
	dialog_go(c, CLIENT_QUIT);
	stream_finish(c->stream);
}

void
client_set_owner(struct client *c, const struct client_calls *calls, void *arg)
{
	c->calls = calls;
	c->arg = arg;
}

void
client_set_record(struct client *c, struct recording *r)
{
	c->record = r;
}

const char *
client_tls(const struct client *c)
{
	return c->tls;
}

unsigned
client_mails(const struct client *c)
{
	return c->mails;
}

const struct endpoint *
client_endpoint(const struct client *c)
{
	return &c->manner.to;
}

const struct host *
client_host(const struct client *c)
{
	return c->manner.host;
}

const struct offer *
client_offer(const struct client *c)
{
	return &c->offer;
}

/* The lower one; 0 is none. */
static unsigned
lower(unsigned a, unsigned b)
{
	return b == 0 || (a != 0 && a < b) ? a : b;
}

bool
client_is_spent(const struct client *c)
{
	return c->lost_count || c->mails >= lower(c->mails_max,
	    lower(c->manner.hop->mails, c->offer.mails));
}

unsigned
client_room(const struct client *c)
{
	return lower(lower(c->manner.hop->recipients, c->offer.recipients),
	    c->room);
}

bool
client_admits(void *client, const struct addr *a)
{
	struct client	*c = client;

	return c->offer.domains == 0 ||
	    domains_admit(&c->domains, addr_domain(a), c->offer.domains);
}

bool
client_wants_content(const struct client *c, uint64_t size)
{
	return transaction_leaves_whole(c, size);
}

void
client_mail(struct client *c, const struct client_mail *m)
{
	c->mail = m;
	c->mails++;
	c->mails_max = m->mails;
	transaction_begin(c);
}

enum dots_status
client_put(struct client *c, struct span s, bool last)
{
	if (s.len > RING_SLOT)
		return DOTS_FULL;
	return transaction_put(c, s, last);
}
