/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_QUESTION_H
#define LOOKUP_QUESTION_H

#include "lookup/cache.h"
#include "lookup/quota.h"
#include "lookup/rules.h"
#include "shared/loop.h"
#include "shared/peer.h"

/*
 * The questions of smtpd and queue that are not answered yet: each owns a
 * resolve and asks users on its behalf, one user at a time.
 */
struct question;
TAILQ_HEAD(question_list, question);

struct questions {
	struct loop		*loop;
	const struct rules	*rules;
	struct quotas		*quotas;
	struct cache		 cache;
	struct peer		*users;		/* NULL: not there */
	bool			 given_up;	/* it is not waited for */
	struct timer		 patience;

	struct question_list	 asking;	/* of users, oldest first */
	struct question_list	 expanding;	/* wait for their turn */
	unsigned		 walks;		/* expansions begun */
	struct question_list	 telling;	/* TARGETs are going out */
	struct timer		 more;
};

void	 questions_init(struct questions *, struct loop *,
	    const struct rules *, struct quotas *);

/*
 * NULL: users is gone, and what it was asked is answered by "later", lest the
 * question that killed it be asked again.  What comes now waits for a new one,
 * but not for long.
 */
void	 questions_set_users(struct questions *, struct peer *);

/* The one who asked is gone. */
void	 questions_drop(struct questions *, struct peer *);

void	 question_rcpt(struct questions *, struct peer *,
	    const struct msg_rcpt *);
void	 question_verify(struct questions *, struct peer *,
	    const struct msg_verify *);
void	 question_expand(struct questions *, struct peer *,
	    const struct msg_expand *);
void	 question_user_is(struct questions *, const struct msg_user_is *);

#endif
