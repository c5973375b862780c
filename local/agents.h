/* SPDX-License-Identifier: ISC */
#ifndef LOCAL_AGENTS_H
#define LOCAL_AGENTS_H

#include "local/delivery.h"
#include "shared/loop.h"

/*
 * The agents: who is asked for, here, or waits until another has gone.  One
 * per user, so the jobs of a user are done one after the other.
 */
enum agent_state {
	AGENT_WAITS,		/* for a place among AGENTS_MAX */
	AGENT_ASKED_FOR,
	AGENT_HERE
};

struct agent {
	TAILQ_ENTRY(agent) entry;
	struct local	*local;
	char		 user[USER_TEXT_MAX + 1];
	enum agent_state state;
	struct peer	*peer;		/* while it is here */
	struct job_list	 jobs;		/* the first is being worked on */
	unsigned	 jobs_done;	/* since it came */
	unsigned	 tries;		/* that found no room at master's */
	bool		 stands_still;	/* and is accused of it */
	struct delivery	 delivery;
	struct timer	 timer;		/* idle; asked for, or silent, too
					 * long; set while it waits: not yet
					 * to be asked for */
};

void	 agents_take_job(struct local *, struct job *);

/* Queue is gone: nobody waits for an agent without a job. */
void	 agents_sweep(struct local *);

/* Called when a job of this agent is freed. */
void	 agent_drop_job(struct agent *, struct job *);

/* What master says, and the agents themselves. */
void	 agents_found(struct local *, struct peer *);
void	 agents_refused(struct local *, const struct msg_agent_refused *);
void	 agents_stillborn(struct local *, struct peer *);
void	 agent_lost(struct agent *);
void	 agent_want(struct agent *, const struct msg_want *);
void	 agent_delivered(struct agent *, const struct msg_delivered *);

#endif
