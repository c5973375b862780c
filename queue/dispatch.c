/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "queue/queue.h"
#include "queue/result.h"
#include "shared/alloc.h"
#include "shared/log.h"

/* RUNNING for so many recipients is all that a deliverer can have. */
enum { TOLD_MAX = JOBS_REMOTE_MAX * JOB_RECIPIENTS_MAX };

static int
delivery_cmp(const struct delivery *a, const struct delivery *b)
{
	return a->token < b->token ? -1 : a->token > b->token;
}

RB_PROTOTYPE(delivery_tree, delivery, by_token, delivery_cmp);
RB_GENERATE(delivery_tree, delivery, by_token, delivery_cmp)

void
deliverers_init(struct queue *q)
{
	struct deliverer	*dl;
	int			 i;

	for (dl = q->deliverers; dl < q->deliverers + DELIVERERS; dl++) {
		for (i = 0; i < STANDING_COUNT; i++)
			TAILQ_INIT(&dl->turns[i]);
		TAILQ_INIT(&dl->suspected);
		RB_INIT(&dl->deliveries);
		TAILQ_INIT(&dl->told);
		TAILQ_INIT(&dl->late);
	}
	TAILQ_INIT(&q->turns[BY_REMOTE]);
	TAILQ_INIT(&q->turns[BY_LOCAL]);
}

struct deliverer *
deliverer_of(struct peer *p)
{
	return peer_data(p);
}

static int
place_of(const struct queue *q, const struct deliverer *dl)
{
	return (int)(dl - q->deliverers);
}

static struct deliverer *
free_place(struct queue *q)
{
	struct deliverer	*dl;

	for (dl = q->deliverers; dl < q->deliverers + DELIVERERS; dl++)
		if (dl->peer == NULL)
			return dl;
	return NULL;
}

struct delivery *
delivery_find(struct deliverer *dl, uint64_t token)
{
	struct delivery	 key = { .token = token };

	return RB_FIND(delivery_tree, &dl->deliveries, &key);
}

void
deliverer_found(struct queue *q, struct peer *p)
{
	struct deliverer	*dl = free_place(q);

	if (dl == NULL) {
		peer_accuse(p, "is one deliverer too many");
		return;
	}
	peer_set_data(p, dl);
	dl->peer = p;
	dl->by = peer_role(p) == ROLE_LOCAL ? BY_LOCAL : BY_REMOTE;
	dl->since = ++q->deliverers_seen;
	dl->epoch++;
	dl->ready = dl->takes = dl->retired = false;
}

/* ---- jobs out ------------------------------------------------------------ */

static void
put_recipient(struct peer *p, struct delivery *job, struct recipient *r)
{
	struct msg	 m = { .type = MSG_JOB_RCPT };

	m.job_rcpt.token = job->token;
	m.job_rcpt.number = r->number;
	(void)addr_parse(span_of(r->address), &m.job_rcpt.recipient);
	(void)addr_parse(span_of(r->original), &m.job_rcpt.original);
	m.job_rcpt.parameters = recipient_parameters(r);
	peer_put(p, &m);
}

/* The one whose turn it is, and its neighbours of one message. */
static unsigned
count_recipients(const struct recipient *first)
{
	const struct recipient	*r = first;
	unsigned		 n = 0;

	while (r != NULL && r->message == first->message &&
	    n < r->destination->settings->recipients) {
		n++;
		r = TAILQ_NEXT(r, entry);
	}
	return n;
}

static struct delivery *
delivery_new(struct deliverer *dl, struct destination *d,
    const struct recipient *first, uint64_t token)
{
	const struct message	*m = first->message;
	struct delivery		*job = xcalloc(1, sizeof *job);

	job->token = token;
	job->by = place_of(queue_state(), dl);
	job->message = m->id;
	job->size = m->size;
	job->destination = d;
	job->suspect = first->losses > 0;
	dl->suspects += job->suspect;
	job->is_known = m->hot;
	job->known_crc = m->crc;
	TAILQ_INIT(&job->recipients);
	RB_INSERT(delivery_tree, &dl->deliveries, job);
	silence_begin(queue_state(), job);
	dl->jobs++;
	d->jobs++;
	return job;
}

static void
put_recipients(struct queue *q, struct delivery *job, struct recipient *r,
    unsigned n)
{
	struct deliverer	*dl = &q->deliverers[job->by];
	struct recipient	*next;

	for (; n > 0; n--, r = next) {
		next = TAILQ_NEXT(r, entry);
		recipient_unlist(q, r);
		r->stage = STAGE_RUNNING;
		r->by = job->by;
		r->delivery = job;
		TAILQ_INSERT_TAIL(&job->recipients, r, entry);
		put_recipient(dl->peer, job, r);
	}
}

