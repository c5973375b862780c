/* SPDX-License-Identifier: ISC */
/*
 * What stands on users' disks must be read for ever: these octets are those of
 * the first version that was to be kept.  Whoever changes them makes another
 * version, and reads both.
 */
#include <sys/mman.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/batch.h"
#include "queue/index_own.h"
#include "queue/record.h"
#include "queue/trailer.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "tests/unit/queue_stub.h"

static const char head[] =
	"52454c4149536a42000000010000000000000001000000000000100000000000"
	"000000030000000000000004000000000000000500000006000000075c79f2fb";

static const char trailer[] =
	"0000000100000000000000090000000a11223344556677880102030405060708"
	"000000000000000200000003000b6140622e6578616d706c65000c635b313932"
	"2e302e322e315d00036a6f6500000001000b6440652e6578616d706c65000000"
	"00000000020000005d66924a7952454c4149537631";

static const char records[] =
	"0000005b01000000000000000611223344556677880102030405060708000000"
	"000000000200000003000b6140622e6578616d706c65000c635b3139322e302e"
	"322e315d00036a6f6500000001000b6440652e6578616d706c657879da06ef2c"
	"0000005b0311223344556677880000000200004c020000000005000000000000"
	"0000000000040000000000000000000b6640672e6578616d706c65000e6c6973"
	"7440672e6578616d706c6500076c6f63616c3a66000000000000000000000000"
	"0000000f031122334455667788000000020000000000003e0411223344556677"
	"8800000002000000050000000000000004000e6c69737440672e6578616d706c"
	"65000b6640672e6578616d706c6500076c6f63616c3a660000000c0511223344"
	"5566778800000000000000080611223344556677880000000807112233445566"
	"778800000008081122334455667788";

/* A message with parameters has a bit in its flags, and them behind identity;
 * without them it is as above. */
static const char trailer_with[] =
	"0000000100000000000000090000000a11223344556677880102030405060708"
	"000000000000000280000003000b6140622e6578616d706c65000c635b313932"
	"2e302e322e315d00036a6f6500087461673d62756c6b00000001000b6440652e"
	"6578616d706c650000000000000002000000679e7c03da52454c4149537631";

static const char record_with[] =
	"0000006301000000000000000611223344556677880102030405060708000000"
	"000000000080000003000b6140622e6578616d706c65000c635b3139322e302e"
	"322e315d00036a6f6500087461673d62756c6b00000001000b6440652e657861"
	"6d706c6500000000";

static const char row[] =
	"0000000000000001000000000000000200000003000000040000000500000006"
	"000000070000000c635b3139322e302e322e315d00036a6f65";

static const char row_with[] =
	"0000000000000001000000000000000280000003000000040000000500000006"
	"000000070000000c635b3139322e302e322e315d00036a6f6500087461673d62"
	"756c6b";

static const char *const expansions[] = {
	"0000004e04112233445566778800000002800000050000000000000004000e6c"
	"69737440672e6578616d706c65000c6e6f746966793d6e657665720000000b66"
	"40672e6578616d706c6500076c6f63616c3a66",
	"0000009e04112233445566778800000002800000050000000000000004000e6c"
	"69737440672e6578616d706c65000c6e6f746966793d6e657665720050830000"
	"0000040000000000000000000000000000000000000000000b6c40672e657861"
	"6d706c6500000000000000000000000000000000040000000000000000000e6e"
	"6f746966793d73756363657373000b6640672e6578616d706c6500076c6f6361"
	"6c3a66"
};

static const char sealed[] = "000000000000000c46bd940e";

static void
assert_octets(struct span s, const char *hex)
{
	char	*text = calloc(2 * s.len + 1, 1);
	size_t	 i;

	for (i = 0; i < s.len; i++)
		(void)snprintf(text + 2 * i, 3, "%02x",
		    (unsigned char)s.ptr[i]);
	ck_assert_str_eq(text, hex);
	free(text);
}

static struct letter *
make_letter(const char *parameters)
{
	struct origin	 origin = { span_of("c[192.0.2.1]"), span_of("joe"),
			    span_of(parameters) };
	struct addr	 sender;
	struct letter	*l;

	ck_assert_int_eq(addr_parse(span_of("a@b.example"), &sender), ADDR_OK);
	l = letter_new(0x1122334455667788, &sender);
	l->arrived = 0x0102030405060708;
	l->size = 2;
	l->flags = 3;
	letter_set_origin(l, &origin);
	ck_assert(letter_add(l, span_of("d@e.example"),
	    span_of("")));
	return l;
}

