/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_ADVICE_H
#define REMOTE_ADVICE_H

#include <sys/queue.h>

#include "shared/ipc.h"

/*
 * What to make of the words of a failure: those of the configuration first, in
 * its order, then those that everybody meets, which are compiled in.  A rule
 * lives as long as the table.
 */
struct advice_rule {
	const char	*name;
	unsigned	 code;		/* 0: any 4xx, 5: any 5xx */
	const char	*text;		/* in any letter case; "": any */
	enum advice	 advice;	/* NONE: it is known, and that is all */
	uint32_t	 pause;		/* seconds */
};

struct advice_entry;
STAILQ_HEAD(advice_list, advice_entry);

void	 advices_init(struct advice_list *);
void	 advices_clear(struct advice_list *);

/* Behind those that were put before. */
void	 advices_put(struct advice_list *, const struct msg_conf_advice *);

/* The first rule for what a host of `domain` said; NULL: none. */
const struct advice_rule	*advices_find(const struct advice_list *,
				    struct span domain, const struct reply *);

/*
 * What the replies of a job come to, for its DONE: the rule that is most in
 * the way of others, and the last word that asks for less.
 */
struct advised {
	const struct advice_rule *rule;	/* or NULL */
	bool		 wants_less;
	struct reply	 why;
};

/*
 * Looks at what a host of `domain` said before it is told; a rule may make it
 * final.  of_one: it is about one recipient, so that only what speaks of us
 * (RFC 3463: system, network, policy) asks for less.
 */
void	 advised_look(struct advised *, const struct advice_list *,
	    struct span domain, bool of_one, struct reply *);

/* Its `why` counts unless the job itself has a worse one. */
void	 advised_tell(const struct advised *, struct msg_done *);

#endif
