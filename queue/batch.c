/* SPDX-License-Identifier: ISC */
#include "queue/batch.h"
#include "queue/pack.h"
#include "shared/crc.h"

enum { VERSION = 1, SUMMED = BATCH_HEAD - 4 };

static const char	 magic[] = "RELAISjB";

void
batch_head_encode(const struct batch_head *h, char raw[BATCH_HEAD])
{
	struct pack	 p;

	pack_init(&p, raw, BATCH_HEAD);
	pack_octets(&p, span_of(magic));
	pack_u32(&p, VERSION);
	pack_u64(&p, h->lineage);
	pack_u64(&p, h->position);
	pack_u64(&p, h->previous);
	pack_u64(&p, h->tail);
	pack_u64(&p, h->clock);
	pack_u32(&p, h->length);
	pack_u32(&p, h->sum);
	pack_u32(&p, crc32c(0, span_make(raw, SUMMED)));
}

bool
batch_head_decode(const char raw[BATCH_HEAD], struct batch_head *h)
{
	struct unpack	 u;

	unpack_init(&u, span_make(raw, BATCH_HEAD));
	if (!span_equal(unpack_octets(&u, sizeof magic - 1),
	    span_of(magic)) || unpack_u32(&u) != VERSION)
		return false;
	h->lineage = unpack_u64(&u);
	h->position = unpack_u64(&u);
	h->previous = unpack_u64(&u);
	h->tail = unpack_u64(&u);
	h->clock = unpack_u64(&u);
	h->length = unpack_u32(&u);
	h->sum = unpack_u32(&u);
	return unpack_u32(&u) == crc32c(0, span_make(raw, SUMMED)) &&
	    h->length <= BATCH_MAX - BATCH_HEAD;
}

uint64_t
batch_size(uint32_t length)
{
	uint64_t	 all = (uint64_t)BATCH_HEAD + length;

	return (all + BATCH_BLOCK - 1) / BATCH_BLOCK * BATCH_BLOCK;
}
