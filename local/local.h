/* SPDX-License-Identifier: ISC */
#ifndef LOCAL_LOCAL_H
#define LOCAL_LOCAL_H

#include <sys/queue.h>

#include "local/mailbox.h"
#include "local/result.h"
#include "shared/program.h"

struct agent;

TAILQ_HEAD(job_list, job);
TAILQ_HEAD(agent_list, agent);

/* All that the program local has; its one instance is in main.c. */
struct local {
	struct process		*process;
	struct peer		*queue;		/* NULL: not there */
	struct mailbox_table	 mailboxes;
	struct results		 results;
	struct job_list		 jobs;		/* oldest first */
	struct agent_list	 agents;	/* longest idle first */
	unsigned		 live_agents;	/* asked for, or here */
	bool			 stopping;
};

/* Ends the program when it stops and nothing is left to do. */
void	 local_check_end(struct local *);

#endif
