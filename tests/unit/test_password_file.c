/* SPDX-License-Identifier: ISC */
/* What relais(8) writes, and that passwords reads it. */
#include <sys/stat.h>
#include <sys/wait.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/password_file.h"
#include "lookup/password.h"
#include "shared/alloc.h"
#include "shared/fd.h"

static const struct {
	const char	*claim, *text, *name, *line, *is;
	unsigned	 had;
} edits[] = {
	{ "the first", "", "joe", "joe:x\n", "joe:x\n", 0 },
	{ "another", "ann:y\n", "joe", "joe:x\n", "ann:y\njoe:x\n", 0 },
	{ "behind a line without end", "ann:y", "joe", "joe:x\n",
	    "ann:y\njoe:x\n", 0 },
	{ "changed in its place", "# c\njoe:o\n\nann:y\n", "joe", "joe:x\n",
	    "# c\njoe:x\n\nann:y\n", 1 },
	{ "the last, without end", "ann:y\njoe:o", "joe", "joe:x\n",
	    "ann:y\njoe:x\n", 1 },
	{ "of several lines one is left", "joe:o\nann:y\njoe:p\n", "joe",
	    "joe:x\n", "joe:x\nann:y\n", 2 },
	{ "gone", "ann:y\njoe:o\nbob:z\n", "joe", "", "ann:y\nbob:z\n", 1 },
	{ "all of them", "joe:o\njoe:p\n", "joe", "", "", 2 },
	{ "none to go", "ann:y\n", "joe", "", "ann:y\n", 0 },
	{ "another name", "joey:o\njo:p\n:secret:joe\n#joe:x\n", "joe", "",
	    "joey:o\njo:p\n:secret:joe\n#joe:x\n", 0 },
	{ "written otherwise", "pa\xcc\x88ul:o\n", "p\xc3\xa4ul", "", "", 1 },
	{ "what is no line stays", "joe\nj\x01:\n::\n\xff:x\r\njoe:o\n",
	    "joe", "joe:x\n", "joe:x\nj\x01:\n::\n\xff:x\r\n", 2 },
};

START_TEST(of_all_others_no_octet_changes)
{
	struct buf	 b;
	unsigned	 had;

	buf_init(&b, 1024);
	had = password_edit(&b, span_of(edits[_i].text), edits[_i].name,
	    span_of(edits[_i].line));
	ck_assert_msg(span_is(buf_span(&b), edits[_i].is), "%s: %.*s",
	    edits[_i].claim, (int)buf_len(&b), buf_span(&b).ptr);
	ck_assert_uint_eq(had, edits[_i].had);
	buf_clear(&b);
}
END_TEST

START_TEST(what_is_written_is_read)
{
	static const struct password_kinds	 kinds[] = {
		{ PASSWORD_YESCRYPT, true }, { PASSWORD_YESCRYPT, false },
		{ PASSWORD_BCRYPT, false }, { PASSWORD_SHA512, true },
		{ PASSWORD_NO_CRYPT, true }
	};
	struct passwords	*p;
	struct buf		 b;

	buf_init(&b, PASSWORD_LINE_MAX);
	ck_assert(password_line(&b, "joe", "open sesame", kinds[_i]));
	p = passwords_parse(buf_span(&b), "test");
	ck_assert_uint_eq(passwords_accounts(p), 1);
	ck_assert_uint_eq(passwords_warnings(p), 0);
	ck_assert_int_eq(passwords_has_scram(p), kinds[_i].scram);
	ck_assert(passwords_check(p, "joe", "open sesame"));
	ck_assert(!passwords_check(p, "joe", "sesame"));
	passwords_free(p);
	buf_clear(&b);
}
END_TEST

START_TEST(some_cannot_be_names)
{
	static const char *const	 bad[] = {
		"", "#joe", "j:oe", "j\noe", "j\x7f", "\xff",
		("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaa")
	};
	char	 into[USER_TEXT_MAX + 1];
	size_t	 i;

	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!password_name(span_of(bad[i]), into), "%s",
		    bad[i]);
	ck_assert(password_name(span_of("joe@a.example"), into));
	ck_assert(password_name(span_of("Joe User"), into));
}
END_TEST

