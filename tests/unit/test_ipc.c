/* SPDX-License-Identifier: ISC */
/*
 * Generated from the rows of ipc.def: no message is without these tests.  Each
 * is filled with values from a seed, among them the highest that its row
 * allows, goes through encoder and decoder, and must come back the same.
 */
#include <sys/types.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/ipc.h"

enum { ROUNDS = 50 };

static uint64_t
next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint64_t
number(uint64_t *seed, uint64_t max)
{
	uint64_t	 n = next(seed);

	if (n % 4 == 0)
		return max;
	return max == FULL ? n : n % (max + 1);
}

static struct span
octets(uint64_t *seed, uint64_t max, bool text)
{
	size_t	 i, len = number(seed, max);
	char	*s = xcalloc(1, len + 1);	/* lives as long as the test */

	for (i = 0; i < len; i++)
		s[i] = text ? (int)(' ' + next(seed) % 95) : (int)next(seed);
	return span_make(s, len);
}

static struct addr
address(uint64_t *seed)
{
	static const char	*some[] = { "", "a@b.example", "postmaster",
				    "\"a b\"@c.example", "x@[192.0.2.1]",
				    "y@[IPv6:2001:db8::1]" };
	struct addr		 a;

	ck_assert(addr_parse(span_of(some[next(seed) % COUNT(some)]), &a) ==
	    ADDR_OK);
	return a;
}

static struct reply
verdict(uint64_t *seed)
{
	return reply_make(200 + next(seed) % 400, "4.7.28", "n %u, 100%%",
	    (unsigned)next(seed));
}

#define FILL_u8(m, name, max)		m->name = number(seed, max) & 0xff;
#define FILL_u16(m, name, max)		m->name = number(seed, max) & 0xffff;
#define FILL_u32(m, name, max)		m->name = (uint32_t)number(seed, max);
#define FILL_u64(m, name, max)		m->name = number(seed, max);
#define FILL_text(m, name, max)		m->name = octets(seed, max, true);
#define FILL_bytes(m, name, max)	m->name = octets(seed, max, false);
#define FILL_addr(m, name, max)		m->name = address(seed);
#define FILL_reply(m, name, max)	m->name = verdict(seed);
#define FILL(type, name, max)		FILL_##type(m, name, max)

#define SAME_u8(name)		ck_assert_uint_eq(a->name, b->name);
#define SAME_u16(name)		ck_assert_uint_eq(a->name, b->name);
#define SAME_u32(name)		ck_assert_uint_eq(a->name, b->name);
#define SAME_u64(name)		ck_assert(a->name == b->name);
#define SAME_text(name)		ck_assert(span_equal(a->name, b->name));
#define SAME_bytes(name)	ck_assert(span_equal(a->name, b->name));
#define SAME_addr(name)		ck_assert(addr_equal(&a->name, &b->name));
#define SAME_reply(name) \
	ck_assert(a->name.code == b->name.code); \
	ck_assert(a->name.class == b->name.class); \
	ck_assert(a->name.subject == b->name.subject); \
	ck_assert(a->name.detail == b->name.detail); \
	ck_assert_str_eq(a->name.text, b->name.text);
#define SAME(type, name, max)	SAME_##type(name)

#define MSG(ID, name, from, to, kind, fds) \
static void \
fill_##name(struct msg_##name *m, uint64_t *seed) \
{ \
	ID##_FIELDS(FILL) \
} \
static void \
same_##name(const struct msg_##name *a, const struct msg_##name *b) \
{ \
	ID##_FIELDS(SAME) \
}
#include "shared/ipc.def"

static void
fill(struct msg *m, uint64_t *seed)
{
	switch (m->type) {
#define MSG(ID, name, from, to, kind, fds) \
	case MSG_##ID: \
		fill_##name(&m->name, seed); \
		break;
#include "shared/ipc.def"
	default:
		ck_abort_msg("a type without row");
	}
}

