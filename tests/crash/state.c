/* SPDX-License-Identifier: ISC */
/*
 * The data that is not synced is what the page cache held when the power went:
 * each block of 4 KiB was written out at some time since the last sync, or
 * never, so it has one of its versions since then; one that was being written
 * has that for each of its sectors.  Sizes and names went by themselves.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "tests/crash/state.h"

enum { BLOCK = 4096, SECTOR = 512 };

/* How a file's pending data, or the pending names, are chosen. */
enum way { NONE, ALL, IN_ORDER, BLOCKS, SECTORS, WAYS };

static uint64_t
mix(uint64_t a, uint64_t b)
{
	struct dice	 d = { a ^ b * 0x9fb21c651e98df25 };

	return dice_throw(&d);
}

/* Four lanes, for speed: it is all that tells two states apart. */
static uint64_t
sum_of(const char *data, size_t size)
{
	uint64_t	 lane[4] = { 1, 2, 3, 4 }, word;
	size_t		 at = 0;
	unsigned	 i;

	for (; size - at >= 32; at += 32)
		for (i = 0; i < 4; i++) {
			memcpy(&word, data + at + 8 * i, sizeof word);
			lane[i] = (lane[i] ^ word) * 0x9fb21c651e98df25;
			lane[i] ^= lane[i] >> 29;
		}
	for (; at < size; at++)
		lane[0] = (lane[0] ^ (unsigned char)data[at]) *
		    0x9fb21c651e98df25 + 1;
	return mix(mix(lane[0], lane[1]), mix(lane[2], lane[3])) ^ size;
}

/* ---- data ---------------------------------------------------------------- */

/* The number of its first changes that a block or sector has. */
static uint32_t
age_of(enum way way, uint64_t throw, uint64_t at, uint32_t changes)
{
	switch (way) {
	case NONE:
		return 0;
	case IN_ORDER:
		return (uint32_t)(throw % (changes + 1));
	case BLOCKS:
		return (uint32_t)(mix(throw, at / BLOCK) % (changes + 1));
	case SECTORS:
		return (uint32_t)(mix(throw, at / SECTOR) % (changes + 1));
	default:
		return changes;
	}
}

static void
room_for(struct content *c, size_t size)
{
	if (size <= c->room)
		return;
	c->room = size * 2;
	c->own = xreallocarray(c->own, c->room, 1);
}

/* The most it may be, and the size it gets. */
static size_t
sizes(const struct disk *d, const struct disk_file *f, uint32_t age,
    size_t *chosen)
{
	const struct log_head	*h;
	size_t			 size = f->size, most = size, i;

	*chosen = size;
	for (i = 0; i < f->count; i++) {
		h = &d->log->records[f->pending[i]].head;
		if (h->op == LOG_SIZE)
			size = h->offset;
		else if (h->offset + h->a > size)
			size = h->offset + h->a;
		if (size > most)
			most = size;
		if (i + 1 == age)
			*chosen = size;
	}
	return most;
}

/* A change of [from, to): with its data, or zeros. */
struct change_of {
	enum way	 way;
	uint64_t	 throw;
	uint32_t	 nth, changes;
};

static void
change(struct content *c, const struct change_of *how, size_t from, size_t to,
    const char *data)
{
	size_t	 at, end;

	for (at = from; at < to; at = end) {
		end = (at / SECTOR + 1) * SECTOR;
		if (end > to)
			end = to;
		if (age_of(how->way, how->throw, at, how->changes) <=
		    how->nth)
			continue;
		if (data == NULL)
			memset(c->own + at, 0, end - at);
		else
			memcpy(c->own + at, data + (at - from), end - at);
	}
}

static void
make_content(struct content *c, const struct disk *d, const struct disk_file *f,
    struct change_of *how)
{
	const struct record	*r;
	uint64_t		 throw = mix(how->throw, 1);
	size_t			 size, most;

