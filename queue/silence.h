/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_SILENCE_H
#define QUEUE_SILENCE_H

#include "queue/dispatch.h"
#include "shared/loop.h"

/*
 * Jobs of remote that nothing was heard of for SILENT_TIME are silent: neither
 * was content wanted, which comes behind the other side's greeting, nor have
 * they ended.  A destination is mute while all its jobs are silent: then what
 * it has in memory is trimmed to its share.
 */
struct silence {
	struct timer	 timer;
	struct delivery_list young;	/* by when they were heard of */
	struct timer	 trimming;
	struct destination_list swollen; /* have more READY than they may */
};

void	 silence_init(struct queue *);

/* A job is on its way; there is word of it; it is over. */
void	 silence_begin(struct queue *, struct delivery *);
void	 silence_heard(struct queue *, struct delivery *);
void	 silence_end(struct queue *, struct delivery *);

/* It has more in memory than it may, and is trimmed, if it is stuck. */
void	 silence_trim(struct queue *, struct destination *);

/* Nobody trims it any more. */
void	 silence_forget(struct queue *, struct destination *);

#endif
