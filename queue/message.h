/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_MESSAGE_H
#define QUEUE_MESSAGE_H

#include <bsd/sys/tree.h>
#include <sys/queue.h>

#include "queue/change.h"
#include "queue/index_read.h"
#include "shared/reply.h"

/*
 * Messages that are being worked on, with those of their recipients that are;
 * all others are in the index only, so memory does not grow with the queue.
 * What each stage means: INTERNALS.md, section 3.
 */
struct queue;
struct destination;
struct delivery;
struct expansion;
struct settings;
struct errand;
TAILQ_HEAD(errand_list, errand);

enum stage {
	STAGE_NONE,		/* in somebody's hands, within a turn */
	STAGE_LOOKUP, STAGE_EXPANDED, STAGE_READY, STAGE_RUNNING,
	STAGE_CHANGING
};

struct recipient {
	RB_ENTRY(recipient) by_number;
	TAILQ_ENTRY(recipient) entry;	/* of what its stage waits in */
	struct message	*message;
	uint32_t	 number;
	enum stage	 stage;
	bool		 parked;	/* its row waits at its destination */
	bool		 spilt_waiting;	/* so it does when it is spilled */
	uint64_t	 position;	/* of its last record; hot ones' only */
	uint32_t	 attempts, generation;
	uint64_t	 tried;		/* as in its row */
	uint32_t	 losses;	/* deliverers that died of it */
	char		*address;
	char		*original;	/* empty: the same */
	char		*parameters;	/* as in RECIPIENT; NULL: none */
	uint32_t	 marks;		/* enum recipient_marks */
	struct destination *destination; /* NULL before its lookup */
	struct expansion *expansion;	/* in LOOKUP, when asked */
	struct delivery	*delivery;	/* in RUNNING, when of a JOB */
	int		 by;		/* in RUNNING: which deliverer */
};
TAILQ_HEAD(recipient_list, recipient);

struct message {
	RB_ENTRY(message) by_id;
	TAILQ_ENTRY(message) hot_entry, cached_entry, leaving_entry;
	uint64_t	 id, arrived, size;
	uint64_t	 active;	/* since when, wall microseconds */
	uint32_t	 flags;
	uint64_t	 line;		/* number of its sender */
	int		 priority;	/* -9 to 9 */
	struct addr	 sender;
	char		*client, *identity, *parameters; /* NULL: its letter
					 * has them */
	RB_HEAD(recipient_tree, recipient) recipients;
	unsigned	 count;		/* of them */
	unsigned	 looking;	/* of them, in LOOKUP */
	struct tally	 tally;		/* as the index had it last */
	bool		 reporting;	/* a notice is being made */
	bool		 untold;	/* somebody may be to be told of */
	bool		 going;		/* it is being removed */
	bool		 broken;	/* its content cannot be had */
	struct errand_list errands;	/* queue/errand.h */

	/* while the journal alone has it: queue/hot.h */
	bool		 hot, filed;	/* filed: its content is a file */
	bool		 begun;		/* its recipients have stages */
	bool		 replayed;	/* a former life accepted it */
	bool		 is_leaving, spilling;
	struct letter	*letter;
	uint32_t	 next;		/* number of the next recipient */
	struct place	 place;		/* of the content */
	uint32_t	 crc;
	struct pieces	 content;	/* empty: not in memory */
	struct job_list	 behind;	/* changes that follow the spilling */
};
RB_HEAD(message_tree, message);
TAILQ_HEAD(message_list, message);

struct messages {
	struct message_tree tree;
	unsigned	 count, recipients;
};

void		 messages_init(struct messages *);
bool		 messages_have_room(const struct queue *);
struct message	*message_find(struct queue *, uint64_t id);
struct recipient *recipient_find(struct message *, uint32_t number);

/* From what came, or from the index: NULL when it is not there, or is being
 * removed.  One that is in memory already is found. */
struct message	*message_from_letter(struct queue *, const struct letter *);
void		 message_free(struct queue *, struct message *);

/* Of its letter as long as there is one; then what was kept. */
struct origin	 message_origin(const struct message *);
void		 message_keep_origin(struct message *, const struct origin *);

struct message	*message_load(struct queue *, struct view *, uint64_t id);
struct recipient *recipient_new(struct queue *, struct message *,
		    uint32_t number, const struct recipient_row *);

/* Nothing more of it is begun: it is held, or in quarantine, or an order for
 * it waits. */
bool		 message_rests(const struct message *);

/* One of such a message that nothing is done with any more: its row has it, or
 * gets it when it is spilled. */
void		 recipient_rest(struct queue *, struct recipient *);

/* Says that it is active, once a life in memory. */
void		 message_tell(const struct message *);

/* Takes it out of whatever list it is in; then it is in STAGE_NONE. */
void		 recipient_unlist(struct queue *, struct recipient *);

/* Forgets it; message_settle follows. */
void		 recipient_free(struct queue *, struct recipient *);

/* What is next for a message that has nobody in memory: a notice, or to be
 * forgotten. */
void		 message_settle(struct queue *, struct message *);

/* How its destination is served; the usual way before it has one. */
const struct settings	*recipient_settings(struct queue *,
			    const struct recipient *);
bool		 message_has_aged(struct queue *, const struct message *,
		    uint64_t now);	/* before it has one */
bool		 recipient_is_too_old(struct queue *,
		    const struct recipient *, uint64_t now);

/* While it moves from the journal it cannot be told of; a moment later it
 * can. */
bool		 message_is_moving(const struct message *);

/* What a change has left of it, which need not be in memory; the log has its
 * end. */
void		 message_left(struct message *, uint64_t id,
		    const struct tally *);

/* A deliverer has it, or a change: either will be answered for. */
bool		 recipient_is_busy(const struct recipient *);

/* The recipient of a row in `wait`; NULL when it is here already or the row
 * is of no use. */
struct recipient *recipient_take_up(struct queue *, struct view *,
		    const struct wait_key *);

/* As in RECIPIENT. */
struct span	 recipient_parameters(const struct recipient *);

/* The row of a recipient as it is in memory, in a state. */
struct recipient_row	 recipient_row(const struct recipient *,
			    enum row_state);

/* "ID: to=<>, ... status=": a result that queue itself decides. */
void		 recipient_log(const struct recipient *, const char *status,
		    const struct reply *);

RB_PROTOTYPE(recipient_tree, recipient, by_number, recipient_cmp);
RB_PROTOTYPE(message_tree, message, by_id, message_cmp);

#endif
