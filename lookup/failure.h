/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_FAILURE_H
#define LOOKUP_FAILURE_H

#include <sys/queue.h>
#include <bsd/sys/tree.h>

#include "shared/clock.h"
#include "shared/span.h"

/*
 * What failed logins cost: each makes the next one of the same network, and of
 * the same account, wait for longer, up to a maximum; a maximum of silence
 * behind the wait takes one off.  Time comes from the caller, nothing waits
 * here.
 *
 * A row is a digest of what is counted, so that all are of one size, in a tree,
 * so that no choice of names makes it slow.  Each kind has its own ceiling; at
 * it the row goes that was used the longest ago and has nothing open.
 */
enum failure_kind {
	FAILURE_NETWORK,	/* an IPv4 address, or 64 bits of IPv6 */
	FAILURE_ACCOUNT,	/* in lower case, of whatever spelling */
	FAILURE_FRIEND,		/* a network from which an account came in */
	FAILURE_KIND_COUNT
};

struct failure {
	RB_ENTRY(failure) by_key;
	TAILQ_ENTRY(failure) used;
	enum failure_kind kind;
	uint8_t		 digest[16];
	unsigned	 count;
	unsigned	 open;		/* logins that are not answered */
	struct instant	 until;		/* it waits */
};

RB_HEAD(failure_tree, failure);
TAILQ_HEAD(failure_list, failure);

struct failures {
	struct failure_tree tree;
	struct failure_list used[FAILURE_KIND_COUNT];	/* longest ago first */
	unsigned	 count[FAILURE_KIND_COUNT];
	int64_t		 first, max;	/* milliseconds */
};

void	 failures_init(struct failures *);
void	 failures_set(struct failures *, int64_t first, int64_t max);
void	 failures_clear(struct failures *);	/* whatever is open */

/*
 * The row, made if need be; NULL when all rows of its kind have something
 * open.  It is good until the next call, or while something of it is open.
 * address: 16 octets.
 */
struct failure	*failure_of_network(struct failures *, struct span address);
struct failure	*failure_of_account(struct failures *, struct span account);

/* A login is under way; no more. */
void	 failure_open(struct failure *);
void	 failure_close(struct failure *);

/* Milliseconds until the next one, 0: now.  NULL: now. */
int64_t	 failure_wait(const struct failures *, struct failure *,
	    struct instant now);

/* One more failed: how long that waits for its answer. */
int64_t	 failure_add(const struct failures *, struct failure *,
	    struct instant now);

/* This account came in from there; has it before?  Empty: has any? */
void	 failures_befriend(struct failures *, struct span address,
	    struct span account);
bool	 failures_is_friend(struct failures *, struct span address,
	    struct span account);

#endif
