/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_REVISE_H
#define QUEUE_REVISE_H

#include "queue/orders.h"

/*
 * An order becomes changes of one message.  The errand ends when they are
 * durable.  False: something that is under way contradicts, and nothing was
 * begun.
 */
void	 revise_flags(struct queue *, struct errand *);
bool	 revise_recipients(struct queue *, struct errand *);
bool	 revise_remove(struct queue *, struct errand *);

#endif
