/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <string.h>

#include "tests/unit/journal_stub.h"

/* ---- a journal ----------------------------------------------------------- */

static void
open_segments(struct journal_stub *j)
{
	memset(&j->segments, 0, sizeof j->segments);
	segments_open(&j->segments, &queue_state()->spool);
	j->segments.size = JOURNAL_SIZE;
	j->segments.max = j->segments.wanted = JOURNAL_SEGMENTS;
}

void
journal_enter(struct journal_stub *j)
{
	stub_enter(j->place);
	STAILQ_INIT(&j->list);
	STAILQ_INIT(&j->done);
	open_segments(j);
	j->segments.lineage = JOURNAL_LINEAGE;
	ck_assert_int_ge(segments_add(&j->segments), 0);
	ck_assert_int_ge(segments_add(&j->segments), 0);
	committer_init(&j->committer, &j->segments);
}

static void
clear(struct job_list *list)
{
	struct job	*job;

	while ((job = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, entry);
		change_free((struct change *)job);
	}
}

static void
forget_seen(struct journal_stub *j)
{
	while (j->count > 0)
		change_free(j->seen[--j->count]);
}

void
journal_leave(struct journal_stub *j)
{
	clear(&j->list);
	clear(&j->done);
	forget_seen(j);
	committer_clear(&j->committer);
	segments_close(&j->segments);
	stub_leave(j->place);
}

/* ---- changes to write ---------------------------------------------------- */

struct change *
journal_add(struct journal_stub *j, enum change_kind kind, uint64_t id)
{
	struct change	*c = change_new(kind, change_free);

	c->id = id;
	STAILQ_INSERT_TAIL(&j->list, &c->job, entry);
	return c;
}

void
journal_fill(struct change *c, size_t len)
{
	struct piece	*p = piece_new(len);
	struct addr	 sender;

	memset(p->data, 'a' + (int)(c->id % 26), len);
	STAILQ_INSERT_TAIL(&c->content, p, entry);
	ck_assert_int_eq(addr_parse(span_of("a@b.example"), &sender),
	    ADDR_OK);
	c->letter = letter_new(c->id, &sender);
	c->letter->size = len;
	c->token = c->id + 5;
	ck_assert(letter_add(c->letter, span_of("r@example.org"),
	    span_of("")));
}

struct change *
journal_add_store(struct journal_stub *j, uint64_t id, size_t len)
{
	struct change	*c = journal_add(j, CHANGE_STORE, id);

	journal_fill(c, len);
	return c;
}

void
journal_commit(struct journal_stub *j)
{
	committer_batch(&j->committer, &j->list, &j->done);
}

/* ---- what comes back ----------------------------------------------------- */

static void
on_record(struct change *c, void *arg)
{
	struct journal_stub	*j = arg;

	ck_assert_uint_lt(j->count, JOURNAL_SEEN_MAX);
	j->seen[j->count++] = c;
}

struct scan
journal_scan(struct journal_stub *j, uint64_t lineage)
{
	struct scan	 scan = { .record = on_record, .arg = j };

	forget_seen(j);
	segments_close(&j->segments);
	open_segments(j);
	scan_journal(&j->segments, lineage, &scan);
	return scan;
}
