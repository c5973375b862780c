/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <stdlib.h>

#include "shared/alloc.h"
#include "remote/delivery_private.h"
#include "remote/wishes.h"

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
	free(d->origin);
	free(d->parameters);
	free(d->wishes);
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
	approach_clear(&d->approach);
	content_clear(&d->content);
	passage_clear(&d->passage);
	LIST_REMOVE(d, entry);
	d->remote->job_count--;
	loop_defer(d->remote->loop, &d->freeing, on_free, d);
}

/* A host that has an address of the other family as well may take by it what
 * it refused, once. */
static void
turn_family(struct delivery *d, struct reply *r)
{
	const struct endpoint	*e = client_endpoint(d->client);

	if (e->family == AF_UNIX || !families_turn(
	    &d->remote->ways.families, e->host, e->family,
	    loop_now(d->remote->loop)))
		return;
	if (reply_is_refusal(r) && way_other(&d->approach.way, e) != NULL) {
		r->code = 450;
		r->class = 4;
	}
}

/* A failure in the other side's own words may be one that a rule knows. */
static struct client_event
advise(struct delivery *d, const struct client_event *e)
{
	struct client_event	 copy = *e;

	if (!e->said || reply_is_success(&e->reply))
		return copy;
	advised_look(&d->advised, &d->remote->advices,
	    span_of(d->approach.to.name), e->step == CLIENT_RCPT,
	    &copy.reply);
	if (d->client != NULL && d->advised.rule != NULL &&
	    d->advised.rule->advice == ADVICE_FAMILY)
		turn_family(d, &copy.reply);
	return copy;
}

/* RFC 3461 section 5.2.  Behind LMTP is a mailbox: what it has is delivered. */
static enum passed
passed(const struct delivery *d)
{
	if (d->client != NULL &&
	    (client_offer(d->client)->extensions & OFFER_DSN))
		return PASSED_ON;
	return d->approach.to.lmtp ||
	    d->approach.to.kind == DESTINATION_DISCARD ? PASSED_FINAL :
	    PASSED_NOT;
}

