/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_SPOT_H
#define TESTS_CRASH_SPOT_H

#include "tests/crash/state.h"

/*
 * A directory that gets one state after another.  Only what differs is
 * written; what somebody changed meanwhile is told by its time, since all that
 * is put there gets the same old one.
 */
struct spot;

struct spot	*spot_new(const char *path, const struct disk *);
void		 spot_free(struct spot *);	/* the directory as well */
void		 spot_put(struct spot *, const struct state *);

#endif
