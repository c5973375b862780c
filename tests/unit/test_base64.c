/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/base64.h"

/* RFC 4648 section 10, and octets with the last two letters. */
static const struct {
	const char	*octets, *text;
} pairs[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" }, { "\xfb\xff\xbf", "+/+/" },
};

START_TEST(octets_become_text_and_come_back)
{
	struct span	 octets = span_of(pairs[_i].octets);
	struct buf	 b;
	char		 back[16];
	size_t		 n;

	buf_init(&b, 64);
	ck_assert(base64_put(&b, octets));
	ck_assert(span_is(buf_span(&b), pairs[_i].text));
	ck_assert_uint_eq(buf_len(&b), base64_length(octets.len));
	ck_assert(base64_take(buf_span(&b), back, octets.len, &n));
	ck_assert(span_equal(span_make(back, n), octets));
	buf_clear(&b);
}
END_TEST

static const char *const	 bad[] = {
	"Z", "Zg", "Zg=", "Zg===", "=", "==", "===", "====", "Z===", "Zh==",
	"Zm9=", "Zm9v=", "Zg==Zg==", "Zg =", " Zg==", "Zg==\n", "Z-_=",
	"Zm9v\r\n", "Z\xc3==", "Zm8=Zm8=", "=Zm8", "Z=m8", "Zm=v"
};

START_TEST(nothing_has_two_spellings)
{
	char	 back[64];
	size_t	 n;

	ck_assert_msg(!base64_take(span_of(bad[_i]), back, sizeof back, &n),
	    "%s", bad[_i]);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
	struct buf	 b;
	char		 back[3];
	size_t		 n;

	ck_assert(!base64_take(span_of("Zm9v"), back, 2, &n));
	ck_assert(!base64_take(span_of("Zm9vYg=="), back, 3, &n));
	ck_assert(!base64_take(span_make("Zg\0=", 4), back, 3, &n));
	buf_init(&b, 7);
	ck_assert(!base64_put(&b, span_of("foob")));
	ck_assert_uint_eq(buf_len(&b), 0);
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("base64");
	TCase	*tc = tcase_create("base64");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, octets_become_text_and_come_back, 0,
	    COUNT(pairs));
	tcase_add_loop_test(tc, nothing_has_two_spellings, 0, COUNT(bad));
	tcase_add_test(tc, what_does_not_fit_is_refused);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
