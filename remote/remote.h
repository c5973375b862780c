/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include <stddef.h>

#include "shared/program.h"
#include "remote/approach.h"
#include "remote/archive.h"
#include "remote/advice.h"
#include "remote/client.h"
#include "remote/content.h"
#include "remote/hop.h"
#include "remote/pool.h"
#include "remote/results.h"
#include "remote/rewrite.h"

enum { JOB_BUCKETS = 1024 };

LIST_HEAD(delivery_list, delivery);

/* The state of the program: one, in main.c. */
struct remote {
	struct process	*process;
	struct loop	*loop;
	struct peer	*queue, *resolver;	/* NULL: not there now */
	struct dials	 dials;
	struct clients	 clients;
	struct hop_list	 hops;
	struct advice_list advices;
	struct pool	 pool;
	struct rewrites	 rewrites;
	struct archive	 archive;	/* dialogues that failed */
	struct content_room room;
	struct results	 results;
	struct ways	 ways;
	struct delivery_list jobs[JOB_BUCKETS];
	unsigned	 job_count;
	bool		 started, stopping;
	bool		 draining;	/* a successor takes the jobs */
	bool		 retired;	/* and queue knows it */
};

#endif
