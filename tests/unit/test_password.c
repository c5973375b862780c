/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lookup/password.h"
#include "shared/alloc.h"

/* Of "pencil"; cheap ones. */
#define KEY	"{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==," \
		"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=," \
		"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

/* The hash of a password by the method that `setting` begins. */
static const char *
hash(const char *prefix, unsigned long cost, const char *password)
{
	static char		 made[8][CRYPT_OUTPUT_SIZE];
	static unsigned		 next;
	static struct crypt_data data;
	char			 setting[CRYPT_GENSALT_OUTPUT_SIZE];
	char			*into = made[next++ % 8];

	ck_assert_ptr_nonnull(crypt_gensalt_rn(prefix, cost, NULL, 0,
	    setting, sizeof setting));
	snprintf(into, CRYPT_OUTPUT_SIZE, "%s",
	    crypt_r(password, setting, &data));
	return into;
}

static struct passwords *
parse(const char *text)
{
	return passwords_parse(span_of(text), "test");
}

START_TEST(each_method_is_known)
{
	static const struct {
		const char	*scheme, *prefix;
		unsigned long	 cost;
	} methods[] = {
		{ "", "$y$", 1 }, { "", "$2b$", 4 }, { "", "$6$", 1000 },
		{ "{CRYPT}", "$y$", 1 },
		{ "{BLF-CRYPT}", "$2y$", 4 }, { "{sha512-crypt}", "$6$", 1000 }
	};
	char			 text[1024];
	struct passwords	*p;

	snprintf(text, sizeof text, "tim:%s%s\n", methods[_i].scheme,
	    hash(methods[_i].prefix, methods[_i].cost, "open sesame"));
	p = parse(text);
	ck_assert_uint_eq(passwords_warnings(p), 0);
	ck_assert_uint_eq(passwords_accounts(p), 1);
	ck_assert(passwords_check(p, "tim", "open sesame"));
	ck_assert(!passwords_check(p, "tim", "open sesam"));
	ck_assert(!passwords_check(p, "tim", ""));
	ck_assert(!passwords_check(p, "Tim", "open sesame"));
	ck_assert(!passwords_check(p, "nobody", "open sesame"));
	ck_assert(!passwords_has_scram(p));
	passwords_free(p);
}
END_TEST

