/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_TELLING_H
#define QUEUE_TELLING_H

#include "queue/change.h"
#include "queue/index_read.h"
#include "queue/notice.h"

/*
 * A notice that is being made: whom it tells of, copied out of the index, then
 * the notice itself, which the reader writes of that and of what it finds in
 * the message's file, then the change that makes it durable together with what
 * it means for those whom it tells of.  It lives until that change has come
 * back.
 */
struct telling {
	struct job	 job;
	void		(*made)(struct queue *, struct telling *);
	void		(*told)(struct queue *, struct telling *,
			    struct change *);

	const char	*words;		/* of the log: which notice it is */
	unsigned	 subject;	/* report.c's own */
	bool		 aside;		/* a file that goes is kept aside */
	enum notice_kind kind;
	struct addr	 to;		/* who gets it */
	uint32_t	 flags;		/* of its letter */
	uint32_t	 marks;		/* of those whom it tells of; 0: they
					 * go */
	uint64_t	 due;		/* of a digest: its name in `wait` */
	LIST_ENTRY(telling) entry;	/* of digests, while they are made */

	struct notice_message *messages; /* and what each of them has */
	struct lot	*lots;
	size_t		 nmessages;
	struct notice_recipient *list;
	uint32_t	*numbers;
	size_t		 count, max;	/* of recipients */
	char		*texts, *at;

	/* the reader's, until `made` is called */
	const struct spool *spool;
	uint64_t	 size;		/* octets of content */
	bool		 full;		/* all of it is wanted back */
	size_t		 want, len;
	char		*text;
	struct notice	 notice;
	struct letter	*letter;	/* what it becomes */
	struct piece	*content;
	bool		 is_cut;
};

/* Of at most `max` recipients. */
struct telling	*telling_new(size_t max);
void		 telling_free(struct telling *);

/* The message that those that are added next belong to; false: it is full. */
void		 telling_about(struct telling *, uint64_t id,
		    const struct message_row *);
bool		 telling_add(struct telling *, uint32_t number,
		    const struct recipient_row *);

/* With these of its message, as in OPEN: all of it, or the header? */
void		 telling_return(struct telling *, struct span parameters);

/* Has it written, then calls `made`; once more, when fewer are to be told of. A
 * digest returns nothing, others what is found of their only message. */
void		 telling_make(struct queue *, struct telling *);

/* `told` is called when what was made is durable, and takes the telling. */
void		 telling_put(struct queue *, struct telling *);

#endif
