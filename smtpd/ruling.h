/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_RULING_H
#define SMTPD_RULING_H

#include "smtpd/transaction.h"

/*
 * What the rules say of t->recipient, when all is known that they look at.
 * The one that decides is t->rule; false: it, or the number of tags, refuses,
 * and `*why` is the answer.
 */
bool	 ruling_allows(struct transaction *, struct reply *why);

/* The tag that the recipient would add to those of the message, or NULL. */
const char	*ruling_new_tag(const struct transaction *);

/* The recipient is accepted: a tag of its rule is one of the message, and its
 * priority that of the message, unless that has a higher one. */
void	 ruling_keep(struct transaction *);

/* Did a rule refuse the recipient?  Its name, or NULL. */
const char	*ruling_refused_by(const struct transaction *);

#endif
