/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/dots.h"

enum { TOKENS_MAX = 7, OUT_MAX = 256 };

/* A text made of the digits of `n` in base `count`, `len` of them. */
static struct span
compose(const char *const *tokens, unsigned count, unsigned n, unsigned len,
    char into[4 * TOKENS_MAX])
{
	size_t		 size = 0;
	unsigned	 i;

	for (i = 0; i < len; i++, n /= count) {
		struct span	 t = span_of(tokens[n % count]);

		memcpy(into + size, t.ptr, t.len);
		size += t.len;
	}
	return span_make(into, size);
}

static unsigned
power(unsigned base, unsigned exponent)
{
	return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

static enum dots_status
send_cut(struct span content, size_t cut, struct buf *out)
{
	struct dots		 d = { .at = DOTS_LINE };
	enum dots_status	 status;

	status = dots_put(&d, span_head(content, cut), out);
	if (status == DOTS_OK)
		status = dots_put(&d, span_skip(content, cut), out);
	if (status == DOTS_OK)
		status = dots_end(&d, out);
	if (status == DOTS_OK)
		ck_assert_uint_le(buf_len(out), dots_room(content.len));
	return status;
}

/*
 * What a receiver makes of it, by the letter of RFC 5321 section 4.5.2; false
 * when the end does not stand exactly at the end of what was sent.
 */
static bool
receive(struct buf *sent, struct buf *content)
{
	struct span	 line;

	while (buf_take_line(sent, &line)) {
		if (span_is(line, "."))
			return buf_len(sent) == 0;
		if (span_starts(line, "."))
			line = span_skip(line, 1);
		ck_assert(buf_put(content, line));
		ck_assert(buf_put(content, span_of("\r\n")));
	}
	return false;
}

/* The content as it ought to arrive: with a CRLF at its end. */
static void
complete(struct span content, struct buf *b)
{
	ck_assert(buf_put(b, content));
	if (content.len > 0 && (content.len < 2 ||
	    memcmp(content.ptr + content.len - 2, "\r\n", 2) != 0))
		ck_assert(buf_put(b, span_of("\r\n")));
}

/* DATA, or BDAT. */
struct manner {
	enum dots_status (*send)(struct span, size_t cut, struct buf *);
	bool		 (*receive)(struct buf *sent, struct buf *content);
};

static void
round_trip(const struct manner *by, struct span content, size_t cut)
{
	struct buf	 sent, got, wanted;

	buf_init(&sent, OUT_MAX);
	buf_init(&got, OUT_MAX);
	buf_init(&wanted, OUT_MAX);
	ck_assert(by->send(content, cut, &sent) == DOTS_OK);
	complete(content, &wanted);
	ck_assert(by->receive(&sent, &got));
	ck_assert(span_equal(buf_span(&got), buf_span(&wanted)));
	buf_clear(&sent);
	buf_clear(&got);
	buf_clear(&wanted);
}

/* All contents of so many tokens, cut anywhere. */
static void
round_trips(const struct manner *by, unsigned length)
{
	static const char	*const tokens[] = { "\r\n", ".", "x" };
	char			 text[4 * TOKENS_MAX];
	struct span		 content;
	unsigned		 n;
	size_t			 cut;

	for (n = 0; n < power(COUNT(tokens), length); n++) {
		content = compose(tokens, COUNT(tokens), n, length, text);
		for (cut = 0; cut <= content.len; cut++)
			round_trip(by, content, cut);
	}
}

START_TEST(all_content_arrives_as_it_was)
{
	round_trips(&(struct manner){ send_cut, receive }, _i);
}
END_TEST

/* By the plainest of all means: each CR wants its LF, each LF its CR. */
static bool
has_bare(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\n' && (i == 0 || s.ptr[i - 1] != '\r'))
			return true;
		if (s.ptr[i] == '\r' &&
		    (i + 1 == s.len || s.ptr[i + 1] != '\n'))
			return true;
	}
	return false;
}

