/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/scan.h"
#include "shared/alloc.h"
#include "shared/crc.h"
#include "shared/fd.h"
#include "shared/log.h"

enum { NAME_SIZE = 64, MODE_FILE = 0600, COPY = 1 << 20 };

/* What is read, and a chunk of it: heads are looked for block by block. */
struct reading {
	struct segments	*segments;
	struct scan	*scan;
	char		*chunk;
	const struct segment *of;	/* NULL: the chunk is empty */
	uint64_t	 at;
};

/* ---- heads --------------------------------------------------------------- */

static void
read_at(const struct segment *g, void *into, size_t n, uint64_t at)
{
	ssize_t	 got = fd_pread_all(g->fd, into, n, (off_t)at);

	if (got == -1)
		fatal("journal: %s", strerror(errno));
	if ((size_t)got < n)
		memset((char *)into + got, 0, n - (size_t)got);
}

static const char *
block_at(struct reading *r, const struct segment *g, uint64_t at)
{
	uint64_t	 from = at / COPY * COPY;

	if (r->of != g || r->at != from) {
		read_at(g, r->chunk, COPY, from);
		r->of = g;
		r->at = from;
	}
	return r->chunk + (at - from);
}

/* A head of this journal that belongs where it stands. */
static bool
head_at(struct reading *r, const struct segment *g, uint64_t at,
    struct batch_head *h)
{
	return at + BATCH_BLOCK <= g->size &&
	    batch_head_decode(block_at(r, g, at), h) &&
	    h->lineage == r->segments->lineage &&
	    h->position == g->base + at &&
	    at + batch_size(h->length) <= g->size;
}

/* The records behind a head, or NULL when they are not what was written; to
 * be freed. */
static char *
records_at(const struct segment *g, uint64_t at, const struct batch_head *h)
{
	char	*data = xreallocarray(NULL, (size_t)h->length + 1, 1);

	read_at(g, data, h->length, at + BATCH_HEAD);
	if (crc32c(0, span_make(data, h->length)) == h->sum)
		return data;
	free(data);
	return NULL;
}

/* ---- which files --------------------------------------------------------- */

/* What a file's first head says of it. */
struct first {
	bool		 has;
	uint64_t	 lineage, base;
};

static void
take_first(struct first *f, const struct batch_head *h, uint64_t at)
{
	f->has = true;
	f->lineage = h->lineage;
	f->base = h->position - at;
}

/* The first head there is; where the first block is damaged, a later one says
 * as much. */
static void
look_at_first(struct reading *r, const struct segment *g, struct first *f)
{
	struct batch_head	 h;
	uint64_t		 at;

	f->has = false;
	if (g->state == SEGMENT_NONE)
		return;
	for (at = 0; !f->has && at < g->size; at += BATCH_BLOCK)
		if (batch_head_decode(block_at(r, g, at), &h) &&
		    h.position >= at)
			take_first(f, &h, at);
}

/* The journal that the index knows, or else the one that goes furthest. */
static uint64_t
choose(const struct first *firsts, uint64_t wanted)
{
	uint64_t	 lineage = 0, furthest = 0;
	unsigned	 i;

	for (i = 0; i < SEGMENTS_MAX; i++) {
		if (!firsts[i].has)
			continue;
		if (firsts[i].lineage == wanted)
			return wanted;
		if (lineage == 0 || firsts[i].base > furthest) {
			lineage = firsts[i].lineage;
			furthest = firsts[i].base;
		}
	}
	return lineage;
}

static void
set_aside(struct segments *s, unsigned slot, uint64_t lineage)
{
	char	 from[8], to[NAME_SIZE];

	(void)snprintf(from, sizeof from, "%02x", slot & 0xff);
	(void)snprintf(to, sizeof to, "journal-%016llx-%02x",
	    (unsigned long long)lineage, slot & 0xff);
	log_error("journal/%s is of another journal: moved to quarantine/%s",
	    from, to);
	if (renameat(s->dir, from, s->spool->quarantine, to) == -1 ||
	    fsync(s->spool->quarantine) == -1 || fsync(s->dir) == -1)
		fatal("journal/%s: %s", from, strerror(errno));
	fd_close(&s->slot[slot].fd);
	s->slot[slot].state = SEGMENT_NONE;
}