static const struct {
	const char	*claim, *text;
	size_t		 accounts;
	unsigned	 warnings;
} files[] = {
	{ "nothing", "", 0, 0 },
	{ "comments and empty lines", "# a:b\n\n  \n\r\n", 0, 0 },
	{ "a key", "a:" KEY "\n", 1, 0 },
	{ "no end of line", "a:" KEY, 1, 0 },
	{ "CRLF", "a:" KEY "\r\nb:" KEY "\r\n", 2, 0 },
	{ "two in a line", "a:" KEY ":" KEY "\n", 1, 0 },
	{ "two lines of one", "a:" KEY "\nb:" KEY "\na:" KEY "\n", 2, 0 },
	{ "no colon", "a\n", 0, 1 },
	{ "no hash", "a:\n", 0, 1 },
	{ "an empty second", "a:" KEY ":\n", 1, 0 },
	{ "no name", ":" KEY "\n", 0, 1 },
	{ "a secret", ":secret:0123456789abcdef0123456789abcdef\n", 0, 0 },
	{ "a short one", ":secret:0123456789abcdef\n", 0, 1 },
	{ "a bad line between", "a:" KEY "\nx:y\nb:" KEY "\n", 2, 1 },
	{ "plain text", "a:secret\n", 0, 1 },
	{ "{PLAIN}", "a:{PLAIN}secret\n", 0, 1 },
	{ "DES", "a:abJnggxhB/yWI\n", 0, 1 },
	{ "MD5", "a:$1$abcdefgh$0123456789012345678901\n", 0, 1 },
	{ "locked", "a:!\nb:*\nc:!!\n", 0, 3 },
	{ "a broken hash", "a:$y$\n", 0, 1 },
	{ "a broken key", "a:{SCRAM-SHA-256}1,2,3,4\n", 0, 1 },
	{ "SCRAM-SHA-1", "a:{SCRAM-SHA-1}4096,c2FsdA==,a,b\n", 0, 1 },
	{ "a name too long", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaa:" KEY "\n", 0, 1 },
	{ "a name as long as may be", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaa:" KEY "\n", 1, 0 },
	{ "a control in a name", "a\x01:" KEY "\n", 0, 1 },
	{ "a name that is not UTF-8", "a\xff:" KEY "\n", 0, 1 },
	{ "hashes too many", "a:" KEY ":" KEY ":" KEY ":" KEY ":" KEY ":" KEY
	    ":" KEY ":" KEY ":" KEY "\n", 1, 1 },
};

START_TEST(lines_that_are_wrong_are_left_out)
{
	struct passwords	*p = parse(files[_i].text);

	ck_assert_msg(passwords_accounts(p) == files[_i].accounts,
	    "%s: %zu accounts", files[_i].claim, passwords_accounts(p));
	ck_assert_msg(passwords_warnings(p) == files[_i].warnings,
	    "%s: %u warnings", files[_i].claim, passwords_warnings(p));
	passwords_free(p);
}
END_TEST

START_TEST(a_file_may_end_anywhere)
{
	static const char	 text[] = "# c\na:" KEY ":$y$j\n:secret:01\n"
				    "\xc3\xbc:" KEY "\r\n";
	struct passwords	*p;
	size_t			 len;
	char			*copy;

	for (len = 0; len < sizeof text; len++) {
		copy = xcalloc(1, len + 1);
		memcpy(copy, text, len);
		p = passwords_parse(span_make(copy, len), "test");
		ck_assert(passwords_accounts(p) <= 2);
		passwords_free(p);
		free(copy);
	}
}
END_TEST

/* A NUL, a line without end. */
START_TEST(what_is_no_text_is_told)
{
	static const char	 nul[] = "a\0b:" KEY "\na:" KEY "\n";
	struct passwords	*p;
	char			*line = xcalloc(1, PASSWORD_LINE_MAX + 2);

	p = passwords_parse(span_make(nul, sizeof nul - 1), "test");
	ck_assert_uint_eq(passwords_accounts(p), 1);
	ck_assert_uint_eq(passwords_warnings(p), 1);
	passwords_free(p);
	memset(line, 'a', PASSWORD_LINE_MAX + 1);
	p = parse(line);
	ck_assert_uint_eq(passwords_warnings(p), 1);
	passwords_free(p);
	free(line);
}
END_TEST

START_TEST(any_hash_of_an_account_will_do)
{
	char			 text[2048];
	struct passwords	*p;

	snprintf(text, sizeof text, "b:%s\na:%s\nb:%s:%s\n",
	    hash("$y$", 1, "one"), hash("$y$", 1, "other"),
	    hash("$6$", 1000, "two"), KEY);
	p = parse(text);
	ck_assert_uint_eq(passwords_accounts(p), 2);
	ck_assert(passwords_check(p, "b", "one"));
	ck_assert(passwords_check(p, "b", "two"));
	ck_assert(!passwords_check(p, "b", "other"));
	/* A key counts when there is nothing else. */
	ck_assert(!passwords_check(p, "b", "pencil"));
	passwords_free(p);
	p = parse("b:" KEY "\n");
	ck_assert(passwords_check(p, "b", "pencil"));
	ck_assert(!passwords_check(p, "b", "pencils"));
	passwords_free(p);
}
END_TEST

START_TEST(names_are_prepared)
{
	struct passwords	*p = parse("pa\xcc\x88ul:" KEY "\n");

	ck_assert(passwords_check(p, "p\xc3\xa4ul", "pencil"));
	passwords_free(p);
}
END_TEST

START_TEST(nobody_is_told_from_somebody)
{
	static const uint8_t	 secret[PASSWORDS_SECRET] = "0123456789";
	static const uint8_t	 other[PASSWORDS_SECRET] = "x";
	struct passwords	*p = parse("a:" KEY "\n");
	struct scram_key	 is, k, again;

	passwords_set_secret(p, secret);
	passwords_key(p, "a", &is);
	passwords_key(p, "nobody", &k);
	passwords_key(p, "nobody", &again);
	ck_assert(memcmp(k.salt, again.salt, k.salt_len) == 0);
	ck_assert_uint_eq(k.iterations, is.iterations);
	ck_assert_uint_eq(k.salt_len, is.salt_len);
	ck_assert(memcmp(k.salt, is.salt, k.salt_len) != 0);
	ck_assert(!scram_key_opens(&k, span_of("pencil")));
	passwords_key(p, "another", &again);
	ck_assert(memcmp(k.salt, again.salt, k.salt_len) != 0);
	passwords_set_secret(p, other);
	passwords_key(p, "nobody", &again);
	ck_assert(memcmp(k.salt, again.salt, k.salt_len) != 0);
	passwords_free(p);
}
END_TEST

START_TEST(a_secret_of_the_file_holds)
{
	static const char	 text[] = "a:" KEY "\n"
				    ":secret:0123456789abcdef0123456789abcdef"
				    "\n";
	static const uint8_t	 secret[PASSWORDS_SECRET] = "0123456789";
	struct passwords	*p = parse(text), *q = parse(text);
	struct scram_key	 k, again;

	passwords_set_secret(p, secret);
	passwords_key(p, "nobody", &k);
	passwords_key(q, "nobody", &again);
	ck_assert(memcmp(k.salt, again.salt, k.salt_len) == 0);
	passwords_free(p);
	passwords_free(q);
}
END_TEST

START_TEST(an_account_without_a_key_is_as_nobody)
{
	char			 text[512];
	struct passwords	*p;
	struct scram_key	 k;

	snprintf(text, sizeof text, "b:%s\n", hash("$y$", 1, "one"));
	p = parse(text);
	passwords_key(p, "b", &k);
	ck_assert_uint_eq(k.iterations, SCRAM_ITERATIONS);
	ck_assert_uint_eq(k.salt_len, SCRAM_SALT_NEW);
	ck_assert(!scram_key_opens(&k, span_of("one")));
	passwords_free(p);
	p = parse("");
	passwords_key(p, "b", &k);
	ck_assert(!passwords_check(p, "b", "one"));
	passwords_free(p);
}
END_TEST

START_TEST(a_file_is_read_from_its_descriptor)
{
	char			 name[] = "/tmp/relais-test.XXXXXX";
	int			 fd = mkstemp(name);
	struct passwords	*p;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(write(fd, "a:" KEY "\n", sizeof KEY + 2),
	    sizeof KEY + 2);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	p = passwords_read(fd, "test");
	ck_assert_uint_eq(passwords_accounts(p), 1);
	passwords_free(p);
	ck_assert_int_eq(ftruncate(fd, (off_t)PASSWORD_FILE_MAX + 1), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_ptr_null(passwords_read(fd, "test"));
	ck_assert_int_eq(errno, ENOBUFS);
	close(fd);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("password");
	TCase	*tc = tcase_create("password");
	SRunner	*r;
	int	 failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, each_method_is_known, 0, 6);
	tcase_add_loop_test(tc, lines_that_are_wrong_are_left_out, 0,
	    COUNT(files));
	tcase_add_test(tc, a_file_may_end_anywhere);
	tcase_add_test(tc, what_is_no_text_is_told);
	tcase_add_test(tc, any_hash_of_an_account_will_do);
	tcase_add_test(tc, names_are_prepared);
	tcase_add_test(tc, nobody_is_told_from_somebody);
	tcase_add_test(tc, a_secret_of_the_file_holds);
	tcase_add_test(tc, an_account_without_a_key_is_as_nobody);
	tcase_add_test(tc, a_file_is_read_from_its_descriptor);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
