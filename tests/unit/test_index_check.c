/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/index_check.h"
#include "queue/index_read.h"
#include "queue/index_write.h"
#include "shared/fd.h"
#include "tests/unit/queue_stub.h"

enum { ID = 1000 };

static struct {
	char		 place[STUB_PLACE_SIZE];
	struct index	*index;
} at;

static void
setup(void)
{
	stub_enter(at.place);
	at.index = index_open(&queue_state()->spool);
}

static void
teardown(void)
{
	index_close(at.index);
	stub_leave(at.place);
}

/* Enough for branches and for pages that were freed. */
static void
fill_index(unsigned messages)
{
	struct writing	 w;
	struct tally	 t;
	unsigned	 i;

	for (i = 0; i < messages; i++) {
		stub_store(at.index, ID + i, "s@example.org", 2);
		if (i % 3 != 0)
			continue;
		ck_assert_int_eq(writing_begin(&w, at.index), 0);
		ck_assert_int_eq(writing_remove(&w, ID + i, &t), 0);
		ck_assert_int_eq(writing_commit(&w), 0);
	}
}

static bool
is_sound(void)
{
	const char	*why;

	return index_is_sound(AT_FDCWD, "index/data.mdb", &why);
}

START_TEST(a_sound_index_is_called_so)
{
	ck_assert(is_sound());
	fill_index(300);
	ck_assert(is_sound());
}
END_TEST

/* One octet of every row that is there is enough. */
START_TEST(damage_to_a_row_is_seen)
{
	static const char	 wanted[] = "r1@example.org";
	struct stat		 st;
	char			*all, *found;
	int			 fd;

	fill_index(9);
	fd = open("index/data.mdb", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fstat(fd, &st), 0);
	all = malloc((size_t)st.st_size);
	ck_assert_int_eq(fd_pread_all(fd, all, (size_t)st.st_size, 0),
	    st.st_size);
	found = memmem(all, (size_t)st.st_size, wanted, sizeof wanted - 1);
	for (; found != NULL; found = memmem(found + 1,
	    (size_t)(all + st.st_size - found - 1), wanted,
	    sizeof wanted - 1))
		ck_assert_int_eq(fd_pwrite_all(fd, "x", 1, found - all), 0);
	ck_assert(!is_sound());
	free(all);
	fd_close(&fd);
}
END_TEST

START_TEST(a_damaged_index_is_made_again)
{
	struct view	 v;
	struct stat	 st;
	int		 fd;

	fill_index(9);
	index_close(at.index);
	fd = open("index/data.mdb", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fstat(fd, &st), 0);
	for (; st.st_size > 8192; st.st_size -= 4096)
		ck_assert_int_eq(fd_pwrite_all(fd, "damage", 6,
		    st.st_size - 4096), 0);
	fd_close(&fd);
	at.index = index_open(&queue_state()->spool);
	ck_assert(index_is_new(at.index));
	view_open(&v, at.index);
	ck_assert_uint_eq(view_messages(&v), 0);
	view_close(&v);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("index_check");
	TCase	*tc = tcase_create("index_check");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_sound_index_is_called_so);
	tcase_add_test(tc, damage_to_a_row_is_seen);
	tcase_add_test(tc, a_damaged_index_is_made_again);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
