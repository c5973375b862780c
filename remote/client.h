/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_CLIENT_H
#define REMOTE_CLIENT_H

#include "shared/addr.h"
#include "shared/loop.h"
#include "shared/reply.h"
#include "remote/destination.h"
#include "remote/dots.h"
#include "remote/endpoint.h"
#include "remote/hop.h"
#include "remote/hosts.h"
#include "remote/offer.h"
#include "remote/recorder.h"
#include "remote/xforward.h"

/* What all connections share; the program's, and outlives them. */
struct clients {
	struct loop	*loop;
	char		 hostname[HOST_TEXT_MAX + 1];	/* what EHLO says */
	uint32_t	 connect_time, command_time;	/* milliseconds */
	uint32_t	 content_time, final_time;
	unsigned	 count;		/* of all that live */
	unsigned	 quitting;	/* of those whose QUIT has not left */
	struct secure	*secure;
};

enum {
	SMTP_PORT	= 25,
	DATA_TIME	= 120 * 1000,	/* for 354: RFC 5321, 4.5.3.2.4 */
	QUIT_TIME	= 2000,		/* for QUIT to leave */
	QUITTING_MAX	= 128		/* beyond, connections close at once */
};

/*
 * One connection, and the client's side of SMTP on it.  It awaits the greeting,
 * says EHLO by itself, then carries one mail after the other.  Its owner is
 * called; every call may free the client or give it to another owner.
 */
struct client;

/* In the order of a session. */
enum client_step {
	CLIENT_CONNECT,			/* none yet: of its owner's events */
	CLIENT_GREETING, CLIENT_EHLO, CLIENT_HELO,
	CLIENT_STARTTLS,
	CLIENT_TLS,			/* its handshake */
	CLIENT_AUTH,
	CLIENT_IDLE,			/* between mails */
	CLIENT_RSET, CLIENT_XFORWARD, CLIENT_MAIL, CLIENT_RCPT, CLIENT_DATA,
	CLIENT_CONTENT,			/* content goes out */
	CLIENT_CHUNK,			/* in chunks, which are answered */
	CLIENT_DOT,			/* the verdict on it is awaited */
	CLIENT_QUIT, CLIENT_STEPS
};

/* Something the other side said, or that happened to the connection. */
struct client_event {
	enum client_step step;		/* what it belongs to */
	bool		 one;		/* it is about one recipient: */
	unsigned	 number;	/* this one */
	bool		 too_many;	/* for a mail, and only therefore not */
	bool		 said;		/* by the other side, word for word */
	bool		 timed_out;
	bool		 again;		/* the same host: on a new connection
					 * it is spoken to otherwise */
	bool		 for_all;	/* any other host would say it, too */
	bool		 unsure;	/* it may have the whole message */
	bool		 no_chunks;	/* BDAT was offered and is unknown */
	unsigned	 code;		/* as it was said, or 0 */
	struct reply	 reply;		/* what is made of it */
};

struct client_calls {
	/* Greeted and idle: client_mail may be called. */
	void	(*ready)(void *);

	/* MAIL and each RCPT are answered; DATA is refused; the content is
	 * answered, in LMTP for each recipient that was accepted.  What follows
	 * from it for others is the owner's. */
	void	(*verdict)(void *, const struct client_event *);

	/* Content may be put, once; also from within client_mail. */
	void	(*more)(void *);

	/* The mail is over and the client idle again. */
	void	(*over)(void *);

	/* The connection is at its end; the client frees itself.  In an idle
	 * client this is no failure of any mail. */
	void	(*failed)(void *, const struct client_event *);
};

/* One mail; borrowed until `over` or `failed`. */
struct client_mail {
	const struct addr *sender;
	uint64_t	 size;
	bool		 eight_bit;
	unsigned	 recipients;	/* at most JOB_RECIPIENTS_MAX */
	unsigned	 mails;		/* of a connection; 0: any number */
	const struct xforward *xforward;	/* NULL: nobody's business */
	const struct addr *(*recipient)(void *, unsigned);
	/* as remote/wishes.h has them, of MAIL and of each RCPT; NULL: none */
	const char	*wishes;
	const char	*(*wishes_of)(void *, unsigned);
	void		*arg;
};

/* Whom it speaks to, and how. */
struct client_manner {
	struct endpoint	 to;
	const struct hop *hop;
	const struct destination *destination;	/* until `ready`, `failed` */
	bool		 lmtp;		/* RFC 2033 */
	bool		 no_chunks;	/* although they are offered */
	struct host	*host;		/* counts it: the client gives it back;
					 * NULL: nobody counts */
};

/* Takes the socket, which is connected. */
struct client	*client_new(struct clients *, int fd,
		    const struct client_manner *, const struct client_calls *,
		    void *arg);

/* Closes at once, without a word; NULL is harmless.  No call comes after. */
void		 client_free(struct client *);

/* Says QUIT if the client is idle, and goes away without waiting for more. */
void		 client_quit(struct client *);

void		 client_set_owner(struct client *, const struct client_calls *,
		    void *arg);

/* Who writes down what is said from now on; NULL: nobody. */
void		 client_set_record(struct client *, struct recording *);
const struct endpoint	*client_endpoint(const struct client *);
const struct host	*client_host(const struct client *);
/* How it is protected, for the log; empty without TLS. */
const char	*client_tls(const struct client *);
unsigned	 client_mails(const struct client *);	/* begun so far */
const struct offer	*client_offer(const struct client *);

/* It has carried, or will carry, as many mails as it may. */
bool		 client_is_spent(const struct client *);

/* Recipients that it takes in one mail; whether this one may be among them:
 * then it counts, for the rest of the session. */
unsigned	 client_room(const struct client *);
bool		 client_admits(void *client, const struct addr *);

/* A mail of this size wants the begin of its content at hand, and then leaves
 * in one write. */
bool		 client_wants_content(const struct client *, uint64_t size);

void		 client_mail(struct client *, const struct client_mail *);

/* At most RING_SLOT octets, once per `more`; `last`: and that was all.  After
 * anything but DOTS_OK the owner must free the client: the mail may not be
 * ended. */
enum dots_status client_put(struct client *, struct span, bool last);

/* "MAIL FROM command": what a reply of this step answers. */
const char	*client_step_name(enum client_step);

#endif
