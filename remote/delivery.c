/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "remote/content.h"
#include "remote/delivery.h"
#include "remote/report.h"

struct recipient {
	uint32_t	 number;
	bool		 settled;
	struct addr	 address, original;
};

struct delivery {
	LIST_ENTRY(delivery) entry;
	struct remote	*remote;
	bool		 orphan;	/* its queue is dead */
	bool		 freed;
	struct deferred	 freeing;

	/* the job */
	uint64_t	 token;
	uint32_t	 flags;
	struct addr	 sender;
	unsigned	 expected, count, unsettled;
	struct recipient *recipients;
	char		 name[DESTINATION_TEXT_MAX + 1];
	struct destination to;
	const struct hop *hop;

	/* its way */
	struct way	 way;
	struct client	*client;	/* NULL: none */
	bool		 reused;	/* the client was in the pool */
	bool		 failed;	/* `failure` is set */
	struct client_event failure;	/* the best hope of all hosts tried */
	unsigned	 failed_at;	/* which of them */

	/* its mail */
	struct client_mail mail;
	struct content	 content;
	bool		 mail_accepted;
	bool		 hungry;	/* the client takes content now */
	struct report	 report;
	struct recording *record;	/* borrowed from the archive */
};

static void	 find_way(struct delivery *);
static void	 try_next(struct delivery *);
static void	 open_client(struct delivery *, const struct endpoint *);

static struct delivery_list *
bucket(struct remote *r, uint64_t token)
{
	return &r->jobs[token & (JOB_BUCKETS - 1)];
}

struct delivery *
delivery_find(struct remote *r, uint64_t token)
{
	struct delivery	*d;

	LIST_FOREACH(d, bucket(r, token), entry)
		if (d->token == token && !d->orphan)
			break;
	return d;
}

struct delivery *
delivery_next(struct delivery *d)
{
	return LIST_NEXT(d, entry);
}

/* ---- the end ------------------------------------------------------------- */

static void
on_free(void *arg)
{
	struct delivery	*d = arg;

	free(d->recipients);
	free(d);
}

static void
delivery_free(struct delivery *d)
{
	if (d->freed)
		return;
	d->freed = true;
	client_free(d->client);
	archive_end(&d->remote->archive, d->record, span_of(d->name));
	d->client = NULL;
	way_clear(&d->way);
	content_clear(&d->content);
	LIST_REMOVE(d, entry);
	d->remote->job_count--;
	loop_defer(d->remote->loop, &d->freeing, on_free, d);
}

static void
settle(struct delivery *d, unsigned i, const struct client_event *e)
{
	struct recipient	*r = &d->recipients[i];
	struct msg_result	 m = { .message = d->report.message };

	if (r->settled)
		return;
	r->settled = true;
	d->unsettled--;
	report_recipient(&d->report, &r->address, &r->original, e);
	recorder_verdict(d->record, &r->address, &e->reply);
	m.number = r->number;
	m.reply = e->reply;
	m.relay = span_of(d->report.relay);
	results_put(&d->remote->results, d->remote->queue, &m);
}

static void
settle_all(struct delivery *d, const struct client_event *e)
{
	unsigned	 i;

	for (i = 0; i < d->count; i++)
		settle(d, i, e);
}

static void
finish(struct delivery *d, bool reachable, const struct reply *why)
{
	struct msg_done	 m = { .token = d->token, .reachable = reachable };

	m.why = why ? *why : reply_make(250, "2.0.0", "done");
	if (!d->orphan && d->remote->queue != NULL)
		results_done(&d->remote->results, d->remote->queue, &m);
	delivery_free(d);
}

/* The same words for all recipients that have none yet, and the end. */
static void
finish_with(struct delivery *d, bool reachable, const struct client_event *e)
{
	settle_all(d, e);
	finish(d, reachable, &e->reply);
}

static void
finish_saying(struct delivery *d, bool reachable, struct reply r)
{
	finish_with(d, reachable, &(struct client_event){ .reply = r });
}

/* ---- content ------------------------------------------------------------- */

/* The peer has a part of the message: the connection must end without the
 * final dot, or that part would be taken for the whole. */
