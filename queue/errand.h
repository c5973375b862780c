/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_ERRAND_H
#define QUEUE_ERRAND_H

#include "queue/message.h"
#include "shared/clock.h"
#include "shared/loop.h"

/*
 * Something is to be done with one message, and must wait for it: until it has
 * rows, if the journal alone has it, and until what is under way does not
 * contradict.  Meanwhile, and while it is done, nothing of the message comes
 * into memory or goes out.  Errands of one message are done one by one.
 */
enum errand_outcome { ERRAND_DONE, ERRAND_NOTHING, ERRAND_BUSY };

struct errand {
	TAILQ_ENTRY(errand) next;	/* of its message */
	TAILQ_ENTRY(errand) entry;	/* of the list that it is in */
	enum { ERRAND_IDLE, ERRAND_TIMED, ERRAND_STIRRED } list;
	struct message	*message;
	bool		 under_way;	/* its change is */
	bool		 patient;	/* it waits for ever */
	struct instant	 until;		/* or until then */
	struct order	*order;		/* queue/orders.h */

	/* of its order: where it is, and what it came to */
	int64_t		 number;
	uint32_t	 recipients;
	bool		 more;		/* of them, than one change takes */
};

struct errands {
	struct errand_list stirred, timed;
	struct timer	 timer;
	unsigned	 count;
	uint64_t	 highest;	/* id of a message that had one */
};

void	 errands_init(struct queue *);

/* Nothing may be done with this message by others from now on. */
struct errand	*errand_new(struct queue *, struct message *, struct order *);

/* It will be tried at the end of the turn: something of it has changed. */
void	 errand_stir(struct queue *, struct message *);
void	 errands_pump(struct queue *);

/* Its change is under way: it comes to an end by itself. */
void	 errand_begin(struct queue *, struct errand *);

/* Done, or not: the order hears of it; the message goes its way. */
void	 errand_end(struct queue *, struct errand *, enum errand_outcome);

#endif