static void
identify(struct reading *r, uint64_t wanted)
{
	struct segments	*s = r->segments;
	struct first	 firsts[SEGMENTS_MAX];
	unsigned	 i;

	for (i = 0; i < SEGMENTS_MAX; i++)
		look_at_first(r, &s->slot[i], &firsts[i]);
	s->lineage = choose(firsts, wanted);
	for (i = 0; i < SEGMENTS_MAX; i++) {
		if (!firsts[i].has)
			continue;
		if (firsts[i].lineage != s->lineage) {
			set_aside(s, i, firsts[i].lineage);
			continue;
		}
		s->slot[i].state = SEGMENT_USED;
		s->slot[i].base = firsts[i].base;
	}
}

/* ---- the tail ------------------------------------------------------------ */

/* The used segment with the highest base below `limit`; -1: none. */
static int
newest_below(const struct segments *s, uint64_t limit)
{
	int	 i, best = -1;

	for (i = 0; i < SEGMENTS_MAX; i++)
		if (s->slot[i].state == SEGMENT_USED &&
		    s->slot[i].base < limit && (best == -1 ||
		    s->slot[i].base > s->slot[best].base))
			best = i;
	return best;
}

/* The last good batch of a segment, found from head to head. */
static bool
last_good(struct reading *r, const struct segment *g,
    struct batch_head *last)
{
	struct batch_head	 h;
	uint64_t		 at = 0;
	bool			 found = false;
	char			*data;

	while (at < g->size) {
		data = NULL;
		if (head_at(r, g, at, &h))
			data = records_at(g, at, &h);
		if (data == NULL) {
			at += BATCH_BLOCK;
			continue;
		}
		free(data);
		*last = h;
		found = true;
		at += batch_size(h.length);
	}
	return found;
}

/* What is before the tail of the last batch is of no use any more. */
static void
find_tail(struct reading *r)
{
	struct segments		*s = r->segments;
	struct batch_head	 last;
	uint64_t		 limit = UINT64_MAX;
	int			 i;

	while ((i = newest_below(s, limit)) != -1) {
		if (last_good(r, &s->slot[i], &last))
			break;
		limit = s->slot[i].base;
	}
	if (i == -1)
		return;
	s->tail = last.tail;
	for (i = 0; i < SEGMENTS_MAX; i++)
		if (s->slot[i].state == SEGMENT_USED &&
		    s->slot[i].base < s->tail)
			s->slot[i].state = SEGMENT_FREE;
}

/* ---- damage -------------------------------------------------------------- */

static int
copy_out(const struct segments *s, const struct segment *g, uint64_t from,
    uint64_t to, const char *name)
{
	int	 result = 0, fd = openat(s->spool->quarantine, name,
		    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    MODE_FILE);
	char	*step = xcalloc(1, COPY);
	size_t	 n;

	if (fd == -1)
		result = -1;
	for (; result == 0 && from < to; from += n) {
		n = to - from < COPY ? (size_t)(to - from) : COPY;
		read_at(g, step, n, from);
		result = fd_write_all(fd, step, n);
	}
	if (result == 0 && (fsync(fd) == -1 ||
	    fsync(s->spool->quarantine) == -1))
		result = -1;
	free(step);
	fd_close(&fd);
	return result;
}

static void
keep_copy(const struct reading *r, const struct segment *g, uint64_t from,
    uint64_t to)
{
	char	 name[NAME_SIZE];

	(void)snprintf(name, sizeof name, "journal-%016llx",
	    (unsigned long long)(g->base + from));
	if (copy_out(r->segments, g, from, to, name) == -1)
		log_error("quarantine/%s: %s", name, strerror(errno));
}

static void
tell_damage(struct reading *r, const struct segment *g, uint64_t from,
    uint64_t to)
{
	r->scan->damaged++;
	log_error("journal/%02x: %llu octets at %llu are damaged; mail may be "
	    "lost; copied to quarantine/journal-%016llx",
	    (unsigned)(g - r->segments->slot), (unsigned long long)(to - from),
	    (unsigned long long)from, (unsigned long long)(g->base + from));
	keep_copy(r, g, from, to);
}

