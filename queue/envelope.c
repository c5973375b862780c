/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>

#include "queue/envelope.h"
#include "queue/queue.h"
#include "shared/alloc.h"

struct envelope {
	RB_ENTRY(envelope) by_token;
	TAILQ_ENTRY(envelope) entry;	/* of those that hold content */
	struct peer	*peer;		/* NULL: smtpd is gone */
	uint64_t	 token;
	struct letter	*letter;	/* NULL once it is being stored */
	enum stored_outcome outcome;	/* what END will get */

	uint32_t	 count;		/* recipients that came */
	uint64_t	 got;		/* octets that came */
	struct pieces	 held;
	size_t		 cost;		/* of what is held */
	struct file	*file;		/* NULL: nothing is streamed */
	unsigned	 changes;	/* in flight */
	unsigned	 unstaged;	/* CONTENTs of it that wait */
	bool		 ended;		/* END came, and said: */
	uint64_t	 said_size;
	uint32_t	 said_count;
	bool		 over;		/* freed when no change is in flight */
};

/* CONTENT whose octets are still in smtpd's slot. */
struct unstaged {
	TAILQ_ENTRY(unstaged) entry;
	struct envelope	*envelope;
	uint32_t	 slot, length;
};

static int
envelope_cmp(const struct envelope *a, const struct envelope *b)
{
	if (a->peer != b->peer)
		return a->peer < b->peer ? -1 : 1;
	return a->token < b->token ? -1 : a->token > b->token;
}

RB_PROTOTYPE(envelope_tree, envelope, by_token, envelope_cmp);
RB_GENERATE(envelope_tree, envelope, by_token, envelope_cmp)

void
envelopes_init(struct queue *q)
{
	RB_INIT(&q->envelopes.tree);
	TAILQ_INIT(&q->envelopes.held);
	TAILQ_INIT(&q->envelopes.unstaged);
}

static struct envelope *
find(struct queue *q, struct peer *p, uint64_t token)
{
	struct envelope	 key = { .peer = p, .token = token };

	return RB_FIND(envelope_tree, &q->envelopes.tree, &key);
}

/* ---- answers ------------------------------------------------------------- */

static void
put_stored(struct peer *p, uint64_t token, uint64_t id,
    enum stored_outcome outcome)
{
	struct msg	 m = { .type = MSG_STORED };

	m.stored.token = token;
	m.stored.message = id;
	m.stored.outcome = outcome;
	peer_put(p, &m);
}

static void
put_freed(struct peer *p, uint32_t slot)
{
	struct msg	 m = { .type = MSG_FREED };

	m.freed.slot = slot;
	peer_put(p, &m);
}

static enum stored_outcome
outcome_of(int error)
{
	if (error == 0)
		return STORED_OK;
	return error == ENOSPC || error == EDQUOT ? STORED_NO_SPACE :
	    STORED_FAILED;
}

/* ---- memory -------------------------------------------------------------- */

/* Takes it off the list of those that hold content. */
static void
let_go(struct queue *q, struct envelope *e, struct pieces *into)
{
	if (e->cost > 0)
		TAILQ_REMOVE(&q->envelopes.held, e, entry);
	STAILQ_CONCAT(into, &e->held);
	e->cost = 0;
}

static void
drop_held(struct queue *q, struct envelope *e)
{
	struct pieces	 gone = STAILQ_HEAD_INITIALIZER(gone);

	q->envelopes.staged -= e->cost;
	let_go(q, e, &gone);
	pieces_clear(&gone);
}

static void
drop_letter(struct queue *q, struct envelope *e)
{
	if (e->letter == NULL)
		return;
	q->envelopes.text -= buf_len(&e->letter->recipients);
	letter_free(e->letter);
	e->letter = NULL;
}

static void
release(struct envelope *e)
{
	if (e->over && e->changes == 0)
		free(e);
}

/* What was begun of its file goes behind all that was written to it. */
static void
discard_file(struct queue *q, struct envelope *e)
{
	struct change	*c;

	if (e->file == NULL)
		return;
	c = change_new(CHANGE_DISCARD, change_free);
	c->id = e->file->id;
	c->file = e->file;
	e->file = NULL;
	q->envelopes.streams--;
	change_put(q, c);
}

/* An honest smtpd has no more slots out than its ring has. */
static unsigned *
count_of(struct queue *q, const struct peer *p)
{
	return &q->envelopes.waiting[peer_instance(p)];
}