START_TEST(a_batch_begins_so)
{
	struct batch_head	 h = { 1, 4096, 3, 4, 5, 6, 7 }, again;
	char			 raw[BATCH_HEAD];

	batch_head_encode(&h, raw);
	assert_octets(span_make(raw, sizeof raw), head);
	ck_assert(batch_head_decode(raw, &again));
	ck_assert_int_eq(memcmp(&h, &again, sizeof h), 0);
}
END_TEST

static const struct {
	const char	*parameters, *trailer, *row;
} messages[] = {
	{ "", trailer, row },
	{ "tag=bulk", trailer_with, row_with },
};

START_TEST(a_message_file_ends_so)
{
	struct trailer	 t = { make_letter(messages[_i].parameters), 9, 10 };
	struct buf	 b;
	int		 fd = memfd_create("trial", MFD_CLOEXEC);

	buf_init(&b, 65536);
	trailer_encode(&t, &b);
	assert_octets(buf_span(&b), messages[_i].trailer);
	letter_free(t.letter);
	ck_assert_int_eq(fd_write_all(fd, "xy", 2), 0);
	ck_assert_int_eq(fd_write_all(fd, buf_span(&b).ptr, buf_len(&b)), 0);
	ck_assert_int_eq(trailer_read(fd, &t), 0);
	ck_assert_uint_eq(t.letter->flags, 3);
	ck_assert_str_eq(t.letter->identity, "joe");
	ck_assert_str_eq(t.letter->parameters, messages[_i].parameters);
	letter_free(t.letter);
	buf_clear(&b);
	fd_close(&fd);
}
END_TEST

START_TEST(a_message_has_such_a_row)
{
	struct message_row	 r = { 1, 2, 3, 4, 5, 6, 7, .sender = { 0 } };
	struct message_row	 again;
	char			 raw[ROW_MAX];
	struct pack		 p;

	r.origin = (struct origin){ span_of("c[192.0.2.1]"), span_of("joe"),
	    span_of(messages[_i].parameters) };
	pack_init(&p, raw, sizeof raw);
	message_row_encode(&r, &p);
	assert_octets(pack_span(&p), messages[_i].row);
	ck_assert(message_row_decode(pack_span(&p), &again));
	ck_assert_uint_eq(again.flags, 3);
	ck_assert(span_is(again.origin.identity, "joe"));
	ck_assert(span_is(again.origin.parameters, messages[_i].parameters));
}
END_TEST

static struct change *
make(enum change_kind kind)
{
	struct change	*c = change_new(kind, change_free);

	c->id = 0x1122334455667788;
	c->number = 2;
	return c;
}

static void
add_row(struct change *c)
{
	struct recipient_row	 r = { .state = ROW_WAITING, .due = 4,
				    .generation = 5 };

	r.address = span_of("f@g.example");
	r.original = span_of("list@g.example");
	r.destination = span_of("local:f");
	r.relay = span_of("");
	change_add_row(c, &r);
}

static void
put(struct buf *b, struct change *c)
{
	ck_assert(record_put(b, c));
	change_free(c);
}

START_TEST(records_are_written_so)
{
	struct change	*c = make(CHANGE_STORE);
	struct piece	*p = piece_new(2);
	struct buf	 b;

	buf_init(&b, 65536);
	memcpy(p->data, "xy", 2);
	STAILQ_INSERT_TAIL(&c->content, p, entry);
	c->letter = make_letter("");
	c->token = 6;
	put(&b, c);
	c = make(CHANGE_UPDATE);
	add_row(c);
	put(&b, c);
	put(&b, make(CHANGE_DELETE));
	c = make(CHANGE_REPLACE);
	add_row(c);
	put(&b, c);
	c = make(CHANGE_DROP);
	c->numbers = calloc(1, sizeof *c->numbers);
	c->count = 1;
	put(&b, c);
	put(&b, make(CHANGE_SPILLED));
	put(&b, make(CHANGE_ABORT));
	put(&b, make(CHANGE_REMOVE));
	assert_octets(buf_span(&b), records);
	buf_clear(&b);
}
END_TEST

START_TEST(a_message_with_parameters_is_written_so)
{
	struct change	*c = make(CHANGE_STORE), *again;
	struct buf	 b;
	struct span	 rest;
	bool		 bad = false;

	buf_init(&b, 65536);
	c->letter = make_letter("tag=bulk");
	c->letter->size = 0;
	c->token = 6;
	put(&b, c);
	assert_octets(buf_span(&b), record_with);
	rest = buf_span(&b);
	again = record_take(&rest, rest.len, &bad);
	ck_assert(again != NULL && !bad);
	ck_assert_str_eq(again->letter->parameters, "tag=bulk");
	ck_assert_uint_eq(again->letter->flags, 3);
	change_free(again);
	buf_clear(&b);
}
END_TEST

