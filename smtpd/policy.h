/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_POLICY_H
#define SMTPD_POLICY_H

#include "smtpd/rule.h"
#include "smtpd/trust.h"

/*
 * Who may send anywhere: clients of a listener that says so, clients of the
 * networks that were told, and users whose identity was told, or all who have
 * one when none was.  Nobody else, and an empty policy names no network.  A
 * client that its proxy did not name is of no network.  A rule gives nobody
 * this right.
 */
enum { NETWORKS_MAX = 4096, IDENTITIES_MAX = 256 };

struct identity_pattern {
	char		*text;
	bool		 except;	/* behind "!" */
};

struct policy {
	struct trust	 networks;
	struct identity_pattern *identities;
	size_t		 identity_count;
	struct rules	 rules;
};

/* 16 octets and at most 128 bits; false when it is not, or past the ceiling. */
bool	 policy_add(struct policy *, struct span address, unsigned prefix);
bool	 policy_add_identity(struct policy *, struct span pattern,
	    bool except);
void	 policy_clear(struct policy *);

bool	 policy_may_relay(const struct policy *, const struct client *);

#endif
