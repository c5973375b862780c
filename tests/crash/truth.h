/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_TRUTH_H
#define TESTS_CRASH_TRUTH_H

#include "tests/crash/promise.h"

/*
 * Who is to get what, learnt from a spool before anything of it was damaged;
 * and whether queue finds that again, and nothing else, when it begins on it
 * with some damage.  Learnt in one process and checked in others, all children
 * of the one that called truth_init.
 */

/* `journal`: what is to be damaged may be a segment. */
void	 truth_init(bool journal);

/* Functions for a runner. */
bool	 truth_learn(const char *dir, const struct promises *);

/*
 * Standard error gets a line with GARBAGE for each recipient that nobody
 * wrote, and with LOST for each that is missing without a warning more than
 * there were when the spool was whole.
 */
bool	 truth_check(const char *dir, const struct promises *);

/* Is there such a warning in what was said? */
bool	 truth_is_told(const char *);

/* Are there rows of every table, and recipients in every state? */
bool	 truth_has_all_kinds(void);

#endif
