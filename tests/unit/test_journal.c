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

#include "queue/record.h"
#include "shared/crc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "tests/unit/journal_stub.h"

enum { ID = 1000 };

static struct journal_stub	 at;

static void
setup(void)
{
	journal_enter(&at);
}

static void
teardown(void)
{
	journal_leave(&at);
}

static void
add_row(struct change *c, const char *address)
{
	struct recipient_row	 r = { .state = ROW_WAITING, .due = 9,
				    .generation = 3 };

	r.address = span_of(address);
	r.original = span_of("list@example.org");
	r.destination = span_of("local:joe");
	r.relay = span_of("");
	change_add_row(c, &r);
}

static void
assert_content(const struct change *c, size_t len)
{
	char	*text = malloc(len + 1);

	ck_assert_int_eq(fd_pread_all(c->place.fd, text, len,
	    (off_t)c->place.offset), (ssize_t)len);
	ck_assert_uint_eq(crc32c(0, span_make(text, len)), c->crc);
	ck_assert_int_eq(text[0], 'a' + (int)(c->id % 26));
	free(text);
}

START_TEST(all_records_come_back)
{
	struct change	*c;
	struct scan	 scan;

	journal_add_store(&at, ID, 5000);
	c = journal_add(&at, CHANGE_STORE, ID + 1);
	journal_fill(c, 70000);
	c->file = file_new(ID + 1);
	c = journal_add(&at, CHANGE_DELETE, ID);
	c->number = 4;
	c = journal_add(&at, CHANGE_UPDATE, ID);
	c->number = 5;
	c->keeps_reply = true;
	add_row(c, "x@example.org");
	c = journal_add(&at, CHANGE_REPLACE, ID);
	c->number = 6;
	add_row(c, "y@example.org");
	add_row(c, "z@example.org");
	c = journal_add(&at, CHANGE_DROP, ID);
	c->numbers = calloc(2, sizeof *c->numbers);
	c->numbers[0] = 7;
	c->numbers[1] = 8;
	c->count = 2;
	journal_add(&at, CHANGE_SPILLED, ID);
	journal_add(&at, CHANGE_ABORT, ID);
	journal_add(&at, CHANGE_REMOVE, ID);
	journal_commit(&at);
	scan = journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(scan.batches, 1);
	ck_assert_uint_eq(scan.damaged, 0);
	ck_assert_uint_eq(at.count, 9);
	ck_assert_int_eq(at.seen[0]->kind, CHANGE_STORE);
	ck_assert_uint_eq(at.seen[0]->token, ID + 5);
	ck_assert_ptr_null(at.seen[0]->file);
	assert_content(at.seen[0], 5000);
	ck_assert_ptr_nonnull(at.seen[1]->file);
	ck_assert_int_eq(at.seen[2]->kind, CHANGE_DELETE);
	ck_assert_uint_eq(at.seen[2]->number, 4);
	ck_assert_int_eq(at.seen[3]->kind, CHANGE_UPDATE);
	ck_assert_uint_eq(at.seen[3]->due, 9);
	ck_assert(at.seen[3]->keeps_reply);
	ck_assert_int_eq(at.seen[4]->kind, CHANGE_REPLACE);
	ck_assert_ptr_nonnull(STAILQ_NEXT(STAILQ_FIRST(&at.seen[4]->rows),
	    entry));
	ck_assert_uint_eq(at.seen[5]->count, 2);
	ck_assert_uint_eq(at.seen[5]->numbers[1], 8);
	ck_assert_int_eq(at.seen[6]->kind, CHANGE_SPILLED);
	ck_assert_int_eq(at.seen[7]->kind, CHANGE_ABORT);
	ck_assert_int_eq(at.seen[8]->kind, CHANGE_REMOVE);
}
END_TEST

START_TEST(a_notice_is_one_batch)
{
	struct change	*c = journal_add(&at, CHANGE_NOTICE, ID);

	journal_fill(c, 100);
	c->numbers = calloc(1, sizeof *c->numbers);
	c->count = 1;
	journal_commit(&at);
	(void)journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(at.count, 2);
	ck_assert_int_eq(at.seen[0]->kind, CHANGE_STORE);
	ck_assert_int_eq(at.seen[1]->kind, CHANGE_DROP);
	ck_assert_uint_eq(at.seen[0]->position, at.seen[1]->position);
}
END_TEST

/* ---- what a disk does ---------------------------------------------------- */

static void
spoil(int fd, uint64_t offset)
{
	char	 one;

	ck_assert_int_eq(pread(fd, &one, 1, (off_t)offset), 1);
	one ^= 0x40;
	ck_assert_int_eq(pwrite(fd, &one, 1, (off_t)offset), 1);
}

static uint64_t
end_of_journal(void)
{
	return at.segments.position -
	    at.segments.slot[at.segments.current].base;
}

