/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_STATE_H
#define TESTS_CRASH_STATE_H

#include "tests/crash/dice.h"
#include "tests/crash/disk.h"

/* One disk that a power cut may leave. */
struct content {
	const char	*data;
	size_t		 size;
	uint64_t	 sum;
	char		*own;		/* what `data` is in, if made */
	size_t		 room;
};

struct state {
	struct names	 names;
	struct content	*files;		/* by number */
	uint64_t	 sum;		/* of all that can be seen */
	uint64_t	*sums;		/* of what is for sure, by number */
	uint32_t	*versions;
};

void	 state_init(struct state *, const struct disk *);
void	 state_clear(struct state *, const struct disk *);

/* Chooses one; the first STATE_EDGES of a point are none or all of what is not
 * synced, the others are thrown. */
enum { STATE_EDGES = 4 };
void	 state_choose(struct state *, const struct disk *, unsigned nth,
	    struct dice *);

#endif