	how->changes = (uint32_t)f->count;
	most = sizes(d, f, age_of(how->way, throw, 0, how->changes), &size);
	room_for(c, most + 1);
	if (f->size > 0)
		memcpy(c->own, f->data, f->size);
	memset(c->own + f->size, 0, most - f->size);
	for (how->nth = 0; how->nth < how->changes; how->nth++) {
		r = &d->log->records[f->pending[how->nth]];
		if (r->head.op == LOG_SIZE)
			change(c, how, r->head.offset, most, NULL);
		else
			change(c, how, r->head.offset,
			    r->head.offset + r->head.a, r->a);
	}
	c->data = c->own;
	c->size = size;
	c->sum = sum_of(c->data, c->size);
}

static void
take_content(struct state *s, const struct disk *d, uint32_t number)
{
	const struct disk_file	*f = &d->files[number];
	struct content		*c = &s->files[number];

	if (s->versions[number] != f->version + 1) {
		s->versions[number] = f->version + 1;
		s->sums[number] = sum_of(f->data, f->size);
	}
	c->data = f->data;
	c->size = f->size;
	c->sum = s->sums[number];
}

static void
choose_content(struct state *s, const struct disk *d, uint32_t number,
    enum way way, struct dice *dice)
{
	struct change_of	 how = { .way = way };

	if (way == WAYS)
		how.way = (enum way)dice_below(dice, WAYS);
	how.throw = dice_throw(dice);
	if (d->files[number].count == 0 || how.way == NONE)
		take_content(s, d, number);
	else
		make_content(&s->files[number], d, &d->files[number], &how);
}

/* ---- names --------------------------------------------------------------- */

/* BLOCKS and SECTORS: any of them.  IN_ORDER: of each directory the first. */
static void
choose_names(struct state *s, const struct disk *d, enum way way,
    struct dice *dice)
{
	const struct record	*r;
	uint64_t		 throw = dice_throw(dice), dir;
	size_t			 i;
	bool			 take;

	names_copy(&s->names, &d->names);
	for (i = 0; i < d->count && way != NONE; i++) {
		r = &d->log->records[d->renamings[i].record];
		dir = r->head.op == LOG_RENAME ? r->head.other : r->head.file;
		if (way == IN_ORDER)
			take = i < mix(throw, dir) % (d->count + 1);
		else
			take = way == ALL || dice_below(dice, 2) == 0;
		if (take)
			names_apply(&s->names, r, d->renamings[i].half);
	}
}

/* ---- all ----------------------------------------------------------------- */

void
state_init(struct state *s, const struct disk *d)
{
	*s = (struct state){ .sum = 0 };
	s->files = xcalloc(d->log->files, sizeof *s->files);
	s->sums = xcalloc(d->log->files, sizeof *s->sums);
	s->versions = xcalloc(d->log->files, sizeof *s->versions);
}

void
state_clear(struct state *s, const struct disk *d)
{
	uint32_t	 i;

	for (i = 0; i < d->log->files; i++)
		free(s->files[i].own);
	free(s->files);
	free(s->sums);
	free(s->versions);
	free(s->names.list);
}

void
state_choose(struct state *s, const struct disk *d, unsigned nth,
    struct dice *dice)
{
	enum way	 names = nth & 1 ? ALL : NONE;
	enum way	 data = nth & 2 ? ALL : NONE;
	struct entry	*e;
	size_t		 i;

	if (nth >= STATE_EDGES) {
		names = (enum way)dice_below(dice, WAYS);
		data = WAYS;
	}
	choose_names(s, d, names, dice);
	s->sum = 0;
	for (i = 0; i < s->names.count; i++) {
		e = &s->names.list[i];
		if (!disk_is_dir(d, e->file))
			choose_content(s, d, e->file, data, dice);
		s->sum += mix(mix(e->dir, sum_of(e->name, strlen(e->name))),
		    s->files[e->file].sum);
	}
}
