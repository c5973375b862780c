/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_RESULTS_H
#define REMOTE_RESULTS_H

#include <sys/queue.h>

#include "shared/peer.h"

/*
 * Results that queue has not yet RECORDED.  They outlive queue: a new one is
 * told all of them before it may hand out work.  Memory is bounded by holding
 * back the DONE of jobs, and with it queue's credit, while too many are kept.
 */
enum { RESULTS_MAX = 16384, RESULTS_BUCKETS = 4096 };

LIST_HEAD(kept_list, kept);

struct results {
	struct kept_list kept[RESULTS_BUCKETS];
	unsigned	 count;
	STAILQ_HEAD(, finished) finished;	/* DONEs held back */
};

void	 results_init(struct results *);

/* Keeps one and tells it; `queue` may be NULL, then it is kept alone. */
void	 results_put(struct results *, struct peer *queue,
	    const struct msg_result *);

/* DONE for a job of `queue`, now or when there is room again. */
void	 results_done(struct results *, struct peer *queue,
	    const struct msg_done *);

/* queue has written it down; what is not kept is ignored. */
void	 results_recorded(struct results *, struct peer *queue,
	    const struct msg_recorded *);

/* queue is gone, its tokens with it; a new one is there. */
void	 results_lost(struct results *);
void	 results_replay(struct results *, struct peer *queue);

bool	 results_is_empty(const struct results *);

#endif
