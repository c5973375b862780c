/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "queue/life.h"
#include "shared/buf.h"
#include "tests/sim/peer.h"

enum { PEERS_MAX = 64, OUTBOX_MAX = 64 << 20 };

/* Both sides have the same one. */
struct ring {
	unsigned	 slots, nfree;
	unsigned	 free[RING_SLOTS_MAX];
	bool		 out[RING_SLOTS_MAX];
	char		*memory[RING_SLOTS_MAX];
};

struct peer {
	struct neighbour *neighbour;
	bool		 open;
	void		*data;
	struct ring	*in, *out;
	unsigned	 credit;
};

static struct {
	struct peer	*peers[PEERS_MAX];
	unsigned	 count;
	struct buf	 outbox;
	struct {
		struct peer	*to;
		size_t		 length;
	} *records;
	size_t		 nrecords, cap;
} at;

uint64_t
token(void)
{
	return (sim()->seed + 1) << 32 | ++sim()->tokens;
}

/* ---- rings --------------------------------------------------------------- */

static struct ring *
ring_new(unsigned slots)
{
	struct ring	*r = own_new(sizeof *r);

	r->slots = slots;
	for (r->nfree = 0; r->nfree < slots; r->nfree++)
		r->free[r->nfree] = r->nfree;
	return r;
}

static void
ring_free(struct ring *r)
{
	unsigned	 i;

	if (r == NULL)
		return;
	for (i = 0; i < r->slots; i++)
		own_free(r->memory[i]);
	own_free(r);
}

int
ring_take(struct ring *r)
{
	unsigned	 slot;

	if (r->nfree == 0)
		return -1;
	slot = r->free[--r->nfree];
	r->out[slot] = true;
	if (r->memory[slot] == NULL)
		r->memory[slot] = own_new(RING_SLOT);
	return (int)slot;
}

char *
ring_slot(struct ring *r, unsigned slot)
{
	return r->memory[slot];
}

bool
ring_give_back(struct ring *r, unsigned slot)
{
	if (slot >= r->slots || !r->out[slot])
		return false;
	r->out[slot] = false;
	r->free[r->nfree++] = slot;
	return true;
}

unsigned
ring_free_slots(const struct ring *r)
{
	return r->nfree;
}

bool
ring_copy(const struct ring *r, unsigned slot, size_t length, void *into)
{
	if (slot >= r->slots || length > RING_SLOT)
		return false;
	if (!r->out[slot])
		broken("queue reads slot %u, which it does not have", slot);
	memcpy(into, r->memory[slot], length);
	return true;
}

int
ring_fill(struct neighbour *n, const char *text, size_t length)
{
	int	 slot = ring_take(n->peer->in);

	if (slot != -1)
		memcpy(n->peer->in->memory[slot], text, length);
	return slot;
}

void
ring_check(struct neighbour *n, unsigned slot, const char *text,
    size_t length)
{
	struct ring	*r = n->peer->out;

	if (slot >= r->slots || !r->out[slot])
		broken("a chunk in slot %u, which is not out", slot);
	if (memcmp(r->memory[slot], text, length) != 0)
		broken("content is not what came in");
}

void
ring_peek(struct neighbour *n, unsigned slot, char *into, size_t length)
{
	if (slot >= n->peer->out->slots || !n->peer->out->out[slot])
		broken("a chunk in slot %u, which is not out", slot);
	memcpy(into, n->peer->out->memory[slot], length);
}

void
ring_freed(struct neighbour *n, unsigned slot, bool ours)
{
	if (!ring_give_back(ours ? n->peer->in : n->peer->out, slot))
		broken("slot %u is freed, and was not out", slot);
}

/* ---- as the queue sees them ---------------------------------------------- */

enum role
peer_role(const struct peer *p)
{
	return p->neighbour->role;
}

unsigned
peer_instance(const struct peer *p)
{
	return p->neighbour->instance;
}

struct ring *
peer_ring_out(struct peer *p)
{
	return p->out;
}

struct ring *
peer_ring_in(struct peer *p)
{
	return p->in;
}

void
peer_set_data(struct peer *p, void *data)
{
	p->data = data;
}

void *
peer_data(const struct peer *p)
{
	return p->data;
}

unsigned
peer_credit(const struct peer *p)
{
	return p->open ? p->credit : 0;
}

uint64_t
peer_token(struct peer *p)
{
	(void)p;
	return token();
}

void
peer_accuse(struct peer *p, const char *reason)
{
	broken("%s %u is accused: %s", role_name(peer_role(p)),
	    peer_instance(p), reason);
}

static void
put(struct peer *p, const struct msg *m)
{
	size_t	 before = buf_len(&at.outbox);

	if (!msg_allowed(m->type, ROLE_QUEUE, peer_role(p)))
		broken("%s is not for %s", msg_row(m->type)->name,
		    role_name(peer_role(p)));
	if (!msg_encode(m, &at.outbox))
		broken("%s passes its row", msg_row(m->type)->name);
	if (at.nrecords == at.cap) {
		at.cap = at.cap == 0 ? 64 : at.cap * 2;
		at.records = realloc(at.records, at.cap * sizeof *at.records);
	}
	at.records[at.nrecords].to = p;
	at.records[at.nrecords++].length = buf_len(&at.outbox) - before;
}

