/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_ARCHIVE_H
#define REMOTE_ARCHIVE_H

#include "shared/peer.h"
#include "remote/recorder.h"

/*
 * The last dialogue with each destination to which some recipient's mail
 * failed or was put off, ARCHIVE_MAX of them: who failed longest ago goes
 * first.  A success later takes nothing away, its time is kept.
 */
enum { ARCHIVE_MAX = 1024, ARCHIVE_BUCKETS = 1024, ARCHIVE_PAGE = 64 };

LIST_HEAD(archive_list, dialogue);

struct archive {
	const struct loop *loop;
	struct archive_list buckets[ARCHIVE_BUCKETS];
	TAILQ_HEAD(, dialogue) dialogues;	/* by their numbers */
	unsigned	 count;
	uint64_t	 last;		/* the number given last */
	SLIST_HEAD(, recording) spare;
};

void	 archive_init(struct archive *, const struct loop *);
void	 archive_clear(struct archive *);

/* One that runs; it is given back in any case. */
struct recording	*archive_begin(struct archive *, uint64_t message);
void	 archive_end(struct archive *, struct recording *,
	    struct span destination);

/* Answers the monitor: one dialogue that the name means, or a page of all. */
void	 archive_trace(struct archive *, struct peer *,
	    const struct msg_trace *);

#endif