static uint64_t
used_of_first(void)
{
	char			 raw[BATCH_HEAD];
	struct batch_head	 h;

	ck_assert_int_eq(pread(at.segments.slot[0].fd, raw, sizeof raw, 0),
	    (ssize_t)sizeof raw);
	ck_assert(batch_head_decode(raw, &h));
	return BATCH_HEAD + h.length;
}

/* Each octet of two batches: of the last one the batch goes, as if it had been
 * torn; of the one before it is told, and the last one comes. */
START_TEST(damage_is_told_and_so_is_a_torn_end)
{
	uint64_t	 first, end, i, used;
	struct scan	 scan;

	journal_add_store(&at, ID, 100);
	journal_commit(&at);
	used = used_of_first();
	first = end_of_journal();
	journal_add_store(&at, ID + 1, 100);
	journal_commit(&at);
	end = end_of_journal();
	for (i = 0; i < end; i++) {
		if (i % BATCH_BLOCK >= used)	/* what pads is nobody's */
			continue;
		spoil(at.segments.slot[0].fd, i);
		scan = journal_scan(&at, JOURNAL_LINEAGE);
		if (i < first) {
			ck_assert_msg(scan.damaged == 1, "octet %d", (int)i);
			ck_assert_uint_eq(scan.torn, 0);
			ck_assert_uint_eq(at.count, 1);
			ck_assert_uint_eq(at.seen[0]->id, ID + 1);
		} else if (at.count == 1) {
			ck_assert_uint_eq(scan.damaged, 0);
			ck_assert_msg(scan.torn == 1, "octet %d", (int)i);
			ck_assert_uint_eq(at.seen[0]->id, ID);
			ck_assert_uint_eq(end_of_journal(), first);
		}
		spoil(at.segments.slot[0].fd, i);
	}
	scan = journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(at.count, 2);
}
END_TEST

/* A copy is made of it. */
START_TEST(the_only_batch_is_told_without_its_head)
{
	struct scan	 scan;
	struct stat	 st;

	journal_add_store(&at, ID, 100);
	journal_commit(&at);
	spoil(at.segments.slot[0].fd, 0);
	scan = journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(at.count, 0);
	ck_assert_uint_eq(scan.torn, 1);
	ck_assert_int_eq(stat("quarantine/journal-0000000000000000", &st), 0);
	ck_assert_int_eq(st.st_size, BATCH_BLOCK);
}
END_TEST

static void
fill_segment(uint64_t *id)
{
	int	 was = at.segments.current;

	do {
		journal_add_store(&at, (*id)++, 3 * BATCH_BLOCK);
		journal_commit(&at);
	} while (was == -1 ? at.segments.current == -1 :
	    at.segments.current == was);
}

static uint64_t
oldest_base(void)
{
	return at.segments.slot[segments_oldest(&at.segments)].base;
}

/* A segment that is used again shows nothing of its former life. */
START_TEST(a_recycled_segment_is_new)
{
	uint64_t	 id = ID, last;
	struct scan	 scan;
	unsigned	 i;

	fill_segment(&id);
	fill_segment(&id);
	ck_assert_uint_eq(segments_files(&at.segments), 2);
	journal_add(&at, CHANGE_RECYCLE, 0)->base = oldest_base();
	fill_segment(&id);
	last = id - 1;
	ck_assert_uint_eq(segments_files(&at.segments), 2);
	scan = journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(scan.torn, 0);
	ck_assert_uint_gt(at.count, 0);
	for (i = 1; i < at.count; i++)
		ck_assert_uint_eq(at.seen[i]->id, at.seen[i - 1]->id + 1);
	ck_assert_uint_eq(at.seen[at.count - 1]->id, last);
	ck_assert_uint_gt(at.seen[0]->id, ID);
}
END_TEST

/* A power cut in the first batch of a recycled segment: what was recycled does
 * not come back. */
START_TEST(what_was_recycled_stays_away)
{
	char		 zeros[BATCH_BLOCK] = { 0 };
	uint64_t	 id = ID;
	unsigned	 i, before;
	struct scan	 scan;

	fill_segment(&id);
	fill_segment(&id);
	journal_add(&at, CHANGE_RECYCLE, 0)->base = oldest_base();
	fill_segment(&id);
	before = (unsigned)(id - ID);
	ck_assert_int_eq(pwrite(at.segments.slot[at.segments.current].fd,
	    zeros, sizeof zeros, 0), (ssize_t)sizeof zeros);
	scan = journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(scan.damaged, 0);
	ck_assert_uint_lt(at.count, before);
	for (i = 0; i < at.count; i++)
		ck_assert_uint_gt(at.seen[i]->id, ID + 2);
}
END_TEST

