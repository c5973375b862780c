/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/id.h"

static const struct {
	uint64_t	 n;
	const char	*text;
} ids[] = {
	{ 0,				"0000000000000" },
	{ 1,				"0000000000001" },
	{ 31,				"000000000000Z" },
	{ 32,				"0000000000010" },
	{ UINT64_C(0x0123456789abcdef),	"028T5CY4TQKFF" },
	{ UINT64_C(1) << 60,		"1000000000000" },
	{ UINT64_MAX,			"FZZZZZZZZZZZZ" },
};

START_TEST(an_id_reads_as_it_was_written)
{
	char		 text[ID_SIZE];
	uint64_t	 n = 42;

	id_format(text, ids[_i].n);
	ck_assert_str_eq(text, ids[_i].text);
	ck_assert(id_parse(span_of(text), &n));
	ck_assert(n == ids[_i].n);
}
END_TEST

static const char	*bad[] = {
	"", "0", "000000000000", "00000000000000", "000000000000I",
	"000000000000L", "000000000000O", "000000000000U", "000000000000u",
	"000000000000-", "000000000000 ", " 000000000000", "G000000000000",
	"ZZZZZZZZZZZZZ", "00000000\n0000", "000000000000\xb0",
};

START_TEST(what_is_no_id_is_refused)
{
	uint64_t	 n = 42;

	ck_assert_msg(!id_parse(span_of(bad[_i]), &n), "%s", bad[_i]);
	ck_assert(n == 42);
}
END_TEST

START_TEST(a_nul_is_no_digit)
{
	uint64_t	 n;

	ck_assert(!id_parse(span_make("000000000000\0", 13), &n));
}
END_TEST

START_TEST(either_letter_case_is_read)
{
	uint64_t	 upper, lower;

	ck_assert(id_parse(span_of("028T5CY4TQKFF"), &upper));
	ck_assert(id_parse(span_of("028t5cy4tqkff"), &lower));
	ck_assert(upper == lower);
}
END_TEST

START_TEST(ids_sort_as_their_numbers_do)
{
	char		 one[ID_SIZE], other[ID_SIZE];
	uint64_t	 n = 1;

	while (n < UINT64_MAX / 3) {
		id_format(one, n);
		n = n * 2 + n % 7;
		id_format(other, n);
		ck_assert_int_lt(strcmp(one, other), 0);
	}
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("id");
	TCase	*tc = tcase_create("id");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, an_id_reads_as_it_was_written, 0, COUNT(ids));
	tcase_add_loop_test(tc, what_is_no_id_is_refused, 0, COUNT(bad));
	tcase_add_test(tc, a_nul_is_no_digit);
	tcase_add_test(tc, either_letter_case_is_read);
	tcase_add_test(tc, ids_sort_as_their_numbers_do);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
