/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_DELIVERY_PRIVATE_H
#define REMOTE_DELIVERY_PRIVATE_H

#include "remote/content.h"
#include "remote/delivery.h"
#include "remote/passage.h"
#include "remote/recipients.h"
#include "remote/report.h"

/* The inside of a delivery, for delivery.c, its life and its hosts, and
 * delivery_mail.c, its mails. */
struct delivery {
	LIST_ENTRY(delivery) entry;
	struct remote	*remote;
	bool		 orphan;	/* its queue is dead */
	bool		 freed;
	struct deferred	 freeing;

	/* the job */
	uint64_t	 token;
	uint32_t	 flags;
	uint32_t	 mails;		/* of a connection; 0: any number */
	struct addr	 sender;
	char		*origin, *parameters;	/* of XFORWARD, or NULL */
	char		*wishes;	/* remote/wishes.h, or NULL */
	struct xforward	 xforward;
	struct recipients recipients;
	char		 name[DESTINATION_TEXT_MAX + 1];

	/* its way */
	struct approach	 approach;
	struct client	*client;	/* NULL: none */
	bool		 worn;		/* the client has carried mail before:
					 * age may be what it dies of */

	/* its mail */
	struct client_mail mail;
	struct content	 content;
	struct passage	 passage;	/* what content goes through */
	struct addr	 from;		/* the sender as he is known outside */
	struct addr	 rcpt;		/* likewise, the recipient put last */
	bool		 mail_accepted;
	bool		 put_off;	/* this host does not want it now */
	bool		 waiting;	/* it begins when content is here */
	bool		 no_chunks;	/* a host did not know BDAT */
	bool		 hungry;	/* the client takes content now */
	struct report	 report;
	struct advised	 advised;	/* by what was said */
	struct recording *record;	/* borrowed from the archive */
};

/* What the client tells of a mail. */
void	 delivery_on_ready(void *);
void	 delivery_on_verdict(void *, const struct client_event *);
void	 delivery_on_more(void *);
void	 delivery_on_over(void *);

/* The same words for all recipients that have none yet; and the end. */
void	 delivery_settle(struct delivery *, struct recipient *,
	    const struct client_event *);
void	 delivery_settle_all(struct delivery *, const struct client_event *);
void	 delivery_finish(struct delivery *, bool reachable,
	    const struct reply *why);
void	 delivery_finish_saying(struct delivery *, bool reachable,
	    struct reply);

/* Elsewhere; all hosts anew. */
void	 delivery_next_host(struct delivery *);
void	 delivery_find_way(struct delivery *);

#endif
