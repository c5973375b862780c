/* SPDX-License-Identifier: ISC */
#ifndef LOCAL_RESULT_H
#define LOCAL_RESULT_H

#include <sys/queue.h>

#include "shared/peer.h"

/*
 * Verdicts that queue has not yet called RECORDED.  They are told again to a
 * queue that is new, so that its death costs no second delivery.
 */
enum { RESULTS_MAX = 16384 };

struct result {
	TAILQ_ENTRY(result) entry;
	uint64_t	 message;
	uint32_t	 number;
	struct reply	 reply;
};

struct results {
	TAILQ_HEAD(, result) kept;		/* oldest first */
	size_t		 count;
};

void	 results_init(struct results *);

/* `queue` may be NULL: it is told later.  One that records nothing is
 * accused. */
void	 results_add(struct results *, struct peer *queue, uint64_t message,
	    uint32_t number, const struct reply *);
void	 results_tell(const struct results *, struct peer *queue);
void	 results_forget(struct results *, const struct msg_recorded *);

#endif
