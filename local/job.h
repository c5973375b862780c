/* SPDX-License-Identifier: ISC */
#ifndef LOCAL_JOB_H
#define LOCAL_JOB_H

#include "local/local.h"

/*
 * A JOB of queue: one message for one user, each recipient a copy of its own.
 * A job whose queue has died keeps the one recipient that is being delivered;
 * its token is then 0, for no message of a new queue means it.
 */
struct job_rcpt {
	uint32_t	 number;
	struct addr	 recipient, original;
};

struct job {
	TAILQ_ENTRY(job) entry;		/* of local->jobs */
	TAILQ_ENTRY(job) turn;		/* of agent->jobs */
	struct local	*local;
	struct agent	*agent;		/* NULL: recipients still come */
	uint64_t	 token, message, size;
	uint64_t	 arrived, active; /* wall microseconds */
	int64_t		 came;		/* likewise: when the job came here */
	char		 user[USER_TEXT_MAX + 1];
	struct addr	 sender;
	struct job_rcpt	*rcpts;
	unsigned	 announced, gathered;
	unsigned	 next;		/* recipient without a result */
	unsigned	 stale;		/* CHUNKs to come that nobody wants */
	bool		 given_up;	/* its content can never be had */
};

/* Messages of queue; one that makes no sense ends its pair. */
void	 job_open(struct local *, const struct msg_job *);
void	 job_add_rcpt(struct local *, const struct msg_job_rcpt *);

/* NULL for a token that is not, or no longer, one of queue's. */
struct job	*job_find(struct local *, uint64_t token);

/*
 * The verdict for the next recipient: logged, kept, told.  `begun`: when its
 * delivery began, wall microseconds, 0 for never.
 */
void	 job_result(struct job *, const struct reply *, int64_t begun);

/* No recipient is left: told to queue, freed.  `why`: NULL when the mailbox
 * could be reached. */
void	 job_done(struct job *, const struct reply *why);

/* All that is left has this verdict, and the job is done. */
void	 job_refuse(struct job *, const struct reply *why);

/* Without a word to queue. */
void	 job_free(struct job *);

#endif
