/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_ENVELOPE_H
#define QUEUE_ENVELOPE_H

#include <bsd/sys/tree.h>

#include "queue/file.h"
#include "shared/peer.h"

/*
 * Envelopes that smtpd has open.  A small message is held until its END; a
 * large one, or one that memory is too short for, is streamed to its file.
 * Content that finds no memory stays in its slot, and smtpd stops.
 */
struct queue;
struct envelope;
struct unstaged;
RB_HEAD(envelope_tree, envelope);
TAILQ_HEAD(envelope_list, envelope);
TAILQ_HEAD(unstaged_list, unstaged);

struct envelopes {
	struct envelope_tree tree;
	struct envelope_list held;	/* have content in memory, by age */
	struct unstaged_list unstaged;	/* CONTENT that waits for memory */
	unsigned	 waiting[INSTANCES_MAX + 1]; /* of it, by smtpd */
	size_t		 staged;	/* octets in memory */
	size_t		 leaving;	/* of them, with the spiller */
	size_t		 text;		/* of recipients */
	unsigned	 streams;
	struct instant	 looked;	/* at the space of the disk */
	bool		 full;
};

void	 envelopes_init(struct queue *);
void	 envelopes_lost(struct queue *, struct peer *);

void	 on_open(struct peer *, struct msg *);
void	 on_recipient(struct peer *, struct msg *);
void	 on_content(struct peer *, struct msg *);
void	 on_end(struct peer *, struct msg *);
void	 on_abort(struct peer *, struct msg *);

#endif
