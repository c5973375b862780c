/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_CACHE_STUB_H
#define TESTS_UNIT_CACHE_STUB_H

#include "resolver/cache.h"
#include "shared/buf.h"

/* In place of resolver/dns and of time: what is asked is answered by the test,
 * when it likes; and the clock is its own. */
enum { STUB_ASKED_MAX = 64 };

struct stub {
	struct cache	*cache;
	unsigned	 asked;		/* questions so far */
	struct packet_name name;	/* of the last */
	unsigned	 type;
};

struct stub	*stub_open(void);	/* the clock stands at 0 */
void		 stub_pass(int64_t ms);

/* Answers one of the questions, counted from 0; NULL: with no reply. */
void		 stub_answer(unsigned, const struct buf *, bool secure);

#endif
