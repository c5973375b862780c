/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_LOGIN_H
#define LOOKUP_LOGIN_H

#include "lookup/failure.h"
#include "shared/loop.h"
#include "shared/peer.h"

/*
 * Logins of the clients of all smtpd processes: who judges is asked, and what
 * it and the client say to each other goes through here unread.  What failed
 * is counted here, and its answer waits.
 */
struct login;
struct login_client;
RB_HEAD(login_tree, login);
RB_HEAD(judged_tree, login);
LIST_HEAD(login_client_list, login_client);

struct logins {
	struct loop	*loop;
	enum judge_kind	 kind;			/* which of them is asked */
	struct peer	*judges[JUDGE_KIND_COUNT];	/* NULL: not there */
	bool		 given_up;		/* it is not waited for */
	struct timer	 patience;
	char		 mechanisms[REASON_TEXT_MAX + 1];
	bool		 knows;			/* them, also that there is
						 * none */
	struct login_client_list clients;	/* smtpd processes */
	struct login_tree tree;			/* by smtpd and its token */
	struct judged_tree asked;		/* by the judge's token */
	struct failures	 failures;
};

void	 logins_init(struct logins *, struct loop *);
void	 logins_set(struct logins *, const struct msg_conf_auth *);

/* An smtpd has come; it is gone, and its logins with it. */
void	 logins_found(struct logins *, struct peer *);
void	 logins_drop(struct logins *, struct peer *);

/* The same of one who judges; another role is harmless. */
void	 logins_judge_found(struct logins *, struct peer *);
void	 logins_judge_lost(struct logins *, struct peer *);
void	 logins_can(struct logins *, struct peer *,
	    const struct msg_judge_can *);

void	 login_begin(struct logins *, struct peer *,
	    const struct msg_login *);
void	 login_hear(struct logins *, struct peer *,
	    const struct msg_response *);
void	 login_say(struct logins *, struct peer *,
	    const struct msg_judge_says *);
void	 login_judged(struct logins *, struct peer *,
	    const struct msg_judged *);

#endif
