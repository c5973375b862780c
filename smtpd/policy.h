/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_POLICY_H
#define SMTPD_POLICY_H

#include "shared/span.h"
#include "smtpd/client.h"

/*
 * Who may send anywhere: users of this machine, clients of a listener that
 * says so, and clients of the networks that were told.  Nobody else, and an
 * empty policy names no network.
 */
enum { NETWORKS_MAX = 4096 };

struct network {
	uint8_t		 address[16];	/* IPv4 mapped */
	uint8_t		 prefix;	/* of 128 bits */
};

struct policy {
	struct network	*networks;
	size_t		 count;
};

/* 16 octets and at most 128 bits; false when it is not, or past the ceiling. */
bool	 policy_add(struct policy *, struct span address, unsigned prefix);
void	 policy_clear(struct policy *);

bool	 policy_may_relay(const struct policy *, const struct client *);

#endif
