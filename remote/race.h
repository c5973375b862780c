/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_RACE_H
#define REMOTE_RACE_H

#include "shared/loop.h"
#include "remote/endpoint.h"

/*
 * A connection to a host by one of two addresses, in the spirit of RFC 8305:
 * the second is tried as well when the first fails, or is silent for
 * RACE_HEAD_START; the first that connects wins, and the other is closed.
 */
enum { RACE_HEAD_START = 250 };		/* milliseconds */

struct race_end {
	int		 fd;	/* connected, the owner's; -1: none could be */
	const struct endpoint *at;	/* the winner; or who failed last */
	int		 error;		/* why */
	bool		 both;		/* the second was tried as well */
};

struct race {
	struct loop	*loop;
	void		(*over)(void *, const struct race_end *);
	void		*arg;
	struct runner {
		struct race	*race;
		const struct endpoint *to;	/* NULL: there is none */
		int		 fd;		/* -1: it does not run */
		struct watch	 watch;
	} runners[2];
	const struct hop *hop;
	uint32_t	 time;
	struct timer	 timer;
	struct race_end	 end;
};

/* `over` is called in a later turn than race_start, and once for each. */
void	 race_init(struct race *, struct loop *,
	    void (*over)(void *, const struct race_end *), void *arg);
void	 race_clear(struct race *);	/* not over: nobody wins */

/* All are borrowed until it is over; `second` may be NULL.  `time`: how long
 * a connection may take, in milliseconds. */
void	 race_start(struct race *, const struct endpoint *first,
	    const struct endpoint *second, const struct hop *, uint32_t time);

#endif