void
peer_put(struct peer *p, const struct msg *m)
{
	if (!p->open)
		return;
	if (msg_row(m->type)->kind == ASK)
		broken("%s is put, not asked", msg_row(m->type)->name);
	put(p, m);
}

bool
peer_ask(struct peer *p, const struct msg *m)
{
	if (!p->open || p->credit == 0)
		return false;
	if (msg_row(m->type)->kind != ASK)
		broken("%s is no question", msg_row(m->type)->name);
	if (m->type == MSG_JOB && sim()->queue->journal.is_dead)
		broken("a job is handed out whose result cannot be recorded");
	p->credit--;
	put(p, m);
	return true;
}

void
credit_back(struct neighbour *n)
{
	n->peer->credit++;
}

/* ---- what is said -------------------------------------------------------- */

static void
hand_over(struct peer *p, struct span *frame)
{
	struct msg	 m;

	if (!msg_decode(frame, &m))
		broken("a record cannot be read");
	if (p->neighbour == NULL)
		return;
	if (m.type == MSG_FREED)
		ring_freed(p->neighbour, m.freed.slot, true);
	else
		p->neighbour->hear(p->neighbour->arg, &m);
}

void
outbox_flush(void)
{
	struct span	 all = buf_span(&at.outbox), one;
	size_t		 i;

	for (i = 0; i < at.nrecords; i++) {
		one = span_head(all, at.records[i].length);
		all = span_skip(all, at.records[i].length);
		hand_over(at.records[i].to, &one);
	}
	at.nrecords = 0;
	buf_drop(&at.outbox, buf_len(&at.outbox));
}

void
say(struct neighbour *n, struct msg *m)
{
	const struct route	*r = life_inbox();
	struct buf		 b;
	struct span		 frame;
	struct msg		 heard;

	if (!msg_allowed(m->type, n->role, ROLE_QUEUE))
		broken("%s says what is not its own", role_name(n->role));
	while (r->type != MSG_COUNT && r->type != m->type)
		r++;
	buf_init(&b, FRAME_MAX);
	if (!msg_encode(m, &b))
		broken("%s is beyond its row", msg_row(m->type)->name);
	frame = buf_span(&b);
	if (!msg_decode(&frame, &heard))
		broken("%s cannot be read", msg_row(m->type)->name);
	r->handle(n->peer, &heard);
	buf_clear(&b);
}

/* ---- coming and going ---------------------------------------------------- */

void
neighbour_join(struct neighbour *n)
{
	struct peer	*p = own_new(sizeof *p);

	if (at.outbox.max == 0)
		buf_init(&at.outbox, OUTBOX_MAX);
	if (at.count == PEERS_MAX)
		broken("%d neighbours", PEERS_MAX);
	p->neighbour = n;
	p->open = true;
	p->credit = n->credit;
	if (n->slots_in > 0)
		p->in = ring_new(n->slots_in);
	if (n->slots_out > 0)
		p->out = ring_new(n->slots_out);
	at.peers[at.count++] = p;
	n->peer = p;
	n->expected = false;
	note("%s %u joins", role_name(n->role), n->instance);
	life_found(sim()->queue, p);
}

static void
peer_end(struct peer *p)
{
	p->neighbour->peer = NULL;
	ring_free(p->in);
	ring_free(p->out);
	own_free(p);
}

/* It takes a turn until `lost` is called. */
void
neighbour_part(struct neighbour *n)
{
	struct peer	*p = n->peer;
	unsigned	 i = 0;

	note("%s %u parts", role_name(n->role), n->instance);
	outbox_flush();
	p->open = false;
	life_turn(sim()->queue);
	outbox_flush();
	while (at.peers[i] != p)
		i++;
	at.peers[i] = at.peers[--at.count];
	life_lost(sim()->queue, p);
	outbox_flush();
	peer_end(p);
}

void
peers_forget(void)
{
	buf_clear(&at.outbox);
	buf_init(&at.outbox, OUTBOX_MAX);
	at.nrecords = 0;
	while (at.count > 0)
		peer_end(at.peers[--at.count]);
}

/* ---- as its program would tell ------------------------------------------- */

struct loop *
process_loop(struct process *p)
{
	(void)p;
	return (struct loop *)&at;	/* nobody looks into it */
}

struct peer *
process_next_peer(struct process *process, enum role r, struct peer *after)
{
	unsigned	 i = 0;

	(void)process;
	while (after != NULL && at.peers[i++] != after)
		;
	for (; i < at.count; i++)
		if (at.peers[i]->open && peer_role(at.peers[i]) == r)
			return at.peers[i];
	return NULL;
}

struct peer *
process_peer(struct process *p, enum role r)
{
	return process_next_peer(p, r, NULL);
}

bool
process_has_successor(const struct process *p)
{
	(void)p;
	return sim()->successor;
}

void
process_exit(struct process *p, int status)
{
	(void)p;
	if (status != 0)
		broken("queue exits with %d", status);
	sim()->exited = true;
}
