/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_COUNTER_H
#define LOOKUP_COUNTER_H

#include <sys/queue.h>
#include <bsd/sys/tree.h>

#include "shared/clock.h"
#include "shared/ipc.h"

/*
 * What clients do, counted for each prefix of addresses and in all, per
 * listener.  What is open is a number; what happens per minute is an allowance.
 * A row of which nothing is open and no instant lies ahead tells nothing: it
 * may go.
 *
 * A tree, so that no choice of addresses makes it slow.  At COUNTERS_MAX the
 * row goes that was used the longest ago and has nothing open.
 */
enum counted {
	COUNTED_CONNECTIONS,	/* open now; the others are per minute */
	COUNTED_CONNECTS,
	COUNTED_MESSAGES,
	COUNTED_RECIPIENTS,
	COUNTED_ERRORS,
	COUNTED_UNKNOWN,
	COUNTED_COUNT
};

struct ceiling {
	uint32_t	 each, all;	/* per prefix, in all; 0: none */
};

struct count {
	uint32_t	 open;
	struct instant	 spent[COUNTED_COUNT];
	struct instant	 told;		/* when the log was, last */
	unsigned	 told_of;	/* which it was told of then, bits */
};

/* One block of the configuration, and what is counted in all for it. */
struct limits {
	bool		 used;
	char		 name[HOST_TEXT_MAX + 1];
	uint8_t		 prefix4, prefix6;
	struct ceiling	 ceilings[COUNTED_COUNT];
	struct count	 all;
};

/* One prefix at one block. */
struct counter {
	RB_ENTRY(counter) by_key;
	TAILQ_ENTRY(counter) idle;	/* while nothing is open */
	struct limits	*limits;
	uint8_t		 prefix[16];
	struct count	 count;
};

RB_HEAD(counter_tree, counter);
TAILQ_HEAD(counter_list, counter);

struct counters {
	struct counter_tree tree;
	struct counter_list idle;	/* the longest unused first */
	unsigned	 count;
	struct limits	 limits[LISTENERS_MAX + 1];	/* by number */
};

void	 counters_init(struct counters *);
void	 counters_clear(struct counters *);
void	 counters_set(struct counters *, const struct msg_conf_limit *);

/* Those of a block; of the first, when the number is none of ours. */
struct limits	*counters_limits(struct counters *, unsigned number);

/*
 * The row of an address, made if need be.  It is good until the next call,
 * or while something of it is open.  NULL: the table is full of rows that are
 * open, and this one is counted in all alone.
 */
struct counter	*counter_find(struct counters *, struct limits *,
		    const uint8_t address[16]);

/* What is counted: a row (or NULL) and the limits that it belongs to. */
struct counting {
	struct counters	*counters;
	struct limits	*limits;
	struct counter	*row;		/* NULL: in all alone */
	struct instant	 now;
};

/* Is one more too many?  counter_refusal then says why, and tells the log,
 * which hears of each row and limit once a minute. */
bool	 counter_is_over(const struct counting *, enum counted);
struct reply	 counter_refusal(const struct counting *, enum counted,
		    unsigned code, const char *enhanced);

/* `n` more happened, within the limit or not. */
void	 counter_add(const struct counting *, enum counted, unsigned n);

/* Something is open; no more.  The row may go behind the latter. */
void	 counter_open(const struct counting *);
void	 counter_close(const struct counting *);

#endif
