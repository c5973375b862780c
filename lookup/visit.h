/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_VISIT_H
#define LOOKUP_VISIT_H

#include "lookup/counter.h"

/*
 * The clients that one smtpd has at the moment, by the tokens of its ADMITs,
 * and the limits that hold for them.  When it dies they are all gone.
 */
struct visits;

struct visits	*visits_new(struct counters *);
void		 visits_free(struct visits *);	/* NULL is harmless */

/* What cannot be: one that is there, or more than a smtpd may have. */
bool	 visit_is_wrong(const struct visits *, uint64_t token);

/* May it come in?  250, and then it is there; or why not. */
struct reply	 visit_admit(struct visits *, const struct msg_admit *,
		    struct instant now);

/* It was let in before we came. */
void	 visit_stay(struct visits *, const struct msg_stays *);

/* Nobody that we know of is harmless, for he may have been refused. */
void	 visit_leave(struct visits *, const struct msg_left *,
	    struct instant now);

/* May it ask for a recipient?  True, and this is counted; or why not.  The
 * recipient was nobody. */
bool	 visit_may_ask(struct visits *, const struct msg_rcpt *,
	    struct instant now, struct reply *why);
void	 visit_unknown(struct visits *, uint64_t visit, struct instant now);

#endif