/* A segment ended sooner than the next one says. */
static void
tell_gap(struct reading *r, uint64_t previous)
{
	const struct segment	*g = r->scan->last;
	uint64_t		 end, from = r->segments->previous;

	if (g == NULL || previous <= from)
		return;
	end = previous - g->base;
	tell_damage(r, g, from - g->base, end < g->size ? end : g->size);
}

/* The next good batch behind `at`, or the size of the segment. */
static uint64_t
next_good(struct reading *r, const struct segment *g, uint64_t at)
{
	struct batch_head	 h;
	char			*data;

	for (; at < g->size; at += BATCH_BLOCK) {
		if (!head_at(r, g, at, &h))
			continue;
		data = records_at(g, at, &h);
		free(data);
		if (data != NULL)
			return at;
	}
	return g->size;
}

/* ---- records ------------------------------------------------------------- */

static void
locate(const struct segments *s, const struct segment *g, uint64_t at,
    struct change *c)
{
	c->position = g->base + at;
	c->base = g->base;
	c->place.fd = g->fd;
	c->place.slot = (unsigned)(g - s->slot);
	c->place.offset += at + BATCH_HEAD;
}

/* False for a batch that is whole and yet none of ours. */
static bool
take_records(struct reading *r, const struct segment *g, uint64_t at,
    struct span records)
{
	struct scan	*scan = r->scan;
	struct span	 rest = records;
	struct change	*c;
	bool		 bad = false;

	while ((c = record_take(&rest, records.len, &bad)) != NULL) {
		locate(r->segments, g, at, c);
		scan->records++;
		scan->record(c, scan->arg);
	}
	return !bad;
}

/* Where the batch at `at` ends; 0: there is none. */
static uint64_t
take_batch(struct reading *r, const struct segment *g, uint64_t at)
{
	struct segments		*s = r->segments;
	struct scan		*scan = r->scan;
	struct batch_head	 h;
	uint64_t		 end;
	char			*data;

	if (!head_at(r, g, at, &h) ||
	    (data = records_at(g, at, &h)) == NULL)
		return 0;
	end = at + batch_size(h.length);
	tell_gap(r, h.previous);
	if (!take_records(r, g, at, span_make(data, h.length)))
		tell_damage(r, g, at, end);
	if (h.clock > s->clock)
		s->clock = h.clock;
	s->previous = s->position = g->base + end;
	scan->last = g;
	scan->batches++;
	scan->octets += end - at;
	free(data);
	return end;
}

/*
 * To the next good batch.  If that follows what was read last, the one between
 * could not be written, and was given up.
 */
static void
skip(struct reading *r, const struct segment *g, uint64_t at, uint64_t good)
{
	struct batch_head	 h;

	if (head_at(r, g, good, &h) && h.previous <= r->segments->previous)
		return;
	tell_damage(r, g, at, good);
	r->segments->previous = g->base + good;
}

/*
 * Of the last batch in a segment the sync may have failed: then the page cache
 * has it, and no later sync says whether the disk does.  Of what is written
 * once more it does.
 */
static void
write_again(const struct segment *g, uint64_t from, uint64_t to)
{
	char	*step = xcalloc(1, COPY);
	size_t	 n;

	for (; from < to; from += n) {
		n = to - from < COPY ? (size_t)(to - from) : COPY;
		read_at(g, step, n, from);
		if (fd_pwrite_all(g->fd, step, n, (off_t)from) == -1)
			fatal("journal: %s", strerror(errno));
	}
	free(step);
}

/* A whole segment; what is behind its last good batch is not looked at. */
static void
take_segment(struct reading *r, const struct segment *g)
{
	uint64_t	 at = 0, end, good, last = 0;

	for (;;) {
		end = at < g->size ? take_batch(r, g, at) : 0;
		if (end != 0) {
			last = at;
			at = end;
			continue;
		}
		good = next_good(r, g, at + BATCH_BLOCK);
		if (good >= g->size)
			break;
		skip(r, g, at, good);
		at = good;
	}
	if (r->scan->last == g)
		write_again(g, last, r->segments->position - g->base);
}

