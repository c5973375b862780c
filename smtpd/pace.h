/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_PACE_H
#define SMTPD_PACE_H

#include "smtpd/transaction.h"

/*
 * How fast content comes.  Whoever sent less than the minimum rate in the last
 * PACE_TIME is slow; being slow is no fault, but only so many may be: who
 * becomes slow beyond that is sent away.  While he waits for us no time runs.
 */
enum { PACE_TIME = 10 * 1000 };

struct paces {
	struct timer	 timer;		/* set while content is coming */
	TAILQ_HEAD(, transaction) list;	/* the longest unjudged first */
};

void	 paces_init(struct server *);

/* Content is expected; it begins anew, or turns; it is over.  The latter two
 * are harmless for one of whom none is. */
void	 pace_begin(struct transaction *);
void	 pace_again(struct transaction *);
void	 pace_end(struct transaction *);

#endif
