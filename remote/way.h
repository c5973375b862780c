/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_WAY_H
#define REMOTE_WAY_H

#include <sys/queue.h>

#include "shared/peer.h"
#include "remote/destination.h"
#include "remote/endpoint.h"

/*
 * The addresses of a destination, best first: an address literal is one, the
 * rest resolver knows.  A question waits while there is no resolver; when the
 * resolver ends with it, the next one is asked, and no third one.
 */
LIST_HEAD(way_list, way);

enum { WAY_TIME = 120 * 1000 };		/* without any answer */

enum way_outcome {
	WAY_OK, WAY_UNKNOWN, WAY_NULL_MX, WAY_LATER,
	WAY_NO_RESOLVER			/* it died twice, or is silent */
};

struct way {
	LIST_ENTRY(way)	 entry;		/* while open */
	struct way_list	*list;
	struct endpoint	 endpoints[ADDRESSES_MAX];
	unsigned	 count, next;
	unsigned	 losses;	/* of resolvers, over this question */
	const struct destination *to;
	uint64_t	 token;		/* of the open question, or 0 */
	bool		 open;		/* `known` is still to be called */
	struct peer	*resolver;
	struct waiter	 waiter;
	struct timer	 patience;
	void		(*known)(void *, enum way_outcome);
	void		*arg;
};

/* `list`: where it stands while it waits for an answer. */
void	 way_init(struct way *, struct loop *, struct way_list *list,
	    void (*known)(void *, enum way_outcome), void *arg);
void	 way_clear(struct way *);

/* Finds the addresses of `to`, which must outlive it; `known` is called in a
 * later turn, or at once for a literal.  `resolver` may be NULL. */
void	 way_find(struct way *, const struct destination *to,
	    struct peer *resolver);

/* The resolver came, or went (NULL): told to all that wait. */
void	 ways_resolver(struct way_list *, struct peer *resolver);

/* The one that asked with this token, or NULL. */
struct way	*ways_find(struct way_list *, uint64_t token);

/* Its answers; false: not in its place. */
bool	 way_address(struct way *, const struct msg_address *);
bool	 way_resolved(struct way *, const struct msg_resolved *);

/* The next address to try, or NULL; those that must not be are skipped. */
const struct endpoint	*way_next(struct way *);

#endif
