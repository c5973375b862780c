/* SPDX-License-Identifier: ISC */
#ifndef TESTS_FUZZ_SLOTS_H
#define TESTS_FUZZ_SLOTS_H

#include "smtpd/content.h"
#include "tests/fuzz/fuzz.h"

/* What smtpd/content makes of an input. */
struct outcome {
	enum content_status	 status;
	enum content_verdict	 verdict;
	size_t			 rest;		/* octets behind the end */
	unsigned		 hops;
	struct buf		 kept;		/* the caller's */
};

/* Slots of all sizes, of which there is none now and then; what was in them
 * is kept when they are full, or closed. */
enum { SLOT_SIZE = 32 };

struct slots {
	struct content_sink	 sink;
	struct outcome		*outcome;
	struct fuzz_cuts	 cuts;
	char			 slot[SLOT_SIZE];
};

void	 slots_open(struct slots *, struct outcome *, uint32_t choice);
void	 slots_close(struct slots *);

/*
 * Feeds all of it in pieces, into slots; chunks are ended where the input
 * ends.
 */
void	 slots_feed(struct content *, struct span input, uint32_t choice,
	    struct outcome *);

#endif
