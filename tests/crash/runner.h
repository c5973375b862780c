/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_RUNNER_H
#define TESTS_CRASH_RUNNER_H

#include "tests/crash/log.h"
#include "tests/crash/promise.h"

/*
 * Checks in a child, because what is checked may end it.  The child stays for
 * the next check until it dies.
 */
typedef bool	 check_function(const char *dir, const struct promises *);

enum verdict { GOOD, BAD, REFUSED, DIED, HUNG, VERDICTS };

struct runner;

struct runner	*runner_new(const struct log *, check_function *,
		    const char *dir);
void		 runner_free(struct runner *);

/* What was promised by the marks before record `at`. */
enum verdict	 runner_check(struct runner *, size_t at);

/* What it said on standard error; until the next check. */
const char	*runner_text(struct runner *);

/* "refused", and so on. */
const char	*verdict_name(enum verdict);

#endif
