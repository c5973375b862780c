/* SPDX-License-Identifier: ISC */
#ifndef RESOLVER_CACHE_H
#define RESOLVER_CACHE_H

#include "resolver/dns.h"

/*
 * What name servers said, for as long as they say it holds (RFC 2308 for that
 * there is nothing), within bounds; that nothing came, for some seconds (RFC
 * 9520).  What is asked already is not asked again: who asks meanwhile has the
 * same answer.  Memory is bounded: what was not used for longest goes first.
 */
enum {
	CACHE_OCTETS_MAX	= 16 * 1024 * 1024,
	CACHE_REPLY_MAX		= 8192,	/* one that is longer is kept for
					 * CACHE_LIFE_MIN */
	CACHE_LIFE_MIN		= 1,	/* seconds */
	CACHE_LIFE_MAX		= 3600,
	CACHE_LIFE_LATER	= 5	/* of RECORD_LATER */
};

struct cache;

struct cache	*cache_new(struct dns *, struct loop *);

/*
 * `answered` is called once, perhaps at once; the reply is borrowed for the
 * call.  It may ask in turn.
 */
void		 cache_ask(struct cache *, const struct packet_name *,
		    unsigned type,
		    void (*answered)(void *, const struct dns_answer *),
		    void *arg);

size_t		 cache_octets(const struct cache *);	/* that are kept */

#endif