static void
drop_unstaged(struct queue *q, struct envelope *e)
{
	struct unstaged	*u, *next;

	for (u = TAILQ_FIRST(&q->envelopes.unstaged); u != NULL; u = next) {
		next = TAILQ_NEXT(u, entry);
		if (u->envelope != e)
			continue;
		put_freed(e->peer, u->slot);
		TAILQ_REMOVE(&q->envelopes.unstaged, u, entry);
		(*count_of(q, e->peer))--;
		free(u);
	}
	e->unstaged = 0;
}

/* Nothing of it is wanted any more. */
static void
end(struct queue *q, struct envelope *e)
{
	if (e->unstaged > 0)
		drop_unstaged(q, e);
	drop_held(q, e);
	discard_file(q, e);
	drop_letter(q, e);
	RB_REMOVE(envelope_tree, &q->envelopes.tree, e);
	e->peer = NULL;
	e->over = true;
	release(e);
}

static void	 pump_unstaged(struct queue *);

static void
give_back(struct queue *q, struct change *c)
{
	q->envelopes.staged -= c->cost;
	q->envelopes.leaving -= c->cost;
	c->cost = 0;
	pump_unstaged(q);
}

static void
send_off(struct queue *q, struct envelope *e, struct change *c)
{
	c->cost = e->cost;
	q->envelopes.leaving += e->cost;
	let_go(q, e, &c->content);
	c->owner = e;
	e->changes++;
	change_put(q, c);
}

/* ---- streaming ----------------------------------------------------------- */

static void
on_streamed(struct change *c)
{
	struct queue	*q = queue_state();
	struct envelope	*e = c->owner;

	if (c->error != 0 && e->outcome == STORED_OK)
		e->outcome = outcome_of(c->error);
	c->file = NULL;		/* the envelope's, or discarded */
	e->changes--;
	release(e);
	give_back(q, c);
	change_free(c);
}

static void
stream(struct queue *q, struct envelope *e)
{
	struct change	*c;

	if (e->file == NULL) {
		if (q->envelopes.streams >= STREAMS_MAX) {
			e->outcome = STORED_FAILED;
			drop_held(q, e);
			return;
		}
		q->envelopes.streams++;
		e->file = file_new(e->letter->id);
	}
	c = change_new(CHANGE_STREAM, on_streamed);
	c->id = e->letter->id;
	c->file = e->file;
	send_off(q, e, c);
}

/*
 * Memory is full: the oldest go to their files, until half of what is held is
 * on its way.  So what waits in slots always has something to wait for.
 */
static void
relieve(struct queue *q)
{
	struct envelopes	*l = &q->envelopes;
	struct envelope		*e;

	while (l->staged >= STAGED_MAX && l->leaving < STAGED_MAX / 2 &&
	    (e = TAILQ_FIRST(&l->held)) != NULL)
		stream(q, e);
}

/* ---- storing ------------------------------------------------------------- */

static void
take_up(struct queue *q, struct change *c)
{
	if (c->hot)
		hot_begin(q, hot_new(q, c));
	else
		schedule_stored(q, c->letter);
}

static void
on_stored(struct change *c)
{
	struct queue		*q = queue_state();
	struct envelope		*e = c->owner;
	enum stored_outcome	 outcome = outcome_of(c->error);

	if (e->peer != NULL)
		put_stored(e->peer, e->token, c->id, outcome);
	else if (outcome == STORED_OK)
		tokens_add(&q->journal.tokens, e->token, c->id);
	if (outcome == STORED_OK)
		take_up(q, c);
	e->changes--;
	if (e->over)
		release(e);
	else
		end(q, e);
	give_back(q, c);
	change_free(c);
}

static void
store(struct queue *q, struct envelope *e)
{
	struct change	*c = change_new(CHANGE_STORE, on_stored);

	e->letter->size = e->got;
	q->envelopes.text -= buf_len(&e->letter->recipients);
	c->id = e->letter->id;
	c->letter = e->letter;
	c->token = e->token;
	c->hot = q->started && journal_is_on(q) &&
	    journal_room(q) == JOURNAL_FREE && hots_have_room(q, e->count);
	c->file = e->file;
	if (e->file != NULL)
		q->envelopes.streams--;
	e->file = NULL;
	e->letter = NULL;
	send_off(q, e, c);
}

