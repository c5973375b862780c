/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_REPLAY_H
#define QUEUE_REPLAY_H

struct queue;

/*
 * What a former life left in the journal.  Messages that are not done and have
 * no rows become hot ones; what concerns messages that have rows is applied to
 * the index, if it is not there yet.  Fatal when that cannot be done: nothing
 * is lost, and nothing can be delivered twice for it.
 */
void	 replay(struct queue *);

#endif
