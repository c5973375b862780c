/* SPDX-License-Identifier: ISC */
/*
 * A frame of a neighbour that lies: shared/ipc.  Whatever is taken from one
 * is within its row, and can be said again.
 */
#include <string.h>

#include "shared/alloc.h"
#include "shared/ipc.h"
#include "tests/fuzz/fuzz.h"

static void
check_number(uint64_t n, uint64_t max)
{
	fuzz_claim(n <= max, "a number is within its row");
}

#define CHECK_NUMBER(type) \
static void \
check_##type(const type##_t *n, uint64_t max) \
{ \
	check_number(*n, max); \
}
#define u8_t	uint8_t
#define u16_t	uint16_t
#define u32_t	uint32_t
#define u64_t	uint64_t
CHECK_NUMBER(u8)
CHECK_NUMBER(u16)
CHECK_NUMBER(u32)
CHECK_NUMBER(u64)

static void
check_bytes(const struct span *s, uint64_t max)
{
	fuzz_claim(s->ptr != NULL && s->len <= max,
	    "octets are as many as their row permits");
}

static void
check_text(const struct span *s, uint64_t max)
{
	check_bytes(s, max);
	fuzz_claim(span_is_text(*s), "a text has no control characters");
}

static void
check_addr(const struct addr *a, uint64_t max)
{
	struct addr	 again;

	(void)max;
	fuzz_claim(addr_parse(addr_span(a), &again) == ADDR_OK,
	    "an address is one");
}

static void
check_reply(const struct reply *r, uint64_t max)
{
	(void)max;
	fuzz_claim(r->code <= 999 && r->class <= 9 && r->subject <= 999 &&
	    r->detail <= 999, "codes have their digits");
	fuzz_claim(strnlen(r->text, sizeof r->text) <= REPLY_TEXT_MAX,
	    "a reply is as long as it may be");
}

#define CHECK(type, name, max)	check_##type(&m->name, max);
#define MSG(ID, name, from, to, kind, fds) \
static void \
check_msg_##name(const struct msg_##name *m) \
{ \
	ID##_FIELDS(CHECK) \
}
#include "shared/ipc.def"

static void
check(const struct msg *m)
{
	switch (m->type) {
#define MSG(ID, name, from, to, kind, fds) \
	case MSG_##ID: \
		check_msg_##name(&m->name); \
		break;
#include "shared/ipc.def"
	default:
		fuzz_claim(false, "a message is in a row");
	}
}

/* Said again it is what it was, but for addresses in their shortest quoting:
 * so twice, and the second time nothing changes any more. */
static void
say_again(const struct msg *m, struct span record)
{
	struct buf	 first, second;
	struct span	 rest;
	struct msg	 again;

	buf_init(&first, FRAME_MAX);
	buf_init(&second, FRAME_MAX);
	fuzz_claim(msg_encode(m, &first), "what was taken can be said");
	fuzz_claim(buf_len(&first) <= record.len, "it grows no longer");
	rest = buf_span(&first);
	fuzz_claim(msg_decode(&rest, &again) && rest.len == 0 &&
	    again.type == m->type, "and be taken again");
	fuzz_claim(msg_encode(&again, &second) &&
	    span_equal(buf_span(&first), buf_span(&second)),
	    "and says the same");
	fuzz_claim(buf_len(&first) < record.len ||
	    span_head(record, 2).ptr[0] == buf_span(&first).ptr[0],
	    "of the same type");
	buf_clear(&first);
	buf_clear(&second);
}

void
fuzz_one(struct span input)
{
	struct msg	 m;
	struct span	 rest = span_head(input, FRAME_MAX), before = rest;

	while (rest.len > 0 && msg_decode(&rest, &m)) {
		fuzz_claim(m.nfds == 0, "no descriptor is in the octets");
		fuzz_claim(rest.len < before.len, "a record has a length");
		check(&m);
		say_again(&m, span_head(before, before.len - rest.len));
		before = rest;
	}
}
