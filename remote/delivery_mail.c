/* SPDX-License-Identifier: ISC */
/*
 * The mails of a job: mostly one.  More of them, on this connection or the
 * next, when the other side takes fewer recipients at once.
 */
#include <stdio.h>
#include <string.h>

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

/* Content on its way through the border, until some has come out; false: more
 * of it must be here first. */
static bool
pass(struct delivery *d)
{
	struct passage	*p = &d->passage;
	struct span	 piece;

	while (buf_len(&p->out) == 0 && !passage_is_over(p)) {
		piece = content_piece(&d->content);
		if (piece.len == 0 && !content_is_spent(&d->content))
			return false;
		passage_put(p, piece);
		content_drop(&d->content);
		if (content_is_spent(&d->content))
			passage_end(p);
	}
	return true;
}

/* One that came out, or, behind the header, one as it is. */
static enum dots_status
put_piece(struct delivery *d)
{
	struct buf		*out = &d->passage.out;
	struct span		 piece;
	enum dots_status	 status;

	if (passage_is_over(&d->passage)) {
		status = client_put(d->client, content_piece(&d->content),
		    content_is_last(&d->content));
		content_drop(&d->content);
		return status;
	}
	piece = span_head(buf_span(out), RING_SLOT);
	status = client_put(d->client, piece, piece.len == buf_len(out) &&
	    content_is_spent(&d->content));
	buf_drop(out, piece.len);
	buf_trim(out);
	return status;
}

static void
feed(struct delivery *d)
{
	if (!d->hungry || !pass(d))
		return;
	if (passage_is_over(&d->passage) && !content_is_spent(&d->content) &&
	    content_piece(&d->content).len == 0)
		return;
	d->hungry = false;
	if (put_piece(d) != DOTS_OK)
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

/* As he is known outside; borrowed until the next. */
static const struct addr *
recipient_at(void *arg, unsigned i)
{
	struct delivery		*d = arg;
	const struct addr	*a;

	a = &recipients_given(&d->recipients, i)->address;
	if (!rewrites_map(&d->remote->rewrites, REWRITE_RECIPIENT, a,
	    &d->rcpt))
		return a;
	return &d->rcpt;
}

static const char *
wishes_at(void *arg, unsigned i)
{
	struct delivery	*d = arg;

	return recipients_given(&d->recipients, i)->wishes;
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

/*
 * The address of ours by which all of the mail's recipients have it, so that a
 * loop shows when it comes back to it.  One that brought only some of them is
 * no business of the others.
 */
static const struct addr *
common_origin(struct delivery *d)
{
	struct recipients	*all = &d->recipients;
	const struct recipient	*first = recipients_given(all, 0), *r;
	unsigned		 i;

	if (addr_domain(&first->original).len == 0)
		return NULL;
	for (i = 0; i < all->given; i++) {
		r = recipients_given(all, i);
		if (addr_equal(&r->original, &r->address) ||
		    !addr_equal(&r->original, &first->original))
			return NULL;
	}
	return &first->original;
}

/* How many octets may be added to the content. */
static uint64_t
begin_passage(struct delivery *d)
{
	const struct rewrites	*table = &d->remote->rewrites;
	const struct addr	*origin = common_origin(d);
	char			 first[ADDR_TEXT_MAX + 32] = "";

	passage_clear(&d->passage);
	if (origin != NULL)
		(void)snprintf(first, sizeof first, "Delivered-To: %s\r\n",
		    origin->text);
	if (first[0] == '\0' && !(table->where & REWRITE_HEADER))
		return 0;
	passage_begin(&d->passage, table, span_of(first));
	return strlen(first) + (table->where & REWRITE_HEADER ?
	    PASSAGE_GROWTH : 0);
}

static void
begin_mail(struct delivery *d)
{
	const struct addr	*from = &d->sender;
	uint64_t		 more = begin_passage(d);

	if (rewrites_map(&d->remote->rewrites, REWRITE_SENDER, from, &d->from))
		from = &d->from;
	d->mail = (struct client_mail){ .sender = from,
	    .size = d->content.size + more,
	    .eight_bit = d->flags & MESSAGE_8BIT,
	    .recipients = d->recipients.given, .recipient = recipient_at,
	    .wishes = d->wishes, .wishes_of = wishes_at,
	    .mails = d->mails,
	    .xforward = d->approach.hop->xforward ? &d->xforward : NULL,
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

	d->hungry = d->mail_accepted = false;
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
