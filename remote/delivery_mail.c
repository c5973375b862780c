/* SPDX-License-Identifier: ISC */
/*
 * The mails of a job: mostly one.  More of them, on this connection or the
 * next, when the other side takes fewer recipients at once.
 */
#include "remote/delivery_private.h"

/* ---- content ------------------------------------------------------------- */

/* The peer has a part of the message: the connection must end without the
 * final dot, or that part would be taken for the whole. */
static void
refuse_content(struct delivery *d)
{
	delivery_finish_saying(d, true, reply_make(554, "5.6.0",
	    "message has a bare CR or LF and is not sent"));
}

static void
feed(struct delivery *d)
{
	enum dots_status	 status;
	struct span		 piece = content_piece(&d->content);

	if (!d->hungry || (piece.len == 0 && !content_is_spent(&d->content)))
		return;
	d->hungry = false;
	status = client_put(d->client, piece, content_is_last(&d->content));
	content_drop(&d->content);
	if (status != DOTS_OK)
		refuse_content(d);
}

void
delivery_on_more(void *arg)
{
	struct delivery	*d = arg;

	d->hungry = true;
	feed(d);
}

/* ---- one mail, and the next ---------------------------------------------- */

/* Those in the mail that were not told otherwise. */
static void
settle_given(struct delivery *d, const struct client_event *e)
{
	struct recipient	*r;
	unsigned		 i;

	for (i = 0; i < d->recipients.given; i++)
		if ((r = recipients_given(&d->recipients, i))->state ==
		    RCPT_GIVEN)
			delivery_settle(d, r, e);
}

static const struct addr *
recipient_at(void *arg, unsigned i)
{
	struct delivery	*d = arg;

	return &recipients_given(&d->recipients, i)->address;
}

static void
dismiss(struct delivery *d)
{
	client_set_record(d->client, NULL);
	client_quit(d->client);
	d->client = NULL;
}

static void
let_go(struct delivery *d)
{
	struct client	*c = d->client;

	d->client = NULL;
	client_set_record(c, NULL);
	if (d->remote->stopping || d->remote->draining)
		client_quit(c);
	else
		pool_put(&d->remote->pool, c, span_of(d->approach.name));
}

static void
begin_mail(struct delivery *d)
{
	d->mail = (struct client_mail){ .sender = &d->sender,
	    .size = d->content.size, .eight_bit = d->flags & MESSAGE_8BIT,
	    .recipients = d->recipients.given, .recipient = recipient_at,
	    .arg = d };
	d->mail_accepted = false;
	content_pull(&d->content);
	d->waiting = client_wants_content(d->client, d->content.size) &&
	    !content_is_at_hand(&d->content);
	if (!d->waiting)
		client_mail(d->client, &d->mail);
}

bool
delivery_chunk(struct delivery *d, const struct msg_chunk *m)
{
	switch (content_take(&d->content, m)) {
	case CONTENT_OK:
		if (!d->waiting)
			feed(d);
		else if (content_is_at_hand(&d->content)) {
			d->waiting = false;
			client_mail(d->client, &d->mail);
		}
		return true;
	case CONTENT_FAILED:
		delivery_finish_saying(d, true, reply_make(451, "4.3.0",
		    "message cannot be read now"));
		return true;
	default:
		return false;
	}
}

static void
next_mail(struct delivery *d)
{
	struct client	*c = d->client;

	content_restart(&d->content);
	if (!content_can_come(&d->content)) {
		let_go(d);
		delivery_finish_saying(d, true, reply_make(451, "4.3.0",
		    "the queue was restarted amid this delivery"));
		return;
	}
	if (client_is_spent(c) || recipients_give(&d->recipients,
	    client_room(c), client_admits, c) == 0) {
		dismiss(d);	/* it takes no more of them */
		delivery_find_way(d);
		return;
	}
	begin_mail(d);
}

void
delivery_on_over(void *arg)
{
	struct delivery	*d = arg;

	d->hungry = false;
	if (recipients_take_back(&d->recipients) == 0) {
		let_go(d);
		delivery_finish(d, true, NULL);
	} else if (d->put_off) {
		dismiss(d);
		delivery_next_host(d);
	} else {
		d->worn = true;
		next_mail(d);
	}
}

/* What this host does not take of anybody. */
static bool
suits(struct delivery *d, const struct offer *o, struct reply *why)
{
	unsigned long long	 size = d->content.size;

	if ((d->flags & MESSAGE_8BIT) &&
	    !(o->extensions & OFFER_8BITMIME)) {
		*why = reply_make(554, "5.6.3", "%s does not offer 8BITMIME, "
		    "which the message needs", d->report.host);
		return false;
	}
	if (o->size > 0 && size > o->size) {
		*why = reply_make(552, "5.3.4", "message size %llu exceeds the "
		    "limit %llu of %s", size, (unsigned long long)o->size,
		    d->report.host);
		return false;
	}
	return true;
}

void
delivery_on_ready(void *arg)
{
	struct delivery		*d = arg;
	struct client_event	 e = { .step = CLIENT_EHLO };

	d->report.ready = clock_wall();
	report_protected(&d->report, client_tls(d->client),
	    d->approach.hop->tls);
	if (suits(d, client_offer(d->client), &e.reply)) {
		next_mail(d);
		return;
	}
	delivery_settle_all(d, &e);
	let_go(d);
	delivery_finish(d, true, NULL);
}

/* RFC 5321 section 4.5.3.1.10: 552 was once said for "too many recipients". */
static void
soften_552(struct client_event *e)
{
	if (e->reply.code != 552)
		return;
	e->reply.code = 452;
	e->reply.class = 4;
}

static void
on_recipient(struct delivery *d, const struct client_event *e)
{
	struct recipient	*r = recipients_given(&d->recipients,
				    e->number);
	struct client_event	 copy = *e;

	if (e->step == CLIENT_RCPT && reply_is_success(&e->reply))
		return;
	if (e->too_many) {
		r->state = RCPT_AGAIN;
		return;
	}
	if (e->step == CLIENT_RCPT)
		soften_552(&copy);
	delivery_settle(d, r, &copy);
}

/* A word against the message holds for all, also for those who wait for a mail
 * of theirs. */
void
delivery_on_verdict(void *arg, const struct client_event *e)
{
	struct delivery	*d = arg;

	if (e->one) {
		on_recipient(d, e);
	} else if (e->step == CLIENT_MAIL && !reply_is_refusal(&e->reply)) {
		d->mail_accepted = reply_is_success(&e->reply);
		d->put_off = !d->mail_accepted;
		if (d->put_off && !d->worn)
			approach_note(&d->approach, e,
			    client_endpoint(d->client));
	} else if (reply_is_success(&e->reply))
		settle_given(d, e);
	else
		delivery_settle_all(d, e);
}
