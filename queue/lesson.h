/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_LESSON_H
#define QUEUE_LESSON_H

#include "queue/destination.h"

/*
 * What the ends of a destination's jobs teach: the last reply that was no
 * success, and the rule that holds since then (relais.conf(5), advice).
 * In memory only: after a restart it is learned again, but for the time until
 * when a destination is closed, which the index has.
 */
struct lesson {
	struct reply	 why;
	enum advice	 advice;
	char		 rule[RULE_NAME_MAX + 1];
	uint64_t	 until;		/* of the rule, wall microseconds */
};

/* How the end of a job counts. */
enum reach {
	REACHED,
	REACHED_LATER,		/* it answers, and wants less */
	UNREACHED,
	PAUSED			/* it is to be left alone for a while */
};

enum reach	 lesson_take(struct destination *, const struct msg_done *);

/* Is a rule in force now, and is it this one? */
bool	 lesson_holds(const struct destination *, enum advice);

/* An admin wants it tried all the same. */
void		 lesson_end_pause(struct destination *);

/* When the rule ends; 0: none holds. */
uint64_t lesson_until(const struct destination *);

#endif
