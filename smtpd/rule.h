/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_RULE_H
#define SMTPD_RULE_H

#include "shared/ipc.h"
#include "smtpd/client.h"
#include "smtpd/network.h"

/*
 * Rules of policy, in order; the first whose conditions all hold decides.  A
 * condition holds when one of its values matches, or it has none but those
 * behind "!", and none of these does.  Pure: nothing here asks or waits.
 */
struct rule_value {
	enum condition	 kind;
	bool		 except;	/* behind "!" */
	struct network	 network;	/* of CONDITION_CLIENT */
	char		*pattern;	/* of all others */
};

struct rule {
	char		*name;
	enum rule_verdict verdict;
	char		*tag;
	int		 priority;	/* -9 to 9 */
	struct reply	 reply;
	struct rule_value *values;
	size_t		 count;
};

struct rules {
	struct rule	*list;
	size_t		 count;
	size_t		 values;	/* of all of them */
};

/* What is known of a recipient when it is asked for.  An empty span: there is
 * none. */
struct rule_facts {
	const struct client *client;
	struct span	 name, helo, identity, listener;
	struct span	 certificate;	/* fingerprint of the client's */
	bool		 name_later;	/* it could not be found out for now */
	bool		 tls;
	const struct addr *sender, *recipient;
};

/* One more rule, and a value of the last one; false when that is none, or
 * past the ceilings. */
bool	 rules_add(struct rules *, const struct msg_conf_rule *);
bool	 rules_add_value(struct rules *, const struct msg_conf_condition *);
void	 rules_clear(struct rules *);

/* What comes beside a decision.  unsure: with the client's name another one
 * might be; priority: the first rule on the way that gives one, or NULL. */
struct rule_asides {
	bool		 unsure;
	const struct rule *priority;
};

/*
 * The rule that decides, or NULL; one that gives a priority does not.  RFC 5321
 * section 4.5.1: postmaster is refused only by rules that
 * name clients by their addresses.
 */
const struct rule	*rules_decide(const struct rules *,
			    const struct rule_facts *, struct rule_asides *);

#endif