static bool
send_job(struct queue *q, struct deliverer *dl, struct destination *d)
{
	struct recipient	*first = lines_next(&d->ready);
	const struct message	*m = first->message;
	struct origin		 origin = message_origin(m);
	struct msg		 out = { .type = MSG_JOB };
	unsigned		 n = count_recipients(first);

	out.job.token = peer_token(dl->peer);
	out.job.message = m->id;
	out.job.destination = span_of(d->name);
	out.job.sender = m->sender;
	out.job.size = m->size;
	out.job.flags = m->flags;
	out.job.recipients = n;
	out.job.arrived = m->arrived;
	out.job.active = m->active;
	out.job.client = origin.client;
	out.job.parameters = origin.parameters;
	out.job.mails = d->settings->mails;
	if (!peer_ask(dl->peer, &out))
		return false;
	lines_turn_over(&d->ready, first);
	put_recipients(q, delivery_new(dl, d, first, out.job.token), first,
	    n);
	rates_take(q, d);
	return true;
}

static bool
have_told(struct queue *q, int by)
{
	static const enum role	 roles[BY_COUNT] = { ROLE_REMOTE, ROLE_LOCAL };
	struct deliverer	*dl;
	bool			 one = false;

	for (dl = q->deliverers; dl < q->deliverers + DELIVERERS; dl++) {
		if (dl->peer == NULL || dl->by != by)
			continue;
		if (!dl->ready)
			return false;
		one = true;
	}
	return one && !process_expects(q->process, roles[by]);
}

bool
deliverers_have_told(struct queue *q)
{
	return have_told(q, BY_REMOTE) && have_told(q, BY_LOCAL);
}

/* ---- turns --------------------------------------------------------------- */

/* Of several that take, each destination has a highest one of its own: when
 * one goes or comes, no other share moves. */
static struct deliverer *
taker_of(struct queue *q, const struct destination *d)
{
	struct takers	*t = &q->takers[d->by];
	uint64_t	 rank, best = 0;
	unsigned	 i, at = 0;

	for (i = 0; t->count > 1 && i < t->count; i++) {
		rank = (d->hash ^ (uint64_t)(place_of(q, t->list[i]) + 1)) *
		    0x9e3779b97f4a7c15;
		rank ^= rank >> 29;
		rank *= 0xbf58476d1ce4e5b9;
		if (rank > best) {
			best = rank;
			at = i;
		}
	}
	return t->count > 0 ? t->list[at] : NULL;
}

struct destination_list *
dispatch_turns(struct queue *q, const struct destination *d)
{
	struct deliverer	*dl = taker_of(q, d);

	return dl != NULL ? &dl->turns[share_standing(d)] :
	    &q->turns[d->by];
}

static void
give_back(struct queue *q, struct destination_list *list)
{
	struct destination	*d;

	while ((d = TAILQ_FIRST(list)) != NULL) {
		destination_drop_turn(d);
		d->turns = &q->turns[d->by];
		TAILQ_INSERT_TAIL(d->turns, d, turn);
	}
}

static void
give_back_turns(struct queue *q, struct deliverer *dl)
{
	int	 i;

	for (i = 0; i < STANDING_COUNT; i++)
		give_back(q, &dl->turns[i]);
	give_back(q, &dl->suspected);
}

/*
 * Deliverers have died over the message that is next: it is tried when no other
 * such one is, so that the innocent are cleared, and the guilty is known.
 */
static bool
waits_alone(struct deliverer *dl, struct destination *d)
{
	const struct recipient	*r = lines_next(&d->ready);

	if (r == NULL || r->losses == 0 || dl->suspects == 0)
		return false;
	d->turns = &dl->suspected;
	TAILQ_INSERT_TAIL(d->turns, d, turn);
	return true;
}

static void
suspect_ends(struct queue *q, struct deliverer *dl)
{
	struct destination	*d;

	dl->suspects--;
	while ((d = TAILQ_FIRST(&dl->suspected)) != NULL) {
		destination_drop_turn(d);
		destination_take_turn(q, d);
	}
}

