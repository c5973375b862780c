/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/span.h"

static const struct {
	const char	*s, *word;
	bool		 is, is_word, starts, starts_word;
} words[] = {
	{ "",		"",		true,  true,  true,  true },
	{ "MAIL",	"MAIL",		true,  true,  true,  true },
	{ "mail",	"MAIL",		false, true,  false, true },
	{ "MAIL",	"mail",		false, true,  false, true },
	{ "MAIL FROM",	"MAIL",		false, false, true,  true },
	{ "mail from",	"MAIL",		false, false, false, true },
	{ "MAI",	"MAIL",		false, false, false, false },
	{ "",		"MAIL",		false, false, false, false },
	{ "MAIL",	"",		false, false, true,  true },
	{ "[",		"{",		false, false, false, false },
	{ "@",		"`",		false, false, false, false },
	{ "\xc4",	"\xe4",		false, false, false, false },
};

START_TEST(words_are_compared)
{
	struct span	 s = span_of(words[_i].s);
	const char	*word = words[_i].word;

	ck_assert(span_is(s, word) == words[_i].is);
	ck_assert(span_is_word(s, word) == words[_i].is_word);
	ck_assert(span_starts(s, word) == words[_i].starts);
	ck_assert(span_starts_word(s, word) == words[_i].starts_word);
}
END_TEST

static const struct {
	const char	*input, *head, *rest;
} cuts[] = {
	{ "a b c",	"a",	"b c" },
	{ "a",		"a",	"" },
	{ "a ",		"a",	"" },
	{ " a",		"",	"a" },
	{ " ",		"",	"" },
	{ "",		"",	"" },
};

START_TEST(a_cut_parts_at_the_first_separator)
{
	struct span	 head, rest;

	rest = span_cut(span_of(cuts[_i].input), ' ', &head);
	ck_assert(span_is(head, cuts[_i].head));
	ck_assert(span_is(rest, cuts[_i].rest));
	ck_assert_ptr_nonnull(head.ptr);
	ck_assert_ptr_nonnull(rest.ptr);
}
END_TEST

static const struct {
	const char	*input, *trimmed, *words[4];
} blanks[] = {
	{ "",			"",		{ NULL } },
	{ " \t ",		"",		{ NULL } },
	{ "one",		"one",		{ "one" } },
	{ " one\ttwo ",		"one\ttwo",	{ "one", "two" } },
	{ "a  b \t c",		"a  b \t c",	{ "a", "b", "c" } },
	{ "a\nb",		"a\nb",		{ "a\nb" } },
};

START_TEST(blanks_part_words)
{
	struct span	 s = span_of(blanks[_i].input), word;
	size_t		 i;

	ck_assert(span_is(span_trim(s), blanks[_i].trimmed));
	for (i = 0; blanks[_i].words[i] != NULL; i++) {
		word = span_word(&s);
		ck_assert(span_is(word, blanks[_i].words[i]));
	}
	word = span_word(&s);
	ck_assert_uint_eq(word.len, 0);
	ck_assert_uint_eq(s.len, 0);
}
END_TEST

static const struct {
	const char	*text;
	uint64_t	 max;
	bool		 good;
	uint64_t	 value;
} numbers[] = {
	{ "0",			UINT64_MAX,	true,	0 },
	{ "007",		UINT64_MAX,	true,	7 },
	{ "255",		255,		true,	255 },
	{ "256",		255,		false,	0 },
	{ "18446744073709551615", UINT64_MAX,	true,	UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX,	false,	0 },
	{ "99999999999999999999999", UINT64_MAX, false, 0 },
	{ "2147483648",		INT32_MAX,	false,	0 },
	{ "",			UINT64_MAX,	false,	0 },
	{ "-1",			UINT64_MAX,	false,	0 },
	{ "+1",			UINT64_MAX,	false,	0 },
	{ " 1",			UINT64_MAX,	false,	0 },
	{ "1 ",			UINT64_MAX,	false,	0 },
	{ "1a",			UINT64_MAX,	false,	0 },
	{ "0x10",		UINT64_MAX,	false,	0 },
};

START_TEST(only_digits_up_to_the_ceiling_are_a_number)
{
	uint64_t	 n = 42;

	ck_assert_msg(span_parse_u64(span_of(numbers[_i].text),
	    numbers[_i].max, &n) == numbers[_i].good, "%s", numbers[_i].text);
	ck_assert_uint_eq(n, numbers[_i].good ? numbers[_i].value : 42);
}
END_TEST

START_TEST(a_span_never_points_at_nothing)
{
	struct span	 none = span_make(NULL, 0);

	ck_assert_ptr_nonnull(none.ptr);
	ck_assert_uint_eq(none.len, 0);
	ck_assert(span_equal(none, span_of("")));
	ck_assert_uint_eq(span_skip(none, 5).len, 0);
	ck_assert_uint_eq(span_head(none, 5).len, 0);
}
END_TEST

START_TEST(ends_are_never_passed)
{
	struct span	 s = span_of("abc");

	ck_assert(span_is(span_head(s, 2), "ab"));
	ck_assert(span_is(span_head(s, 9), "abc"));
	ck_assert(span_is(span_skip(s, 2), "c"));
	ck_assert(span_is(span_skip(s, 9), ""));
	ck_assert_uint_eq(span_index(s, 'c'), 2);
	ck_assert_uint_eq(span_index(s, 'x'), 3);
	ck_assert_uint_eq(span_index(s, '\0'), 3);
}
END_TEST

START_TEST(a_copy_has_room_for_its_nul)
{
	char	 into[4] = "xyz";
	char	*copy = span_dup(span_head(span_of("abcdef"), 3));

	ck_assert_str_eq(copy, "abc");
	free(copy);
	ck_assert(!span_copy(span_of("abcd"), into, sizeof(into)));
	ck_assert_str_eq(into, "xyz");
	ck_assert(span_copy(span_of("abc"), into, sizeof(into)));
	ck_assert_str_eq(into, "abc");
	ck_assert(!span_copy(span_of(""), into, 0));
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("span");
	TCase	*tc = tcase_create("span");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, words_are_compared, 0, COUNT(words));
	tcase_add_loop_test(tc, a_cut_parts_at_the_first_separator, 0,
	    COUNT(cuts));
	tcase_add_loop_test(tc, blanks_part_words, 0, COUNT(blanks));
	tcase_add_loop_test(tc, only_digits_up_to_the_ceiling_are_a_number, 0,
	    COUNT(numbers));
	tcase_add_test(tc, a_span_never_points_at_nothing);
	tcase_add_test(tc, ends_are_never_passed);
	tcase_add_test(tc, a_copy_has_room_for_its_nul);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
