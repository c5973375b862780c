/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/queue.h"
#include "queue/trailer.h"
#include "shared/alloc.h"
#include "shared/crc.h"
#include "shared/fd.h"
#include "shared/log.h"

struct chunk {
	struct job	 job;
	TAILQ_ENTRY(chunk) entry;
	const struct spool *spool;
	struct place	 place;		/* in the journal, or fd -1 */
	struct delivery	*delivery;
	unsigned	 epoch;
	uint64_t	 offset;
	size_t		 length;
	int		 error;
	char		*data;		/* NULL until it is read */
};

void
content_init(struct content *c)
{
	TAILQ_INIT(&c->waiting);
}

/* ---- in the reader ------------------------------------------------------- */

/* The end of the content: now the checksum can be told. */
static int
compare(int fd, const struct delivery *d)
{
	struct trailer	 t;
	bool		 good;

	if (d->is_known) {
		errno = EBADMSG;
		return d->crc == d->known_crc ? 0 : -1;
	}
	if (trailer_read(fd, &t) == -1)
		return -1;
	good = t.letter->id == d->message && t.letter->size == d->size &&
	    t.crc == d->crc;
	letter_free(t.letter);
	errno = EBADMSG;
	return good ? 0 : -1;
}

/*
 * Chunks of one job come in turn, so the checksum is made as they pass.  The
 * sums are touched by the reader alone.
 */
static int
sum(int fd, struct chunk *c)
{
	struct delivery	*d = c->delivery;

	if (c->offset == 0)
		d->summed = d->crc = 0;
	if (c->offset != d->summed)
		return 0;
	d->crc = crc32c(d->crc, span_make(c->data, c->length));
	d->summed += c->length;
	return d->summed == d->size ? compare(fd, d) : 0;
}

static int
read_from(int fd, uint64_t base, struct chunk *c)
{
	ssize_t	 n = fd_pread_all(fd, c->data, c->length,
		    (off_t)(base + c->offset));

	if (n == -1)
		return -1;
	if ((size_t)n != c->length) {
		errno = EBADMSG;
		return -1;
	}
	return sum(fd, c);
}

static void
read_chunk(struct job *job)
{
	struct chunk	*c = (struct chunk *)job;
	int		 fd;

	if (c->place.fd != -1) {
		c->error = read_from(c->place.fd, c->place.offset, c) == -1 ?
		    errno : 0;
		return;
	}
	fd = spool_open_message(c->spool, c->delivery->message);
	c->error = fd == -1 || read_from(fd, 0, c) == -1 ? errno : 0;
	fd_close(&fd);
}

/* ---- in the loop --------------------------------------------------------- */

static void
chunk_free(struct chunk *c)
{
	delivery_read(c->delivery);
	free(c->data);
	free(c);
}

static void
put_chunk(struct peer *p, const struct chunk *c, int slot, bool failed)
{
	struct msg	 m = { .type = MSG_CHUNK };

	m.chunk.token = c->delivery->token;
	m.chunk.offset = c->offset;
	m.chunk.slot = slot == -1 ? 0 : (uint32_t)slot;
	m.chunk.length = slot == -1 ? 0 : (uint32_t)c->length;
	m.chunk.failed = failed;
	peer_put(p, &m);
}

/* Nothing can be delivered of what cannot be read: its recipients fail as
 * they come up. */
static void
tell_broken(struct queue *q, const struct chunk *c)
{
	struct message	*m = message_find(q, c->delivery->message);
	char		 id[ID_SIZE];

	id_format(id, c->delivery->message);
	log_error("%s: content cannot be read: %s", id,
	    c->error == EBADMSG ? "it is damaged" : strerror(c->error));
	if (m != NULL && (c->error == EBADMSG || c->error == ENOENT))
		m->broken = true;
}

