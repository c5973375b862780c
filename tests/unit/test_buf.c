/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/buf.h"

static const struct {
	const char	*name, *input;
	int		 lines;		/* complete lines expected */
	const char	*first, *left;
} endings[] = {
	{ "nothing",		"",			0, "", "" },
	{ "one line",		"NOOP\r\n",		1, "NOOP", "" },
	{ "pipelined",		"RSET\r\nQUIT\r\n",	2, "RSET", "" },
	{ "half a line",	"RSET\r\nQU",		1, "RSET", "QU" },
	{ "half an ending",	"NOOP\r",		0, "", "NOOP\r" },
	{ "empty line",		"\r\n",			1, "", "" },
	{ "LF at the begin",	"\nNOOP\r\n",		1, "\nNOOP", "" },
	{ "bare LF inside",	"NOOP\nQUIT\r\n",	1, "NOOP\nQUIT", "" },
	{ "bare CR inside",	"NOOP\rQUIT\r\n",	1, "NOOP\rQUIT", "" },
	{ "only bare LFs",	"NOOP\nQUIT\n",		0, "",
	    "NOOP\nQUIT\n" },
	{ "CR CR LF",		"NOOP\r\r\n",		1, "NOOP\r", "" },
	{ "LF CR",		"NOOP\n\r",		0, "", "NOOP\n\r" },
};

START_TEST(only_crlf_ends_a_line)
{
	struct buf	 b;
	struct span	 line;
	int		 n = 0;

	buf_init(&b, 4096);
	ck_assert(buf_put(&b, span_of(endings[_i].input)));
	while (buf_take_line(&b, &line)) {
		if (n++ == 0)
			ck_assert(span_is(line, endings[_i].first));
	}
	ck_assert_msg(n == endings[_i].lines, "%s", endings[_i].name);
	ck_assert(span_is(buf_span(&b), endings[_i].left));
	buf_clear(&b);
}
END_TEST

START_TEST(a_line_may_come_octet_by_octet)
{
	const char	*input = endings[_i].input;
	struct buf	 b;
	struct span	 line;
	size_t		 i;
	int		 n = 0;

	buf_init(&b, 4096);
	for (i = 0; i < strlen(input); i++) {
		ck_assert(buf_put(&b, span_make(input + i, 1)));
		while (buf_take_line(&b, &line))
			n++;
	}
	ck_assert_msg(n == endings[_i].lines, "%s", endings[_i].name);
	ck_assert(span_is(buf_span(&b), endings[_i].left));
	buf_clear(&b);
}
END_TEST

START_TEST(a_nul_is_content)
{
	struct buf	 b;
	struct span	 line;

	buf_init(&b, 64);
	ck_assert(buf_put(&b, span_make("a\0b\r\n", 5)));
	ck_assert(buf_take_line(&b, &line));
	ck_assert(span_equal(line, span_make("a\0b", 3)));
	buf_clear(&b);
}
END_TEST

static const size_t	 ceilings[] = { 1, 2, 255, 256, 257, 300, 511, 512,
			    513, 1000, 4096, 65536, 100000 };

START_TEST(the_ceiling_is_reached_and_never_passed)
{
	size_t		 max = ceilings[_i], i;
	struct buf	 b;
	char		*much = xcalloc(max + 1, 1);

	buf_init(&b, max);
	ck_assert(!buf_put(&b, span_make(much, max + 1)));
	ck_assert_uint_eq(buf_len(&b), 0);
	for (i = 0; i < max - 1; i++)
		ck_assert(buf_put(&b, span_of("x")));
	ck_assert_uint_eq(buf_space(&b), 1);
	ck_assert(!buf_put(&b, span_of("yz")));
	ck_assert_uint_eq(buf_len(&b), max - 1);
	ck_assert(buf_put(&b, span_of("z")));
	ck_assert_uint_eq(buf_space(&b), 0);
	ck_assert(!buf_put(&b, span_of("z")));
	ck_assert(buf_put(&b, span_of("")));
	ck_assert_uint_le(b.cap, max);
	buf_drop(&b, max - 1);
	ck_assert(span_is(buf_span(&b), "z"));
	buf_clear(&b);
	free(much);
}
END_TEST

/* Everything goes through a window that moves over the memory. */
START_TEST(octets_leave_in_the_order_they_came)
{
	struct buf	 b;
	size_t		 i, in = 0, out = 0, n;
	char		 octet;

	buf_init(&b, 1000);
	for (i = 0; i < 20000; i++) {
		octet = in % 251;
		if (buf_put(&b, span_make(&octet, 1)))
			in++;
		n = i % 7 == 0 ? i % 11 : 0;
		n = n < buf_len(&b) ? n : buf_len(&b);
		while (n-- > 0) {
			ck_assert_int_eq((uint8_t)buf_span(&b).ptr[0],
			    out++ % 251);
			buf_drop(&b, 1);
		}
		ck_assert_uint_eq(buf_len(&b), in - out);
	}
	ck_assert_uint_gt(out, 1000);
	buf_clear(&b);
}
END_TEST

