/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_ROW_H
#define QUEUE_ROW_H

#include "queue/origin.h"
#include "queue/queue_limits.h"
#include "shared/addr.h"
#include "shared/reply.h"

/*
 * Rows of the index as values.  Spans borrow: from the index while it is read,
 * from whoever made the row while it is written.  A decoder takes nothing that
 * could not have been written: every text fits the rows of ipc.def.
 */
enum {
	ROW_MAX		= 4096,		/* any row, encoded */
	SEAL_SIZE	= 4,		/* its checksum in the index */
	KEY_MAX		= 511		/* LMDB's */
};

struct message_row {
	uint64_t	 arrived, size;
	uint32_t	 flags;
	uint32_t	 next;		/* number of the next recipient */
	uint32_t	 left;		/* recipients that have rows */
	uint32_t	 fresh;		/* of them, ROW_NEW */
	uint32_t	 failed;	/* of them, ROW_FAILED */
	struct addr	 sender;
	struct origin	 origin;
};

/* Of a message that is held or in quarantine no recipient is in a table that
 * leads to work, so nothing of it is tried, expired or told of. */
bool	 message_flags_rest(uint32_t flags);
bool	 message_row_rests(const struct message_row *);

/* ROW_FAILED: it is over, and the sender is to be told, as `action` says. */
enum row_state { ROW_NEW = 1, ROW_WAITING, ROW_FAILED };

struct recipient_row {
	uint8_t		 state;		/* enum row_state */
	uint8_t		 expired;	/* failed for its age alone */
	uint32_t	 generation;
	uint32_t	 attempts;
	uint64_t	 tried;		/* the last, wall microseconds; 0:
					 * none, or nobody knows */
	uint64_t	 due;		/* wall microseconds */
	uint64_t	 position;	/* in the journal, of what made it so */
	struct span	 address, original, destination;
	struct reply	 reply;		/* the last one; code 0: none */
	struct span	 relay;		/* who said it */
	uint8_t		 action;	/* ROW_FAILED: enum notice_action */
	uint32_t	 marks;		/* enum recipient_marks */
	uint32_t	 losses;	/* deaths over it */
	struct span	 parameters;	/* as in RECIPIENT */
};

struct destination_row {
	uint64_t	 due;		/* the first of all lanes */
	uint64_t	 closed;	/* until then; 0: open */
	uint32_t	 failures;
	uint64_t	 dues[LANES];	/* places in that table; 0: none */
};

/*
 * Where a recipient waits for its `due`: at its destination, or, when it has
 * failed, with all others of whom somebody is to be told; NULL: nowhere.
 */
#define NOTICE_NAME	"notice:"
bool	 row_waits(const struct recipient_row *, struct span *name);

/* In the history of a message. */
struct event_row {
	uint64_t	 time;		/* wall microseconds */
	uint8_t		 kind;		/* enum event */
	uint32_t	 number;	/* of a recipient; UINT32_MAX: none */
	uint32_t	 uid;		/* of an admin */
	struct reply	 reply;		/* code 0: its text alone counts */
	struct span	 relay;
};

void	 event_row_encode(const struct event_row *, struct pack *);
bool	 event_row_decode(struct span, struct event_row *);
void	 message_row_encode(const struct message_row *, struct pack *);
bool	 message_row_decode(struct span, struct message_row *);
void	 recipient_row_encode(const struct recipient_row *, struct pack *);
bool	 recipient_row_decode(struct span, struct recipient_row *);
void	 destination_row_encode(const struct destination_row *, struct pack *);
bool	 destination_row_decode(struct span, struct destination_row *);

/* `due` as `dues` say; 0: nothing waits. */
uint64_t destination_row_due(const struct destination_row *);

/*
 * Keys.  A destination's name ends with a NUL in a key; between the two stands
 * the lane, unless it is 0: so all lanes of one stand together, and nothing
 * else among them.
 */
struct wait_key {
	struct span	 name;
	uint64_t	 due, id;
	uint32_t	 number;
	unsigned	 lane;		/* below LANES */
};

struct due_key {
	uint64_t	 due;
	struct span	 name;
	unsigned	 lane;
};

void	 name_key_encode(struct span name, struct pack *);
void	 wait_key_encode(const struct wait_key *, struct pack *);
bool	 wait_key_decode(struct span, struct wait_key *);
void	 due_key_encode(const struct due_key *, struct pack *);
bool	 due_key_decode(struct span, struct due_key *);

#endif