static struct change *
make_expansion(bool keeps_parent)
{
	struct change		*c = make(CHANGE_REPLACE);
	struct recipient_row	 r = { .state = ROW_WAITING, .due = 4,
				    .generation = 5 };

	r.address = span_of("f@g.example");
	r.original = span_of("list@g.example");
	r.destination = span_of("local:f");
	r.relay = span_of("");
	r.parameters = span_of("notify=never");
	change_add_row(c, &r);
	r = (struct recipient_row){ .state = ROW_FAILED, .generation = 4,
	    .action = ACTION_EXPANDED };
	r.address = span_of("l@g.example");
	r.original = r.destination = r.relay = span_of("");
	r.parameters = span_of("notify=success");
	if (keeps_parent)
		change_keep_parent(c, &r);
	return c;
}

START_TEST(an_expansion_with_parameters_is_written_so)
{
	struct recipient_row	 r;
	struct change		*c;
	struct buf		 b;
	struct span		 rest;
	bool			 bad = false;

	buf_init(&b, 65536);
	put(&b, make_expansion(_i == 1));
	assert_octets(buf_span(&b), expansions[_i]);
	rest = buf_span(&b);
	c = record_take(&rest, rest.len, &bad);
	ck_assert(c != NULL && !bad && c->kind == CHANGE_REPLACE);
	ck_assert(recipient_row_decode(piece_span(STAILQ_FIRST(&c->rows)),
	    &r));
	ck_assert_uint_eq(r.generation, 5);
	ck_assert(span_is(r.parameters, "notify=never"));
	ck_assert(STAILQ_EMPTY(&c->parent) == (_i == 0));
	if (_i == 1) {
		ck_assert(recipient_row_decode(piece_span(
		    STAILQ_FIRST(&c->parent)), &r));
		ck_assert_int_eq(r.state, ROW_FAILED);
		ck_assert_int_eq(r.action, ACTION_EXPANDED);
		ck_assert(span_is(r.address, "l@g.example"));
	}
	change_free(c);
	buf_clear(&b);
}
END_TEST

/* As before there was a time of the last attempt; with it; with more. */
START_TEST(the_last_attempt_is_kept)
{
	struct recipient_row	 r = { .state = ROW_WAITING, .due = 4,
				    .generation = 5 }, again;
	char			 raw[ROW_MAX];
	struct pack		 p;

	r.address = span_of("a@b");
	r.original = r.destination = r.relay = span_of("");
	r.tried = (uint64_t)_i << 40;
	r.marks = _i == 2 ? MARK_DIGEST : 0;
	pack_init(&p, raw, sizeof raw);
	recipient_row_encode(&r, &p);
	ck_assert(recipient_row_decode(pack_span(&p), &again));
	ck_assert_int_eq(again.state, ROW_WAITING);
	ck_assert_int_eq((raw[0] & 0x40) != 0, _i > 0);
	ck_assert_uint_eq(again.tried, r.tried);
	ck_assert_uint_eq(again.marks, r.marks);
}
END_TEST

/* Each octet of it stands on somebody's disk. */
START_TEST(records_of_before_are_read)
{
	struct change	*c;
	char		 raw[sizeof records / 2] = "";
	struct span	 rest = span_make(raw, sizeof raw);
	unsigned	 octet, n;
	bool		 bad = false;

	for (n = 0; n < sizeof raw; n++) {
		ck_assert_int_eq(sscanf(records + 2 * n, "%2x", &octet), 1);
		raw[n] = (char)octet;
	}
	for (n = 0; (c = record_take(&rest, sizeof raw, &bad)) != NULL; n++) {
		if (n == 0)
			ck_assert_str_eq(c->letter->parameters, "");
		change_free(c);
	}
	ck_assert(!bad);
	ck_assert_uint_eq(n, 8);
}
END_TEST

START_TEST(rows_are_sealed_so)
{
	char		 raw[16];
	struct pack	 p;

	pack_init(&p, raw, sizeof raw);
	pack_u64(&p, 12);
	row_seal(TABLE_MESSAGE, span_of("key"), &p);
	assert_octets(pack_span(&p), sealed);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("format");
	TCase	*tc = tcase_create("format");
	SRunner	*r;
	int	 failed;

	tcase_add_test(tc, a_batch_begins_so);
	tcase_add_loop_test(tc, a_message_file_ends_so, 0, COUNT(messages));
	tcase_add_loop_test(tc, a_message_has_such_a_row, 0,
	    COUNT(messages));
	tcase_add_test(tc, records_are_written_so);
	tcase_add_test(tc, a_message_with_parameters_is_written_so);
	tcase_add_loop_test(tc, an_expansion_with_parameters_is_written_so, 0,
	    2);
	tcase_add_loop_test(tc, the_last_attempt_is_kept, 0, 3);
	tcase_add_test(tc, records_of_before_are_read);
	tcase_add_test(tc, rows_are_sealed_so);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
