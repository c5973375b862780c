/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/committer.h"
#include "queue/record.h"
#include "shared/crc.h"
#include "shared/fd.h"
#include "shared/log.h"

enum { KEEP = 1 << 20 };	/* of the memory of a large batch */

void
committer_init(struct committer *k, struct segments *s)
{
	k->segments = s;
	k->has_failed = k->is_dead = false;
	k->patience = (struct instant){ 0 };
	buf_init(&k->batch, BATCH_MAX);
}

void
committer_clear(struct committer *k)
{
	buf_clear(&k->batch);
}

static struct change *
first_of(struct job_list *list)
{
	return (struct change *)STAILQ_FIRST(list);
}

static struct change *
after(struct change *c)
{
	return (struct change *)STAILQ_NEXT(&c->job, entry);
}

/* ---- one batch on disk --------------------------------------------------- */

static void
begin(struct committer *k)
{
	static const char	 head[BATCH_HEAD];

	buf_drop(&k->batch, buf_len(&k->batch));
	if (k->batch.cap > KEEP)
		buf_trim(&k->batch);
	(void)buf_put(&k->batch, span_make(head, BATCH_HEAD));
}

static bool
is_empty(const struct committer *k)
{
	return buf_len(&k->batch) == BATCH_HEAD;
}

static void
finish_head(struct committer *k)
{
	const struct segments	*s = k->segments;
	struct span		 all = buf_span(&k->batch);
	struct span		 records = span_skip(all, BATCH_HEAD);
	struct batch_head	 h = { s->lineage, s->position, s->previous,
				    s->tail, s->clock, (uint32_t)records.len,
				    crc32c(0, records) };

	batch_head_encode(&h, k->batch.data);
}

/* The rest of the last block is of no meaning, and the block is ours. */
static bool
pad(struct committer *k)
{
	static const char	 zeros[BATCH_BLOCK];
	size_t			 rest = buf_len(&k->batch) % BATCH_BLOCK;

	return rest == 0 || buf_put(&k->batch, span_make(zeros,
	    BATCH_BLOCK - rest));
}

/* 0, or -1 with errno: then nobody knows what is on disk. */
static int
write_out(struct committer *k)
{
	struct segments		*s = k->segments;
	struct segment		*g = &s->slot[s->current];
	struct span		 all;

	finish_head(k);
	if (!pad(k)) {
		errno = ENOSPC;
		return -1;
	}
	all = buf_span(&k->batch);
	if (fd_pwrite_all(g->fd, all.ptr, all.len,
	    (off_t)(s->position - g->base)) == -1 || fdatasync(g->fd) == -1) {
		s->position += all.len;		/* never used again */
		return -1;
	}
	s->position += all.len;
	s->previous = s->position;
	segments_gone(s);
	return 0;
}

/*
 * What goes is said in the last block of the segment that is full, before it
 * is used again: otherwise a power cut could bring it back half overwritten.
 */
static int
announce(struct committer *k)
{
	struct segments	*s = k->segments;
	struct buf	 mine = k->batch;
	int		 result;

	if (s->current == -1 || s->slot[s->current].state != SEGMENT_USED ||
	    segments_count(s, SEGMENT_GOING) == 0)
		return 0;
	buf_init(&k->batch, BATCH_MAX);
	begin(k);
	result = write_out(k);
	if (result == -1)
		s->slot[s->current].state = SEGMENT_BAD;
	buf_clear(&k->batch);
	k->batch = mine;
	return result;
}

/* A segment with room for what is in the buf; -1 with errno. */
static int
make_room(struct committer *k)
{
	struct segments	*s = k->segments;

	if (segments_have_room(s, batch_size((uint32_t)
	    (buf_len(&k->batch) - BATCH_HEAD))))
		return 0;
	if (segments_count(s, SEGMENT_FREE) == 0 && announce(k) == -1)
		return -1;
	return segments_switch(s);
}

/* ---- changes ------------------------------------------------------------- */

/* Then it is for what ends messages, and not for new ones. */
static bool
is_last(const struct segments *s)
{
	return segments_count(s, SEGMENT_FREE) +
	    segments_count(s, SEGMENT_GOING) == 0 &&
	    segments_files(s) >= s->max;
}

static void
note_clock(struct committer *k, const struct change *c)
{
	if (c->last > k->segments->clock)
		k->segments->clock = c->last;
}

/* From `c` on, what fits; the first that does not, or NULL. */
static struct change *
gather(struct committer *k, struct change *c)
{
	bool	 last = is_last(k->segments);

	begin(k);
	for (; c != NULL; c = after(c)) {
		c->error = last && c->kind == CHANGE_STORE ? ENOSPC : 0;
		if (c->kind == CHANGE_RECYCLE) {
			segments_let_go(k->segments, c->base);
			last = is_last(k->segments);
		}
		note_clock(k, c);
		if (c->error != 0 || record_put(&k->batch, c))
			continue;
		if (!is_empty(k))
			return c;
		c->error = EMSGSIZE;	/* it fits in no batch */
	}
	return NULL;
}

static void
locate(const struct committer *k, struct change *c, uint64_t position)
{
	const struct segments	*s = k->segments;
	const struct segment	*g = &s->slot[s->current];

	c->position = position;
	c->base = g->base;
	c->place.fd = g->fd;
	c->place.slot = (unsigned)s->current;
	c->place.offset += position - g->base;
}