static void
same(const struct msg *a, const struct msg *b)
{
	ck_assert_int_eq(a->type, b->type);
	switch (a->type) {
#define MSG(ID, name, from, to, kind, fds) \
	case MSG_##ID: \
		same_##name(&a->name, &b->name); \
		break;
#include "shared/ipc.def"
	default:
		ck_abort_msg("a type without row");
	}
}

static void
encoded(enum msg_type type, uint64_t *seed, struct msg *m, struct buf *b)
{
	memset(m, 0, sizeof *m);
	m->type = type;
	fill(m, seed);
	buf_init(b, FRAME_MAX);
	ck_assert_msg(msg_encode(m, b), "%s", msg_row(type)->name);
}

START_TEST(what_is_encoded_is_decoded)
{
	uint64_t	 seed = 88172645463325252u + _i;
	struct msg	 m, back;
	struct span	 frame;
	struct buf	 b;
	int		 i;

	for (i = 0; i < ROUNDS; i++) {
		encoded(_i, &seed, &m, &b);
		frame = buf_span(&b);
		ck_assert_msg(msg_decode(&frame, &back), "%s",
		    msg_row(_i)->name);
		ck_assert_uint_eq(frame.len, 0);
		same(&m, &back);
		buf_clear(&b);
	}
}
END_TEST

START_TEST(a_cut_record_is_refused)
{
	uint64_t	 seed = 88172645463325252u + _i;
	struct msg	 m, back;
	struct span	 frame;
	struct buf	 b;
	size_t		 n;

	encoded(_i, &seed, &m, &b);
	for (n = 0; n < buf_len(&b); n++) {
		frame = span_head(buf_span(&b), n);
		ck_assert_msg(!msg_decode(&frame, &back), "%s cut at %zu",
		    msg_row(_i)->name, n);
	}
	buf_clear(&b);
}
END_TEST

/* The length says one octet more than the fields take, and it is there. */
START_TEST(a_trailing_octet_is_refused)
{
	uint64_t	 seed = 88172645463325252u + _i;
	struct msg	 m, back;
	struct span	 frame;
	struct buf	 b;
	size_t		 length;

	encoded(_i, &seed, &m, &b);
	length = buf_len(&b) - 6 + 1;
	ck_assert(buf_put(&b, span_make("\0", 1)));
	b.data[b.head + 2] = length & 0xff;
	b.data[b.head + 3] = length >> 8 & 0xff;
	frame = buf_span(&b);
	ck_assert_msg(!msg_decode(&frame, &back), "%s", msg_row(_i)->name);
	buf_clear(&b);
}
END_TEST

/* Each bit of each octet flipped: decoded within its row, or refused; never
 * read outside (the sanitizers see that). */
START_TEST(a_flipped_bit_does_no_harm)
{
	uint64_t	 seed = 88172645463325252u + _i;
	struct msg	 m, back;
	struct span	 frame;
	struct buf	 b, again;
	size_t		 i;

	encoded(_i, &seed, &m, &b);
	for (i = 0; i < 8 * buf_len(&b); i++) {
		b.data[b.head + i / 8] ^= 1 << i % 8;
		frame = buf_span(&b);
		if (msg_decode(&frame, &back)) {
			buf_init(&again, FRAME_MAX);
			ck_assert_msg(msg_encode(&back, &again), "%s, bit %zu",
			    msg_row(_i)->name, i);
			buf_clear(&again);
		}
		b.data[b.head + i / 8] ^= 1 << i % 8;
	}
	buf_clear(&b);
}
END_TEST

static const struct {
	const char	*name, *octets;
	size_t		 len;
} refused[] = {
	{ "nothing",		"",				0 },
	{ "type 0",		"\0\0\0\0\0\0",			6 },
	{ "type beyond",	"\377\377\0\0\0\0",		6 },
	{ "length beyond",	"\2\0\377\377\377\377\0\0",	8 },
	{ "freed, slot beyond",	"\2\0\4\0\0\0\377\377\0\0",	10 },
};