static void
refuse_content(struct delivery *d)
{
	finish_saying(d, true, reply_make(554, "5.6.0",
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
	status = client_put(d->client, piece);
	content_drop(&d->content);
	if (status == DOTS_OK && content_is_spent(&d->content))
		status = client_end(d->client);
	if (status != DOTS_OK)
		refuse_content(d);
}

static void
on_more(void *arg)
{
	struct delivery	*d = arg;

	d->hungry = true;
	feed(d);
}

bool
delivery_chunk(struct delivery *d, const struct msg_chunk *m)
{
	switch (content_take(&d->content, m)) {
	case CONTENT_OK:
		feed(d);
		return true;
	case CONTENT_FAILED:
		finish_saying(d, true, reply_make(451, "4.3.0",
		    "message cannot be read now"));
		return true;
	default:
		return false;
	}
}

/* ---- what the client tells ----------------------------------------------- */

static const struct addr *
recipient_at(void *arg, unsigned i)
{
	struct delivery	*d = arg;

	return &d->recipients[i].address;
}

static void
on_over(void *arg)
{
	struct delivery	*d = arg;
	struct client	*c = d->client;

	d->client = NULL;
	client_set_record(c, NULL);
	if (d->remote->stopping || d->remote->draining)
		client_quit(c);
	else
		pool_put(&d->remote->pool, c, span_of(d->name));
	finish(d, true, NULL);
}

static void
on_ready(void *arg)
{
	struct delivery		*d = arg;
	struct client_event	 e = { .step = CLIENT_EHLO };

	d->report.ready = clock_wall();
	report_protected(&d->report, client_tls(d->client), d->hop->tls);
	if ((d->flags & MESSAGE_8BIT) && !client_takes_8bit(d->client)) {
		e.reply = reply_make(554, "5.6.3", "%s does not offer 8BITMIME"
		    ", which the message needs", d->report.host);
		settle_all(d, &e);
		on_over(d);
		return;
	}
	d->mail = (struct client_mail){ .sender = &d->sender,
	    .size = d->content.size, .eight_bit = d->flags & MESSAGE_8BIT,
	    .recipients = d->count, .recipient = recipient_at, .arg = d };
	content_pull(&d->content);
	client_mail(d->client, &d->mail);
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
on_verdict(void *arg, const struct client_event *e)
{
	struct delivery		*d = arg;
	struct client_event	 copy = *e;

	if (e->step == CLIENT_MAIL && reply_is_success(&e->reply))
		d->mail_accepted = true;
	else if (e->step != CLIENT_RCPT)
		settle_all(d, e);
	else if (!reply_is_success(&e->reply)) {
		soften_552(&copy);
		settle(d, e->number, &copy);
	}
}

/*
 * No greeting is for good: a 5xx there is mostly about us and this hour, not
 * about the mail.  521 alone says that this host never takes any (RFC 7504).
 */
static void
soften_greeting(struct client_event *e)
{
	if (!reply_is_refusal(&e->reply) || e->reply.code == 521)
		return;
	e->reply.code = 451;
	e->reply.class = 4;
}

/* This host is out; what it said counts unless another gives more hope. */
static void
note_failure(struct delivery *d, const struct client_event *e)
{
	struct client_event	 copy = *e;

	soften_greeting(&copy);
	if (d->failed && reply_is_later(&d->failure.reply) &&
	    !reply_is_later(&copy.reply))
		return;
	d->failure = copy;
	d->failed_at = d->way.next - 1;
	d->failed = true;
}

static void
on_failed(void *arg, const struct client_event *e)
{
	struct delivery	*d = arg;
	const struct endpoint *at = client_endpoint(d->client);
	bool		 early = e->step < CLIENT_CONTENT;

	d->client = NULL;
	d->hungry = false;
	d->report.ready = d->mail_accepted ? d->report.ready : 0;
	if (d->unsettled == 0) {
		finish(d, true, NULL);
	} else if (d->mail_accepted) {
		if (e->step == CLIENT_DOT && !e->said)
			report_unsure(&d->report);
		finish_with(d, !(early && (e->said || e->timed_out)), e);
	} else if (d->reused) {
		d->reused = false;	/* it had been closed meanwhile */
		find_way(d);
	} else if (e->again) {
		open_client(d, at);
	} else if (e->for_all) {
		finish_with(d, false, e);
	} else {
		note_failure(d, e);
		try_next(d);
	}
}

static const struct client_calls calls = {
	on_ready, on_verdict, on_more, on_over, on_failed
};

/* ---- the way ------------------------------------------------------------- */

static void
open_client(struct delivery *d, const struct endpoint *e)
{
	struct client_manner	 manner = { d->hop, &d->to, d->to.lmtp };

	report_at(&d->report, e);
	recorder_connect(d->record, e);
	d->client = client_new(&d->remote->clients, e, &manner, &calls, d);
	client_set_record(d->client, d->record);
}

static void
try_next(struct delivery *d)
{
	const struct endpoint	*e = way_next(&d->way);

	if (e != NULL) {
		open_client(d, e);
	} else if (d->failed) {
		report_at(&d->report, &d->way.endpoints[d->failed_at]);
		finish_with(d, !reply_is_later(&d->failure.reply),
		    &d->failure);
	} else
		finish_saying(d, true, reply_make(550, "5.4.6",
		    "mail for %s leads to no address that may be used: "
		    "loopback, unspecified or multicast", d->to.name));
}

static void
on_way(void *arg, enum way_outcome outcome)
{
	struct delivery	*d = arg;

	switch (outcome) {
	case WAY_OK:
		try_next(d);
		break;
	case WAY_UNKNOWN:
		finish_saying(d, true, reply_make(550, "5.1.2",
		    "host or domain name not found: %s", d->to.name));
		break;
	case WAY_NULL_MX:
		finish_saying(d, true, reply_make(556, "5.1.10",
		    "domain %s does not accept mail (null MX)", d->to.name));
		break;
	case WAY_LATER:
		finish_saying(d, false, reply_make(451, "4.4.3",
		    "name service cannot tell now about %s", d->to.name));
		break;
	default:
		finish_saying(d, true, reply_make(451, "4.3.0",
		    "name service of this system is not available"));
	}
}

static void
find_way(struct delivery *d)
{
	report_nowhere(&d->report);
	way_find(&d->way, &d->to, d->remote->resolver);
}

static void
begin(struct delivery *d)
{
	if (!destination_parse(span_of(d->name), &d->to) ||
	    (d->hop = hops_find(&d->remote->hops, d->to.hop)) == NULL) {
		finish_saying(d, true, reply_make(451, "4.3.5",
		    "destination is not understood: %s", d->name));
		return;
	}
	if (d->to.kind == DESTINATION_DISCARD) {
		finish_saying(d, true, reply_make(250, "2.0.0", "discarded"));
		return;
	}
	d->client = pool_take(&d->remote->pool, span_of(d->name));
	if (d->client == NULL) {
		find_way(d);
		return;
	}
	d->reused = true;
	client_set_owner(d->client, &calls, d);
	client_set_record(d->client, d->record);
	recorder_reuse(d->record, client_endpoint(d->client),
	    client_mails(d->client));
	report_at(&d->report, client_endpoint(d->client));
	on_ready(d);
}

/* ---- the job ------------------------------------------------------------- */

void
delivery_new(struct remote *r, const struct msg_job *m)
{
	struct delivery	*d = xcalloc(1, sizeof *d);

	d->remote = r;
	d->token = m->token;
	d->flags = m->flags;
	d->sender = m->sender;
	d->expected = m->recipients;
	d->recipients = xcalloc(m->recipients, sizeof *d->recipients);
	(void)span_copy(m->destination, d->name, sizeof d->name);
	d->report.message = m->message;
	d->report.arrived = m->arrived;
	d->report.active = m->active;
	d->report.came = clock_wall();
	d->record = archive_begin(&r->archive, m->message);
	content_init(&d->content, r->queue, m->token, m->size);
	way_init(&d->way, r->loop, &r->ways, on_way, d);
	LIST_INSERT_HEAD(bucket(r, d->token), d, entry);
	r->job_count++;
}

bool
delivery_recipient(struct delivery *d, const struct msg_job_rcpt *m)
{
	struct recipient	*r;

	if (d->count == d->expected || addr_is_null(&m->recipient))
		return false;
	r = &d->recipients[d->count++];
	r->number = m->number;
	r->address = m->recipient;
	r->original = m->original;
	d->unsettled++;
	if (d->count == d->expected)
		begin(d);
	return true;
}

void
delivery_lose_queue(struct delivery *d)
{
	d->content.queue = NULL;
	if (d->client != NULL && content_is_whole(&d->content))
		d->orphan = true;
	else
		delivery_free(d);
}

unsigned
delivery_tell_running(struct delivery *d, struct peer *queue)
{
	struct msg	 m = { .type = MSG_RUNNING };
	unsigned	 i, n = 0;

	for (i = 0; i < d->count; i++) {
		if (d->recipients[i].settled)
			continue;
		m.running.message = d->report.message;
		m.running.number = d->recipients[i].number;
		peer_put(queue, &m);
		n++;
	}
	return n;
}
