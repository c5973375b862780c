/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_WAY_H
#define REMOTE_WAY_H

#include <sys/queue.h>

#include "shared/peer.h"
#include "remote/destination.h"
#include "remote/families.h"
#include "remote/selves.h"

/*
 * The addresses of a destination, best first: an address literal is one, the
 * rest resolver knows.  A question waits while there is no resolver; when the
 * resolver ends with it, the next one is asked, and no third one.
 */
LIST_HEAD(way_list, way);

enum {
	WAY_TIME	= 120 * 1000,	/* without any answer */
	WAY_BUCKETS	= 1024
};

/* All ways that are being found, and what finding them needs. */
struct ways {
	struct loop	*loop;
	struct way_list	 open;
	struct way_list	 asked[WAY_BUCKETS];	/* by token */
	struct selves	 selves;
	struct families	 families;
};

enum way_outcome {
	WAY_OK, WAY_UNKNOWN, WAY_NULL_MX, WAY_LATER,
	WAY_HOME,			/* it leads to us */
	WAY_NO_RESOLVER			/* it died twice, or is silent */
};

struct way {
	LIST_ENTRY(way)	 entry;		/* while open */
	LIST_ENTRY(way)	 place;		/* while it has a token */
	struct ways	*all;
	struct endpoint	 endpoints[ADDRESSES_MAX];
	unsigned	 count;
	uint32_t	 tried;		/* a mask of endpoints */
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

void	 ways_init(struct ways *, struct loop *);

/* Another resolver, or none (NULL), for all that wait. */
void	 ways_resolver(struct ways *, struct peer *resolver);
struct way	*ways_find(const struct ways *, uint64_t token);

void	 way_init(struct way *, struct ways *,
	    void (*known)(void *, enum way_outcome), void *arg);
void	 way_clear(struct way *);

/* Finds the addresses of `to`, which must outlive it; `known` is called in a
 * later turn, or at once for a literal.  `resolver` may be NULL. */
void	 way_find(struct way *, const struct destination *to,
	    struct peer *resolver);

/* Its answers; false: not in its place. */
bool	 way_address(struct way *, const struct msg_address *);
bool	 way_resolved(struct way *, const struct msg_resolved *);

/*
 * The next address to try, or NULL; those that must not be are skipped.  Hosts
 * come in their order; of one host the family first that was better lately.
 * way_other is the next one of the same host by the other family.  Both are
 * offered again until way_tried.
 */
const struct endpoint	*way_next(const struct way *);
const struct endpoint	*way_other(const struct way *,
			    const struct endpoint *);
void			 way_tried(struct way *, const struct endpoint *);

#endif
