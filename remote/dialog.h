/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_DIALOG_H
#define REMOTE_DIALOG_H

#include "shared/stream.h"
#include "remote/answer.h"
#include "remote/client.h"
#include "remote/offer.h"
#include "remote/secure.h"

/* The inside of a client, for client.c and dialog.c alone. */
struct client {
	struct clients	*all;
	struct endpoint	 to;
	struct client_manner manner;
	const struct client_calls *calls;
	void		*arg;
	struct recording *record;	/* or NULL */

	int		 fd;		/* while connecting */
	int		 error;		/* of a connect that failed at once */
	struct watch	 connecting;
	struct stream	*stream;	/* once connected */
	struct timer	 timer;
	struct deferred	 freeing;
	bool		 freed;

	enum client_step step;
	struct answer	 answer;
	struct offer	 offer;		/* of the last EHLO */
	unsigned	 mails;
	bool		 dirty;		/* RSET must come before the next */

	/* TLS and login: remote/starttls.c, remote/auth.c */
	bool		 secured;	/* TLS is spoken */
	bool		 verified;	/* and with whom */
	bool		 refused;	/* STARTTLS was, and need not be */
	bool		 greeted;
	bool		 logged_in;
	struct login	*login;		/* while it goes on */
	char		 challenge[REPLY_LINE_MAX];
	char		 tls[SECURE_TEXT_SIZE];

	/* the mail */
	const struct client_mail *mail;
	struct dots	 dots;
	unsigned	 answered;	/* RCPTs */
	unsigned	 accepted;
	bool		 mail_accepted;
	bool		 sent_ahead;	/* commands up to DATA have left */
};

/* Awaits the reply of `step`, and sends its command if that has not left. */
void	 dialog_go(struct client *, enum client_step);

/* A line of the reply being read; the whole reply. */
void	 dialog_line(struct client *);
void	 dialog_reply(struct client *);

/* A step between EHLO and the first mail is done: on to the next that is
 * wanted, or the client is idle and ready. */
void	 dialog_prepare(struct client *);

/* Begins the mail in `mail`. */
void	 dialog_begin(struct client *);

const char	*dialog_doing(enum client_step);

/* The connection ends because of what the other side said, or what was none
 * of SMTP; the client is freed. */
void	 client_fail_said(struct client *, const struct reply *);
void	 client_fail_protocol(struct client *);

/* It ends because we will not go on, or cannot: "ENHANCED text".  what: of
 * `again` and `for_all`, what holds; all is copied. */
void	 client_fail(struct client *, const struct client_event *);

#endif
