/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/account.h"
#include "shared/alloc.h"

static const struct {
	const char	*name;
	bool		 good;
} names[] = {
	{ "alice", true }, { "Alice.B-c_d+e9", true }, { "_apt", true },
	{ "0", true }, { "", false }, { "-f", false }, { "+", false },
	{ ".", false }, { "..", false }, { "a/b", false }, { "a b", false },
	{ "a:b", false }, { "a@b", false }, { "a%b", false },
	{ "a\\b", false }, { "a\nb", false }, { "\303\244", false },
};

START_TEST(a_name_is_nothing_but_a_name)
{
	ck_assert_msg(account_is_name(span_of(names[_i].name)) ==
	    names[_i].good, "%s", names[_i].name);
}
END_TEST

START_TEST(a_name_has_a_ceiling)
{
	char	 name[USER_TEXT_MAX + 1];

	memset(name, 'a', sizeof name);
	ck_assert(account_is_name(span_make(name, USER_TEXT_MAX)));
	ck_assert(!account_is_name(span_make(name, USER_TEXT_MAX + 1)));
}
END_TEST

static const struct {
	const char	*name;
	enum user_outcome outcome;
	uid_t		 uid;
} entries[] = {
	{ "alice",	USER_FOUND,	2001 },
	{ "bob",	USER_FOUND,	2002 },
	{ "root",	USER_FOUND,	0 },
	{ "last",	USER_FOUND,	2009 },
	{ "Alice",	USER_UNKNOWN,	0 },
	{ "ali",	USER_UNKNOWN,	0 },
	{ "broken",	USER_UNKNOWN,	0 },
	{ "x y",	USER_UNKNOWN,	0 },
	{ "",		USER_UNKNOWN,	0 },
};

START_TEST(a_file_names_its_users)
{
	static const char	 text[] =
	    "root:x:0:0::/root:/bin/sh\n"
	    "alice:x:2001:3001:Alice:/home/alice:/bin/sh\n"
	    "broken:x:\n\n# comment\n"
	    "bob:x:2002:3002::/home/bob:\n"
	    "last:x:2009:3009::/home/last:/bin/sh";
	char			 file[] = "/tmp/test_account.XXXXXX";
	struct account		 a;
	int			 fd = mkstemp(file);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, sizeof text - 1), sizeof text - 1);
	close(fd);
	ck_assert_msg(account_find(file, entries[_i].name, &a) ==
	    entries[_i].outcome, "%s", entries[_i].name);
	if (entries[_i].outcome == USER_FOUND) {
		ck_assert_uint_eq(a.uid, entries[_i].uid);
		ck_assert_str_eq(a.name, entries[_i].name);
		ck_assert(a.from_file);
	}
	unlink(file);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_says_later)
{
	struct account	 a;

	ck_assert_int_eq(account_find("/nonexistent/users", "alice", &a),
	    USER_LATER);
}
END_TEST

START_TEST(the_system_knows_root)
{
	struct account	 a;

	ck_assert_int_eq(account_find(NULL, "root", &a), USER_FOUND);
	ck_assert_uint_eq(a.uid, 0);
	ck_assert(!a.from_file);
	ck_assert_int_eq(account_find(NULL, "nobody-has-this-name", &a),
	    USER_UNKNOWN);
}
END_TEST

static const struct {
	uid_t	 uid;
	bool	 from_file, unprivileged, allowed;
} accounts[] = {
	{ 0,		false,	false,	false },
	{ 0,		true,	true,	false },
	{ 999,		false,	false,	false },
	{ 999,		true,	false,	false },
	{ 999,		false,	true,	false },
	{ 999,		true,	true,	true },
	{ 1000,		false,	false,	true },
	{ 1000,		true,	true,	true },
	{ 65533,	false,	false,	true },
	{ 65534,	false,	false,	false },
	{ 65535,	false,	false,	false },
	{ (uid_t)-1,	true,	false,	false },
	{ 65534,	true,	true,	true },
};

START_TEST(root_and_the_system_have_no_mailbox)
{
	struct account	 a = { .uid = accounts[_i].uid,
			    .from_file = accounts[_i].from_file };

	ck_assert(account_is_allowed(&a, 1000, accounts[_i].unprivileged) ==
	    accounts[_i].allowed);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("account");
	TCase	*tc = tcase_create("account");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, a_name_is_nothing_but_a_name, 0,
	    COUNT(names));
	tcase_add_test(tc, a_name_has_a_ceiling);
	tcase_add_loop_test(tc, a_file_names_its_users, 0, COUNT(entries));
	tcase_add_test(tc, a_file_that_cannot_be_read_says_later);
	tcase_add_test(tc, the_system_knows_root);
	tcase_add_loop_test(tc, root_and_the_system_have_no_mailbox, 0,
	    COUNT(accounts));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