START_TEST(the_last_segment_takes_no_new_mail)
{
	uint64_t	 id = ID;
	struct change	*c = NULL;
	unsigned	 i;

	at.segments.max = 2;
	for (i = 0; i < 40; i++) {
		c = journal_add_store(&at, id++, 3 * BATCH_BLOCK);
		journal_commit(&at);
	}
	ck_assert_int_eq(c->error, ENOSPC);
	c = journal_add(&at, CHANGE_DELETE, ID);
	journal_commit(&at);
	ck_assert_int_eq(c->error, 0);
}
END_TEST

START_TEST(a_failed_write_is_taken_back)
{
	struct change	*c, *d;
	int		 fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int		 good;

	journal_add_store(&at, ID, 100);
	journal_commit(&at);
	good = at.segments.slot[0].fd;
	at.segments.slot[0].fd = fd;
	c = journal_add_store(&at, ID + 1, 100);
	d = journal_add(&at, CHANGE_DELETE, ID);
	journal_commit(&at);
	at.segments.slot[0].fd = good;
	close(fd);
	ck_assert_int_eq(c->error, EBADF);
	ck_assert_int_eq(d->error, 0);
	ck_assert_int_eq(at.segments.slot[0].state, SEGMENT_BAD);
	(void)journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(at.count, 3);
	ck_assert_uint_eq(at.seen[0]->id, ID);
	ck_assert_int_eq(at.seen[1]->kind, CHANGE_ABORT);
	ck_assert_uint_eq(at.seen[1]->id, ID + 1);
	ck_assert_int_eq(at.seen[2]->kind, CHANGE_DELETE);
}
END_TEST

/* As the first batch of a life. */
START_TEST(what_could_not_be_written_is_no_damage)
{
	struct scan	 scan;
	int		 good;

	journal_add_store(&at, ID, 100);
	journal_commit(&at);
	good = at.segments.slot[0].fd;
	at.segments.slot[0].fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(committer_begin(&at.committer), -1);
	close(at.segments.slot[0].fd);
	at.segments.slot[0].fd = good;
	at.segments.slot[0].state = SEGMENT_USED;	/* as it was once */
	journal_add_store(&at, ID + 1, 100);
	journal_commit(&at);
	scan = journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(scan.damaged, 0);
	ck_assert_uint_eq(at.count, 2);
}
END_TEST

START_TEST(the_second_failure_is_the_last)
{
	struct change	*c, *d;
	int		 good[2], i;

	journal_add_store(&at, ID, 100);
	journal_commit(&at);
	for (i = 0; i < 2; i++) {
		good[i] = at.segments.slot[i].fd;
		at.segments.slot[i].fd = open("/dev/null", O_RDONLY |
		    O_CLOEXEC);
	}
	c = journal_add_store(&at, ID + 1, 100);
	journal_commit(&at);
	ck_assert_int_eq(c->error, ENOTRECOVERABLE);
	for (i = 0; i < 2; i++) {
		close(at.segments.slot[i].fd);
		at.segments.slot[i].fd = good[i];
	}
	d = journal_add(&at, CHANGE_DELETE, ID);
	journal_commit(&at);
	ck_assert_int_eq(d->error, ENOTRECOVERABLE);
	(void)journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(at.count, 1);
}
END_TEST

/* What was to be the first batch of a segment could not be written. */
static void
fail_in_a_fresh_segment(uint64_t *id)
{
	int	 good, slot;

	fill_segment(id);
	slot = at.segments.current;
	at.segments.slot[slot].state = SEGMENT_FREE;
	at.segments.current = -1;
	at.segments.position = at.segments.previous =
	    at.segments.slot[slot].base;
	good = at.segments.slot[slot].fd;
	at.segments.slot[slot].fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	journal_add(&at, CHANGE_DELETE, ID);
	journal_commit(&at);
	close(at.segments.slot[slot].fd);
	at.segments.slot[slot].fd = good;
	ck_assert_int_eq(at.segments.slot[slot].state, SEGMENT_BAD);
}

/* Of which the loop has never heard. */
START_TEST(a_segment_without_a_good_batch_goes_with_the_next)
{
	uint64_t	 id = ID, base;

	fill_segment(&id);
	base = oldest_base();
	fail_in_a_fresh_segment(&id);
	journal_add(&at, CHANGE_RECYCLE, 0)->base = base;
	base = at.segments.slot[at.segments.current].base;
	fill_segment(&id);
	journal_add(&at, CHANGE_RECYCLE, 0)->base = base;
	journal_add(&at, CHANGE_DELETE, ID);
	journal_commit(&at);
	ck_assert_uint_eq(segments_count(&at.segments, SEGMENT_BAD), 0);
	ck_assert_uint_eq(segments_count(&at.segments, SEGMENT_USED), 1);
	ck_assert_uint_eq(at.segments.tail,
	    at.segments.slot[at.segments.current].base);
}
END_TEST