static char	 directory[] = "/tmp/relais-test.XXXXXX";
static char	 path[64];

static void
set_up(void)
{
	memcpy(strrchr(directory, '.'), ".XXXXXX", 8);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/passwords", directory);
}

static void
tear_down(void)
{
	unlink(path);
	ck_assert_msg(rmdir(directory) == 0, "something is left behind");
}

static struct span
content(char into[1024])
{
	int	 fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t	 n = fd_pread_all(fd, into, 1024, 0);

	ck_assert_int_ge(n, 0);
	fd_close(&fd);
	return span_make(into, n);
}

START_TEST(a_new_file_is_its_owners_alone_and_has_a_secret)
{
	char			 text[1024];
	struct passwords	*p;
	struct stat		 st;
	unsigned		 had;

	ck_assert_int_eq(password_file_edit(path, "joe", span_of("joe:x\n"),
	    &had), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert(span_starts(content(text), ":secret:"));
	p = passwords_parse(content(text), "test");
	ck_assert_uint_eq(passwords_warnings(p), 1);	/* joe's x */
	passwords_free(p);
}
END_TEST

START_TEST(mode_and_link_stay)
{
	char		 text[1024], other[80];
	struct stat	 st;
	unsigned	 had;

	snprintf(other, sizeof other, "%s/link", directory);
	ck_assert_int_eq(password_file_edit(path, "joe", span_of("joe:x\n"),
	    &had), 0);
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_assert_int_eq(symlink(path, other), 0);
	ck_assert_int_eq(password_file_edit(other, "joe", span_of(""), &had),
	    0);
	ck_assert_uint_eq(had, 1);
	ck_assert_int_eq(lstat(other, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_uint_eq(span_index(content(text), '\n'),
	    content(text).len - 1);
	unlink(other);
}
END_TEST

enum { WRITERS = 8, EACH = 10 };

/* Each adds accounts of its own. */
static void
write_many(int writer)
{
	char		 name[32];
	unsigned	 had, i;

	for (i = 0; i < EACH; i++) {
		snprintf(name, sizeof name, "u%d-%u", writer, i);
		if (password_file_edit(path, name, span_of("y\n"), &had) == -1)
			_exit(1);
	}
	_exit(0);
}

START_TEST(many_at_once_lose_nothing)
{
	char		 text[1024];
	struct span	 rest, one;
	unsigned	 n = 0;
	int		 k, status;

	for (k = 0; k < WRITERS; k++)
		if (fork() == 0)
			write_many(k);
	for (k = 0; k < WRITERS; k++) {
		ck_assert_int_ne(wait(&status), -1);
		ck_assert_int_eq(status, 0);
	}
	for (rest = content(text); rest.len > 0; n++)
		rest = span_cut(rest, '\n', &one);
	ck_assert_uint_eq(n, 1 + WRITERS * EACH);
}
END_TEST

START_TEST(what_cannot_be_written_stays)
{
	unsigned	 had;

	ck_assert_int_eq(password_file_edit("/nowhere/p", "joe",
	    span_of("joe:x\n"), &had), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(password_file_edit("/dev/null", "joe",
	    span_of("joe:x\n"), &had), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("password_file");
	TCase	*tc = tcase_create("text"), *files = tcase_create("files");
	SRunner	*r;
	int	 failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, of_all_others_no_octet_changes, 0,
	    COUNT(edits));
	tcase_add_loop_test(tc, what_is_written_is_read, 0, 5);
	tcase_add_test(tc, some_cannot_be_names);
	tcase_add_test(tc, what_cannot_be_written_stays);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(files, set_up, tear_down);
	tcase_add_test(files,
	    a_new_file_is_its_owners_alone_and_has_a_secret);
	tcase_add_test(files, mode_and_link_stay);
	tcase_add_test(files, many_at_once_lose_nothing);
	suite_add_tcase(s, files);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