START_TEST(an_empty_buf_holds_no_memory_after_trim)
{
	struct buf	 b;

	buf_init(&b, 4096);
	ck_assert_ptr_null(b.data);
	ck_assert_ptr_nonnull(buf_span(&b).ptr);
	ck_assert(buf_put(&b, span_of("abc")));
	buf_drop(&b, 2);
	buf_trim(&b);
	ck_assert(span_is(buf_span(&b), "c"));
	buf_drop(&b, 99);
	buf_trim(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.max, 4096);
	ck_assert(buf_put(&b, span_of("again")));
	buf_clear(&b);
	buf_clear(&b);
	ck_assert_uint_eq(buf_len(&b), 0);
}
END_TEST

static const struct {
	int	 width;
	size_t	 max;
	bool	 fits;
} prints[] = {
	{ 0,	0,	true },
	{ 1,	0,	false },
	{ 10,	10,	true },
	{ 11,	10,	false },
	{ 511,	511,	true },
	{ 512,	512,	true },
	{ 513,	513,	true },
	{ 513,	512,	false },
	{ 5000,	5000,	true },
	{ 5001,	5000,	false },
};

START_TEST(printing_is_all_or_nothing)
{
	struct buf	 b;
	size_t		 i;

	buf_init(&b, prints[_i].max);
	ck_assert(buf_printf(&b, "%*s", prints[_i].width, "") ==
	    prints[_i].fits);
	ck_assert_uint_eq(buf_len(&b),
	    prints[_i].fits ? (size_t)prints[_i].width : 0);
	for (i = 0; i < buf_len(&b); i++)
		ck_assert_int_eq(buf_span(&b).ptr[i], ' ');
	buf_clear(&b);
}
END_TEST

START_TEST(a_read_takes_what_is_wanted_and_fits)
{
	struct buf	 b;
	int		 ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(write(ends[1], "abcdefgh", 8), 8);
	buf_init(&b, 5);
	ck_assert_int_eq(buf_read(&b, ends[0], 3), 3);
	ck_assert_int_eq(buf_read(&b, ends[0], 100), 2);
	ck_assert(span_is(buf_span(&b), "abcde"));
	ck_assert_int_eq(buf_read(&b, ends[0], 1), -1);
	ck_assert_int_eq(errno, ENOBUFS);
	buf_drop(&b, 5);
	ck_assert_int_eq(buf_read(&b, ends[0], 100), 3);
	buf_drop(&b, 3);
	ck_assert_int_eq(buf_read(&b, ends[0], 100), -1);
	ck_assert_int_eq(errno, EAGAIN);
	close(ends[1]);
	ck_assert_int_eq(buf_read(&b, ends[0], 100), 0);
	close(ends[0]);
	buf_clear(&b);
}
END_TEST

START_TEST(a_write_drops_what_was_written)
{
	struct buf	 b;
	int		 ends[2];
	char		 got[8];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	buf_init(&b, 64);
	ck_assert_int_eq(buf_write(&b, ends[1]), 0);
	ck_assert(buf_put(&b, span_of("abc")));
	ck_assert_int_eq(buf_write(&b, ends[1]), 3);
	ck_assert_uint_eq(buf_len(&b), 0);
	ck_assert_int_eq(read(ends[0], got, sizeof(got)), 3);
	ck_assert_mem_eq(got, "abc", 3);
	ck_assert(buf_put(&b, span_of("kept")));
	ck_assert_int_eq(buf_write(&b, ends[0]), -1);
	ck_assert(span_is(buf_span(&b), "kept"));
	close(ends[0]);
	close(ends[1]);
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("buf");
	TCase	*tc = tcase_create("buf");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, only_crlf_ends_a_line, 0, COUNT(endings));
	tcase_add_loop_test(tc, a_line_may_come_octet_by_octet, 0,
	    COUNT(endings));
	tcase_add_test(tc, a_nul_is_content);
	tcase_add_loop_test(tc, the_ceiling_is_reached_and_never_passed, 0,
	    COUNT(ceilings));
	tcase_add_test(tc, octets_leave_in_the_order_they_came);
	tcase_add_test(tc, an_empty_buf_holds_no_memory_after_trim);
	tcase_add_loop_test(tc, printing_is_all_or_nothing, 0, COUNT(prints));
	tcase_add_test(tc, a_read_takes_what_is_wanted_and_fits);
	tcase_add_test(tc, a_write_drops_what_was_written);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
