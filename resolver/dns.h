/* SPDX-License-Identifier: ISC */
#ifndef RESOLVER_DNS_H
#define RESOLVER_DNS_H

#include <stddef.h>

#include "shared/loop.h"
#include "resolver/packet.h"

/*
 * Questions to name servers: which of them, how often, by UDP or TCP, with EDNS
 * or without.  Query ids are ours and random, ports are drawn; no search lists,
 * no host files, no file at all once it is open.
 */
enum {
	DNS_EDNS	= 1232,	/* octets in one datagram */
	DNS_BURST	= 32,	/* questions sent in one millisecond */
	DNS_SERVERS_MAX	= 4,

	/* rounds through the servers; milliseconds of a try in the first, each
	 * has twice those of the one before; by TCP, and to wait for one; and
	 * after which no other try begins */
	DNS_ROUNDS	= 3,
	DNS_TIME	= 2000,
	DNS_TIME_TCP	= 5000,
	DNS_PATIENCE	= 15000,
	DNS_TIME_ALL	= 30000,

	/* of a server that nobody listens at: until it is asked again */
	DNS_PAUSE	= 500,
	/* of one that was silent so many times in a row: for how long others
	 * are asked first */
	DNS_MISSES	= 4,
	DNS_SHUN	= 30000,
	/* of one that does not know EDNS: for how long it is spared it */
	DNS_PLAIN	= 3600000,

	/* ways to one server: for the first try, for each later, without EDNS,
	 * by TCP; all questions of the first are spread over these ports */
	DNS_LANES	= 4,
	DNS_LANES_TCP	= 4,
	DNS_PORT_USES	= 64,	/* that a port has, if another is free */
	DNS_LANE_SOCKETS = 2,
	DNS_SOCKETS_MAX	= DNS_SERVERS_MAX * DNS_LANE_SOCKETS *
			    (DNS_LANES + DNS_ROUNDS + DNS_LANES_TCP)
};

/* secure: a server on this machine says that it has proof (AD). */
struct dns_answer {
	struct span	 reply;		/* empty: there is none */
	bool		 secure;
};

struct dns;

/* Reads the system's list of servers: only while files can be read. */
struct dns	*dns_open(struct loop *);

/* Adds one of "192.0.2.53:53" "[2001:db8::53]:53"; the first replaces the
 * system's.  Not while a question is open.  False: it is none of these. */
bool		 dns_add_server(struct dns *, struct span);

/*
 * Asks; `answered` is called once, in a later turn, with a reply to just this
 * question that says what there is, or that there is nothing; or with none.
 */
void		 dns_ask(struct dns *, const struct packet_name *,
		    unsigned type,
		    void (*answered)(void *, const struct dns_answer *),
		    void *arg);

#endif
