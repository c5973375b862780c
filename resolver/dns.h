/* SPDX-License-Identifier: ISC */
#ifndef RESOLVER_DNS_H
#define RESOLVER_DNS_H

#include <stddef.h>

#include "shared/loop.h"
#include "shared/span.h"

/*
 * Questions to name servers, by c-ares, in our loop.  Query ids are ours and
 * random; no search lists, no host files, no file at all once it is open.
 */
enum {
	DNS_TIME	= 2000,	/* milliseconds of the first try; it doubles */
	DNS_TRIES	= 3,	/* of each server */
	DNS_EDNS	= 1232,	/* octets in one datagram */
	DNS_NAME_MAX	= 253,	/* what fits 255 octets on the wire */
	DNS_BURST	= 32,	/* questions sent in one millisecond */
	DNS_SERVERS_MAX	= 4,
	DNS_SOCKETS_MAX	= 32
};

struct dns;

/* Reads the system's list of servers: only while files can be read. */
struct dns	*dns_open(struct loop *);

/* Adds one of "192.0.2.53:53" "[2001:db8::53]:53"; the first replaces the
 * system's.  Not while a question is open.  False: it is none of these. */
bool		 dns_add_server(struct dns *, struct span);

/*
 * Asks; `answered` is called once, in a later turn, with the reply as it came
 * (borrowed), empty when there is none: no server answered.  `name` has at
 * most DNS_NAME_MAX octets; `type`: ns_t_mx and its like.
 */
void		 dns_ask(struct dns *, const char *name, int type,
		    void (*answered)(void *, struct span), void *arg);

/* At the end of each turn: sets the timer of what was asked. */
void		 dns_settle(struct dns *);

#endif
