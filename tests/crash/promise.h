/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_PROMISE_H
#define TESTS_CRASH_PROMISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/row.h"

/*
 * What was promised of each message, taken from marks.  A mark is lines, and
 * one write(2), so that it is one record of a log:
 *
 *	will GROUP ID SIZE CRC ROWS	the message may be so from now on
 *	will GROUP ID gone
 *	is GROUP			and is so for ever, until it `will` not
 *	not GROUP			it stays as it was
 *
 * A group is one change of the spool: of all its messages or of none.  Groups
 * of one message take effect in their order.
 */
enum { FATES_MAX = 16 };

struct fate {
	uint64_t	 group;
	bool		 gone;
	uint64_t	 size;
	uint32_t	 crc;		/* of the content */
	uint64_t	 rows;		/* digest of the envelope */
};

struct promise {
	uint64_t	 id;
	struct fate	 fates[FATES_MAX];	/* the first is promised */
	unsigned	 count;
};

/* By id. */
struct promises {
	struct promise	*list;
	size_t		 count;
};

void	 promises_take(struct promises *, const char *mark, size_t len);
void	 promises_clear(struct promises *);
struct promise	*promises_find(const struct promises *, uint64_t id);

/* A digest: of the message, with the flags that hold it, then of each recipient
 * in turn.  Where it stands in the journal is left out, and when exactly it was
 * due in the past. */
#define PROMISE_FUTURE	((uint64_t)1 << 60)
uint64_t digest_message(uint64_t size, uint32_t flags,
	    const struct addr *sender);
uint64_t digest_recipient(uint64_t digest, uint32_t number,
	    const struct recipient_row *);

#endif
