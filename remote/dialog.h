/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_DIALOG_H
#define REMOTE_DIALOG_H

#include "shared/stream.h"
#include "remote/answer.h"
#include "remote/client.h"
#include "remote/domains.h"
#include "remote/offer.h"
#include "remote/secure.h"

/* The inside of a client, for client.c, dialog.c and transaction.c alone. */
struct client {
	struct clients	*all;
	struct client_manner manner;
	const struct client_calls *calls;
	void		*arg;
	struct recording *record;	/* or NULL */

	struct stream	*stream;
	struct timer	 timer;
	struct deferred	 freeing;
	bool		 freed;

	enum client_step step;
	struct answer	 answer;
	struct offer	 offer;		/* of the last EHLO */
	struct domains	 domains;	/* of recipients, so far */
	unsigned	 mails;
	unsigned	 mails_max;	/* as the last mail said; 0: not */
	unsigned	 room;		/* recipients it took, then no more */
	bool		 is_us;		/* it greets with our own name */
	bool		 dirty;		/* RSET must come before the next */
	bool		 chunks_work;	/* a message has come through so */
	bool		 lost_count;	/* which reply answers what? */

	/* TLS and login: remote/starttls.c, remote/auth.c */
	bool		 secured;	/* TLS is spoken */
	bool		 verified;	/* and with whom */
	bool		 tls_refused;	/* STARTTLS was, and need not be */
	bool		 greeted;
	bool		 logged_in;
	struct login	*login;		/* while it goes on */
	char		 tls[SECURE_TEXT_SIZE];

	/* the mail */
	const struct client_mail *mail;
	struct dots	 dots;
	bool		 ahead;		/* commands do not wait for replies */
	unsigned	 forwarded;	/* commands XFORWARD, up to this one */
	bool		 mail_accepted;
	unsigned	 answered;	/* recipients, by RCPT or, in LMTP,
					 * behind the content */
	unsigned	 accepted;
	bool		 accepts[JOB_RECIPIENTS_MAX];
	bool		 ended;		/* the end of the content was put */
	bool		 chunked;	/* it leaves by BDAT */
	bool		 refused;	/* nobody takes it any more */
	unsigned	 chunks;	/* without reply, less the last */
};

/* Awaits the reply of `step`, and sends its command if that has not left. */
void	 dialog_go(struct client *, enum client_step);

/* A line of the reply being read; the whole reply. */
void	 dialog_line(struct client *);
void	 dialog_reply(struct client *);

/* A step between EHLO and the first mail is done: on to the next that is
 * wanted, or the client is idle and ready. */
void	 dialog_prepare(struct client *);

/* Between two mails. */
void	 dialog_become_idle(struct client *);

void	 dialog_put(struct client *, const char *);	/* a command */
/* What is behind `from` in the output is written down. */
void	 dialog_record(struct client *, size_t from);
const char	*dialog_doing(enum client_step);

/* Begins the mail in `mail`. */
void	 transaction_begin(struct client *);

/* A piece of the content. */
enum dots_status	 transaction_put(struct client *, struct span,
			    bool last);

/* Is it time for a piece?  Would a mail of this size leave as a whole, before
 * any reply? */
bool	 transaction_wants_more(const struct client *);
bool	 transaction_leaves_whole(const struct client *, uint64_t size);

/* May the whole message be there although no word of it was said? */
bool	 transaction_is_unsure(const struct client *);

/* The steps of a mail. */
void	 transaction_send_rset(struct client *);
void	 transaction_send_xforward(struct client *);
void	 transaction_send_mail(struct client *);
void	 transaction_send_rcpt(struct client *);
void	 transaction_send_data(struct client *);
void	 transaction_on_rset(struct client *, const struct reply *);
void	 transaction_on_xforward(struct client *, const struct reply *);
void	 transaction_on_mail(struct client *, const struct reply *);
void	 transaction_on_rcpt(struct client *, const struct reply *);
void	 transaction_on_data(struct client *, const struct reply *);
void	 transaction_on_content(struct client *, const struct reply *);
void	 transaction_on_chunk(struct client *, const struct reply *);
void	 transaction_on_dot(struct client *, const struct reply *);

/* The connection ends because of what the other side said, what we make of it,
 * or what was none of SMTP; the client is freed. */
void	 client_fail_said(struct client *, const struct reply *);
void	 client_fail_with(struct client *, const struct reply *);
void	 client_fail_protocol(struct client *);
void	 client_fail_chunks(struct client *);

/* Likewise, of our own will: the event's reply, `again` and `for_all`. */
void	 client_fail(struct client *, const struct client_event *);

#endif
