/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_SESSION_H
#define SMTPD_SESSION_H

#include <sys/queue.h>

#include "shared/addr.h"
#include "shared/loop.h"
#include "shared/reply.h"
#include "shared/stream.h"
#include "smtpd/chunk.h"
#include "smtpd/client.h"

struct admission;
struct auth;
struct command;
struct inquiry;
struct limit;
struct listener;
struct naming;
struct secure;
struct server;
struct xclient;

/* Bits, so that a command can name all states it is welcome in. */
enum session_state {
	STATE_STAY	= 0,	/* of a row: no other than before */
	STATE_NEW	= 1,	/* no EHLO yet */
	STATE_READY	= 2,
	STATE_MAIL	= 4,	/* a transaction, nobody accepted */
	STATE_RCPT	= 8,	/* a transaction that DATA may follow */
	STATE_CONTENT	= 16,	/* 354 was said */
	STATE_CHUNKS	= 32,	/* BDAT was said, and not the last */
	STATE_PROXY	= 64,	/* who the client is, is not known yet */
	STATE_HANDSHAKE	= 128,	/* of TLS */
	STATE_LOGIN	= 256	/* a line answers a challenge of AUTH */
};

/* What "disconnect from" counts. */
enum tally {
	TALLY_EHLO, TALLY_HELO, TALLY_LHLO, TALLY_MAIL, TALLY_RCPT,
	TALLY_DATA, TALLY_BDAT, TALLY_RSET, TALLY_NOOP, TALLY_VRFY,
	TALLY_EXPN, TALLY_HELP, TALLY_QUIT, TALLY_XCLIENT, TALLY_XFORWARD,
	TALLY_STARTTLS, TALLY_AUTH, TALLY_UNKNOWN, TALLY_COUNT
};

/*
 * The life of one connection.  An idle one holds this and a stream without
 * buffers; all that mail needs is in the transaction.  Public within smtpd
 * for the commands; who else writes a field is named beside it.
 */
struct session {
	LIST_ENTRY(session) entry;
	struct server	*server;
	struct listener	*listener;
	struct stream	*stream;
	struct timer	 timer;		/* the one deadline */
	struct client	 client;	/* proxied.c, behalf.c, naming.c,
					 * auth.c, too */
	struct limit	*limit;		/* of its listener */
	struct admission *admission;	/* while lookup is asked, or NULL */
	struct naming	*naming;	/* while resolver is asked, or NULL */
	uint64_t	 visit;		/* what lookup knows it by, or 0 */
	unsigned	 told;		/* failures that lookup heard of */
	enum session_state state;	/* chunk.c, proxied.c, auth.c, too */
	bool		 met;		/* its client has been known */
	bool		 may_xclient, may_xforward;	/* behalf.c alone */
	bool		 relay;		/* may send anywhere; auth.c, too */
	bool		 greeted;	/* 220 was said */
	bool		 esmtp;		/* EHLO or LHLO, not HELO */
	bool		 skips_login;	/* that line is AUTH's: line.c alone */
	bool		 mute;		/* a reply found no room */
	bool		 closing;	/* only output is still going out */
	bool		 waits;		/* the timer is that of an answer */
	bool		 announced;	/* the log has "connect from" */
	char		*helo;		/* what EHLO said, or NULL */
	struct xclient	*origin;	/* by XFORWARD: behalf.c alone */
	struct secure	*secure;	/* TLS, or NULL: secure.c alone */

	struct transaction *transaction; /* from MAIL on, or NULL */
	struct inquiry	*inquiry;	/* VRFY or EXPN is asked for, or NULL */
	struct auth	*auth;		/* while the client logs in, or NULL */
	const struct command *command;	/* the last one, or NULL */
	struct chunk	 chunk;		/* of BDAT: chunk.c alone */
	size_t		 skipped;	/* octets of a line that is too long:
					 * line.c alone */
	unsigned	 errors;	/* since mail was last accepted: 5xx,
					 * and 4xx for recipients */
	uint16_t	 tried[TALLY_COUNT], good[TALLY_COUNT];
};

LIST_HEAD(session_list, session);

/* Takes the descriptor.  The client is known, then admitted, then named, then
 * greeted. */
void	 session_new(struct server *, struct listener *, int fd,
	    const struct client *);

/* Who the client is, is known now: whether it may come in is asked. */
void	 session_meet(struct session *);

/* Likewise, of a session that was another's; what it said is void. */
void	 session_begin_anew(struct session *);

/* Whether it may come in is known; NULL: it may. */
void	 session_admit(struct session *, const struct reply *why);

/* Its handshake is over, and was good.  Behind STARTTLS another session takes
 * its place, and what it had but the connection and its accounts is gone. */
void	 session_secured(struct session *);
void	 session_replace(struct session *);

/* Its name is known, or will not be. */
void	 session_named(struct session *);

/* What its beginning waits for is late; its client's next words are waited
 * for; it is over a limit, and the log says which, and of whom. */
void	 arrival_late(struct session *);
void	 session_wait(struct session *);
void	 session_turn_away(struct session *, const char *where,
	    const struct reply *why);

/* The limits do not hold for it; what it asked for and was refused. */
bool	 session_is_exempt(const struct session *);
unsigned session_failures(const struct session *);

/* Its content comes too slowly. */
void	 session_close_for_pace(struct session *);

/*
 * Says the answer to the command at hand, and moves the state as its row in
 * the table tells; now or, if it had to be asked for, later.  Whoever answers
 * from outside the command says session_resume next, so that what the client
 * sent meanwhile is looked at.
 */
void	 session_reply(struct session *, const struct reply *);
void	 session_reply_text(struct session *, const struct reply *,
	    struct span text);		/* in place of the reply's own */
void	 session_resume(struct session *);

/* Once to the end of the content; by LMTP once for each accepted recipient, in
 * their order (RFC 2033 section 4.2).  The transaction is over. */
void	 session_end_content(struct session *, const struct reply *);

/* "SMTP", "ESMTP" or "LMTP"; the same with what goes with it: RFC 3848. */
const char	*session_protocol(const struct session *);
const char	*session_with(const struct session *);
bool	 session_is_lmtp(const struct session *);

/* Back to READY; a transaction is given up. */
void	 session_reset(struct session *);

/* Says `last`, if not NULL, and closes when all is said. */
void	 session_close(struct session *, const struct reply *last);

/* Ends all of them in order; those whose content is coming may finish it until
 * the last call. */
void	 sessions_stop(struct server *);
void	 sessions_last_call(void *server);	/* its timer */

#endif
