/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>

#include "shared/alloc.h"
#include "shared/id.h"
#include "remote/xforward.h"

static const char	 all[] = "NAME ADDR PORT PROTO HELO IDENT SOURCE";

static const struct {
	const char	*client, *parameters;
	bool		 local;
	const char	*first, *second;	/* less IDENT */
} origins[] = {
	{ "a.example[192.0.2.1]:1025", "proto=ESMTP helo=b.example", false,
	    "XFORWARD NAME=a.example ADDR=192.0.2.1 PORT=1025\r\n",
	    "XFORWARD PROTO=ESMTP HELO=b.example SOURCE=REMOTE\r\n" },
	{ "unknown[2001:db8::1]:25", "tag=x", false,
	    "XFORWARD NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::1 PORT=25\r\n",
	    "XFORWARD PROTO=[UNAVAILABLE] HELO=[UNAVAILABLE] "
	    "SOURCE=REMOTE\r\n" },
	{ "uid 33", "", true,
	    "XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] "
	    "PORT=[UNAVAILABLE]\r\n",
	    "XFORWARD PROTO=[UNAVAILABLE] HELO=[UNAVAILABLE] "
	    "SOURCE=LOCAL\r\n" },
	{ "", "helo= proto=", false,
	    "XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] "
	    "PORT=[UNAVAILABLE]\r\n",
	    "XFORWARD PROTO=[UNAVAILABLE] HELO=[UNAVAILABLE] "
	    "SOURCE=REMOTE\r\n" },
	{ "a b+=\r\n[192.0.2.1", "tag=x helo=a+20b helo=second", false,
	    "XFORWARD NAME=a+20b+2B+3D+0D+0A ADDR=192.0.2.1 "
	    "PORT=[UNAVAILABLE]\r\n",
	    "XFORWARD PROTO=[UNAVAILABLE] HELO=a+20b SOURCE=REMOTE\r\n" },
};

START_TEST(whose_it_is_is_told)
{
	struct xforward	 x = { origins[_i].client, origins[_i].parameters, 1,
			    origins[_i].local };
	unsigned	 bits = xforward_offered(span_of(
			    "PROTO HELO SOURCE NAME ADDR PORT"));
	struct buf	 out;

	buf_init(&out, 4096);
	ck_assert(xforward_put(&x, bits, 0, &out));
	ck_assert_msg(span_is(buf_span(&out), origins[_i].first), "%.*s",
	    (int)buf_len(&out), buf_span(&out).ptr);
	buf_drop(&out, buf_len(&out));
	ck_assert(xforward_put(&x, bits, 1, &out));
	ck_assert_msg(span_is(buf_span(&out), origins[_i].second), "%.*s",
	    (int)buf_len(&out), buf_span(&out).ptr);
	buf_clear(&out);
}
END_TEST

START_TEST(only_what_is_offered_is_told)
{
	struct xforward	 x = { "a.example[192.0.2.1]:1", "", 1, false };
	unsigned	 bits = xforward_offered(span_of("foo Addr  X"));
	struct buf	 out;

	buf_init(&out, 4096);
	ck_assert(xforward_has(bits, 0));
	ck_assert(!xforward_has(bits, 1));
	ck_assert(xforward_put(&x, bits, 0, &out));
	ck_assert(span_is(buf_span(&out), "XFORWARD ADDR=192.0.2.1\r\n"));
	buf_clear(&out);
	ck_assert(!xforward_has(xforward_offered(span_of("")), 0));
}
END_TEST

START_TEST(the_message_has_its_id)
{
	struct xforward	 x = { "", "", UINT64_C(1) << 50, false };
	char		 id[ID_SIZE];
	struct buf	 out;

	id_format(id, x.message);
	buf_init(&out, 4096);
	ck_assert(xforward_put(&x, xforward_offered(span_of("IDENT")), 1,
	    &out));
	ck_assert(span_starts(buf_span(&out), "XFORWARD IDENT="));
	ck_assert(span_starts(span_skip(buf_span(&out), 15), id));
	buf_clear(&out);
}
END_TEST

START_TEST(a_full_buf_refuses)
{
	struct xforward	 x = { "a+b[192.0.2.1]:1", "helo=x", 1, false };
	unsigned	 bits = xforward_offered(span_of(all)), i;
	struct buf	 out;
	size_t		 max;

	for (i = 0; i < XFORWARD_COMMANDS; i++)
		for (max = 1; max < 40; max++) {
			buf_init(&out, max);
			ck_assert(!xforward_put(&x, bits, i, &out));
			buf_clear(&out);
		}
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("xforward");
	TCase	*tc = tcase_create("xforward");
	SRunner	*runner;
	int	 failed;

	tcase_add_loop_test(tc, whose_it_is_is_told, 0, COUNT(origins));
	tcase_add_test(tc, only_what_is_offered_is_told);
	tcase_add_test(tc, the_message_has_its_id);
	tcase_add_test(tc, a_full_buf_refuses);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
