/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>
#include <sys/stat.h>

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "local/maildir.h"
#include "shared/alloc.h"

/* A home in a directory of its own, entered. */
static char	 home[] = "/tmp/test_maildir.XXXXXX";

static void
enter_home(void)
{
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(chdir(home), 0);
}

static void
remove_tree(const char *path)
{
	DIR		*d = opendir(path);
	struct dirent	*e;
	char		 name[1024];

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof name, "%s/%s", path, e->d_name);
		if (unlink(name) == -1)
			remove_tree(name);
	}
	if (d != NULL)
		closedir(d);
	rmdir(path);
}

static void
leave_home(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	remove_tree(home);
	memcpy(home + strlen(home) - 6, "XXXXXX", 6);
}

/* How many files stand in `path`; the name of one of them. */
static unsigned
count(const char *path, char *name)
{
	DIR		*d = opendir(path);
	struct dirent	*e;
	unsigned	 n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (name != NULL)
			snprintf(name, 600, "%s/%s", path, e->d_name);
		n++;
	}
	closedir(d);
	return n;
}

static size_t
slurp(const char *path, char *into, size_t size)
{
	int	 fd = open(path, O_RDONLY);
	ssize_t	 n = read(fd, into, size);

	ck_assert_int_ge(n, 0);
	close(fd);
	return n;
}

static struct maildir *
begin(const char *path)
{
	int		 base = open(".", O_RDONLY | O_DIRECTORY);
	struct maildir	*m = maildir_new(base, path, "1.M2P3Q4.host");
	int		 saved = errno;

	close(base);
	errno = saved;
	return m;
}

static const struct {
	const char	*claim, *pieces[4], *content;
} contents[] = {
	{ "line ends become LF", { "a\r\nb\r\n" }, "a\nb\n" },
	{ "an ending is cut in two", { "a\r", "\nb\r\n" }, "a\nb\n" },
	{ "octet by octet", { "a", "\r", "\n", "b" }, "a\nb" },
	{ "a lone CR stays", { "a\rb\r\n" }, "a\rb\n" },
	{ "a CR at the end of a piece", { "a\r", "b\r\n" }, "a\rb\n" },
	{ "a CR at the very end", { "a\r" }, "a\r" },
	{ "two CRs", { "a\r\r\nb" }, "a\r\nb" },
	{ "two CRs, cut", { "a\r", "\r", "\nb" }, "a\r\nb" },
	{ "an LF alone", { "a\nb" }, "a\nb" },
	{ "nothing", { "" }, "" },
	{ "lines of From stay", { "From x\r\n.\r\n" }, "From x\n.\n" },
};

START_TEST(content_is_exact)
{
	char		 path[600], text[256], wanted[256], *piece;
	struct stat	 st;
	struct maildir	*m;
	size_t		 i;

	enter_home();
	m = begin("Maildir");
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(maildir_put(m, span_of("Head: er\n")), 0);
	for (i = 0; i < 4 && contents[_i].pieces[i] != NULL; i++) {
		piece = xstrdup(contents[_i].pieces[i]);
		ck_assert_int_eq(maildir_put_content(m, piece,
		    strlen(piece)), 0);
		free(piece);
	}
	ck_assert_uint_eq(count("Maildir/new", NULL), 0);
	ck_assert_int_eq(maildir_commit(m), 0);
	maildir_free(m);
	ck_assert_uint_eq(count("Maildir/tmp", NULL), 0);
	ck_assert_uint_eq(count("Maildir/new", path), 1);
	snprintf(wanted, sizeof wanted, "Head: er\n%s", contents[_i].content);
	i = slurp(path, text, sizeof text - 1);
	text[i] = '\0';
	ck_assert_msg(strcmp(text, wanted) == 0, "%s", contents[_i].claim);
	snprintf(wanted, sizeof wanted, "Maildir/new/1.M2P3Q4.host,S=%zu", i);
	ck_assert_str_eq(path, wanted);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	leave_home();
}
END_TEST

