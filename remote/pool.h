/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_POOL_H
#define REMOTE_POOL_H

#include <sys/queue.h>

#include "shared/span.h"
#include "remote/client.h"

/*
 * Open connections between two jobs.  A connection is kept for the destination
 * whose job had it, so that what was decided for one destination never serves
 * another that happens to share the host.  Of one address not many are: a host
 * has so many places for us, and other mail of ours waits for one.
 */
enum {
	POOL_MAX	= 1024,
	POOL_HOST_MAX	= 64,		/* at one address */
	POOL_BUCKETS	= 1024,
	POOL_IDLE	= 2000,		/* milliseconds without a job */
	POOL_MAILS	= 1000		/* of one connection, then QUIT */
};

struct pool {
	TAILQ_HEAD(idle_list, idle) idle;	/* the last used first */
	LIST_HEAD(idle_bucket, idle) of[POOL_BUCKETS];	/* by destination */
	uint16_t	 at[POOL_BUCKETS];	/* how many, by address */
	unsigned	 count;
	struct loop	*loop;
};

void	 pool_init(struct pool *, struct loop *);

/* Takes an idle client; may say QUIT to it, or to one that waited longer. */
void	 pool_put(struct pool *, struct client *, struct span destination);

/* One for this destination, or NULL; it is the caller's, without owner. */
struct client	*pool_take(struct pool *, struct span destination);

/* QUIT to the connection to this host that has been idle for longest, if
 * there is one; the host is wanted, and pool_put keeps none. */
void	 pool_make_room(struct pool *, const struct host *);

void	 pool_clear(struct pool *);	/* QUIT to all */

#endif
