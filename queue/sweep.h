/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_SWEEP_H
#define QUEUE_SWEEP_H

struct queue;

/* Looks through the files of former lives, a directory at a time in the
 * reader, while mail flows; rebuilds the index when that was lost. */
void	 sweep_start(struct queue *);

#endif
