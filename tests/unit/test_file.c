/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>
#include <sys/stat.h>

#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/file.h"
#include "queue/trailer.h"
#include "shared/crc.h"
#include "shared/fd.h"
#include "shared/ipc.h"

enum { ID = 0x1234567, LINEAGE = 77, WHOLE_MAX = 4096 };

static const char	 text[] = "Subject: x\r\n\r\nbody\r\n";

static struct {
	char		 place[32];
	struct spool	 spool;
} at;

static int
drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
setup(void)
{
	(void)snprintf(at.place, sizeof at.place, "/tmp/test_file.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(at.place));
	ck_assert_int_eq(chdir(at.place), 0);
	spool_open(&at.spool);
	at.spool.lineage = LINEAGE;
}

static void
teardown(void)
{
	spool_close(&at.spool);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(nftw(at.place, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static struct letter *
make_letter(uint64_t size)
{
	struct origin	 origin = { span_of("host[192.0.2.1]"),
			    span_of("uid 7"), span_of("tag=bulk helo=x") };
	struct addr	 sender;
	struct letter	*l;

	ck_assert_int_eq(addr_parse(span_of("a@b.example"), &sender), ADDR_OK);
	l = letter_new(ID, &sender);
	letter_set_origin(l, &origin);
	l->arrived = 1234567890;
	l->size = size;
	l->flags = MESSAGE_8BIT;
	ck_assert(letter_add(l, span_of("one@example.org"),
	    span_of("")));
	ck_assert(letter_add(l, span_of("two@example.org"),
	    span_of("")));
	return l;
}

static void
put_piece(struct pieces *list, const char *s)
{
	struct piece	*p = piece_new(strlen(s));

	memcpy(p->data, s, p->len);
	STAILQ_INSERT_TAIL(list, p, entry);
}

/* Writes the message `text` with its trailer; 0 or -1 with errno. */
static int
write_message(struct file *f, const struct letter *l)
{
	struct pieces	 content = STAILQ_HEAD_INITIALIZER(content);
	int		 result;

	put_piece(&content, text);
	result = file_create(f, &at.spool) == -1 ||
	    file_append(f, &content) == -1 ||
	    file_finish(f, &at.spool, l) == -1 || file_sync(f) == -1 ? -1 : 0;
	pieces_clear(&content);
	return result;
}

static void
make_message(void)
{
	struct letter	*l = make_letter(sizeof text - 1);
	struct file	*f = file_new(ID);

	ck_assert_int_eq(write_message(f, l), 0);
	file_free(f);
	letter_free(l);
}

static size_t
read_message(char whole[WHOLE_MAX])
{
	int	 fd = spool_open_message(&at.spool, ID);
	ssize_t	 n = fd_pread_all(fd, whole, WHOLE_MAX, 0);

	fd_close(&fd);
	ck_assert_int_gt(n, 0);
	return (size_t)n;
}

/* Is a file of these octets a whole message? */
static bool
is_message(const char *octets, size_t n)
{
	struct trailer	 t;
	bool		 good = false;
	int		 fd = memfd_create("trial", MFD_CLOEXEC);

	ck_assert_int_eq(fd_write_all(fd, octets, n), 0);
	if (trailer_read(fd, &t) == 0) {
		good = trailer_check_content(fd, &t) == 0;
		letter_free(t.letter);
	}
	if (!good)
		ck_assert_int_eq(errno, EBADMSG);
	fd_close(&fd);
	return good;
}

START_TEST(checksum_is_castagnoli)
{
	/* the check value of CRC-32C */
	ck_assert_uint_eq(crc32c(0, span_of("123456789")), 0xe3069283);
	ck_assert_uint_eq(crc32c(crc32c(0, span_of("12345")),
	    span_of("6789")), 0xe3069283);
	ck_assert_uint_eq(crc32c(0, span_of("123456789 123456789 1234567")),
	    crc32c(crc32c(0, span_of("123456789 123456789 1")),
	    span_of("234567")));
}
END_TEST

START_TEST(checksum_of_much_is_that_of_its_octets)
{
	static char	 much[10000];
	uint32_t	 crc = 0;
	size_t		 n;

	for (n = 0; n < sizeof much; n++)
		much[n] = (char)(n * n >> 3);
	for (n = 0; n < sizeof much; n++) {
		if (n % 509 == 0)
			ck_assert_uint_eq(crc32c(0, span_make(much, n)), crc);
		crc = crc32c(crc, span_make(much + n, 1));
	}
}
END_TEST

START_TEST(trailer_gives_back_the_envelope)
{
	int		 fd;
	struct trailer	 t;
	struct span	 rest;

	make_message();
	fd = spool_open_message(&at.spool, ID);
	ck_assert_int_eq(trailer_read(fd, &t), 0);
	ck_assert_int_eq(trailer_check_content(fd, &t), 0);
	fd_close(&fd);
	ck_assert_uint_eq(t.lineage, LINEAGE);
	ck_assert_uint_eq(t.letter->id, ID);
	ck_assert_uint_eq(t.letter->arrived, 1234567890);
	ck_assert_uint_eq(t.letter->size, sizeof text - 1);
	ck_assert_uint_eq(t.letter->flags, MESSAGE_8BIT);
	ck_assert_str_eq(t.letter->sender.text, "a@b.example");
	ck_assert_str_eq(t.letter->client, "host[192.0.2.1]");
	ck_assert_str_eq(t.letter->identity, "uid 7");
	ck_assert_str_eq(t.letter->parameters, "tag=bulk helo=x");
	ck_assert_uint_eq(t.letter->count, 2);
	rest = letter_recipients(t.letter);
	ck_assert(span_is(letter_take(&rest).address, "one@example.org"));
	ck_assert(span_is(letter_take(&rest).address, "two@example.org"));
	ck_assert_uint_eq(rest.len, 0);
	letter_free(t.letter);
}
END_TEST

START_TEST(content_stands_first_as_it_came)
{
	char	 whole[WHOLE_MAX];

	make_message();
	ck_assert_uint_gt(read_message(whole), sizeof text);
	ck_assert_mem_eq(whole, text, sizeof text - 1);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	char	 whole[WHOLE_MAX];
	size_t	 n, i;

	make_message();
	n = read_message(whole);
	ck_assert(is_message(whole, n));
	for (i = 0; i < n; i++)
		ck_assert_msg(!is_message(whole, i), "cut at %zu", i);
}
END_TEST

START_TEST(every_flipped_octet_is_refused)
{
	char	 whole[WHOLE_MAX];
	size_t	 n, i;

	make_message();
	n = read_message(whole);
	for (i = 0; i < n * 8; i++) {
		whole[i / 8] = (char)(whole[i / 8] ^ 1 << i % 8);
		ck_assert_msg(!is_message(whole, n), "bit %zu", i);
		whole[i / 8] = (char)(whole[i / 8] ^ 1 << i % 8);
	}
	ck_assert(is_message(whole, n));
}
END_TEST

START_TEST(octets_behind_the_tail_are_refused)
{
	char	 whole[WHOLE_MAX];
	size_t	 n;

	make_message();
	n = read_message(whole);
	whole[n] = '\0';
	ck_assert(!is_message(whole, n + 1));
}
END_TEST

START_TEST(unfinished_file_has_another_name)
{
	struct file	*f = file_new(ID);
	struct stat	 st;

	ck_assert_int_eq(file_create(f, &at.spool), 0);
	ck_assert_int_eq(stat("message/67/00000000J6HB7.part", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(spool_open_message(&at.spool, ID), -1);
	file_discard(f, &at.spool);
	ck_assert_int_eq(stat("message/67/00000000J6HB7.part", &st), -1);
	file_free(f);
}
END_TEST

START_TEST(an_id_is_never_written_twice)
{
	struct letter	*l = make_letter(sizeof text - 1);
	struct file	*f = file_new(ID);
	char		 whole[WHOLE_MAX];

	make_message();
	ck_assert_int_eq(write_message(f, l), -1);
	ck_assert_int_eq(errno, EEXIST);
	file_discard(f, &at.spool);
	ck_assert(is_message(whole, read_message(whole)));
	file_free(f);
	letter_free(l);
}
END_TEST

START_TEST(content_of_another_size_is_refused)
{
	struct letter	*l = make_letter(sizeof text);
	struct file	*f = file_new(ID);

	ck_assert_int_eq(write_message(f, l), -1);
	file_discard(f, &at.spool);
	ck_assert_int_eq(spool_open_message(&at.spool, ID), -1);
	ck_assert(!spool_has_messages(&at.spool));
	file_free(f);
	letter_free(l);
}
END_TEST

START_TEST(what_is_set_aside_is_in_quarantine)
{
	struct stat	 st;

	make_message();
	ck_assert(spool_has_messages(&at.spool));
	ck_assert_int_eq(spool_set_aside(&at.spool, ID), 0);
	ck_assert_int_eq(stat("quarantine/00000000J6HB7", &st), 0);
	ck_assert(!spool_has_messages(&at.spool));
	ck_assert_int_eq(spool_remove(&at.spool, ID), 0);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("file");
	TCase	*tc = tcase_create("file");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, checksum_is_castagnoli);
	tcase_add_test(tc, checksum_of_much_is_that_of_its_octets);
	tcase_add_test(tc, trailer_gives_back_the_envelope);
	tcase_add_test(tc, content_stands_first_as_it_came);
	tcase_add_test(tc, every_truncation_is_refused);
	tcase_add_test(tc, every_flipped_octet_is_refused);
	tcase_add_test(tc, octets_behind_the_tail_are_refused);
	tcase_add_test(tc, unfinished_file_has_another_name);
	tcase_add_test(tc, an_id_is_never_written_twice);
	tcase_add_test(tc, content_of_another_size_is_refused);
	tcase_add_test(tc, what_is_set_aside_is_in_quarantine);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
