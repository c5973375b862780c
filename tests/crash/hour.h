/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_HOUR_H
#define TESTS_CRASH_HOUR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What queue does to a spool in a busy hour, one batch after another, with
 * marks of what each batch promised.  The same seed does the same.  It begins
 * anew behind each third of the batches; but with `fill` the file system is
 * full during the second third.  Then changes may fail for want of space; at no
 * other time, and for nothing else, or the process ends (1).
 */
struct hour {
	const char	*dir;
	int		 marks;		/* a file, appended to; -1: none */
	uint64_t	 seed, batches;
	bool		 journal;
	bool		 resumes;	/* where another one was killed */
	void		(*fill)(bool);	/* NULL: it is never full */
};

/* Changes that failed; and of them, with EIO. */
struct hour_sum {
	uint64_t	 failed, misnamed;
};

void	 hour_run(const struct hour *, struct hour_sum *);

#endif