/* Who takes jobs has changed: all turns are given out anew. */
static void
find_takers(struct queue *q, int by)
{
	struct takers		*t = &q->takers[by];
	struct deliverer	*dl;
	struct destination	*d;

	t->count = 0;
	for (dl = q->deliverers; dl < q->deliverers + DELIVERERS; dl++) {
		if (dl->peer == NULL || dl->by == by)
			give_back_turns(q, dl);
		if (dl->peer != NULL && dl->by == by && dl->takes)
			t->list[t->count++] = dl;
	}
	while (t->count > 0 && (d = TAILQ_FIRST(&q->turns[by])) != NULL) {
		destination_drop_turn(d);
		destination_take_turn(q, d);
	}
}

/* Behind all others, or before them, as its priority says. */
static void
go_on_with(struct queue *q, struct destination *d)
{
	if (!destination_can_send(d))
		return;
	destination_take_turn(q, d);
	if (!share_goes_on(d) || d->turns == NULL)
		return;
	TAILQ_REMOVE(d->turns, d, turn);
	TAILQ_INSERT_HEAD(d->turns, d, turn);
}

/* False when there is nothing more for those that stand so. */
static bool
serve(struct queue *q, struct deliverer *dl, enum standing standing)
{
	struct destination	*d = TAILQ_FIRST(&dl->turns[standing]);

	if (d == NULL || peer_credit(dl->peer) == 0 ||
	    !share_has_slot(q, dl, standing))
		return false;
	destination_drop_turn(d);
	if (!destination_can_send(d) || waits_alone(dl, d))
		return true;
	if (share_passes(d)) {
		destination_take_turn(q, d);
		return true;
	}
	if (!send_job(q, dl, d)) {
		destination_take_turn(q, d);
		return false;
	}
	go_on_with(q, d);
	destination_hungers(q, d);
	return true;
}

/* It goes on where it ended, so that a single slot that is free now and then
 * is not always for the first of them. */
static void
serve_all(struct queue *q, struct deliverer *dl)
{
	int	 idle = 0;

	while (idle < STANDING_COUNT) {
		idle = serve(q, dl, dl->turn) ? 0 : idle + 1;
		dl->turn = (dl->turn + 1) % STANDING_COUNT;
	}
}

static void
pump(struct queue *q, int by)
{
	struct takers	*t = &q->takers[by];
	unsigned	 i;

	for (i = 0; i < t->count; i++)
		serve_all(q, t->list[i]);
}

/* What cannot be recorded is not delivered: it would come again. */
void
dispatch_pump(struct queue *q)
{
	int	 by;

	if (q->stopping || q->journal.is_dead)
		return;
	for (by = 0; by < BY_COUNT; by++)
		pump(q, by);
}

/* ---- jobs back ----------------------------------------------------------- */

void
dispatch_unlist(struct queue *q, struct recipient *r)
{
	struct deliverer	*dl = &q->deliverers[r->by];

	if (r->delivery != NULL)
		TAILQ_REMOVE(&r->delivery->recipients, r, entry);
	else {
		TAILQ_REMOVE(&dl->told, r, entry);
		dl->ntold--;
	}
	r->delivery = NULL;
	r->by = -1;
}

void
delivery_read(struct delivery *job)
{
	job->wants--;
	if (job->over && job->wants == 0)
		free(job);
}

static void
delivery_end(struct queue *q, struct deliverer *dl, struct delivery *job,
    const struct msg_done *done)
{
	RB_REMOVE(delivery_tree, &dl->deliveries, job);
	dl->jobs--;
	if (job->suspect)
		suspect_ends(q, dl);
	silence_end(q, job);
	destination_job_done(q, job->destination, done);
	job->destination = NULL;
	job->over = true;
	job->wants++;		/* it stays until we are through */
	content_forget(q, job);
	delivery_read(job);
}

void
on_done(struct peer *p, struct msg *m)
{
	struct queue		*q = queue_state();
	struct deliverer	*dl = deliverer_of(p);
	struct delivery		*job = delivery_find(dl, m->done.token);

	if (job == NULL) {
		peer_accuse(p, "ends a job that it does not have");
		return;
	}
	if (!TAILQ_EMPTY(&job->recipients)) {
		peer_accuse(p, "ends a job without all results");
		return;
	}
	delivery_end(q, dl, job, &m->done);
}

/* A local that is asked to end leaves what it has not begun; of a remote the
 * other host's first words may already be the death. */
static bool
may_be_fatal(const struct deliverer *dl, const struct recipient *r)
{
	return dl->by == BY_REMOTE || r->delivery == NULL ||
	    r->delivery->begun;
}

