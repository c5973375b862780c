/* SPDX-License-Identifier: ISC */
#ifndef TESTS_SIM_DELIVER_H
#define TESTS_SIM_DELIVER_H

#include <sys/queue.h>

#include "tests/sim/model.h"
#include "tests/sim/peer.h"

enum { DELIVERERS_MAX = 5, SLOTS_MAX = 6 };

struct target {
	uint32_t	 number;
	struct node	*node;
};

/* A job; of an old queue when that is dead. */
struct task {
	TAILQ_ENTRY(task) entry;
	uint64_t	 token;
	struct mail	*mail;
	char		 destination[DESTINATION_TEXT_MAX + 1];
	unsigned	 count, there, told;
	struct target	 targets[JOB_RECIPIENTS_MAX];
	uint64_t	 read, wanted;
	unsigned	 wants;
	bool		 begun, unreachable, broken, old, announced;
};
TAILQ_HEAD(tasks, task);

/* A result, until it is recorded. */
struct proof {
	TAILQ_ENTRY(proof) entry;
	struct node	*node;
	uint32_t	 number;
	struct reply	 reply;
	bool		 success, said;
};

struct courier {
	struct neighbour neighbour;
	bool		 alive, ready, leaving, retired;
	struct tasks	 tasks;
	unsigned	 ntasks;
	TAILQ_HEAD(, proof) proofs;
	unsigned	 slots[SLOTS_MAX];
	unsigned	 nslots;
};


#endif
