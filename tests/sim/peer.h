/* SPDX-License-Identifier: ISC */
#ifndef TESTS_SIM_PEER_H
#define TESTS_SIM_PEER_H

#include "shared/ipc.h"
#include "shared/peer.h"
#include "tests/sim/sim.h"

/*
 * The other side of shared/peer.h.  What the queue says lies in an outbox to
 * the end of the turn, goes through the codec and the matrix of ipc.def, and
 * then to `hear` of the neighbour.
 */
struct neighbour {
	enum role	 role;
	unsigned	 instance;
	unsigned	 credit;	/* that it gives to a queue */
	unsigned	 slots_in, slots_out;	/* of rings, as queue sees it */
	void		(*hear)(void *arg, struct msg *);
	void		*arg;
	struct peer	*peer;		/* NULL: not joined to a queue */
	bool		 expected;	/* wired, and HELLO is on its way */
};

struct process;

void		 neighbour_join(struct neighbour *);	/* its HELLO came */
void		 neighbour_part(struct neighbour *);	/* it is gone */
void		 say(struct neighbour *, struct msg *);
uint64_t	 token(void);

/* It has answered: the credit is there again. */
void		 credit_back(struct neighbour *);

void		 outbox_flush(void);
void		 peers_forget(void);		/* queue is dead */

/* The rings, from the neighbour's side. */
int		 ring_fill(struct neighbour *, const char *, size_t);
void		 ring_check(struct neighbour *, unsigned slot, const char *,
		    size_t);
void		 ring_peek(struct neighbour *, unsigned slot, char *into,
		    size_t);
void		 ring_freed(struct neighbour *, unsigned slot, bool ours);

/* ---- the neighbours ------------------------------------------------------ */

bool		 smtpd_event(void);
void		 smtpd_queue_died(void);
void		 smtpd_join(void);		/* those that are apart */
void		 smtpd_die(void);
bool		 smtpd_is_idle(void);
void		 smtpd_clear(void);

bool		 lookup_event(void);
void		 lookup_queue_died(void);
void		 lookup_join(void);
void		 lookup_die(void);

bool		 deliver_event(void);
void		 deliver_queue_died(void);
void		 deliver_join(void);
void		 deliver_die(void);
void		 deliver_retire(void);
void		 deliver_expect(void);		/* who lives is wired */
bool		 deliver_is_idle(void);
void		 deliver_clear(void);

bool		 admin_event(void);
void		 admin_queue_died(void);
void		 admin_join(void);
void		 admin_die(void);

#endif
