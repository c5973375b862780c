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

/*
 * Feeds all of it in pieces, into slots of all sizes, of which there is none
 * now and then; chunks are ended where the input ends.
 */
void	 slots_feed(struct content *, struct span input, uint32_t choice,
	    struct outcome *);

#endif
