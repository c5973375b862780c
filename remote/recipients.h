/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_RECIPIENTS_H
#define REMOTE_RECIPIENTS_H

#include "shared/addr.h"
#include "shared/limits.h"

/*
 * The recipients of a job, and which of them are in the mail that is under
 * way: a job may want more than one mail, because of what the other side
 * takes at once.  Pure.
 */
struct recipient {
	uint32_t	 number;
	enum {
		RCPT_WAITS,		/* for a mail */
		RCPT_GIVEN,		/* it is in the present one */
		RCPT_AGAIN,		/* it was, and is to be in the next */
		RCPT_SETTLED
	} state;
	struct addr	 address, original;
	char		*wishes;	/* remote/wishes.h, or NULL */
};

struct recipients {
	struct recipient *all;
	unsigned	 expected, count;
	unsigned	 unsettled;
	unsigned	 given;		/* in the mail, as places in `all` */
	unsigned	 mail[JOB_RECIPIENTS_MAX];
};

void	 recipients_init(struct recipients *, unsigned expected);
void	 recipients_clear(struct recipients *);

/* One more, with its wishes, which it takes; false: there are as many as were
 * expected. */
bool	 recipients_add(struct recipients *, const struct recipient *);
bool	 recipients_are_all(const struct recipients *);

/* The i-th of the mail. */
struct recipient	*recipients_given(struct recipients *, unsigned i);

/*
 * A mail for at most `max` of those that wait, less those that `admits` says
 * no to; how many they are.
 */
unsigned recipients_give(struct recipients *, unsigned max,
	    bool (*admits)(void *, const struct addr *), void *arg);

/* The mail is over: those without verdict wait again; how many wait. */
unsigned recipients_take_back(struct recipients *);

/* False: it was settled before. */
bool	 recipients_settle(struct recipients *, struct recipient *);

#endif