/* END came, and all content before it. */
static void
finish(struct queue *q, struct envelope *e)
{
	if (e->said_size != e->got || e->said_count != e->count ||
	    e->count == 0) {
		peer_accuse(e->peer, "ends an envelope that does not agree");
		return;
	}
	if (e->outcome == STORED_OK) {
		store(q, e);
		return;
	}
	put_stored(e->peer, e->token, e->letter->id, e->outcome);
	end(q, e);
}

/* ---- content ------------------------------------------------------------- */

/* What is held whole until its end. */
static uint64_t
small_size(const struct queue *q)
{
	return journal_is_on(q) ? q->journal.message : SMALL_MESSAGE_MAX;
}

static void
hold(struct queue *q, struct envelope *e, uint32_t slot, uint32_t length)
{
	struct piece	*p = piece_new(length);

	if (!ring_copy(peer_ring_in(e->peer), slot, length, p->data)) {
		peer_accuse(e->peer, "names a slot that is none");
		e->outcome = STORED_FAILED;
		free(p);
		return;
	}
	if (e->cost == 0)
		TAILQ_INSERT_TAIL(&q->envelopes.held, e, entry);
	STAILQ_INSERT_TAIL(&e->held, p, entry);
	e->cost += length + PIECE_COST;
	q->envelopes.staged += length + PIECE_COST;
	if (e->file != NULL || e->got > small_size(q))
		stream(q, e);
}

static void
take_content(struct queue *q, struct envelope *e, uint32_t slot,
    uint32_t length)
{
	e->got += length;
	if (e->got > q->size_max + TRACE_ROOM && e->outcome == STORED_OK) {
		e->outcome = STORED_TOO_BIG;
		drop_held(q, e);
	}
	if (e->outcome == STORED_OK && length > 0)
		hold(q, e, slot, length);
	put_freed(e->peer, slot);
}

static bool
has_memory(const struct queue *q)
{
	return q->envelopes.staged < STAGED_MAX;
}

static void
take_unstaged(struct queue *q, struct unstaged *u)
{
	struct envelope	*e = u->envelope;

	TAILQ_REMOVE(&q->envelopes.unstaged, u, entry);
	(*count_of(q, e->peer))--;
	e->unstaged--;
	take_content(q, e, u->slot, u->length);
	free(u);
	if (e->ended && e->unstaged == 0)
		finish(q, e);
}

/* Where there is no file for the oldest, they give way at once, and nothing
 * that is on its way would call us again. */
static void
pump_unstaged(struct queue *q)
{
	struct unstaged	*u;

	do {
		while (has_memory(q) &&
		    (u = TAILQ_FIRST(&q->envelopes.unstaged)) != NULL)
			take_unstaged(q, u);
		relieve(q);
	} while (has_memory(q) && !TAILQ_EMPTY(&q->envelopes.unstaged));
}

static void
leave_unstaged(struct queue *q, struct envelope *e,
    const struct msg_content *m)
{
	struct unstaged	*u = xcalloc(1, sizeof *u);

	u->envelope = e;
	u->slot = m->slot;
	u->length = m->length;
	(*count_of(q, e->peer))++;
	e->unstaged++;
	TAILQ_INSERT_TAIL(&q->envelopes.unstaged, u, entry);
	pump_unstaged(q);
}

void
on_content(struct peer *p, struct msg *m)
{
	struct queue			*q = queue_state();
	const struct msg_content	*c = &m->content;
	struct envelope			*e = find(q, p, c->token);

	if (e == NULL) {	/* it was refused, and this was on its way */
		put_freed(p, c->slot);
		return;
	}
	if (e->ended || e->count == 0 ||
	    *count_of(q, p) == RING_SLOTS_MAX || peer_ring_in(p) == NULL) {
		peer_accuse(p, "sends content out of place");
		return;
	}
	if (has_memory(q) && TAILQ_EMPTY(&q->envelopes.unstaged))
		take_content(q, e, c->slot, c->length);
	else
		leave_unstaged(q, e, c);
}

/* ---- the envelope -------------------------------------------------------- */

/* Asking the disk each time would cost more than it tells. */
static bool
disk_is_full(struct queue *q)
{
	struct envelopes	*l = &q->envelopes;
	struct instant		 now = loop_now(q->loop);

	if (l->looked.ns == 0 ||
	    clock_ms_between(l->looked, now) >= SPACE_LOOK) {
		l->looked = now;
		l->full = spool_is_full(&q->spool);
	}
	return l->full;
}

