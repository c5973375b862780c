/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_DESTINATION_H
#define QUEUE_DESTINATION_H

#include "queue/message.h"

/*
 * A next hop, or a local mailbox: what is open or closed, has a window, and
 * waits.  In memory while it has recipients or jobs there; what the index
 * keeps of it is read when it appears.
 */
struct destination {
	RB_ENTRY(destination) by_name;
	TAILQ_ENTRY(destination) turn;	/* among those that can send */
	TAILQ_ENTRY(destination) hunger; /* among those that want more */
	char		*name;
	int		 by;		/* which kind of deliverer */
	bool		 in_turn, hungry;
	bool		 more;		/* the index has due recipients */
	struct recipient_list ready;
	unsigned	 nready, users, jobs;
	unsigned	 window, good;	/* reachable jobs since it grew */
	uint32_t	 failures;	/* 0: open */
	uint64_t	 closed;	/* until then, wall microseconds */
};
RB_HEAD(destination_tree, destination);
TAILQ_HEAD(destination_list, destination);

struct destinations {
	struct destination_tree tree;
	struct destination_list hungry;
};

void	 destinations_init(struct destinations *);

/* Which kind of deliverer serves a name; -1: it is no name of ours. */
int	 destination_by(struct span name);

/* In memory, or from the index, or new. */
struct destination	*destination_get(struct queue *, struct span name);
struct destination	*destination_find(struct queue *, struct span name);

/* Adds a recipient that has no place; READY, or back to the index. */
void	 destination_add(struct queue *, struct destination *,
	    struct recipient *);
void	 destination_unlist(struct queue *, struct recipient *);

/* A recipient no longer points to it. */
void	 destination_leave(struct queue *, struct destination *);

/* May it have one more job now? */
bool	 destination_can_send(const struct destination *);
void	 destination_take_turn(struct queue *, struct destination *);

/* A job of it is over.  UNKNOWN: the deliverer is gone. */
enum reach { REACHED, UNREACHED, REACH_UNKNOWN };
void	 destination_job_done(struct queue *, struct destination *,
	    enum reach);

/* The index has something for it that is due. */
void	 destination_wake(struct queue *, struct span name);

/* Wants recipients of the index at the end of the turn. */
void	 destination_hungers(struct queue *, struct destination *);
void	 destinations_feed(struct queue *);

/* What is due in the index comes to memory, as far as there is room. */
void	 destination_fill(struct queue *, struct view *,
	    struct destination *);

/* An admin wants it tried. */
void	 destinations_retry(struct queue *, uint64_t now);

#endif
