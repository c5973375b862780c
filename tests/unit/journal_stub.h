/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_JOURNAL_STUB_H
#define TESTS_UNIT_JOURNAL_STUB_H

#include "queue/committer.h"
#include "queue/scan.h"
#include "tests/unit/queue_stub.h"

enum {
	JOURNAL_LINEAGE		= 77,
	JOURNAL_SIZE		= 16 * BATCH_BLOCK,
	JOURNAL_SEGMENTS	= 4,
	JOURNAL_SEEN_MAX	= 64
};

/* A journal of two small segments in a fresh spool, its committer without the
 * thread, and what the last scan has found. */
struct journal_stub {
	char		 place[STUB_PLACE_SIZE];
	struct segments	 segments;
	struct committer committer;
	struct job_list	 list, done;
	struct change	*seen[JOURNAL_SEEN_MAX];
	unsigned	 count;
};

void	 journal_enter(struct journal_stub *);
void	 journal_leave(struct journal_stub *);

/* What the next commit takes; the stub owns it. */
struct change	*journal_add(struct journal_stub *, enum change_kind,
		    uint64_t id);
struct change	*journal_add_store(struct journal_stub *, uint64_t id,
		    size_t len);
void		 journal_fill(struct change *, size_t len);
void		 journal_commit(struct journal_stub *);

/* As the next life reads it; what is seen is the stub's. */
struct scan	 journal_scan(struct journal_stub *, uint64_t lineage);

#endif