static void
settle(struct committer *k, struct change *c, struct change *end, int error)
{
	uint64_t	 position = k->segments->position -
			    buf_len(&k->batch);

	for (; c != end; c = after(c)) {
		if (error != 0 && c->error == 0)
			c->error = error;
		if (c->error == 0 && !is_empty(k))
			locate(k, c, position);
	}
}

/* ---- when the disk fails ------------------------------------------------- */

static bool
is_new(const struct change *c)
{
	return c->kind == CHANGE_STORE || c->kind == CHANGE_NOTICE;
}

static bool
put_abort(struct committer *k, const struct change *c)
{
	struct change	*a = change_new(CHANGE_ABORT, change_free);
	bool		 done;

	a->id = c->letter->id;
	done = record_put(&k->batch, a);
	change_free(a);
	return done;
}

/* Aborts first, so that a notice is there again behind its own. */
static bool
gather_again(struct committer *k, struct change *from, struct change *end)
{
	struct change	*c;

	begin(k);
	for (c = from; c != end; c = after(c))
		if (c->error == 0 && is_new(c) && !put_abort(k, c))
			return false;
	for (c = from; c != end; c = after(c)) {
		if (c->error != 0 || c->kind == CHANGE_STORE)
			continue;
		if (!record_put(&k->batch, c))
			return false;
	}
	return true;
}

static void
fail_new(struct change *c, struct change *end, int error)
{
	for (; c != end; c = after(c))
		if (c->error == 0 && c->kind == CHANGE_STORE)
			c->error = error;
}

static void
give_up(struct committer *k, int error)
{
	k->is_dead = true;	/* told by the errno of all that follows */
	log_error("journal: failed again: %s; no mail is taken or delivered "
	    "until queue is started anew", strerror(error));
}

/* Errors of the changes stay as they are: those that are 0 were in it. */
static void
recover(struct committer *k, struct change *from, struct change *end,
    int error)
{
	struct segments	*s = k->segments;

	log_error("journal/%02x: %s; its last batch is taken back, and the "
	    "segment is not used again", (unsigned)s->current,
	    strerror(error));
	s->slot[s->current].state = SEGMENT_BAD;
	if (k->has_failed || segments_switch(s) == -1) {
		give_up(k, error);
		settle(k, from, end, ENOTRECOVERABLE);
		return;
	}
	k->has_failed = true;
	if (!gather_again(k, from, end) || write_out(k) == -1) {
		give_up(k, errno);
		settle(k, from, end, ENOTRECOVERABLE);
		return;
	}
	fail_new(from, end, error);
	settle(k, from, end, 0);
}

static void
commit(struct committer *k, struct change *from, struct change *end)
{
	if (is_empty(k))
		settle(k, from, end, 0);
	else if (k->is_dead)
		settle(k, from, end, ENOTRECOVERABLE);
	else if (make_room(k) == -1)
		settle(k, from, end, ENOSPC);
	else if (write_out(k) == -1)
		recover(k, from, end, errno);
	else
		settle(k, from, end, 0);
}

int
committer_begin(struct committer *k)
{
	struct segments	*s = k->segments;

	begin(k);
	if (make_room(k) == -1)
		return -1;
	if (write_out(k) == 0)
		return 0;
	s->slot[s->current].state = SEGMENT_BAD;
	return -1;
}

/* ---- the thread ---------------------------------------------------------- */

static void
move_until(struct job_list *from, const struct change *end,
    struct job_list *to)
{
	struct job	*j;

	while ((j = STAILQ_FIRST(from)) != NULL &&
	    (struct change *)j != end) {
		STAILQ_REMOVE_HEAD(from, entry);
		STAILQ_INSERT_TAIL(to, j, entry);
	}
}

/* The first batch of a list; it moves to `done`. */
static void
do_one(struct committer *k, struct job_list *list, struct job_list *done)
{
	struct change	*end = gather(k, first_of(list));

	commit(k, first_of(list), end);
	move_until(list, end, done);
}

void
committer_batch(struct committer *k, struct job_list *list,
    struct job_list *done)
{
	while (!STAILQ_EMPTY(list))
		do_one(k, list, done);
}

/* A disk that is nearly full has no room for a segment. */
static bool
grow(struct segments *s)
{
	errno = ENOSPC;
	return !spool_is_full(s->spool) && segments_add(s) != -1;
}

/*
 * So that the next switch need not wait for a segment to be written; and so
 * that what cannot be had is known while there is still room for what ends
 * messages: then the one that is written is the last.
 */
static void
provide(struct committer *k)
{
	struct segments	*s = k->segments;
	struct instant	 now;

	if (segments_count(s, SEGMENT_FREE) +
	    segments_count(s, SEGMENT_GOING) > 0 ||
	    segments_files(s) >= s->wanted)
		return;
	now = clock_now();
	if (clock_before(now, k->patience))
		return;
	s->max = s->wanted;
	if (grow(s))
		return;
	log_warning("journal: no room for one more segment: %s",
	    strerror(errno));
	s->max = segments_files(s);
	k->patience = clock_after(now, GROW_AGAIN);
}

static void
work(struct jobs *j, struct job_list *list, void *arg)
{
	struct committer	*k = arg;
	struct job_list		 done = STAILQ_HEAD_INITIALIZER(done);

	while (!STAILQ_EMPTY(list)) {
		do_one(k, list, &done);
		jobs_give_back(j, &done);
	}
	provide(k);
}

struct jobs *
committer_new(struct loop *loop, struct committer *k)
{
	return jobs_new(loop, work, k);
}