void
delivery_settle(struct delivery *d, struct recipient *r,
    const struct client_event *said)
{
	struct msg_result	 m = { .message = d->report.message };
	struct client_event	 e;

	if (!recipients_settle(&d->recipients, r))
		return;
	e = advise(d, said);
	report_recipient(&d->report, &r->address, &r->original, &e);
	recorder_verdict(d->record, &r->address, &e.reply);
	m.number = r->number;
	m.reply = e.reply;
	m.relay = span_of(d->report.relay);
	m.passed = reply_is_success(&m.reply) ? passed(d) : PASSED_NOT;
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
	advised_tell(&d->advised, &m);
	if (m.advice == ADVICE_FAMILY)
		m.pause = FAMILY_TURNED / 1000;
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

void
delivery_next_host(struct delivery *d)
{
	d->put_off = false;
	if (d->worn)
		delivery_find_way(d);	/* it served, and may again */
	else
		approach_next(&d->approach);
}

void
delivery_find_way(struct delivery *d)
{
	d->worn = d->mail_accepted = false;
	report_nowhere(&d->report);
	approach_anew(&d->approach);
}

/* We have met ourselves: whoever stands behind us in the order would send it
 * back to us. */
static void
stop_loop(struct delivery *d, const struct client_event *e)
{
	if (approach_has_hope(&d->approach))
		approach_give_up(&d->approach);
	else
		finish_with(d, true, e);
}

static void
on_failed(void *arg, const struct client_event *e)
{
	struct delivery		*d = arg;
	const struct endpoint	*at = client_endpoint(d->client);
	bool			 early = e->step < CLIENT_CONTENT;

	d->client = NULL;
	d->hungry = d->waiting = false;
	d->report.ready = d->mail_accepted ? d->report.ready : 0;
	if (e->unsure && d->recipients.unsettled > 0)
		report_unsure(&d->report);
	if (recipients_take_back(&d->recipients) == 0)
		delivery_finish(d, true, NULL);
	else if (e->no_chunks && !d->no_chunks) {
		d->no_chunks = true;
		delivery_find_way(d);
	} else if (d->mail_accepted)
		finish_with(d, !(early && (e->said || e->timed_out)), e);
	else if (e->again)
		approach_once_more(&d->approach, at);
	else if (e->for_all)
		finish_with(d, false, e);
	else if (!e->said && reply_is_refusal(&e->reply))
		stop_loop(d, e);
	else {
		if (!d->worn && !d->put_off)
			approach_note(&d->approach, e, at);
		delivery_next_host(d);
	}
}

static const struct client_calls calls = {
	delivery_on_ready, delivery_on_verdict, delivery_on_more,
	delivery_on_over, on_failed
};

/* ---- the way ------------------------------------------------------------- */

static void
on_again(void *arg, struct client *c)
{
	struct delivery	*d = arg;

	d->client = c;
	d->worn = true;
	client_set_owner(c, &calls, d);
	client_set_record(c, d->record);
	recorder_reuse(d->record, client_endpoint(c), client_mails(c));
	report_at(&d->report, client_endpoint(c));
	delivery_on_ready(d);
}

static void
on_open(void *arg, int fd, const struct endpoint *at)
{
	struct delivery		*d = arg;
	struct client_manner	 manner = { *at, d->approach.hop,
				    &d->approach.to, d->approach.to.lmtp,
				    d->no_chunks,
				    slot_pass(&d->approach.slot) };

	report_at(&d->report, at);
	recorder_note(d->record, "connected");
	d->client = client_new(&d->remote->clients, fd, &manner, &calls, d);
	client_set_record(d->client, d->record);
}

static void
on_end(void *arg, bool reachable, const struct client_event *e,
    const struct endpoint *at)
{
	struct delivery	*d = arg;

	report_nowhere(&d->report);
	if (at != NULL)
		report_at(&d->report, at);
	finish_with(d, reachable, e);
}

static const struct approach_calls approach_calls = {
	on_again, on_open, on_end
};

static void
begin(struct delivery *d)
{
	struct approach	*a = &d->approach;

	if (!approach_set(a, d->name) || !hop_is_for(a->hop, d->name))
		delivery_finish_saying(d, true, reply_make(451, "4.3.5",
		    "destination is not understood: %s", d->name));
	else if (a->to.kind == DESTINATION_DISCARD)
		delivery_finish_saying(d, true, reply_make(250, "2.0.0",
		    "discarded"));
	else
		approach_begin(a);
}

/* ---- the job ------------------------------------------------------------- */

static void
keep_origin(struct delivery *d, const struct msg_job *m)
{
	d->origin = span_dup(m->client);
	d->parameters = span_dup(m->parameters);
	d->xforward = (struct xforward){ d->origin, d->parameters, m->message,
	    m->flags & MESSAGE_LOCAL };
}

static void
keep_wishes(struct delivery *d, struct span words)
{
	char		 text[WISHES_SIZE];
	struct span	 wishes = wishes_of_mail(words, text);

	if (wishes.len > 0)
		d->wishes = span_dup(wishes);
}

void
delivery_new(struct remote *r, const struct msg_job *m)
{
	struct delivery	*d = xcalloc(1, sizeof *d);

	d->remote = r;
	d->token = m->token;
	d->flags = m->flags;
	d->mails = m->mails;
	d->sender = m->sender;
	if (hops_xforward(&r->hops))
		keep_origin(d, m);
	keep_wishes(d, m->parameters);
	recipients_init(&d->recipients, m->recipients);
	(void)span_copy(m->destination, d->name, sizeof d->name);
	d->report.message = m->message;
	d->report.arrived = m->arrived;
	d->report.active = m->active;
	d->report.came = clock_wall();
	d->record = archive_begin(&r->archive, m->message);
	content_init(&d->content, &r->room, m, r->queue);
	approach_init(&d->approach, r, d->record, &approach_calls, d);
	LIST_INSERT_HEAD(bucket(r, d->token), d, entry);
	r->job_count++;
}

static char *
wishes_of(const struct delivery *d, const struct msg_job_rcpt *m)
{
	struct wisher	 w = { m->parameters, &m->recipient, &m->original,
			    d->wishes != NULL, d->flags & MESSAGE_NOTICE };
	char		 text[WISHES_SIZE];
	struct span	 wishes = wishes_of_rcpt(&w, text);

	return wishes.len > 0 ? span_dup(wishes) : NULL;
}

bool
delivery_recipient(struct delivery *d, const struct msg_job_rcpt *m)
{
	struct recipient	 r = { .number = m->number,
				    .address = m->recipient,
				    .original = m->original };

	if (addr_is_null(&m->recipient))
		return false;
	r.wishes = wishes_of(d, m);
	if (!recipients_add(&d->recipients, &r))
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
