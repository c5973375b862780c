/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_DESTINATION_H
#define QUEUE_DESTINATION_H

#include "queue/lines.h"
#include "shared/ipc.h"

/* What is known of it: queue/share.h. */
enum standing {
	STANDING_PROVEN,	/* it has answered lately, or is our own */
	STANDING_NEW,		/* no job of it has ended */
	STANDING_FAILED,
	STANDING_COUNT
};

/*
 * A next hop, or a local mailbox: what is open or closed, has a window, and
 * waits.  In memory while it has recipients or jobs there, and for a while
 * behind them, because what was learned is of use for the next one; what the
 * index keeps of it is read when it appears.
 */
struct destination {
	RB_ENTRY(destination) by_name;
	TAILQ_ENTRY(destination) turn;	/* among those that can send */
	TAILQ_ENTRY(destination) hunger; /* among those that want more */
	TAILQ_ENTRY(destination) swelling; /* among those that are trimmed */
	TAILQ_ENTRY(destination) idling; /* as they were left */
	char		*name;
	uint32_t	 hash;		/* of its name */
	int		 by;		/* which kind of deliverer */
	struct destination_list *turns;	/* where its turn is; or NULL */
	bool		 hungry, swollen, idle;
	bool		 more;		/* the index has due recipients */
	unsigned	 lane;		/* of the index, that was last */
	struct lines	 ready;
	unsigned	 nready, users, jobs;
	unsigned	 silent;	/* of the jobs */
	unsigned	 in_a_row;	/* turns, by its priority */
	unsigned	 window, good;	/* good jobs since it grew */
	uint32_t	 failures;	/* 0: open */
	uint64_t	 closed;	/* until then, wall microseconds */
	bool		 unsaved;	/* the index may not know that */
	uint64_t	 answered;	/* when a job ended well; 0: never */
	struct lesson	*lesson;	/* what it said last; may be NULL */
	const struct settings *settings;
	struct rates	*rates;		/* or NULL */
	bool		 inherited;	/* mail of a former life waits */
};
RB_HEAD(destination_tree, destination);
TAILQ_HEAD(destination_list, destination);

struct destinations {
	struct destination_tree tree;
	struct destination_list hungry, idle;
	unsigned	 nidle;
};

void	 destinations_init(struct destinations *);

/* Which kind of deliverer serves a name; -1: it is no name of ours. */
int	 destination_by(struct span name);

/* In memory, or from the index, or new. */
struct destination	*destination_get(struct queue *, struct span name);
struct destination	*destination_find(struct queue *, struct span name);

/* The first behind this name, which need not be there; NULL: none. */
struct destination	*destination_behind(struct queue *, struct span name);

/* Those that nobody has to do with are forgotten. */
void	 destinations_forget(struct queue *);

/* Adds a recipient that has no place; READY, or back to the index. */
void	 destination_add(struct queue *, struct destination *,
	    struct recipient *);

/* The same, for whom there is room: READY. */
void	 destination_take(struct queue *, struct destination *,
	    struct recipient *);
void	 destination_unlist(struct queue *, struct recipient *);

/* A recipient no longer points to it. */
void	 destination_leave(struct queue *, struct destination *);

/* May it have one more job now? */
bool	 destination_can_send(const struct destination *);
bool	 destination_is_closed(const struct destination *);

/* What the index has for it is looked for when it opens, if that was set for
 * another time meanwhile. */
void	 destination_wait_to_open(struct queue *, const struct destination *);
void	 destination_take_turn(struct queue *, struct destination *);
void	 destination_drop_turn(struct destination *);

/* What is READY beyond `keep` goes back to the index, untried; at most `most`
 * of them. */
void	 destination_send_home(struct queue *, struct destination *,
	    unsigned keep, unsigned most);

/* Something waits for it in the index, which keeps only then until when it is
 * closed. */
void	 destination_save(struct queue *, struct destination *);

/* A job of it is over; NULL: the deliverer is gone. */
void	 destination_job_done(struct queue *, struct destination *,
	    const struct msg_done *);

/* The index has something for it that is due. */
void	 destination_wake(struct queue *, struct span name);

/* Wants recipients of the index at the end of the turn. */
void	 destination_hungers(struct queue *, struct destination *);
void	 destinations_feed(struct queue *);

/* What is due in the index comes to memory, as far as there is room: a message
 * of each lane in turn. */
void	 destination_fill(struct queue *, struct view *,
	    struct destination *);

/* An admin wants it tried. */
void	 destination_retry(struct queue *, struct span name, uint64_t now);
void	 destination_retry(struct queue *, struct span name, uint64_t now);
void	 destinations_retry(struct queue *, uint64_t now);

#endif