START_TEST(bare_cr_and_lf_never_leave)
{
	static const char	*const tokens[] = { "\r", "\n", ".", "x" };
	char			 text[4 * TOKENS_MAX];
	struct span		 content, left;
	struct buf		 sent;
	unsigned		 n;
	size_t			 cut;

	buf_init(&sent, OUT_MAX);
	for (n = 0; n < power(COUNT(tokens), _i); n++) {
		content = compose(tokens, COUNT(tokens), n, _i, text);
		for (cut = 0; cut <= content.len; cut++) {
			ck_assert((send_cut(content, cut, &sent) ==
			    DOTS_BARE) == has_bare(content));
			left = buf_span(&sent);
			ck_assert(!has_bare(left));
			buf_drop(&sent, buf_len(&sent));
		}
	}
	buf_clear(&sent);
}
END_TEST

static enum dots_status
send_chunks(struct span content, size_t cut, struct buf *out)
{
	struct dots		 d = { DOTS_LINE, true };
	enum dots_status	 status;

	status = dots_put_chunk(&d, span_head(content, cut), false, out);
	if (status != DOTS_OK)
		return status;
	return dots_put_chunk(&d, span_skip(content, cut), true, out);
}

/* What a receiver makes of it, by RFC 3030; false when the last chunk does not
 * end exactly at the end of what was sent, or a CRLF is parted. */
static bool
receive_chunks(struct buf *sent, struct buf *content)
{
	struct span	 line, size;
	uint64_t	 n;
	bool		 last;

	while (buf_take_line(sent, &line)) {
		ck_assert(span_is(span_word(&line), "BDAT"));
		size = span_word(&line);
		ck_assert(span_parse_u64(size, buf_len(sent), &n));
		last = span_is(span_word(&line), "LAST");
		ck_assert(buf_put(content, span_head(buf_span(sent), n)));
		buf_drop(sent, n);
		if (last)
			return buf_len(sent) == 0;
		ck_assert_msg(n > 0, "an empty chunk that is not the last");
		line = buf_span(content);
		ck_assert(line.ptr[line.len - 1] != '\r');
	}
	return false;
}

START_TEST(all_content_arrives_as_it_was_in_chunks)
{
	round_trips(&(struct manner){ send_chunks, receive_chunks }, _i);
}
END_TEST

/* What leaves of it before has no LAST, and is never a message. */
START_TEST(no_chunk_with_a_bare_cr_or_lf_is_the_last)
{
	static const char	*const tokens[] = { "\r", "\n", ".", "x" };
	char			 text[4 * TOKENS_MAX];
	struct span		 content;
	struct buf		 sent;
	unsigned		 n;
	size_t			 cut;

	buf_init(&sent, OUT_MAX);
	for (n = 0; n < power(COUNT(tokens), _i); n++) {
		content = compose(tokens, COUNT(tokens), n, _i, text);
		for (cut = 0; cut <= content.len; cut++) {
			ck_assert((send_chunks(content, cut, &sent) ==
			    DOTS_BARE) == has_bare(content));
			buf_drop(&sent, buf_len(&sent));
		}
	}
	buf_clear(&sent);
}
END_TEST

START_TEST(a_full_buf_is_told)
{
	struct dots	 d = { .at = DOTS_LINE };
	struct buf	 out;

	buf_init(&out, 4);
	ck_assert(dots_put(&d, span_of("x\r\n"), &out) == DOTS_OK);
	ck_assert(dots_put(&d, span_of(".x\r\n"), &out) == DOTS_FULL);
	ck_assert(dots_end(&d, &out) == DOTS_FULL);
	buf_clear(&out);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("dots");
	TCase	*tc = tcase_create("dots");
	SRunner	*runner;
	int	 failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, all_content_arrives_as_it_was, 0,
	    TOKENS_MAX + 1);
	tcase_add_loop_test(tc, bare_cr_and_lf_never_leave, 0, TOKENS_MAX);
	tcase_add_loop_test(tc, all_content_arrives_as_it_was_in_chunks, 0,
	    TOKENS_MAX + 1);
	tcase_add_loop_test(tc, no_chunk_with_a_bare_cr_or_lf_is_the_last, 0,
	    TOKENS_MAX);
	tcase_add_test(tc, a_full_buf_is_told);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
