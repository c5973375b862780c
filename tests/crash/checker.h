/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_CHECKER_H
#define TESTS_CRASH_CHECKER_H

#include "tests/crash/promise.h"

/*
 * Lets queue begin on the spool in `dir`, and compares what it finds with what
 * was promised.  At the first call and each eighth from there it then sweeps,
 * and compares again.  True: nothing is lost, nothing is undone, nothing is
 * there that nobody wrote.  Otherwise standard error says what.
 *
 * The spool is changed, as queue changes it, and the process ends (70) when
 * queue refuses to begin.
 */
bool	 check_state(const char *dir, const struct promises *);

#endif
