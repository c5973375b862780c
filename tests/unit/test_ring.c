/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/limits.h"
#include "shared/ring.h"

enum { SLOTS = 4 };

static void
make_ring(struct ring **writer, struct ring **reader)
{
	int	 w, r;

	ck_assert_int_eq(ring_create(SLOTS, &w, &r), 0);
	*writer = ring_open_writer(w, SLOTS);
	*reader = ring_open_reader(r, SLOTS);
	ck_assert_ptr_nonnull(*writer);
	ck_assert_ptr_nonnull(*reader);
}

START_TEST(what_is_written_is_copied)
{
	struct ring	*writer, *reader;
	static char	 into[RING_SLOT];
	int		 slot, i;

	make_ring(&writer, &reader);
	for (i = 0; i < SLOTS; i++) {
		slot = ring_take(writer);
		ck_assert_int_ge(slot, 0);
		memset(ring_slot(writer, slot), 'a' + slot, RING_SLOT);
	}
	for (i = 0; i < SLOTS; i++) {
		ck_assert(ring_copy(reader, i, RING_SLOT, into));
		ck_assert_int_eq(into[0], 'a' + i);
		ck_assert_int_eq(into[RING_SLOT - 1], 'a' + i);
	}
	ring_close(writer);
	ring_close(reader);
}
END_TEST

static const struct {
	unsigned	 slot;
	size_t		 length;
	bool		 inside;
} copies[] = {
	{ 0,		0,		true },
	{ 0,		RING_SLOT - 1,	true },
	{ 0,		RING_SLOT,	true },
	{ 0,		RING_SLOT + 1,	false },
	{ SLOTS - 1,	RING_SLOT,	true },
	{ SLOTS,	0,		false },
	{ SLOTS,	1,		false },
	{ UINT32_MAX,	1,		false },
	{ 0,		SIZE_MAX,	false },
};

START_TEST(a_copy_stays_inside)
{
	struct ring	*writer, *reader;
	static char	 into[RING_SLOT];

	make_ring(&writer, &reader);
	ck_assert(ring_copy(reader, copies[_i].slot, copies[_i].length,
	    into) == copies[_i].inside);
	ring_close(writer);
	ring_close(reader);
}
END_TEST

START_TEST(a_full_ring_gives_no_slot)
{
	struct ring	*writer, *reader;
	unsigned	 seen = 0;
	int		 i;

	make_ring(&writer, &reader);
	ck_assert_uint_eq(ring_free_slots(writer), SLOTS);
	for (i = 0; i < SLOTS; i++)
		seen |= 1u << ring_take(writer);
	ck_assert_uint_eq(seen, (1u << SLOTS) - 1);
	ck_assert_uint_eq(ring_free_slots(writer), 0);
	ck_assert_int_eq(ring_take(writer), -1);
	ck_assert(ring_give_back(writer, 2));
	ck_assert_uint_eq(ring_free_slots(writer), 1);
	ck_assert_int_eq(ring_take(writer), 2);
	ring_close(writer);
	ring_close(reader);
}
END_TEST

START_TEST(the_slot_used_last_is_given_first)
{
	struct ring	*writer, *reader;
	int		 one, other;

	make_ring(&writer, &reader);
	one = ring_take(writer);
	other = ring_take(writer);
	ck_assert_int_ne(one, other);
	ck_assert(ring_give_back(writer, one));
	ck_assert(ring_give_back(writer, other));
	ck_assert_int_eq(ring_take(writer), other);
	ck_assert_int_eq(ring_take(writer), one);
	ring_close(writer);
	ring_close(reader);
}
END_TEST

START_TEST(what_is_not_out_is_not_taken_back)
{
	struct ring	*writer, *reader;
	int		 slot;

	make_ring(&writer, &reader);
	ck_assert(!ring_give_back(writer, 0));
	ck_assert(!ring_give_back(writer, SLOTS));
	ck_assert(!ring_give_back(writer, UINT32_MAX));
	slot = ring_take(writer);
	ck_assert(ring_give_back(writer, slot));
	ck_assert(!ring_give_back(writer, slot));
	ck_assert_uint_eq(ring_free_slots(writer), SLOTS);
	ck_assert(!ring_give_back(reader, 0));
	ck_assert_ptr_null(ring_slot(writer, SLOTS));
	ring_close(writer);
	ring_close(reader);
	ring_close(NULL);
}
END_TEST

