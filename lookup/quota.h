/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_QUOTA_H
#define LOOKUP_QUOTA_H

#include <sys/queue.h>
#include <bsd/sys/tree.h>

#include "lookup/allowance.h"
#include "shared/ipc.h"

/*
 * How much each identity may send, whichever session and worker it uses.  An
 * identity is compared without regard to letter case.  At QUOTAS_MAX rows that
 * of the one who was silent the longest goes: his silence forgave him most.
 */
enum quota {
	QUOTA_HOUR_MESSAGES, QUOTA_DAY_MESSAGES,
	QUOTA_HOUR_RECIPIENTS, QUOTA_DAY_RECIPIENTS,
	QUOTA_COUNT
};

struct quota_row;

RB_HEAD(quota_tree, quota_row);
TAILQ_HEAD(quota_list, quota_row);

struct quotas {
	struct allowance	 rules[QUOTA_COUNT];
	struct quota_tree	 tree;
	struct quota_list	 used;		/* the longest unused first */
	unsigned		 count;
};

void	 quotas_init(struct quotas *);
void	 quotas_clear(struct quotas *);

/* What was sent so far still counts, as far as it was counted. */
void	 quotas_set(struct quotas *, const struct msg_conf_quota *,
	    struct instant now);

/* One more recipient, the first of its message?  False: `*why` is the answer,
 * and the log is told, of each identity and rule once an hour. */
bool	 quota_allows(struct quotas *, struct span identity, bool first,
	    struct instant now, struct reply *why);

/* There was one more. */
void	 quota_add(struct quotas *, struct span identity, bool first,
	    struct instant now);

#endif
