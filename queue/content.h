/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_CONTENT_H
#define QUEUE_CONTENT_H

#include "queue/dispatch.h"

/* Content for deliverers, chunk by chunk: read by the reader, copied into the
 * ring here, because the ring may be gone while the disk is slow. */
struct chunk;
TAILQ_HEAD(chunk_list, chunk);

struct content {
	struct chunk_list waiting;	/* for a slot or the reader */
	unsigned	 reading;
	unsigned	 slots[DELIVERERS];	/* spoken for */
};

void	 content_init(struct content *);
void	 content_pump(struct queue *);

/* The job is over: what it still wanted is not read. */
void	 content_forget(struct queue *, struct delivery *);

void	 on_want(struct peer *, struct msg *);

#endif
