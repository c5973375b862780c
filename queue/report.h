/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_REPORT_H
#define QUEUE_REPORT_H

#include "queue/message.h"

/* Tells the sender of a message of those recipients that have failed, once no
 * other is being worked on.  The notice and their end are one change. */
void	 report_start(struct queue *, struct message *);

#endif
