/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_ORIGIN_H
#define QUEUE_ORIGIN_H

#include "queue/pack.h"

/*
 * From whom a message came, as OPEN tells it.  On disk parameters stand behind
 * the other two when a bit of the flags in front says so, and otherwise there
 * are none: so are messages of before.
 */
struct origin {
	struct span	 client, identity, parameters;
};

/* What the parameters say of it; else 0. */
int		 origin_priority(const struct origin *);

/* The flags as they are on disk. */
uint32_t	 origin_flags(const struct origin *, uint32_t flags);
void		 origin_pack(const struct origin *, struct pack *);

/* Takes the bit out of the flags that were read. */
void		 origin_unpack(struct origin *, struct unpack *,
		    uint32_t *flags);

#endif