static void
quarantine(struct queue *q, struct message *m, const struct recipient *r)
{
	char	 id[ID_SIZE];

	id_format(id, m->id);
	log_error("%s: to=<%s>: %u deliverers ended over it: quarantined", id,
	    r->address, r->losses);
	hold_message(q, m, MESSAGE_HELD | MESSAGE_QUARANTINED,
	    "Deliverers ended over it");
}

/* What its end means for a recipient: again, when that is on disk; unless
 * deliverers keep dying of it. */
static void
recipient_lost(struct queue *q, struct deliverer *dl, struct recipient *r)
{
	struct message	*m = r->message;
	bool		 fatal_to = may_be_fatal(dl, r);

	r->losses += fatal_to;
	recipient_unlist(q, r);
	if (fatal_to && r->losses == q->crashes && !message_rests(m))
		quarantine(q, m, r);
	if (message_rests(m))
		recipient_rest(q, r);
	else if (fatal_to && q->crashes > 0)
		result_again(q, r);
	else if (r->destination != NULL)
		destination_add(q, r->destination, r);
	else
		expand_add(q, r);
	message_settle(q, m);
}

void
deliverer_lost(struct queue *q, struct peer *p)
{
	struct deliverer	*dl = deliverer_of(p);
	struct delivery		*job;
	struct recipient	*r;

	if (dl == NULL)
		return;
	peer_set_data(p, NULL);
	dl->peer = NULL;
	dl->ready = dl->takes = false;
	dl->epoch++;
	find_takers(q, dl->by);
	while ((job = RB_MIN(delivery_tree, &dl->deliveries)) != NULL) {
		while ((r = TAILQ_FIRST(&job->recipients)) != NULL)
			recipient_lost(q, dl, r);
		delivery_end(q, dl, job, NULL);
	}
	while ((r = TAILQ_FIRST(&dl->told)) != NULL)
		recipient_lost(q, dl, r);
	results_forget(dl);
}

/* ---- what a deliverer knows of an older queue ---------------------------- */

static struct recipient *
load(struct queue *q, uint64_t id, uint32_t number)
{
	struct recipient_row	 row;
	struct recipient	*r = NULL;
	struct message		*m;
	struct view		 v;

	view_open(&v, q->index);
	if (view_recipient(&v, id, number, &row) && row.state != ROW_FAILED &&
	    (m = message_load(q, &v, id)) != NULL) {
		r = recipient_new(q, m, number, &row);
		r->parked = row.state == ROW_WAITING;
		if (destination_by(row.destination) != -1) {
			r->destination = destination_get(q, row.destination);
			r->destination->users++;
		}
	}
	view_close(&v);
	return r;
}

struct recipient *
recipient_recall(struct queue *q, uint64_t id, uint32_t number)
{
	struct message		*m = message_find(q, id);
	struct recipient	*r = m ? recipient_find(m, number) : NULL;

	return r != NULL ? r : load(q, id, number);
}

void
on_running(struct peer *p, struct msg *m)
{
	struct queue		*q = queue_state();
	struct deliverer	*dl = deliverer_of(p);
	struct recipient	*r;

	if (dl->ready || dl->ntold >= TOLD_MAX) {
		peer_accuse(p, "tells of running jobs out of place");
		return;
	}
	r = recipient_recall(q, m->running.message, m->running.number);
	if (r == NULL || r->stage == STAGE_RUNNING ||
	    r->stage == STAGE_CHANGING)
		return;
	recipient_unlist(q, r);
	r->stage = STAGE_RUNNING;
	r->by = place_of(q, dl);
	TAILQ_INSERT_TAIL(&dl->told, r, entry);
	dl->ntold++;
	expand_release(q, r->message);
}

void
on_ready(struct peer *p, struct msg *m)
{
	struct deliverer	*dl = deliverer_of(p);

	(void)m;
	if (dl->ready) {
		peer_accuse(p, "is ready twice");
		return;
	}
	dl->ready = true;
	dl->takes = !dl->retired && peer_credit(p) > 0;
	find_takers(queue_state(), dl->by);
	queue_check_ready(queue_state());
}

void
on_retire(struct peer *p, struct msg *m)
{
	struct deliverer	*dl = deliverer_of(p);
	struct msg		 retired = { .type = MSG_RETIRED };

	dl->retired = true;
	dl->takes = false;
	find_takers(queue_state(), dl->by);
	retired.retired.jobs = m->retire.jobs;
	peer_put(p, &retired);
}
