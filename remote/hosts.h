/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_HOSTS_H
#define REMOTE_HOSTS_H

#include <sys/queue.h>

#include "shared/loop.h"
#include "remote/endpoint.h"

/*
 * How many connections each mail host has from us, whatever destinations they
 * are for: at most HOST_CONNECTIONS_MAX to one name and port, racing, in use,
 * idle or saying QUIT.  Who comes then waits, first come first served.  A host
 * is known only while it is counted or waited for.
 */
enum {
	HOST_CONNECTIONS_MAX	= 20,
	HOST_PATIENCE		= 120 * 1000,	/* milliseconds in the queue */
	HOST_BUCKETS		= 1024
};

struct host;

struct hosts {
	struct loop	*loop;
	LIST_HEAD(host_bucket, host) of[HOST_BUCKETS];
};

/* The right to one connection, or the place in the queue for it. */
struct slot {
	TAILQ_ENTRY(slot) entry;	/* while it waits */
	struct hosts	*all;
	struct host	*host;		/* NULL: it neither has nor waits */
	bool		 waits;
	struct timer	 patience;
	void		(*ready)(void *, bool given);
	void		*arg;
};

void	 hosts_init(struct hosts *, struct loop *);

/* `ready` is called in a later turn, once for each slot_take that has to wait:
 * with the slot, or without when none came free for HOST_PATIENCE. */
void	 slot_init(struct slot *, struct hosts *,
	    void (*ready)(void *, bool given), void *arg);

/* Gives back what it has; waits no longer. */
void	 slot_clear(struct slot *);

/* True: it is there at once; else `ready` will be called.  The slot must have
 * been cleared or passed on before. */
bool	 slot_take(struct slot *, const struct endpoint *);

/* The slot passes to the caller, who gives it back by host_give. */
struct host	*slot_pass(struct slot *);
void	 host_give(struct host *);	/* NULL is harmless */

/* Somebody waits for a connection to it; NULL: nobody ever does. */
bool	 host_is_wanted(const struct host *);

#endif
