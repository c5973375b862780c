/* SPDX-License-Identifier: ISC */
#ifndef RESOLVER_FOLLOW_H
#define RESOLVER_FOLLOW_H

#include "resolver/cache.h"
#include "resolver/record.h"

/*
 * A question that follows CNAMEs: those within an answer, and those that lead
 * out of it, by asking on.  After CNAMES_MAX of them, as in a circle, the
 * answer is RECORD_LATER; it is never RECORD_ALIAS.
 */
struct followed {
	enum record_status status;
	const struct packet_name *end;	/* the name that was meant */
	struct span	 reply;		/* of the last question */
	bool		 secure;	/* all replies were */
};

/* `name`: of a host.  `done` is called once, perhaps at once; what it is told
 * is borrowed for the call. */
void	 follow_ask(struct cache *, const char *name, unsigned type,
	    void (*done)(void *, const struct followed *), void *arg);

#endif
