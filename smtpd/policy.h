/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_POLICY_H
#define SMTPD_POLICY_H

#include "smtpd/client.h"
#include "smtpd/network.h"

/*
 * Who may send anywhere: users of this machine, clients of a listener that
 * says so, and clients of the networks that were told.  Nobody else, and an
 * empty policy names no network.  A client that its proxy did not name is of no
 * network.
 */
enum { NETWORKS_MAX = 4096 };

struct policy {
	struct network	*networks;
	size_t		 count;
};

/* 16 octets and at most 128 bits; false when it is not, or past the ceiling. */
bool	 policy_add(struct policy *, struct span address, unsigned prefix);
void	 policy_clear(struct policy *);

bool	 policy_may_relay(const struct policy *, const struct client *);

#endif