START_TEST(the_readers_descriptor_cannot_be_mapped_writable)
{
	int	 w, r;
	char	*map;

	ck_assert_int_eq(ring_create(SLOTS, &w, &r), 0);
	map = mmap(NULL, RING_SLOT, PROT_READ | PROT_WRITE, MAP_SHARED, r, 0);
	ck_assert_ptr_eq(map, MAP_FAILED);
	ck_assert_int_eq(errno, EACCES);
	map = mmap(NULL, RING_SLOT, PROT_READ, MAP_SHARED, r, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(mprotect(map, RING_SLOT, PROT_READ | PROT_WRITE), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(write(r, "x", 1), -1);
	ck_assert_int_eq(ftruncate(r, 0), -1);
	ck_assert_ptr_null(ring_open_writer(r, SLOTS));
	ck_assert_int_eq(errno, EACCES);
	close(w);
}
END_TEST

START_TEST(nobody_can_change_the_size)
{
	int		 w, r;
	struct stat	 st;

	ck_assert_int_eq(ring_create(SLOTS, &w, &r), 0);
	ck_assert_int_eq(ftruncate(w, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(ftruncate(w, 2 * SLOTS * RING_SLOT), -1);
	ck_assert_int_eq(fcntl(w, F_ADD_SEALS, F_SEAL_WRITE), -1);
	ck_assert_int_eq(fstat(w, &st), 0);
	ck_assert_int_eq(st.st_size, SLOTS * RING_SLOT);
	ck_assert_int_eq(st.st_mode & 0777, 0400);
	ck_assert_int_eq(fcntl(w, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(r, F_GETFD), FD_CLOEXEC);
	close(w);
	close(r);
}
END_TEST

/* Files of memory that are almost a ring of SLOTS slots. */
static const struct {
	const char	*name;
	size_t		 size;
	int		 seals;
	bool		 good;
} promises[] = {
	{ "as it should be",	SLOTS * RING_SLOT,
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,		true },
	{ "may shrink",		SLOTS * RING_SLOT,
	    F_SEAL_GROW | F_SEAL_SEAL,				false },
	{ "may grow",		SLOTS * RING_SLOT,
	    F_SEAL_SHRINK | F_SEAL_SEAL,			false },
	{ "may get more seals",	SLOTS * RING_SLOT,
	    F_SEAL_SHRINK | F_SEAL_GROW,			false },
	{ "no seals",		SLOTS * RING_SLOT, 0,		false },
	{ "too short",		SLOTS * RING_SLOT - 1,
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,		false },
	{ "too long",		SLOTS * RING_SLOT + 1,
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,		false },
	{ "empty",		0,
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,		false },
};

static int
promise(int i)
{
	int	 fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, promises[i].size), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, promises[i].seals), 0);
	return fd;
}

START_TEST(only_what_was_promised_is_opened)
{
	struct ring	*r;
	int		 fd;

	fd = promise(_i);
	r = ring_open_reader(fd, SLOTS);
	ck_assert_msg((r != NULL) == promises[_i].good, "%s",
	    promises[_i].name);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	ring_close(r);
	r = ring_open_writer(promise(_i), SLOTS);
	ck_assert_msg((r != NULL) == promises[_i].good, "%s",
	    promises[_i].name);
	ring_close(r);
}
END_TEST

START_TEST(a_file_of_the_disk_is_no_ring)
{
	FILE	*f = tmpfile();

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(ftruncate(fileno(f), SLOTS * RING_SLOT), 0);
	ck_assert_ptr_null(ring_open_reader(dup(fileno(f)), SLOTS));
	ck_assert_ptr_null(ring_open_reader(open("/dev/zero", O_RDONLY |
	    O_CLOEXEC), SLOTS));
	ck_assert_ptr_null(ring_open_reader(-1, SLOTS));
	fclose(f);
}
END_TEST

static const struct {
	unsigned	 slots;
	bool		 good;
} sizes[] = {
	{ 0,			false },
	{ 1,			true },
	{ RING_SLOTS_MAX - 1,	true },
	{ RING_SLOTS_MAX,	true },
	{ RING_SLOTS_MAX + 1,	false },
	{ UINT32_MAX,		false },
};

START_TEST(slots_have_a_ceiling)
{
	struct ring	*ring;
	int		 w, r;

	ck_assert((ring_create(sizes[_i].slots, &w, &r) == 0) ==
	    sizes[_i].good);
	ck_assert((w != -1) == sizes[_i].good);
	ck_assert((r != -1) == sizes[_i].good);
	ring = ring_open_reader(r, sizes[_i].slots);
	ck_assert((ring != NULL) == sizes[_i].good);
	ring_close(ring);
	fd_close(&w);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("ring");
	TCase	*tc = tcase_create("ring");
	SRunner	*r;
	int	 failed;

	tcase_add_test(tc, what_is_written_is_copied);
	tcase_add_loop_test(tc, a_copy_stays_inside, 0, COUNT(copies));
	tcase_add_test(tc, a_full_ring_gives_no_slot);
	tcase_add_test(tc, the_slot_used_last_is_given_first);
	tcase_add_test(tc, what_is_not_out_is_not_taken_back);
	tcase_add_test(tc, the_readers_descriptor_cannot_be_mapped_writable);
	tcase_add_test(tc, nobody_can_change_the_size);
	tcase_add_loop_test(tc, only_what_was_promised_is_opened, 0,
	    COUNT(promises));
	tcase_add_test(tc, a_file_of_the_disk_is_no_ring);
	tcase_add_loop_test(tc, slots_have_a_ceiling, 0, COUNT(sizes));
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
