/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "local/copy.h"
#include "shared/alloc.h"

static struct copy_place	 place;

static void
set_place(void)
{
	copy_place_init(&place, "alice", "/home/alice");
}

static const struct {
	const char	*pattern, *path;	/* NULL: refused */
} paths[] = {
	{ "~/Maildir",			"/home/alice/Maildir" },
	{ "~/mail/%u",			"/home/alice/mail/alice" },
	{ "/var/mail/%u/Maildir",	"/var/mail/alice/Maildir" },
	{ "/srv/%u/%u",			"/srv/alice/alice" },
	{ "/srv/100%%",			"/srv/100%" },
	{ "/srv/%%u",			"/srv/%u" },
	{ "/srv/~/x",			"/srv/~/x" },
	{ "~alice/Maildir",		NULL },
	{ "Maildir",			NULL },
	{ "%u/Maildir",			NULL },
	{ "/srv/%d/x",			NULL },
	{ "/srv/%",			NULL },
	{ "",				NULL },
};

START_TEST(a_pattern_names_a_mailbox)
{
	char	 path[PATH_TEXT_MAX + 1] = "";
	bool	 good;

	set_place();
	good = copy_path(&place, span_of(paths[_i].pattern), path);
	ck_assert_msg(good == (paths[_i].path != NULL), "%s",
	    paths[_i].pattern);
	if (good)
		ck_assert_str_eq(path, paths[_i].path);
}
END_TEST

START_TEST(a_path_has_a_ceiling)
{
	char	 pattern[2 * PATH_TEXT_MAX], path[PATH_TEXT_MAX + 1];

	set_place();
	memset(pattern, 'x', sizeof pattern);
	pattern[0] = '/';
	ck_assert(copy_path(&place, span_make(pattern, PATH_TEXT_MAX), path));
	ck_assert_uint_eq(strlen(path), PATH_TEXT_MAX);
	ck_assert(!copy_path(&place, span_make(pattern, PATH_TEXT_MAX + 1),
	    path));
	memcpy(pattern + PATH_TEXT_MAX - 2, "%u", 2);
	ck_assert(!copy_path(&place, span_make(pattern, PATH_TEXT_MAX),
	    path));
}
END_TEST

START_TEST(the_host_is_fit_for_a_name)
{
	set_place();
	ck_assert_uint_gt(strlen(place.host), 0);
	ck_assert_ptr_null(strpbrk(place.host, "/:, "));
	ck_assert_int_eq(place.pid, getpid());
}
END_TEST

START_TEST(a_mailbox_that_is_not_there_waits)
{
	struct msg_deliver	 d = { .size = 1 };
	struct reply		 why;

	set_place();
	d.path = span_of("/nonexistent/%u/Maildir");
	ck_assert_ptr_null(copy_new(&place, &d, &why));
	ck_assert_uint_eq(why.code, 451);
	ck_assert_uint_eq(why.subject, 2);
	d.path = span_of("nonsense");
	ck_assert_ptr_null(copy_new(&place, &d, &why));
	ck_assert_uint_eq(why.code, 451);
	ck_assert_uint_eq(why.subject, 3);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("copy");
	TCase	*tc = tcase_create("copy");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, a_pattern_names_a_mailbox, 0, COUNT(paths));
	tcase_add_test(tc, a_path_has_a_ceiling);
	tcase_add_test(tc, the_host_is_fit_for_a_name);
	tcase_add_test(tc, a_mailbox_that_is_not_there_waits);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