/* The last octets that were written anywhere, and where. */
static struct {
	int	 fd;
	off_t	 from, to;
} wrote;

/* In place of the library's. */
ssize_t
pwrite(int fd, const void *from, size_t n, off_t where)
{
	wrote.fd = fd;
	wrote.from = where;
	wrote.to = where + (off_t)n;
	return syscall(SYS_pwrite64, fd, from, n, where);
}

/* The page cache may have what the disk has not, and be silent about it. */
START_TEST(the_last_batch_is_written_again_before_it_counts)
{
	journal_add_store(&at, ID, 100);
	journal_commit(&at);
	journal_add_store(&at, ID + 1, BATCH_BLOCK);
	journal_commit(&at);
	wrote.fd = -1;
	(void)journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(at.count, 2);
	ck_assert_int_eq(wrote.fd, at.segments.slot[0].fd);
	ck_assert_int_eq(wrote.from, BATCH_BLOCK);
	ck_assert_int_eq(wrote.to, 3 * BATCH_BLOCK);
}
END_TEST

/* One batch that fills no more than a part of a fresh segment, and was torn. */
static void
tear_in_a_fresh_segment(uint64_t id)
{
	int	 slot = at.segments.current;

	if (slot != -1)
		at.segments.slot[slot].state = SEGMENT_BAD;
	journal_add_store(&at, id, 3 * BATCH_BLOCK);
	journal_commit(&at);
	ck_assert_int_ne(at.segments.current, slot);
	spoil(at.segments.slot[at.segments.current].fd, BATCH_BLOCK);
}

/* Its positions come again: it must not be taken for the one that has them. */
START_TEST(a_segment_of_torn_batches_is_free)
{
	struct scan	 scan;

	journal_add_store(&at, ID, 100);
	journal_commit(&at);
	tear_in_a_fresh_segment(ID + 1);
	tear_in_a_fresh_segment(ID + 2);
	scan = journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(scan.damaged, 0);
	ck_assert_uint_eq(at.count, 1);
	ck_assert_uint_eq(segments_count(&at.segments, SEGMENT_USED), 1);
	at.segments.slot[0].state = SEGMENT_BAD;
	journal_add_store(&at, ID + 3, 100);
	journal_commit(&at);
	at.segments.slot[at.segments.current].state = SEGMENT_BAD;
	journal_add_store(&at, ID + 4, 100);
	journal_commit(&at);
	scan = journal_scan(&at, JOURNAL_LINEAGE);
	ck_assert_uint_eq(scan.damaged, 0);
	ck_assert_uint_eq(at.count, 3);
	ck_assert_uint_eq(at.seen[1]->id, ID + 3);
}
END_TEST

START_TEST(another_journal_goes_to_quarantine)
{
	struct stat	 st;

	journal_add_store(&at, ID, 100);
	journal_commit(&at);
	ck_assert_int_eq(rename("journal/00", "journal/07"), 0);
	(void)journal_scan(&at, JOURNAL_LINEAGE);
	at.segments.lineage = JOURNAL_LINEAGE + 1;
	at.segments.slot[7].state = SEGMENT_BAD;
	journal_add_store(&at, ID + 1, 100);
	journal_commit(&at);
	(void)journal_scan(&at, JOURNAL_LINEAGE + 1);
	ck_assert_uint_eq(at.segments.lineage, JOURNAL_LINEAGE + 1);
	ck_assert_uint_eq(at.count, 1);
	ck_assert_uint_eq(at.seen[0]->id, ID + 1);
	ck_assert_int_eq(stat("journal/07", &st), -1);
	ck_assert_int_eq(stat("quarantine/journal-000000000000004d-07", &st),
	    0);
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("journal");
	TCase	*tc = tcase_create("journal");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, all_records_come_back);
	tcase_add_test(tc, a_notice_is_one_batch);
	tcase_add_test(tc, damage_is_told_and_so_is_a_torn_end);
	tcase_add_test(tc, the_only_batch_is_told_without_its_head);
	tcase_add_test(tc, a_recycled_segment_is_new);
	tcase_add_test(tc, what_was_recycled_stays_away);
	tcase_add_test(tc, the_last_segment_takes_no_new_mail);
	tcase_add_test(tc, a_failed_write_is_taken_back);
	tcase_add_test(tc, what_could_not_be_written_is_no_damage);
	tcase_add_test(tc, the_second_failure_is_the_last);
	tcase_add_test(tc, a_segment_without_a_good_batch_goes_with_the_next);
	tcase_add_test(tc, the_last_batch_is_written_again_before_it_counts);
	tcase_add_test(tc, a_segment_of_torn_batches_is_free);
	tcase_add_test(tc, another_journal_goes_to_quarantine);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	SRunner	*r = srunner_create(suite());
	int	 failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
