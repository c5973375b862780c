/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <bsd/stdlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/peer_private.h"

static void	 on_end(void *);

void
peer_owner_init(struct peer_owner *o, struct loop *loop, enum role self,
    unsigned instance)
{
	memset(o, 0, sizeof *o);
	o->loop = loop;
	o->self = self;
	o->instance = instance;
	o->life = (uint64_t)arc4random() << 32;
	TAILQ_INIT(&o->peers);
}

enum role
peer_role(const struct peer *p)
{
	return p->role;
}

unsigned
peer_instance(const struct peer *p)
{
	return p->instance;
}

struct span
peer_name(const struct peer *p)
{
	return span_of(p->name);
}

bool
peer_is_open(const struct peer *p)
{
	return p->fd != -1 && p->greeted;
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
	return p->fd == -1 || peer_is_slow(p) ? 0 : p->credit;
}

bool
peer_is_slow(const struct peer *p)
{
	return p->waiting > PEER_OUT_HIGH;
}

uint64_t
peer_token(struct peer *p)
{
	struct peer_owner	*o = p->owner;

	if (++o->last_token == 0)
		o->last_token = 1;
	return o->life | o->last_token;
}

struct peer *
peer_next(struct peer_owner *o, enum role role, struct peer *after)
{
	struct peer	*p = after ? TAILQ_NEXT(after, entry) :
			    TAILQ_FIRST(&o->peers);

	for (; p != NULL; p = TAILQ_NEXT(p, entry))
		if (p->role == role && peer_is_open(p))
			return p;
	return NULL;
}

struct peer *
peer_find(struct peer_owner *o, enum role role, unsigned instance)
{
	struct peer	*p;

	TAILQ_FOREACH(p, &o->peers, entry)
		if (p->role == role && p->instance == instance)
			return p;
	return NULL;
}

bool
peer_is_expected(struct peer_owner *o, enum role role)
{
	struct peer	*p;

	TAILQ_FOREACH(p, &o->peers, entry)
		if (p->role == role && p->fd != -1 && !p->greeted)
			return true;
	return false;
}

/* ---- the end ------------------------------------------------------------- */

void
peer_shut(struct peer *p, const char *accusation)
{
	if (p->fd == -1)
		return;
	watch_clear(&p->watch);
	hook_clear(&p->flush);
	fd_close(&p->fd);
	peer_drop_packets(p);
	p->accusation = accusation;
	loop_defer(p->owner->loop, &p->ending, on_end, p);
}

/* Master goes on without the one it cannot talk to. */
void
peer_failed(struct peer *p)
{
	switch (errno) {
	case EAGAIN:
	case EINTR:
	case ENOBUFS:
	case ENOMEM:
	case ETOOMANYREFS:
		return;
	case EPIPE:
	case ECONNRESET:
		break;
	default:
		if (p->owner->self != ROLE_MASTER)
			fatal("the pair with %s: %s", role_name(p->role),
			    strerror(errno));
	}
	peer_shut(p, NULL);
}

static void
on_end(void *arg)
{
	struct peer	*p = arg;
	struct waiter	*w;

	if (!p->freed) {
		p->owner->closed(p->owner->arg, p, p->accusation);
		return;
	}
	while ((w = TAILQ_FIRST(&p->waiters)) != NULL)
		waiter_clear(w);
	peer_free_packet(p->spare);
	ring_close(p->out);
	ring_close(p->in);
	free(p->name);
	free(p);
}

void
peer_free(struct peer *p)
{
	if (p == NULL || p->freed)
		return;
	peer_shut(p, NULL);
	p->freed = true;
	TAILQ_REMOVE(&p->owner->peers, p, entry);
	loop_defer(p->owner->loop, &p->ending, on_end, p);
}

void
peer_accuse(struct peer *p, const char *reason)
{
	peer_shut(p, reason);
}

/* ---- credit -------------------------------------------------------------- */

void
peer_wait(struct peer *p, struct waiter *w, void (*ready)(void *), void *arg)
{
	if (w->on != NULL)
		return;
	w->on = p;
	w->ready = ready;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&p->waiters, w, entry);
}

void
waiter_clear(struct waiter *w)
{
	if (w->on == NULL)
		return;
	TAILQ_REMOVE(&w->on->waiters, w, entry);
	w->on = NULL;
}

/* A waiter that does not use its credit leaves it to the next one. */
void
peer_wake(struct peer *p)
{
	struct waiter	*w;

	while (peer_credit(p) > 0 && (w = TAILQ_FIRST(&p->waiters)) != NULL) {
		waiter_clear(w);
		w->ready(w->arg);
	}
}

static void
on_wake(void *arg)
{
	peer_wake(arg);
}

/*
 * Not at once: what waiters put for neighbours that were flushed already would
 * lie there until the next turn, which a deferred brings about.
 */
void
peer_wake_later(struct peer *p)
{
	if (!TAILQ_EMPTY(&p->waiters) && peer_credit(p) > 0)
		loop_defer(p->owner->loop, &p->waking, on_wake, p);
}

static void
on_turn_end(void *arg)
{
	struct peer	*p = arg;

	if (!TAILQ_EMPTY(&p->packets))
		peer_flush(p);
}

/* ---- the beginning ------------------------------------------------------- */

static void
put_hello(struct peer *p)
{
	struct peer_owner	*o = p->owner;
	struct msg		 m = { .type = MSG_HELLO };

	p->granted = o->credit ? o->credit(p->role) : 0;
	m.hello.role = o->self;
	m.hello.instance = o->instance;
	m.hello.version = IPC_VERSION;
	m.hello.life = o->life;
	m.hello.credit = p->granted;
	peer_put(p, &m);
}

struct peer *
peer_new(struct peer_owner *o, int fd, enum role role, unsigned instance,
    struct span name)
{
	struct peer	*p = xcalloc(1, sizeof *p);

	if (o->frames == NULL)
		o->frames = xcalloc(PEER_PACKETS_CALL, FRAME_MAX);
	p->owner = o;
	p->role = role;
	p->instance = instance;
	p->name = span_dup(name);
	p->fd = fd;
	TAILQ_INIT(&p->packets);
	TAILQ_INIT(&p->waiters);
	watch_init(&p->watch, o->loop, fd, peer_on_ready, p);
	watch_want(&p->watch, LOOP_READ);
	hook_init(&p->flush, o->loop, on_turn_end, p);
	TAILQ_INSERT_TAIL(&o->peers, p, entry);
	put_hello(p);
	return p;
}

void
peer_set_rings(struct peer *p, struct ring *out, struct ring *in)
{
	p->out = out;
	p->in = in;
}
