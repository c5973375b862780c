/* SPDX-License-Identifier: ISC */
/*
 * Half of the ring is for slots that fill slowly: while more than that is
 * free, a slot waits for more content, so that a small message is one slot and
 * one packet.  When less is free, slots go out as they are, so that slow
 * clients can never hold all of it.
 *
 * FREED does not say whose slot it was.  Queue copies in the order in which it
 * was told, so the oldest is taken off the list; were the order another, only
 * the shares of the sessions would be less fair for a moment.
 */
#include <string.h>

#include "smtpd/server.h"

void
handover_init(struct handover *h, struct ring *ring)
{
	memset(h, 0, sizeof(*h));
	TAILQ_INIT(&h->waiting);
	h->slots = ring_free_slots(ring);
}

static struct server *
server_of(const struct transaction *t)
{
	return t->session->server;
}

static struct handover *
handover_of(const struct transaction *t)
{
	return &server_of(t)->handover;
}

static struct ring *
ring_of(const struct transaction *t)
{
	return peer_ring_out(server_of(t)->queue);
}

void
slot_wait(struct transaction *t)
{
	struct handover	*h = handover_of(t);

	t->awaits = AWAITS_SLOT;
	TAILQ_INSERT_TAIL(&h->waiting, t, waiting);
	h->waiters++;
}

void
slot_stop_waiting(struct transaction *t)
{
	struct handover	*h = handover_of(t);

	if (t->awaits != AWAITS_SLOT)
		return;
	t->awaits = AWAITS_NOTHING;
	TAILQ_REMOVE(&h->waiting, t, waiting);
	h->waiters--;
}

/* Slots that queue freed before it was told of them spoil the count. */
static void
accuse(const struct transaction *t)
{
	peer_accuse(server_of(t)->queue, "frees a slot that it does not hold");
}

static void
remember_sent(struct handover *h, const struct transaction *t)
{
	if (h->count == RING_SLOTS_MAX)
		accuse(t);
	else
		h->sent[(h->first + h->count++) % RING_SLOTS_MAX] =
		    t->question.token;
}

void
slot_send(struct transaction *t)
{
	struct handover	*h = handover_of(t);
	struct msg	 m = { .type = MSG_CONTENT };

	if (t->slot == -1)
		return;
	m.content.token = t->question.token;
	m.content.slot = t->slot;
	m.content.length = RING_SLOT - t->sink.room;
	peer_put(server_of(t)->queue, &m);
	remember_sent(h, t);
	h->filling--;
	t->sent += m.content.length;
	t->slot = -1;
	t->sink.room = 0;
}

/* A slot with room; the full one goes out.  False when this must wait. */
bool
slot_more(struct content_sink *sink)
{
	struct transaction	*t = sink->arg;

	if (sink->room > 0)
		return true;
	slot_send(t);
	if (t->slots_out == SESSION_SLOTS_MAX)
		return false;
	t->slot = ring_take(ring_of(t));
	if (t->slot == -1)
		return false;
	t->slots_out++;
	handover_of(t)->filling++;
	sink->at = ring_slot(ring_of(t), t->slot);
	sink->room = RING_SLOT;
	return true;
}

void
slot_pause(struct transaction *t)
{
	if (t->slot != -1 &&
	    ring_free_slots(ring_of(t)) < handover_of(t)->slots / 2)
		slot_send(t);
}

void
slot_give_back(struct transaction *t)
{
	if (t->slot == -1)
		return;
	if (!ring_give_back(ring_of(t), t->slot))
		accuse(t);
	handover_of(t)->filling--;
	t->slots_out--;
	t->slot = -1;
	t->sink.room = 0;
}

/* The sessions that wait, each once at most, while there is a slot. */
static void
wake(struct server *server)
{
	struct handover		*h = &server->handover;
	struct ring		*ring = peer_ring_out(server->queue);
	struct transaction	*t;
	unsigned		 n;

	for (n = h->waiters; n > 0 && ring_free_slots(ring) > 0; n--) {
		t = TAILQ_FIRST(&h->waiting);
		slot_stop_waiting(t);
		if (t->slots_out == SESSION_SLOTS_MAX)
			slot_wait(t);
		else
			session_resume(t->session);
	}
}

void
handover_freed(struct server *server)
{
	struct handover		*h = &server->handover;
	struct ring		*ring = peer_ring_out(server->queue);
	struct transaction	*t;
	unsigned		 out;

	out = h->slots - ring_free_slots(ring) - h->filling;
	for (; h->count > out; h->count--) {
		t = transaction_find(server, h->sent[h->first]);
		if (t != NULL)
			t->slots_out--;
		h->first = (h->first + 1) % RING_SLOTS_MAX;
	}
	wake(server);
}