static int
next_above(const struct segments *s, int before)
{
	int	 i, best = -1;

	for (i = 0; i < SEGMENTS_MAX; i++)
		if (s->slot[i].state == SEGMENT_USED && (before == -1 ||
		    s->slot[i].base > s->slot[before].base) && (best == -1 ||
		    s->slot[i].base < s->slot[best].base))
			best = i;
	return best;
}

/* ---- behind the end ------------------------------------------------------ */

static bool
is_zero(const char *block)
{
	return block[0] == 0 && memcmp(block, block + 1, BATCH_BLOCK - 1) == 0;
}

/* Where what stands at `at` ends; `at` if it may be of a former life of the
 * segment, or is nothing. */
static uint64_t
end_of_torn(struct reading *r, const struct segment *g, uint64_t at)
{
	struct batch_head	 h;
	uint64_t		 end = at;

	if (head_at(r, g, at, &h))
		return at + batch_size(h.length);
	for (; at < g->size; at += BATCH_BLOCK) {
		if (batch_head_decode(block_at(r, g, at), &h))
			return 0;
		if (!is_zero(block_at(r, g, at)))
			end = at + BATCH_BLOCK;
	}
	return end;
}

/*
 * Behind the last good batch may stand one that was being written, for which
 * nobody has an answer; or it was whole once, and is damaged.  Nothing tells
 * the one from the other, so it is kept.
 */
static void
look_behind(struct reading *r, const struct segment *g, uint64_t at)
{
	uint64_t	 end = end_of_torn(r, g, at);

	if (end <= at)
		return;
	r->scan->torn++;
	log_warning("journal/%02x: %llu octets at %llu are no whole batch, "
	    "though they may have been one; copied to "
	    "quarantine/journal-%016llx", (unsigned)(g - r->segments->slot),
	    (unsigned long long)(end - at), (unsigned long long)at,
	    (unsigned long long)(g->base + at));
	keep_copy(r, g, at, end);
}

/* A segment of which no head is left had one batch, behind all others. */
static void
look_at_headless(struct reading *r)
{
	struct segments		*s = r->segments;
	struct segment		*g;
	struct batch_head	 h;

	for (g = s->slot; g < s->slot + SEGMENTS_MAX; g++) {
		if (g->state != SEGMENT_FREE || g->size == 0 ||
		    is_zero(block_at(r, g, 0)) ||
		    batch_head_decode(block_at(r, g, 0), &h))
			continue;
		g->base = s->position;
		look_behind(r, g, 0);
	}
}

/*
 * A killed process leaves in the page cache what may not be on disk yet: it is
 * now, before anybody is told of it.
 */
static void
make_durable(const struct segments *s)
{
	int	 i;

	for (i = 0; i < SEGMENTS_MAX; i++)
		if (s->slot[i].state == SEGMENT_USED &&
		    fdatasync(s->slot[i].fd) == -1)
			fatal("journal/%02x: %s", (unsigned)i,
			    strerror(errno));
}

/* Nothing good is in those, and all that is came before them. */
static bool
is_torn(const struct segments *s, int i)
{
	return s->slot[i].state == SEGMENT_USED &&
	    s->slot[i].base >= s->position;
}

static void
look_at_end(struct reading *r, int last)
{
	const struct segments	*s = r->segments;
	int			 i;

	if (r->scan->last == &s->slot[last])
		look_behind(r, r->scan->last,
		    s->position - s->slot[last].base);
	for (i = 0; i < SEGMENTS_MAX; i++)
		if (is_torn(s, i))
			look_behind(r, &s->slot[i], 0);
}

void
scan_journal(struct segments *s, uint64_t lineage, struct scan *scan)
{
	struct reading	 r = { s, scan, xcalloc(1, COPY), NULL, 0 };
	int		 i, last = -1;

	identify(&r, lineage);
	find_tail(&r);
	for (i = next_above(s, -1); i != -1; i = next_above(s, i)) {
		take_segment(&r, &s->slot[i]);
		last = i;
	}
	if (last != -1)
		look_at_end(&r, last);
	look_at_headless(&r);
	free(r.chunk);
	make_durable(s);
	if (last != -1 && scan->last == &s->slot[last])
		s->current = last;
	for (i = 0; i < SEGMENTS_MAX; i++)
		if (is_torn(s, i))
			s->slot[i].state = SEGMENT_FREE;
}
