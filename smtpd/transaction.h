/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_TRANSACTION_H
#define SMTPD_TRANSACTION_H

#include <sys/queue.h>

#include "smtpd/content.h"
#include "smtpd/params.h"
#include "smtpd/question.h"
#include "smtpd/session.h"

/* What a transaction waits for; meanwhile no line of the client is read. */
enum awaited {
	AWAITS_NOTHING,
	AWAITS_VERDICT,		/* of lookup, or credit to ask */
	AWAITS_OPENED,		/* of queue, or credit to ask */
	AWAITS_SLOT,		/* a place for content */
	AWAITS_STORED,
	AWAITS_RIGHTS		/* may it send as that?  Of lookup, too */
};

struct completion;
struct rights;

/*
 * One piece of mail, made by MAIL and ended by transaction_free on every way
 * out.  It has one question at a time: RCPT's until its VERDICT, OPEN's from
 * DATA to STORED.
 */
struct transaction {
	struct question	 question;
	TAILQ_ENTRY(transaction) waiting;	/* for a slot */
	struct session	*session;
	enum awaited	 awaits;

	struct addr	 sender;
	struct rights	*rights;		/* rights.c alone */
	uint64_t	 declared;		/* SIZE=, or 0 */
	bool		 eight_bit;		/* BODY=8BITMIME */
	char		*author;		/* AUTH=, or NULL */
	char		*words;			/* RET and ENVID as in OPEN,
						 * or NULL */
	struct addr	 recipient;		/* that is asked about */
	char		*wishes;		/* of it: NOTIFY and ORCPT as
						 * in RECIPIENT, or NULL */
	struct buf	 recipients;		/* the accepted ones, packed */
	unsigned	 accepted, refused;
	uint8_t		 returned[RECIPIENTS_MAX / 8 + 1];	/* who had it */
	unsigned	 returns;		/* so many of them */
	bool		 counted;		/* against the limit */

	/* while content comes: pace.c, but for `arrived` */
	TAILQ_ENTRY(transaction) pacing;
	LIST_ENTRY(transaction) among_slow;
	struct instant	 since;			/* it is measured */
	uint64_t	 arrived;		/* octets, since then */
	bool		 paced, slow;
	const struct rule *rule;	/* that decided on `recipient` */
	const char	*tags[TAGS_MAX];	/* of the rules' */
	unsigned	 tag_count;
	const struct rule *urging;	/* gives `recipient` a priority */
	const struct rule *urged;	/* gave the message its own */

	/* from DATA on: submit.c and handover.c alone */
	uint64_t	 message;		/* its id, or 0 */
	struct content	 content;
	struct content_sink sink;
	struct completion *completion;		/* of what is submitted */
	int		 slot;			/* being filled, or -1 */
	unsigned	 slots_out;		/* it, and those at queue */
	uint64_t	 sent;			/* octets */
	bool		 told;			/* the log: a chunk failed */
	bool		 traced;		/* our Received line stands */
	bool		 ended;			/* END was said */
	uint64_t	 envelope;		/* token that it had then */
	enum stored_outcome failure;		/* STORED_OK: none so far */
};

/* NULL is harmless; it waits for nothing. */
struct transaction	*transaction_new(struct session *);
void			 transaction_free(struct transaction *);
bool			 transaction_is_waiting(const struct transaction *);

/* Waits for `awaited`, whose neighbour was away and has not been asked. */
bool			 transaction_is_unasked(const struct transaction *,
			    enum awaited);

/* A question was just asked; its end, or that of the wait for credit; the
 * transaction whose question is open. */
void	 transaction_ask(struct transaction *, uint64_t token);
void	 transaction_answered(struct transaction *);
struct transaction	*transaction_find(struct server *, uint64_t token);

/* Content begins to come, in this framing. */
void	 transaction_expect(struct transaction *, enum content_framing);

/* What else MAIL said, and RCPT of `recipient`. */
void	 transaction_set_words(struct transaction *,
	    const struct mail_params *);
void	 transaction_set_wishes(struct transaction *,
	    const struct rcpt_params *);

/* The accepted recipients: `recipient` is one more; the first or next off
 * `*list`, with its parameters as in RECIPIENT. */
void	 transaction_add_recipient(struct transaction *);
bool	 recipient_take(struct span *list, struct addr *,
	    struct span *parameters);

#endif