START_TEST(nonsense_is_refused)
{
	struct span	 frame = span_make(refused[_i].octets,
			    refused[_i].len);
	struct msg	 m;

	ck_assert_msg(!msg_decode(&frame, &m), "%s", refused[_i].name);
}
END_TEST

/* Not encoded: an ESC in a text, a length above the row's. */
START_TEST(the_encoder_keeps_to_the_row)
{
	struct msg	 m = { .type = MSG_CONF_RESOLVER };
	char		 longer[HOST_TEXT_MAX + 1];
	struct buf	 b;

	buf_init(&b, FRAME_MAX);
	m.conf_resolver.server = span_of("a\033b");
	ck_assert(!msg_encode(&m, &b));
	memset(longer, 'a', sizeof longer);
	m.conf_resolver.server = span_make(longer, sizeof longer);
	ck_assert(!msg_encode(&m, &b));
	m.conf_resolver.server = span_make(longer, sizeof longer - 1);
	ck_assert(msg_encode(&m, &b));
	buf_clear(&b);
}
END_TEST

static const struct {
	enum msg_type	 type;
	enum role	 from, to;
	bool		 allowed;
} matrix[] = {
	{ MSG_OPEN,	ROLE_SMTPD,	ROLE_QUEUE,	true },
	{ MSG_OPEN,	ROLE_QUEUE,	ROLE_SMTPD,	false },
	{ MSG_OPEN,	ROLE_REMOTE,	ROLE_QUEUE,	false },
	{ MSG_RETRY,	ROLE_MONITOR,	ROLE_QUEUE,	false },
	{ MSG_RETRY,	ROLE_CONTROL,	ROLE_QUEUE,	true },
	{ MSG_WIRE,	ROLE_SMTPD,	ROLE_QUEUE,	false },
	{ MSG_COUNT,	ROLE_MASTER,	ROLE_QUEUE,	false },
};

START_TEST(only_the_matrix_may_speak)
{
	ck_assert(msg_allowed(matrix[_i].type, matrix[_i].from,
	    matrix[_i].to) == matrix[_i].allowed);
}
END_TEST

START_TEST(strangers_are_not_wired)
{
	ck_assert(roles_talk(ROLE_SMTPD, ROLE_QUEUE));
	ck_assert(roles_talk(ROLE_LOOKUP, ROLE_SMTPD));
	ck_assert(!roles_talk(ROLE_SMTPD, ROLE_REMOTE));
	ck_assert(roles_talk(ROLE_SMTPD, ROLE_RESOLVER));
	ck_assert(!roles_talk(ROLE_LOOKUP, ROLE_RESOLVER));
	ck_assert(!roles_talk(ROLE_QUEUE, ROLE_RESOLVER));
	ck_assert(!roles_talk(ROLE_MONITOR, ROLE_CONTROL));
	ck_assert(!roles_talk(ROLE_SMTPD, ROLE_SMTPD));
	ck_assert_uint_eq(ring_slots(ROLE_QUEUE, ROLE_SMTPD), 0);
	ck_assert_uint_gt(ring_slots(ROLE_SMTPD, ROLE_QUEUE), 0);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("ipc");
	TCase	*tc = tcase_create("ipc");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, what_is_encoded_is_decoded, 1, MSG_COUNT);
	tcase_add_loop_test(tc, a_cut_record_is_refused, 1, MSG_COUNT);
	tcase_add_loop_test(tc, a_trailing_octet_is_refused, 1, MSG_COUNT);
	tcase_add_loop_test(tc, a_flipped_bit_does_no_harm, 1, MSG_COUNT);
	tcase_add_loop_test(tc, nonsense_is_refused, 0, COUNT(refused));
	tcase_add_test(tc, the_encoder_keeps_to_the_row);
	tcase_add_loop_test(tc, only_the_matrix_may_speak, 0, COUNT(matrix));
	tcase_add_test(tc, strangers_are_not_wired);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
