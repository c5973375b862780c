/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_REPORT_H
#define QUEUE_REPORT_H

#include "queue/message.h"

/*
 * Notices of recipients that have come to an end: one for all of a message that
 * failed until the first of them has waited for `gather`, or until nobody is
 * left to wait for.  The notice and their end are one change.  Meanwhile they
 * wait in the index alone.
 */

/*
 * For a row that is over: when its sender is told of it, and whether alone.
 * False: he does not want to hear of it.
 */
bool	 report_plan(struct queue *, const struct message *,
	    struct recipient_row *);

/* Tells of a message what is to be told now; false: there is nothing. */
bool	 report_start(struct queue *, struct message *);

/* Likewise of one whose time has come; false: no more now. */
bool	 report_due(struct queue *, struct view *, const struct wait_key *);

#endif
