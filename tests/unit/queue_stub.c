/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/index_write.h"
#include "tests/unit/queue_stub.h"

enum { LIFE = 5 * 24 * 60 * 60 };

static struct queue	 queue;
static uint64_t		 now;

struct queue *
queue_state(void)
{
	return &queue;
}

uint64_t
queue_now(void)
{
	return now;
}

uint64_t
queue_next_id(struct queue *q)
{
	return ++q->last;
}

void
queue_check_ready(struct queue *q)
{
	(void)q;
}

void
queue_check_end(struct queue *q)
{
	(void)q;
}

void
stub_set_clock(uint64_t time)
{
	now = time;
}

static int
drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
stub_enter(char place[STUB_PLACE_SIZE])
{
	/* In memory, if that is to be had: many files are synced. */
	(void)snprintf(place, STUB_PLACE_SIZE, "%s/test_queue.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(place));
	ck_assert_int_eq(chdir(place), 0);
	memset(&queue, 0, sizeof queue);
	now = 1;
	queue.life = queue.notice_life = LIFE;
	spool_open(&queue.spool);
}

void
stub_leave(const char *place)
{
	settings_clear(&queue);
	spool_close(&queue.spool);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(nftw(place, drop, 16, FTW_DEPTH | FTW_PHYS), 0);
}

struct letter *
stub_letter(uint64_t id, const char *sender, unsigned recipients)
{
	struct addr	 a;
	struct letter	*l;
	char		 text[64];
	unsigned	 i;

	ck_assert_int_eq(addr_parse(span_of(sender), &a), ADDR_OK);
	l = letter_new(id, &a);
	l->arrived = id;
	l->size = 5;
	for (i = 0; i < recipients; i++) {
		(void)snprintf(text, sizeof text, "r%u@example.org", i);
		ck_assert(letter_add(l, span_of(text),
	    span_of("")));
	}
	return l;
}

void
stub_store(struct index *x, uint64_t id, const char *sender,
    unsigned recipients)
{
	struct letter	*l = stub_letter(id, sender, recipients);
	struct writing	 w;

	ck_assert_int_eq(writing_begin(&w, x), 0);
	ck_assert_int_eq(writing_store(&w, l), 0);
	ck_assert_int_eq(writing_commit(&w), 0);
	letter_free(l);
}