static enum stored_outcome
objection(struct queue *q, const struct msg_open *m)
{
	if (m->size > q->size_max)
		return STORED_TOO_BIG;
	if (q->envelopes.text >= ENVELOPES_TEXT_MAX || q->journal.is_dead)
		return STORED_FAILED;
	if (journal_is_on(q) && journal_room(q) == JOURNAL_FULL)
		return STORED_NO_SPACE;
	return disk_is_full(q) ? STORED_NO_SPACE : STORED_OK;
}

/* It comes from another machine, by an admin: it is as old as it was there, and
 * held until all of that machine's is known to be here. */
static void
as_it_was(struct letter *l, const struct msg_open *m)
{
	l->flags |= m->flags & (MESSAGE_NOTICE | MESSAGE_UTF8 | MESSAGE_HELD);
	if (m->arrived != 0 && m->arrived < l->arrived)
		l->arrived = m->arrived;
}

void
on_open(struct peer *p, struct msg *m)
{
	struct queue		*q = queue_state();
	struct msg		 opened = { .type = MSG_OPENED };
	struct origin		 origin = { m->open.client, m->open.identity,
				    m->open.parameters };
	enum stored_outcome	 outcome = objection(q, &m->open);
	struct envelope		*e;

	if (q->stopping)
		return;		/* it is asked again of our successor */
	if (find(q, p, m->open.token) != NULL) {
		peer_accuse(p, "opens an envelope twice");
		return;
	}
	if (outcome != STORED_OK) {
		put_stored(p, m->open.token, 0, outcome);
		return;
	}
	e = xcalloc(1, sizeof *e);
	e->peer = p;
	e->token = m->open.token;
	e->letter = letter_new(queue_next_id(q), &m->open.sender);
	e->letter->arrived = queue_now();
	e->letter->flags = m->open.flags & (MESSAGE_8BIT | MESSAGE_LOCAL);
	if (peer_role(p) == ROLE_CONTROL)
		as_it_was(e->letter, &m->open);
	letter_set_origin(e->letter, &origin);
	e->outcome = STORED_OK;
	STAILQ_INIT(&e->held);
	RB_INSERT(envelope_tree, &q->envelopes.tree, e);
	opened.opened.token = e->token;
	opened.opened.message = e->letter->id;
	peer_put(p, &opened);
}

void
on_recipient(struct peer *p, struct msg *m)
{
	struct queue			*q = queue_state();
	const struct msg_recipient	*r = &m->recipient;
	struct envelope			*e = find(q, p, r->token);
	size_t				 before;

	if (e == NULL)
		return;
	if (e->ended || e->got > 0 || e->unstaged > 0 ||
	    r->number != e->count || addr_is_null(&r->recipient)) {
		peer_accuse(p, "names a recipient out of place");
		return;
	}
	e->count++;
	if (q->envelopes.text >= ENVELOPES_TEXT_MAX)
		e->outcome = STORED_FAILED;
	if (e->outcome != STORED_OK)
		return;
	before = buf_len(&e->letter->recipients);
	(void)letter_add(e->letter, addr_span(&r->recipient),
	    r->parameters);
	q->envelopes.text += buf_len(&e->letter->recipients) - before;
}

void
on_end(struct peer *p, struct msg *m)
{
	struct queue	*q = queue_state();
	struct envelope	*e = find(q, p, m->end.token);

	if (e == NULL)
		return;
	if (e->ended) {
		peer_accuse(p, "ends an envelope twice");
		return;
	}
	e->ended = true;
	e->said_size = m->end.size;
	e->said_count = m->end.recipients;
	if (e->unstaged == 0)
		finish(q, e);
}

void
on_abort(struct peer *p, struct msg *m)
{
	struct queue	*q = queue_state();
	struct envelope	*e = find(q, p, m->abort.token);

	if (e == NULL)
		return;
	if (e->ended) {
		peer_accuse(p, "aborts what it has ended");
		return;
	}
	put_stored(p, e->token, e->letter->id, STORED_ABORTED);
	end(q, e);
	pump_unstaged(q);
}

/* What is being stored goes on: its client will have it twice at worst. */
void
envelopes_lost(struct queue *q, struct peer *p)
{
	struct envelope	*e, *next;

	RB_FOREACH_SAFE(e, envelope_tree, &q->envelopes.tree, next)
		if (e->peer == p)
			end(q, e);
	pump_unstaged(q);
}
