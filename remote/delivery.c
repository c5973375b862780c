/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "remote/delivery_private.h"

static void	 try_next(struct delivery *);
static void	 give_up(struct delivery *);

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

	recipients_clear(&d->recipients);
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
	passage_clear(&d->passage);
	LIST_REMOVE(d, entry);
	d->remote->job_count--;
	loop_defer(d->remote->loop, &d->freeing, on_free, d);
}

void
delivery_settle(struct delivery *d, struct recipient *r,
    const struct client_event *e)
{
	struct msg_result	 m = { .message = d->report.message };

	if (!recipients_settle(&d->recipients, r))
		return;
	report_recipient(&d->report, &r->address, &r->original, e);
	recorder_verdict(d->record, &r->address, &e->reply);
	m.number = r->number;
	m.reply = e->reply;
	m.relay = span_of(d->report.relay);
	results_put(&d->remote->results, d->remote->queue, &m);
}

void
delivery_settle_all(struct delivery *d, const struct client_event *e)
{
	unsigned	 i;

	for (i = 0; i < d->recipients.count; i++)
		delivery_settle(d, &d->recipients.all[i], e);
}

void
delivery_finish(struct delivery *d, bool reachable, const struct reply *why)
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
	delivery_settle_all(d, e);
	delivery_finish(d, reachable, &e->reply);
}

void
delivery_finish_saying(struct delivery *d, bool reachable, struct reply r)
{
	finish_with(d, reachable, &(struct client_event){ .reply = r });
}

/* ---- from host to host --------------------------------------------------- */

/*
 * No greeting is for good: a 5xx there is mostly about us and this hour, not
 * about the mail.  521 alone says that this host never takes any (RFC 7504).
 */
static void
soften_greeting(struct client_event *e)
{
	if (!e->said || !reply_is_refusal(&e->reply) ||
	    e->reply.code == 521)
		return;
	e->reply.code = 451;
	e->reply.class = 4;
}

/* This host is out; what it said counts unless another gives more hope. */
void
delivery_note_failure(struct delivery *d, const struct client_event *e)
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

void
delivery_next_host(struct delivery *d)
{
	d->put_off = false;
	if (d->worn)
		delivery_find_way(d);	/* it served, and may again */
	else
		try_next(d);
}

/* We have met ourselves: whoever stands behind us in the order would send it
 * back to us. */
static void
stop_loop(struct delivery *d, const struct client_event *e)
{
	if (d->failed && reply_is_later(&d->failure.reply))
		give_up(d);
	else
		finish_with(d, true, e);
}

static void
on_failed(void *arg, const struct client_event *e)
{
	struct delivery	*d = arg;
	bool		 early = e->step < CLIENT_CONTENT;

	d->client = NULL;
	d->hungry = false;
	d->report.ready = d->mail_accepted ? d->report.ready : 0;
	if (e->unsure && d->recipients.unsettled > 0)
		report_unsure(&d->report);
	if (recipients_take_back(&d->recipients) == 0)
		delivery_finish(d, true, NULL);
	else if (d->mail_accepted || (e->unsure && !d->worn))
		finish_with(d, !(early && (e->said || e->timed_out)), e);
	else if (!e->said && reply_is_refusal(&e->reply))
		stop_loop(d, e);
	else {
		if (!d->worn && !d->put_off)
			delivery_note_failure(d, e);
		delivery_next_host(d);
	}
}

static const struct client_calls calls = {
	delivery_on_ready, delivery_on_verdict, delivery_on_more,
	delivery_on_over, on_failed
};

/* ---- the way ------------------------------------------------------------- */

/* The best of what was said holds.  That MAIL is put off tells nothing of the
 * others' mail. */
static void
give_up(struct delivery *d)
{
	const struct client_event	*e = &d->failure;
	bool				 of_mail = e->step == CLIENT_MAIL &&
					    e->said && e->code != 421;

	report_at(&d->report, &d->way.endpoints[d->failed_at]);
	finish_with(d, of_mail || !reply_is_later(&e->reply), e);
}

static void
try_next(struct delivery *d)
{
	const struct endpoint	*e = way_next(&d->way);
	struct client_manner	 manner = { d->hop, d->to.lmtp };

	if (e != NULL) {
		report_at(&d->report, e);
		recorder_connect(d->record, e);
		d->client = client_new(&d->remote->clients, e, &manner,
		    &calls, d);
		client_set_record(d->client, d->record);
	} else if (d->failed)
		give_up(d);
	else
		delivery_finish_saying(d, true, reply_make(550, "5.4.6",
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
		delivery_finish_saying(d, true, reply_make(550, "5.1.2",
		    "host or domain name not found: %s", d->to.name));
		break;
	case WAY_NULL_MX:
		delivery_finish_saying(d, true, reply_make(556, "5.1.10",
		    "domain %s does not accept mail (null MX)", d->to.name));
		break;
	case WAY_LATER:
		delivery_finish_saying(d, false, reply_make(451, "4.4.3",
		    "name service cannot tell now about %s", d->to.name));
		break;
	default:
		delivery_finish_saying(d, true, reply_make(451, "4.3.0",
		    "name service of this system is not available"));
	}
}

void
delivery_find_way(struct delivery *d)
{
	d->worn = d->failed = false;
	report_nowhere(&d->report);
	way_find(&d->way, &d->to, d->remote->resolver);
}

static void
begin(struct delivery *d)
{
	if (!destination_parse(span_of(d->name), &d->to) ||
	    (d->hop = hops_find(&d->remote->hops, d->to.hop)) == NULL) {
		delivery_finish_saying(d, true, reply_make(451, "4.3.5",
		    "destination is not understood: %s", d->name));
		return;
	}
	if (d->to.kind == DESTINATION_DISCARD) {
		delivery_finish_saying(d, true, reply_make(250, "2.0.0",
		    "discarded"));
		return;
	}
	d->client = pool_take(&d->remote->pool, span_of(d->name));
	if (d->client == NULL) {
		delivery_find_way(d);
		return;
	}
	d->worn = true;
	client_set_owner(d->client, &calls, d);
	client_set_record(d->client, d->record);
	recorder_reuse(d->record, client_endpoint(d->client),
	    client_mails(d->client));
	report_at(&d->report, client_endpoint(d->client));
	delivery_on_ready(d);
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
	recipients_init(&d->recipients, m->recipients);
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
	struct recipient	 r = { .number = m->number,
				    .address = m->recipient,
				    .original = m->original };

	if (addr_is_null(&m->recipient) ||
	    !recipients_add(&d->recipients, &r))
		return false;
	if (recipients_are_all(&d->recipients))
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

	for (i = 0; i < d->recipients.count; i++) {
		if (d->recipients.all[i].state == RCPT_SETTLED)
			continue;
		m.running.message = d->report.message;
		m.running.number = d->recipients.all[i].number;
		peer_put(queue, &m);
		n++;
	}
	return n;
}
