/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/content.h"

/* ---- room ---------------------------------------------------------------- */

void
content_room_init(struct content_room *r)
{
	r->used = 0;
	TAILQ_INIT(&r->waiting);
}

static uint64_t
need_of(const struct content *c)
{
	const uint64_t	 most = CONTENT_AHEAD * RING_SLOT;

	return c->size < most ? c->size : most;
}

static bool
has_room(const struct content *c)
{
	return c->room->used + need_of(c) <= CONTENT_REMOTE_MAX;
}

static void
enter(struct content *c)
{
	c->room->used += need_of(c);
	c->admitted = true;
}

static bool
may_ask(struct content *c)
{
	if (c->admitted || c->waiting)
		return c->admitted;
	if (TAILQ_EMPTY(&c->room->waiting) && has_room(c)) {
		enter(c);
		return true;
	}
	TAILQ_INSERT_TAIL(&c->room->waiting, c, entry);
	c->waiting = true;
	return false;
}

static void
stop_waiting(struct content *c)
{
	if (c->waiting)
		TAILQ_REMOVE(&c->room->waiting, c, entry);
	c->waiting = false;
}

static void
leave(struct content *c)
{
	struct content	*next;

	stop_waiting(c);
	if (c->admitted)
		c->room->used -= need_of(c);
	c->admitted = false;
	while ((next = TAILQ_FIRST(&c->room->waiting)) != NULL &&
	    has_room(next)) {
		stop_waiting(next);
		enter(next);
		content_pull(next);
	}
}

/* ---- pieces -------------------------------------------------------------- */

void
content_init(struct content *c, struct content_room *room,
    const struct msg_job *m, struct peer *queue)
{
	memset(c, 0, sizeof *c);
	c->room = room;
	c->queue = queue;
	c->token = m->token;
	c->size = m->size;
}

void
content_clear(struct content *c)
{
	c->queue = NULL;
	while (c->count > 0)
		content_drop(c);
	leave(c);
}

void
content_restart(struct content *c)
{
	uint64_t	 held = 0;
	unsigned	 i;

	for (i = 0; i < c->count; i++)
		held += c->pieces[i].len;
	if (held == c->got)
		return;		/* nothing was given away */
	while (c->count > 0)
		free(c->pieces[--c->count].data);
	c->asked = c->got = 0;
}

bool
content_can_come(const struct content *c)
{
	return c->queue != NULL || content_is_whole(c);
}

void
content_pull(struct content *c)
{
	struct msg	 m = { .type = MSG_WANT };

	if (c->queue == NULL || !may_ask(c))
		return;
	if (c->outstanding == 0)
		c->asked = c->got;
	while (c->asked < c->size &&
	    c->outstanding + c->count < CONTENT_AHEAD) {
		m.want.token = c->token;
		m.want.offset = c->asked;
		peer_put(c->queue, &m);
		c->outstanding++;
		c->asked += RING_SLOT;
	}
}

/* Queue may fill a slot only in part; what was asked for behind such a piece
 * does not join it, is dropped, and asked for again. */
enum content_status
content_take(struct content *c, const struct msg_chunk *m)
{
	const struct ring	*ring;
	char			*data;

	ring = c->queue ? peer_ring_in(c->queue) : NULL;
	if (c->outstanding == 0 || ring == NULL || c->count == CONTENT_AHEAD)
		return CONTENT_LIE;
	c->outstanding--;
	if (m->failed)
		return CONTENT_FAILED;
	if (m->offset != c->got) {
		content_pull(c);
		return CONTENT_OK;
	}
	if (m->length == 0 || m->length > c->size - c->got)
		return CONTENT_FAILED;
	data = xcalloc(1, m->length);
	if (!ring_copy(ring, m->slot, m->length, data)) {
		free(data);
		return CONTENT_LIE;
	}
	c->pieces[c->count].data = data;
	c->pieces[c->count++].len = m->length;
	c->got += m->length;
	content_pull(c);
	return CONTENT_OK;
}

bool
content_is_whole(const struct content *c)
{
	return c->got == c->size;
}

bool
content_is_at_hand(const struct content *c)
{
	return content_is_whole(c) || c->count == CONTENT_AHEAD;
}

bool
content_is_spent(const struct content *c)
{
	return content_is_whole(c) && c->count == 0;
}

bool
content_is_last(const struct content *c)
{
	return content_is_whole(c) && c->count <= 1;
}

struct span
content_piece(const struct content *c)
{
	if (c->count == 0)
		return span_of("");
	return span_make(c->pieces[0].data, c->pieces[0].len);
}

void
content_drop(struct content *c)
{
	if (c->count == 0)
		return;
	free(c->pieces[0].data);
	c->count--;
	memmove(&c->pieces[0], &c->pieces[1],
	    c->count * sizeof c->pieces[0]);
	content_pull(c);
}
