/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_SENDER_H
#define QUEUE_SENDER_H

#include "shared/addr.h"

/*
 * Who sends, as far as turns between senders go: a number that is the same for
 * all mail of one sender.  What follows "+" in a local part is left out; an
 * address that carries another one, which has "=" in it (VERP, SRS, BATV),
 * counts with all of its domain; null paths are one sender.  `salt` is the
 * spool's: nobody outside can tell whose numbers are alike.
 */
uint64_t	 sender_number(const struct addr *, uint64_t salt);

/* In which lane of a destination its mail waits in the index; below LANES. */
unsigned	 sender_lane(const struct addr *, uint64_t salt);

#endif
