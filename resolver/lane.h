/* SPDX-License-Identifier: ISC */
#ifndef RESOLVER_LANE_H
#define RESOLVER_LANE_H

#include "shared/loop.h"
#include "shared/span.h"

/*
 * A way to one name server, by c-ares, in our loop: one try, and how it ended.
 * While questions are open on a lane of UDP they share one port, drawn by the
 * kernel; the next after it has been idle leaves from another.
 */
enum lane_end {
	LANE_REPLY,		/* with our id, to our question */
	LANE_TIME_OUT,
	LANE_ERROR		/* nobody listens there, or it hung up */
};

struct lane;

/* By UDP for questions with EDNS only, or without it only, or by TCP. */
enum lane_kind { LANE_EDNS, LANE_PLAIN, LANE_TCP };

/* Only while files can be read: c-ares looks for its own.  `ms`: until a try
 * is over. */
struct lane	*lane_new(struct loop *, enum lane_kind, int64_t ms);

/* After a FORMERR c-ares may cut a reply to so much, and not say so. */
enum { LANE_CUT = 512 };

/* "192.0.2.53:53", "[2001:db8::53]:53".  Not while a question is open. */
bool		 lane_set_server(struct lane *, const char *);
bool		 lane_is_local(const struct lane *);	/* a loopback address */

/* Sends a question (packet.h); `ended` is called once, perhaps at once. */
void		 lane_send(struct lane *, struct span question,
		    void (*ended)(void *, enum lane_end, struct span reply),
		    void *arg);

unsigned	 lane_open(const struct lane *);	/* questions on it */
unsigned	 lane_used(const struct lane *);	/* since it was idle */

/* The system's servers, as lane_set_server wants them; how many. */
enum { LANE_SERVER_SIZE = 64 };
unsigned	 lane_find_servers(char into[][LANE_SERVER_SIZE],
		    unsigned max);

#endif
