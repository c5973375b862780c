/* SPDX-License-Identifier: ISC */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/ipc.h"
#include "tests/crash/promise.h"

enum { LINE_MAX_LEN = 200 };

static uint64_t
add_octets(uint64_t digest, struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		digest = (digest ^ (unsigned char)s.ptr[i]) * 0x100000001b3;
	return digest;
}

uint64_t
digest_message(uint64_t size, uint32_t flags, const struct addr *sender)
{
	uint64_t	 digest = 0xcbf29ce484222325;

	flags &= MESSAGE_HELD | MESSAGE_QUARANTINED;
	digest = add_octets(digest, span_make(&size, sizeof size));
	digest = add_octets(digest, span_make(&flags, sizeof flags));
	return add_octets(digest, addr_span(sender));
}

uint64_t
digest_recipient(uint64_t digest, uint32_t number,
    const struct recipient_row *r)
{
	struct recipient_row	 same = *r;
	char			 raw[ROW_MAX];
	struct pack		 p;

	same.position = 0;
	if (r->state == ROW_NEW || r->due < PROMISE_FUTURE)
		same.due = 0;
	pack_init(&p, raw, sizeof raw);
	recipient_row_encode(&same, &p);
	digest = add_octets(digest, span_make(&number, sizeof number));
	return add_octets(digest, pack_span(&p));
}

/* ---- the list ------------------------------------------------------------ */

/* Where `id` is, or belongs. */
static size_t
place_of(const struct promises *p, uint64_t id)
{
	size_t	 low = 0, high = p->count, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (p->list[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct promise *
promises_find(const struct promises *p, uint64_t id)
{
	size_t	 i = place_of(p, id);

	return i < p->count && p->list[i].id == id ? &p->list[i] : NULL;
}

/* What nobody has heard of is gone. */
static struct promise *
obtain(struct promises *p, uint64_t id)
{
	size_t	 i = place_of(p, id);

	if (i < p->count && p->list[i].id == id)
		return &p->list[i];
	p->list = xreallocarray(p->list, p->count + 1, sizeof *p->list);
	memmove(p->list + i + 1, p->list + i,
	    (p->count - i) * sizeof *p->list);
	p->count++;
	p->list[i] = (struct promise){ .id = id, .count = 1 };
	p->list[i].fates[0].gone = true;
	return &p->list[i];
}

void
promises_clear(struct promises *p)
{
	free(p->list);
	*p = (struct promises){ NULL, 0 };
}

/* ---- lines --------------------------------------------------------------- */

static void
will(struct promises *p, uint64_t id, const struct fate *f)
{
	struct promise	*one = obtain(p, id);

	if (one->count == FATES_MAX)
		errx(1, "too many changes of one message at once");
	one->fates[one->count++] = *f;
}

static void
drop_fate(struct promise *one, unsigned i)
{
	one->count--;
	memmove(one->fates + i, one->fates + i + 1,
	    (one->count - i) * sizeof *one->fates);
}

/* What comes true makes all before it history. */
static void
settle(struct promise *one, uint64_t group, bool is)
{
	unsigned	 i, j;

	for (i = 1; i < one->count; i++) {
		if (one->fates[i].group != group)
			continue;
		if (!is)
			drop_fate(one, i--);
		for (j = i; is && j > 0; j--)
			drop_fate(one, 0);
		if (is)
			i = 0;
	}
}

static void
settle_all(struct promises *p, uint64_t group, bool is)
{
	size_t	 i;

	for (i = 0; i < p->count; i++)
		settle(&p->list[i], group, is);
}

static void
take_line(struct promises *p, const char *line)
{
	struct fate	 f = { .gone = false };
	uint64_t	 id;

	if (sscanf(line, "will %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNx32
	    " %" SCNx64, &f.group, &id, &f.size, &f.crc, &f.rows) == 5)
		will(p, id, &f);
	else if (sscanf(line, "will %" SCNu64 " %" SCNu64 " gone",
	    &f.group, &id) == 2) {
		f.gone = true;
		will(p, id, &f);
	} else if (sscanf(line, "is %" SCNu64, &f.group) == 1)
		settle_all(p, f.group, true);
	else if (sscanf(line, "not %" SCNu64, &f.group) == 1)
		settle_all(p, f.group, false);
	else
		errx(1, "no mark: %s", line);
}

void
promises_take(struct promises *p, const char *mark, size_t len)
{
	struct span	 rest = span_make(mark, len), line;
	char		 text[LINE_MAX_LEN];

	while (rest.len > 0) {
		rest = span_cut(rest, '\n', &line);
		if (span_copy(line, text, sizeof text))
			take_line(p, text);
		else
			errx(1, "a line of a mark is too long");
	}
}
