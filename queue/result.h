/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_RESULT_H
#define QUEUE_RESULT_H

#include "queue/dispatch.h"

/* What becomes of recipients: every verdict ends in one of these, which take a
 * recipient that has no place and make it CHANGING. */
void	 on_result(struct peer *, struct msg *);
void	 results_forget(struct deliverer *);	/* it is gone */

/* Is the sender told of such a success?  Nobody is, of a notice. */
bool	 result_is_told(const struct recipient *, enum notice_action);

/* No success: as a deliverer said, or as we say in its place (by -1). */
void	 result_apply(struct queue *, struct recipient *, int by,
	    const struct reply *, struct span relay);

/* Waits in the index for its destination, untried, due now. */
void	 result_park(struct queue *, struct recipient *);

/* The same, with what memory knows of it. */
void	 result_again(struct queue *, struct recipient *);

/* Too old; `last` is what was said last, code 0: nothing. */
void	 result_expire(struct queue *, struct recipient *,
	    const struct reply *last);

/* Is replaced by its leaves: the change has their rows. */
void	 result_replace(struct queue *, struct recipient *,
	    struct change *);
void	 result_finished(struct change *);

#endif