START_TEST(directories_are_made_for_their_owner_alone)
{
	static const char	*const made[] = { "a/M", "a/M/tmp", "a/M/new",
				    "a/M/cur" };
	struct stat		 st;
	struct maildir		*m;
	size_t			 i;

	enter_home();
	ck_assert_ptr_null(begin("a/M"));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(mkdir("a", 0700), 0);
	m = begin("a/M/");
	ck_assert_ptr_nonnull(m);
	maildir_free(m);
	for (i = 0; i < COUNT(made); i++) {
		ck_assert_int_eq(stat(made[i], &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0700);
	}
	leave_home();
}
END_TEST

START_TEST(a_free_without_commit_leaves_nothing)
{
	struct maildir	*m;

	enter_home();
	m = begin("M");
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(maildir_put(m, span_of("x")), 0);
	ck_assert_uint_eq(count("M/tmp", NULL), 1);
	maildir_free(m);
	ck_assert_uint_eq(count("M/tmp", NULL), 0);
	ck_assert_uint_eq(count("M/new", NULL), 0);
	leave_home();
}
END_TEST

START_TEST(a_full_disk_leaves_nothing)
{
	struct rlimit	 limit = { 4, RLIM_INFINITY };
	char		 text[] = "too long";
	struct maildir	*m;

	enter_home();
	signal(SIGXFSZ, SIG_IGN);
	m = begin("M");
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(maildir_put_content(m, text, strlen(text)), -1);
	ck_assert_int_eq(errno, EFBIG);
	maildir_free(m);
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_uint_eq(count("M/tmp", NULL), 0);
	leave_home();
}
END_TEST

START_TEST(a_name_in_new_is_never_taken_over)
{
	struct maildir	*m;
	char		 text[16];
	int		 fd;

	enter_home();
	m = begin("M");
	ck_assert_ptr_nonnull(m);
	fd = open("M/new/1.M2P3Q4.host,S=0", O_CREAT | O_WRONLY, 0600);
	ck_assert_int_eq(write(fd, "old", 3), 3);
	close(fd);
	ck_assert_int_eq(maildir_commit(m), -1);
	ck_assert_int_eq(errno, EEXIST);
	maildir_free(m);
	ck_assert_uint_eq(slurp("M/new/1.M2P3Q4.host,S=0", text, 16), 3);
	ck_assert_uint_eq(count("M/tmp", NULL), 0);
	leave_home();
}
END_TEST

START_TEST(a_name_in_tmp_is_never_taken_over)
{
	struct maildir	*one, *two;

	enter_home();
	one = begin("M");
	ck_assert_ptr_nonnull(one);
	two = begin("M");
	ck_assert_ptr_null(two);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_uint_eq(count("M/tmp", NULL), 1);
	maildir_free(one);
	leave_home();
}
END_TEST

/* Each is a link to a whole Maildir that exists. */
static const struct {
	const char	*link, *target, *path;
} links[] = {
	{ "M",		"real",		"M" },
	{ "d",		".",		"d/M" },
	{ "M",		"../real",	"M" },
	{ "M/tmp",	"../real/tmp",	"M" },
	{ "M/new",	"../real/new",	"M" },
	{ "M/cur",	"../real/cur",	"M" },
};

/* As on a kernel that does not know it. */
static void
lose_openat2(void)
{
	scmp_filter_ctx	 c = seccomp_init(SCMP_ACT_ALLOW);

	ck_assert_int_eq(seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS),
	    SCMP_SYS(openat2), 0), 0);
	ck_assert_int_eq(seccomp_load(c), 0);
	seccomp_release(c);
}

static void
refuse_link(const char *link, const char *target, const char *path)
{
	struct maildir	*m;

	enter_home();
	m = begin("real");
	ck_assert_ptr_nonnull(m);
	maildir_free(m);
	if (strchr(link, '/') != NULL)
		ck_assert_int_eq(mkdir("M", 0700), 0);
	ck_assert_int_eq(symlink(target, link), 0);
	ck_assert_ptr_null(begin(path));
	ck_assert(errno == ELOOP || errno == ENOTDIR);
	ck_assert_uint_eq(count("real/tmp", NULL), 0);
	leave_home();
}

START_TEST(no_link_is_followed)
{
	refuse_link(links[_i].link, links[_i].target, links[_i].path);
}
END_TEST

START_TEST(no_link_is_followed_without_openat2)
{
	lose_openat2();
	refuse_link(links[_i].link, links[_i].target, links[_i].path);
}
END_TEST

static const char	*const outside[] = {
	"..", "../x", "a/../../x", "a/..", ".", "", "/",
};

static void
refuse_outside(const char *path)
{
	enter_home();
	ck_assert_int_eq(mkdir("a", 0700), 0);
	ck_assert_ptr_null(begin(path));
	ck_assert_uint_eq(count(".", NULL), 1);
	ck_assert_uint_eq(count("a", NULL), 0);
	leave_home();
}

START_TEST(nothing_is_made_outside)
{
	refuse_outside(outside[_i]);
}
END_TEST

START_TEST(nothing_is_made_outside_without_openat2)
{
	lose_openat2();
	refuse_outside(outside[_i]);
}
END_TEST

START_TEST(a_file_is_no_maildir)
{
	enter_home();
	close(open("M", O_CREAT | O_WRONLY, 0600));
	ck_assert_ptr_null(begin("M"));
	ck_assert_int_eq(errno, ENOTDIR);
	leave_home();
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("maildir");
	TCase	*tc = tcase_create("maildir");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, content_is_exact, 0, COUNT(contents));
	tcase_add_test(tc, directories_are_made_for_their_owner_alone);
	tcase_add_test(tc, a_free_without_commit_leaves_nothing);
	tcase_add_test(tc, a_full_disk_leaves_nothing);
	tcase_add_test(tc, a_name_in_new_is_never_taken_over);
	tcase_add_test(tc, a_name_in_tmp_is_never_taken_over);
	tcase_add_loop_test(tc, no_link_is_followed, 0, COUNT(links));
	tcase_add_loop_test(tc, no_link_is_followed_without_openat2, 0,
	    COUNT(links));
	tcase_add_loop_test(tc, nothing_is_made_outside, 0, COUNT(outside));
	tcase_add_loop_test(tc, nothing_is_made_outside_without_openat2, 0,
	    COUNT(outside));
	tcase_add_test(tc, a_file_is_no_maildir);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
