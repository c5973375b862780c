/* SPDX-License-Identifier: ISC */
#ifndef MASTER_DISTANCE_H
#define MASTER_DISTANCE_H

#include "shared/span.h"

/* The known word that is nearest to what somebody wrote. */
struct nearest {
	struct span	 wrote;
	const char	*word;		/* the best so far, or NULL */
	unsigned	 distance;
};

void	 nearest_init(struct nearest *, struct span wrote);
void	 nearest_try(struct nearest *, const char *word);

/*
 * How many octets are to be put in, taken out, replaced or exchanged with
 * their neighbour to make one of the other.  Only the first 32 octets count.
 */
unsigned	 distance(struct span, struct span);

#endif