static void
on_read(struct job *job)
{
	struct chunk		*c = (struct chunk *)job;
	struct queue		*q = queue_state();
	struct delivery		*d = c->delivery;
	struct deliverer	*dl = &q->deliverers[d->by];
	int			 slot = -1;

	q->content.reading--;
	q->content.slots[d->by]--;
	if (c->place.fd != -1)
		journal_release(q, c->place.slot);
	if (!d->over && dl->epoch == c->epoch) {
		if (c->error != 0 && !TAILQ_EMPTY(&d->recipients))
			tell_broken(q, c);
		if (c->error == 0)
			slot = ring_take(peer_ring_out(dl->peer));
		if (slot != -1)
			memcpy(ring_slot(peer_ring_out(dl->peer),
			    (unsigned)slot), c->data, c->length);
		put_chunk(dl->peer, c, slot, slot == -1);
	}
	chunk_free(c);
	queue_check_end(q);
}

static bool
has_slot(struct queue *q, const struct chunk *c)
{
	struct deliverer	*dl = &q->deliverers[c->delivery->by];
	struct ring		*ring = peer_ring_out(dl->peer);

	return ring != NULL && ring_free_slots(ring) >
	    q->content.slots[c->delivery->by];
}

/* What is in memory needs no reader. */
static bool
copy_at_once(struct queue *q, struct chunk *c, const struct message *m)
{
	struct ring	*ring = peer_ring_out(
			    q->deliverers[c->delivery->by].peer);
	int		 slot = ring_take(ring);

	if (slot != -1 && hot_copy(m, c->offset, c->length,
	    ring_slot(ring, (unsigned)slot))) {
		put_chunk(q->deliverers[c->delivery->by].peer, c, slot,
		    false);
		chunk_free(c);
		return true;
	}
	if (slot != -1)
		(void)ring_give_back(ring, (unsigned)slot);
	return false;
}

/* The segment is not used again while it is read. */
static void
read_later(struct queue *q, struct chunk *c, const struct message *m)
{
	q->content.reading++;
	q->content.slots[c->delivery->by]++;
	c->data = xreallocarray(NULL, c->length, 1);
	c->place.fd = -1;
	if (m != NULL && m->hot && !m->filed) {
		c->place = m->place;
		journal_hold(q, c->place.slot);
	}
	c->job.work = read_chunk;
	c->job.done = on_read;
	jobs_put(q->reader, &c->job);
}

void
content_pump(struct queue *q)
{
	const struct message	*m;
	struct chunk	*c, *next;

	for (c = TAILQ_FIRST(&q->content.waiting); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (q->content.reading >= READS_MAX)
			return;
		if (!has_slot(q, c))
			continue;
		TAILQ_REMOVE(&q->content.waiting, c, entry);
		m = message_find(q, c->delivery->message);
		if (m == NULL || !copy_at_once(q, c, m))
			read_later(q, c, m);
	}
}

void
content_forget(struct queue *q, struct delivery *d)
{
	struct chunk	*c, *next;

	for (c = TAILQ_FIRST(&q->content.waiting); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->delivery != d)
			continue;
		TAILQ_REMOVE(&q->content.waiting, c, entry);
		chunk_free(c);
	}
}

void
on_want(struct peer *p, struct msg *m)
{
	struct queue		*q = queue_state();
	struct deliverer	*dl = deliverer_of(p);
	struct delivery		*d = delivery_find(dl, m->want.token);
	struct chunk		*c;

	if (d == NULL)
		return;
	if (d->wants >= WANTS_MAX) {
		peer_accuse(p, "wants too much at once");
		return;
	}
	c = xcalloc(1, sizeof *c);
	c->spool = &q->spool;
	c->delivery = d;
	c->epoch = dl->epoch;
	c->offset = m->want.offset;
	d->wants++;
	d->begun = true;
	silence_heard(q, d);
	if (c->offset >= d->size || TAILQ_EMPTY(&d->recipients)) {
		put_chunk(p, c, -1, c->offset < d->size);
		chunk_free(c);
		return;
	}
	c->length = d->size - c->offset < RING_SLOT ?
	    (size_t)(d->size - c->offset) : RING_SLOT;
	TAILQ_INSERT_TAIL(&q->content.waiting, c, entry);
}
