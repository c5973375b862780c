/* SPDX-License-Identifier: ISC */
#ifndef TESTS_FUZZ_WIRE_H
#define TESTS_FUZZ_WIRE_H

#include "shared/ipc.h"
#include "smtpd/auth.h"
#include "smtpd/recipient.h"
#include "smtpd/rights.h"
#include "smtpd/server.h"
#include "tests/fuzz/fuzz.h"

/*
 * What is around the sessions of one smtpd: in place of shared/stream a client
 * that sends and reads when it is told to, in place of shared/peer and ring a
 * lookup and a queue that answer when they are told to.  One of each.
 *
 * lookup refuses local parts that begin with "x" for good, with "l" for now, of
 * recipients and of who is named as a sender.
 * queue stores what is ended, and has no space for whom "n" sends.
 */
struct wire {
	struct server	 server;
	struct buf	 said;		/* to the client, all of it */
	struct buf	 stored;	/* by queue: envelopes and contents */
	bool		 closed;	/* the session is over */
};

/* How a session begins: what its server and listener have been told. */
struct wire_begin {
	uint64_t	 size_max;
	bool		 proxied;	/* a PROXY header comes first */
	bool		 believed;	/* by XCLIENT and XFORWARD */
	bool		 submits;	/* has logged in to do so */
	bool		 may_login;
};

void	 wire_open(struct wire *, const struct wire_begin *);
void	 wire_close(struct wire *);

/* As much of `*s` as the session takes now, off its head. */
void	 wire_send(struct wire *, struct span *s);
void	 wire_read(struct wire *);	/* what was said, off the output */
void	 wire_hang_up(struct wire *);	/* when it is not held */

/* The oldest question that is open is answered; false when there is none.
 * Credit: a question is refused and may be asked with the next answer. */
bool	 wire_answer(struct wire *);
void	 wire_withhold_credit(struct wire *, bool);

/* neighbours.c, for wire.c. */
void	 neighbours_join(struct wire *);
void	 neighbours_leave(struct wire *);

#endif
