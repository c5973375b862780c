/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/syscall.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ---- pages --------------------------------------------------------------- */

/* The layout of LMDB: see index_check.c. */
enum {
	PAGE = 4096, PAGE_HEAD = 16, NODE_HEAD = 8, BRANCH = 1, LEAF = 2,
	FLAGS_AT = 10, UPPER_AT = 14, TXN_AT = 144
};

static struct {
	char	*octets;
	size_t	 size;
} whole;

static void
read_whole(void)
{
	struct stat	 st;
	int		 fd = open("index/data.mdb", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(fstat(fd, &st), 0);
	whole.size = (size_t)st.st_size;
	whole.octets = malloc(whole.size);
	ck_assert_int_eq(fd_pread_all(fd, whole.octets, whole.size, 0),
	    st.st_size);
	fd_close(&fd);
}

static void
write_whole(void)
{
	int	 fd = open("index/data.mdb", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(fd_pwrite_all(fd, whole.octets, whole.size, 0), 0);
	fd_close(&fd);
	free(whole.octets);
}

/* One octet of every row that is there is enough. */
START_TEST(damage_to_a_row_is_seen)
{
	static const char	 wanted[] = "r1@example.org";
	size_t			 len = sizeof wanted - 1;
	char			*found, *end;

	fill_index(9);
	read_whole();
	end = whole.octets + whole.size;
	for (found = whole.octets; (found = memmem(found,
	    (size_t)(end - found), wanted, len)) != NULL; found++)
		*found = 'x';
	write_whole();
	ck_assert(!is_sound());
}
END_TEST

static const struct {
	const char	*name;
	size_t		 at;
	unsigned char	 mask;
} metas[] = {
	{ "the size of a page is none",		41,	0x10 },
	{ "the size of a page is another",	41,	0x30 },
	{ "the free pages are no list",		44,	0x08 },
	{ "the names are in another order",	92,	0x02 },
	{ "a transaction of long ago",		TXN_AT + 2, 0x01 },
	{ "a transaction of another page",	TXN_AT,	0x01 },
};

START_TEST(damage_to_a_meta_page_is_seen)
{
	size_t	 page;

	fill_index(9);
	for (page = 0; page < 2; page++) {
		read_whole();
		whole.octets[page * PAGE + metas[_i].at] ^=
		    (char)metas[_i].mask;
		write_whole();
		ck_assert_msg(!is_sound(), "%s, %zu", metas[_i].name, page);
		read_whole();
		whole.octets[page * PAGE + metas[_i].at] ^=
		    (char)metas[_i].mask;
		write_whole();
		ck_assert(is_sound());
	}
}
END_TEST

/* ---- a commit that failed at its end ------------------------------------- */

/* Of meta pages; what is cut has so many octets. */
static struct {
	unsigned	 fail;
	size_t		 cut;
} fate;

/* LMDB's as well: in place of the library's. */
ssize_t
pwrite(int fd, const void *from, size_t n, off_t where)
{
	if (where < (off_t)2 * PAGE && fate.fail > 0) {
		fate.fail--;
		if (fate.cut == 0) {
			errno = ENOSPC;
			return -1;
		}
		n = fate.cut;
	}
	return syscall(SYS_pwrite64, fd, from, n, where);
}

static uint64_t
count_messages(void)
{
	struct view	 v;
	uint64_t	 n;

	view_open(&v, at.index);
	n = view_messages(&v);
	view_close(&v);
	return n;
}

static int
remove_one(uint64_t id)
{
	struct writing	 w;
	struct tally	 t;

	ck_assert_int_eq(writing_begin(&w, at.index), 0);
	ck_assert_int_eq(writing_remove(&w, id, &t), 0);
	return writing_commit(&w);
}

static void
open_again(void)
{
	index_close(at.index);
	at.index = index_open(&queue_state()->spool);
}

static const struct {
	const char	*name;
	unsigned	 fail;
	size_t		 cut;
	uint64_t	 left;		/* messages, of 6 */
} ends[] = {
	{ "nothing is written, and it is taken back",		1, 0,  5 },
	{ "nothing is written at all",				2, 0,  6 },
	{ "half of it is written, and all of it taken back",	1, 60, 5 },
	{ "half of it is written, and taken back",		2, 60, 6 },
};

static void
fail_to_remove(int i, uint64_t id)
{
	fate.fail = ends[i].fail;
	fate.cut = ends[i].cut;
	ck_assert_int_eq(remove_one(id), -1);
	ck_assert_uint_eq(fate.fail, 0);
	ck_assert(!index_is_sane(at.index));
}

/* Nobody knows what became of it, so it may have been; what was before it
 * stays, and the next one follows it. */
START_TEST(a_meta_page_that_was_not_written_costs_nothing)
{
	fill_index(9);
	fail_to_remove(_i, ID + 1);
	open_again();
	ck_assert_msg(!index_is_new(at.index), "%s", ends[_i].name);
	ck_assert_uint_eq(count_messages(), ends[_i].left);
	ck_assert(is_sound());
	ck_assert_int_eq(remove_one(ID + 2), 0);
	ck_assert(is_sound());
	fail_to_remove(_i, ID + 4);
	open_again();
	ck_assert_uint_eq(count_messages(), ends[_i].left == 5 ? 3 : 5);
}
END_TEST

/* What the last transaction did would be undone. */
START_TEST(an_older_meta_page_does_not_pass_for_the_newer)
{
	uint64_t	 txns[2];
	char		*newer;
	int		 i;

	fill_index(9);
	ck_assert_int_eq(remove_one(ID + 1), 0);
	read_whole();
	for (i = 0; i < 2; i++)
		memcpy(&txns[i], whole.octets + i * PAGE + TXN_AT,
		    sizeof txns[i]);
	i = txns[1] > txns[0];
	newer = whole.octets + i * PAGE + TXN_AT;
	txns[i] -= 2;
	memcpy(newer, &txns[i], sizeof txns[i]);
	write_whole();
	ck_assert(!is_sound());
	open_again();
	ck_assert(!index_is_new(at.index));
	ck_assert_uint_eq(count_messages(), 5);
}
END_TEST

static const struct {
	const char	*name;
	size_t		 at;		/* behind the table's name */
	char		 mask;
} descriptions[] = {
	{ "order of keys",	4,	2 },
	{ "values of a key",	4,	4 },
	{ "depth",		6,	1 },
	{ "branches",		8,	1 },
	{ "leaves",		16,	1 },
	{ "overflows",		24,	1 },
	{ "entries",		32,	1 },
	{ "root",		40,	1 },
};

/* In every page that has it. */
START_TEST(damage_to_the_description_of_a_table_is_seen)
{
	static const char	 table[] = "recipient";
	size_t			 len = sizeof table - 1;
	char			*found, *end;

	fill_index(9);
	read_whole();
	end = whole.octets + whole.size;
	for (found = whole.octets; (found = memmem(found,
	    (size_t)(end - found), table, len)) != NULL; found += len)
		found[len + descriptions[_i].at] ^= descriptions[_i].mask;
	write_whole();
	ck_assert_msg(!is_sound(), "%s", descriptions[_i].name);
}
END_TEST

static void
damage_flags(char *page)
{
	page[FLAGS_AT + 1] ^= 0x40;
}

static void
damage_upper(char *page)
{
	page[UPPER_AT] ^= 2;
}

/* The first octet of the key of the second node. */
static void
damage_key(char *page)
{
	uint16_t	 node;

	memcpy(&node, page + PAGE_HEAD + sizeof node, sizeof node);
	page[node + NODE_HEAD] ^= 1;
}

static const struct {
	const char	*name;
	int		 flags;		/* of the pages */
	void		(*damage)(char *page);
} pages[] = {
	{ "flags of leaves",		LEAF,	damage_flags },
	{ "flags of branches",		BRANCH,	damage_flags },
	{ "where nodes begin",		LEAF,	damage_upper },
	{ "where branches begin",	BRANCH,	damage_upper },
	{ "keys in branches",		BRANCH,	damage_key },
};

START_TEST(damage_to_a_page_is_seen)
{
	char		*page, *end;
	uint16_t	 flags;
	unsigned	 count = 0;

	fill_index(300);
	read_whole();
	end = whole.octets + whole.size;
	for (page = whole.octets + 2 * PAGE; page < end; page += PAGE) {
		memcpy(&flags, page + FLAGS_AT, sizeof flags);
		if (flags != pages[_i].flags)
			continue;
		pages[_i].damage(page);
		count++;
	}
	write_whole();
	ck_assert_uint_gt(count, 0);
	ck_assert_msg(!is_sound(), "%s", pages[_i].name);
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
	tcase_add_loop_test(tc, damage_to_a_meta_page_is_seen, 0,
	    (int)(sizeof metas / sizeof *metas));
	tcase_add_loop_test(tc,
	    a_meta_page_that_was_not_written_costs_nothing, 0,
	    (int)(sizeof ends / sizeof *ends));
	tcase_add_test(tc, an_older_meta_page_does_not_pass_for_the_newer);
	tcase_add_loop_test(tc,
	    damage_to_the_description_of_a_table_is_seen, 0,
	    (int)(sizeof descriptions / sizeof *descriptions));
	tcase_add_loop_test(tc, damage_to_a_page_is_seen, 0,
	    (int)(sizeof pages / sizeof *pages));
	tcase_add_test(tc, a_damaged_index_is_made_again);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
